//! HELP (RFC 5321 §4.1.1.8).

use super::COMMANDS;
use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, SmtpSession};

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    let forms: Vec<String> = match argument {
        "" => COMMANDS.iter().map(|command| format!("2.0.0 {}", command.form)).collect(),
        verb => super::by_verb(verb).map(|command| format!("2.0.0 {}", command.form)).into_iter().collect(),
    };
    match forms.is_empty() {
        true => session.say(replies::UNKNOWN_COMMAND, out),
        false => replies::write_lines(out, 214, &forms),
    }
    None
}
