//! NOTIFY (RFC 5465).

use super::observe::Observation;
use super::update::Update;
use super::{Desk, Next, Run, now};
use crate::protocol::imap::notify::{Differences, EVENTS, Groups, Notify, Request, Snapshot, View};
use crate::protocol::imap::question::Answer;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

struct Set {
    status: bool,
    groups: Groups,
    /// Tells what has happened so far, whatever was wanted of it: as NOOP does (RFC 5465 §3.1).
    update: Option<Update>,
    observation: Observation,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let request = Request::parse(parser)?;
    parser.end()?;
    Ok(match request {
        Request::None => now(|desk| {
            desk.core.notify = Some(Box::default());
            Reply::ok("NOTIFY completed")
        }),
        Request::Unsupported => {
            now(|_| Reply::no("CANNOT", "There are no such events").code(format!("BADEVENT ({EVENTS})")))
        }
        Request::Set { status, groups } => {
            Box::new(Set { status, groups, update: Some(Update::new(true)), observation: Observation::default() })
        }
    })
}

impl Run for Set {
    fn step(&mut self, mut answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        if let Some(update) = &mut self.update {
            match update.step(answer.take(), desk) {
                Next::Done(_) => self.update = None,
                next => return next,
            }
        }
        if self.groups.others.is_empty() {
            return set(Notify::of_selected(std::mem::take(&mut self.groups)), desk);
        }
        match self.observation.step(answer, desk.core.account(), &self.groups) {
            Ok(Some(question)) => Next::Ask(question),
            Ok(None) => self.seen(desk),
            Err(refused) if refused.code.as_deref() == Some("LIMIT") => Next::Done(overflow()),
            Err(refused) => Next::Done(refused),
        }
    }
}

impl Set {
    fn seen(&mut self, desk: &mut Desk<'_>) -> Next {
        let seen = std::mem::take(&mut self.observation).seen();
        let Some(known) = Snapshot::of(&seen.listing, Vec::new()) else { return Next::Done(overflow()) };
        let differences = Differences::new(&known, &seen.listing, &self.groups, View::of(desk.core));
        differences.tell_denied(desk.out);
        if self.status {
            differences.tell_all(desk.out);
        }
        match Notify::of_all(std::mem::take(&mut self.groups), seen) {
            Some(notify) => set(notify, desk),
            None => Next::Done(overflow()),
        }
    }
}

fn overflow() -> Reply {
    Reply::no("NOTIFICATIONOVERFLOW", "Too much to be watched")
}

fn set(notify: Notify, desk: &mut Desk<'_>) -> Next {
    desk.core.notify = Some(Box::new(notify));
    Next::Done(Reply::ok("NOTIFY completed"))
}
