//! Calls → the checked tree: every name, argument and extension is looked at once, before anything runs.

mod action;
mod arguments;
mod template;
mod test;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use self::arguments::Arguments;
use super::fault::Fault;
use super::limits::SCRIPT_BYTES_MAX;
use super::parse::{self, Call, Value};
use super::tree::{Action, Command, Test};
use super::{Script, fault::Position};

/// The extensions that scripts may `require`.
pub const EXTENSIONS: &[&str] = &[
    "fileinto",
    "envelope",
    "encoded-character",
    "reject",
    "ereject",
    "vacation",
    "vacation-seconds",
    "imap4flags",
    "subaddress",
    "variables",
    "body",
    "relational",
    "copy",
    "mailbox",
    "special-use",
    "date",
    "index",
    "editheader",
    "duplicate",
    "comparator-i;octet",
    "comparator-i;ascii-casemap",
    "comparator-i;ascii-numeric",
    "comparator-i;unicode-casemap",
];

/// Compiles a script.
///
/// # Errors
/// The first fault, with its place.
pub(super) fn compile(script: &str) -> Result<Script, Fault> {
    if script.len() > SCRIPT_BYTES_MAX {
        let what = format!("a script may have {SCRIPT_BYTES_MAX} bytes at most");
        return Err(Fault::new(Position { line: 1, column: 1 }, what));
    }
    let calls = parse::parse(script)?;
    let mut compiler = Compiler { required: HashSet::new() };
    let requires = calls.iter().take_while(|call| call.name == "require").count();
    for call in &calls[..requires] {
        let required = compiler.require(call)?;
        compiler.required.extend(required);
    }
    Ok(Script { commands: compiler.commands(&calls[requires..])? })
}

/// What is known of the script so far.
pub(super) struct Compiler {
    required: HashSet<&'static str>,
}

impl Compiler {
    /// The extensions that a `require` names.
    fn require(&self, call: &Call) -> Result<Vec<&'static str>, Fault> {
        let mut arguments = Arguments::of(self, call, &[])?;
        let names = arguments.constants("the names of extensions")?;
        arguments.end()?;
        let known = names.iter().map(|name| {
            let known = EXTENSIONS.iter().copied().find(|known| known == name);
            known.ok_or_else(|| Fault::new(call.at, format!("the extension \"{name}\" is not known here")))
        });
        known.collect()
    }

    /// Has the script named this extension?
    pub(super) fn has(&self, extension: &str) -> bool {
        // vacation-seconds implies vacation (RFC 6131 §2).
        self.required.contains(extension) || (extension == "vacation" && self.required.contains("vacation-seconds"))
    }

    /// # Errors
    /// When the script has not named this extension.
    pub(super) fn needs(&self, extension: &str, at: Position) -> Result<(), Fault> {
        if extension.is_empty() || self.has(extension) {
            return Ok(());
        }
        Err(Fault::new(at, format!("this needs `require \"{extension}\";` at the start of the script")))
    }

    pub(super) fn commands(&self, calls: &[Call]) -> Result<Vec<Command>, Fault> {
        let mut commands: Vec<Command> = Vec::with_capacity(calls.len());
        let mut open = false;
        for call in calls {
            match call.name.as_str() {
                "elsif" | "else" if !open => {
                    return Err(Fault::new(call.at, format!("\"{}\" without an \"if\" before it", call.name)));
                }
                "elsif" => {
                    let branch = (self.condition(call)?, self.block(call)?);
                    if let Some(Action::If { branches, .. }) = commands.last_mut().map(|command| &mut command.action) {
                        branches.push(branch);
                    }
                }
                "else" => {
                    Arguments::of(self, call, &[])?.end()?;
                    self.no_tests(call)?;
                    let block = self.block(call)?;
                    if let Some(Action::If { otherwise, .. }) = commands.last_mut().map(|command| &mut command.action) {
                        *otherwise = block;
                    }
                }
                _ => commands.push(Command { at: call.at, action: self.action(call)? }),
            }
            open = matches!(call.name.as_str(), "if" | "elsif");
        }
        Ok(commands)
    }

    fn action(&self, call: &Call) -> Result<Action, Fault> {
        if call.name == "if" {
            let branches = vec![(self.condition(call)?, self.block(call)?)];
            return Ok(Action::If { branches, otherwise: Vec::new() });
        }
        if call.block.is_some() {
            return Err(Fault::new(call.at, format!("\"{}\" takes no block in braces", call.name)));
        }
        self.no_tests(call)?;
        action::compile(self, call)
    }

    /// The one test of `if` and `elsif`.
    fn condition(&self, call: &Call) -> Result<Test, Fault> {
        Arguments::of(self, call, &[])?.end()?;
        match call.tests.as_slice() {
            [test] => test::compile(self, test),
            _ => Err(Fault::new(call.at, format!("\"{}\" needs one test", call.name))),
        }
    }

    fn block(&self, call: &Call) -> Result<Vec<Command>, Fault> {
        let missing = || Fault::new(call.at, format!("\"{}\" needs a block in braces", call.name));
        self.commands(call.block.as_deref().ok_or_else(missing)?)
    }

    fn no_tests(&self, call: &Call) -> Result<(), Fault> {
        match call.tests.first() {
            None => Ok(()),
            Some(test) => Err(Fault::new(test.at, format!("\"{}\" takes no test", call.name))),
        }
    }
}

/// The strings of a value.
fn strings(value: &Value) -> Option<&[String]> {
    match value {
        Value::Text(text) => Some(std::slice::from_ref(text)),
        Value::List(texts) => Some(texts),
        Value::Number(_) | Value::Tag(_) => None,
    }
}
