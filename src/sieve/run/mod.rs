//! The interpreter: walks the checked tree once, from top to bottom, and says what is to be done.

mod action;
mod body;
mod date;
mod header;
mod test;
#[cfg(test)]
mod tests;
mod variables;

use mailstead_storage::Error;

use self::header::Fields;
use self::variables::Variables;
use super::fault::{Fault, Position};
use super::limits::STEPS_MAX;
use super::plan::{Filing, Place, Plan};
use super::tree::{Action, Command, Text};
use super::{Mail, Surroundings};

pub use self::date::zone_minutes;

/// Why a run came to no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The script asked for something that cannot be.
    Script(Fault),
    /// What it asked about could not be read.
    Storage(Error),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Script(fault)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Storage(error)
    }
}

/// Runs the commands of a script.
pub(super) fn run<S: Surroundings>(commands: &[Command], mail: &Mail<'_>, around: &S) -> Result<Plan, Failure> {
    let mut run = Run {
        mail,
        around,
        fields: Fields::new(mail.header),
        variables: Variables::default(),
        flags: Vec::new(),
        plan: Plan::default(),
        at: Position::default(),
        steps: 0,
        actions: 0,
        keeps: true,
    };
    run.commands(commands)?;
    if run.keeps && run.plan.rejection.is_none() {
        let flags = run.flags.clone();
        run.file(Place::Keep, flags);
    }
    Ok(run.plan)
}

/// A script at work.
struct Run<'r, S> {
    mail: &'r Mail<'r>,
    around: &'r S,
    fields: Fields<'r>,
    variables: Variables,
    /// The internal variable of RFC 5232 §2.
    flags: Vec<String>,
    plan: Plan,
    /// The command at work.
    at: Position,
    steps: u64,
    actions: usize,
    /// Does the implicit keep hold still (RFC 5228 §2.10.2)?
    keeps: bool,
}

/// Does the script go on?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Stop,
}

impl<S: Surroundings> Run<'_, S> {
    fn commands(&mut self, commands: &[Command]) -> Result<Flow, Failure> {
        for command in commands {
            self.at = command.at;
            self.step(1)?;
            if self.command(&command.action)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::On)
    }

    fn command(&mut self, action: &Action) -> Result<Flow, Failure> {
        match action {
            Action::If { branches, otherwise } => {
                for (test, block) in branches {
                    if self.test(test)? {
                        return self.commands(block);
                    }
                }
                self.commands(otherwise)
            }
            Action::Stop => Ok(Flow::Stop),
            other => self.action(other).map(|()| Flow::On),
        }
    }

    /// # Errors
    /// When the run takes too long.
    fn step(&mut self, steps: u64) -> Result<(), Fault> {
        self.steps += steps;
        if self.steps > STEPS_MAX { Err(self.fault("the script does too much")) } else { Ok(()) }
    }

    fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(self.at, what)
    }

    fn text(&self, text: &Text) -> String {
        self.variables.fill(text).into_owned()
    }

    /// Files the message there, once.
    fn file(&mut self, place: Place, flags: Vec<String>) {
        let filing = Filing { place, flags, edits: self.plan.edits.len() };
        match self.plan.filings.iter_mut().find(|other| other.place == filing.place) {
            Some(other) => *other = filing,
            None => self.plan.filings.push(filing),
        }
    }
}
