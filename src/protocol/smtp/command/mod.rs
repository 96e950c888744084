//! One file per command, and the table of them all.

pub(super) mod auth;
pub(super) mod bdat;
pub(super) mod data;
mod ehlo;
mod expn;
mod help;
pub(super) mod mail;
mod noop;
mod quit;
pub(super) mod rcpt;
mod received;
mod rset;
mod starttls;
mod vrfy;

use super::Role;
use super::replies;
use super::session::{Next, SmtpSession};
use super::wire;
use crate::people::Address;

/// One command.
struct Command {
    verb: &'static str,
    /// Its form, for HELP.
    form: &'static str,
    needs: Needs,
    run: fn(&mut SmtpSession, &str, &mut Vec<u8>) -> Next,
}

/// What must have happened before a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// EHLO or HELO.
    Hello,
    /// EHLO or HELO, and on a submission service AUTH (RFC 6409 §4.3).
    Login,
}

const COMMANDS: [Command; 14] = [
    Command { verb: "EHLO", form: "EHLO host", needs: Needs::Nothing, run: ehlo::ehlo },
    Command { verb: "HELO", form: "HELO host", needs: Needs::Nothing, run: ehlo::helo },
    Command {
        verb: "MAIL",
        form: "MAIL FROM:<address> [SIZE=] [BODY=] [SMTPUTF8] [RET=] [ENVID=] [AUTH=]",
        needs: Needs::Login,
        run: mail::run,
    },
    Command { verb: "RCPT", form: "RCPT TO:<address> [NOTIFY=] [ORCPT=]", needs: Needs::Login, run: rcpt::run },
    Command { verb: "DATA", form: "DATA", needs: Needs::Login, run: data::run },
    // Sees for itself that the session is ready, because the chunk must be heard whatever is wrong.
    Command { verb: "BDAT", form: "BDAT bytes [LAST]", needs: Needs::Nothing, run: bdat::run },
    Command { verb: "RSET", form: "RSET", needs: Needs::Nothing, run: rset::run },
    Command { verb: "NOOP", form: "NOOP [text]", needs: Needs::Nothing, run: noop::run },
    Command { verb: "QUIT", form: "QUIT", needs: Needs::Nothing, run: quit::run },
    Command { verb: "STARTTLS", form: "STARTTLS", needs: Needs::Nothing, run: starttls::run },
    Command { verb: "AUTH", form: "AUTH mechanism [response]", needs: Needs::Hello, run: auth::run },
    Command { verb: "VRFY", form: "VRFY address", needs: Needs::Login, run: vrfy::run },
    Command { verb: "EXPN", form: "EXPN list", needs: Needs::Nothing, run: expn::run },
    Command { verb: "HELP", form: "HELP [command]", needs: Needs::Nothing, run: help::run },
];

/// What a browser says that was lured here. Whatever follows is not meant for us, and could hold commands.
const FOREIGN_VERBS: [&str; 3] = ["GET", "POST", "CONNECT"];

/// Obeys a command line.
pub(super) fn run(session: &mut SmtpSession, line: &str, out: &mut Vec<u8>) -> Next {
    let (verb, argument) = wire::verb(line);
    let reply = match by_verb(verb) {
        None if FOREIGN_VERBS.contains(&verb) => return session.close(replies::NOT_HTTP, out),
        None => replies::UNKNOWN_COMMAND,
        Some(command) if command.needs != Needs::Nothing && session.hello.is_none() => replies::HELLO_FIRST,
        Some(command) if command.needs == Needs::Login && lacks_login(session) => replies::LOG_IN_FIRST,
        Some(command) => return (command.run)(session, argument, out),
    };
    session.say(reply, out);
    None
}

fn by_verb(verb: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.verb.eq_ignore_ascii_case(verb))
}

fn lacks_login(session: &SmtpSession) -> bool {
    session.role() == Role::Submit && session.login.is_none()
}

/// Is it an address that goes everywhere, also without SMTPUTF8?
fn is_ascii(address: &Address) -> bool {
    address.local.is_ascii() && address.domain.is_ascii()
}
