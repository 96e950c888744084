//! The commands, and in which state each may be given (RFC 5804 §2).

mod authenticate;
mod capability;
mod scripts;
mod session;

pub(super) use capability::greet;

use super::session::{ManageSieveSession, Question};
use super::wire::Word;
use crate::net::Turn;

/// One command.
pub(super) struct Command {
    /// Its name.
    pub name: &'static str,
    /// When it may be given and what it does.
    pub run: Run,
}

/// Works on a session: its arguments, and what it says. It may end with a turn.
type OnSession = fn(&mut ManageSieveSession, &[Word], &mut Vec<u8>) -> Option<Turn<Question>>;

/// When a command may be given and what it does.
pub(super) enum Run {
    /// In any state.
    Always(OnSession),
    /// Before login.
    Anonymous(OnSession),
    /// After login.
    Authenticated(OnSession),
}

/// All commands.
pub(super) const COMMANDS: [Command; 14] = [
    Command { name: "AUTHENTICATE", run: Run::Anonymous(authenticate::authenticate) },
    Command { name: "STARTTLS", run: Run::Anonymous(session::starttls) },
    Command { name: "CAPABILITY", run: Run::Always(capability::capability) },
    Command { name: "LISTSCRIPTS", run: Run::Authenticated(scripts::list) },
    Command { name: "GETSCRIPT", run: Run::Authenticated(scripts::get) },
    Command { name: "CHECKSCRIPT", run: Run::Authenticated(scripts::check) },
    Command { name: "HAVESPACE", run: Run::Authenticated(scripts::have_space) },
    Command { name: "PUTSCRIPT", run: Run::Authenticated(scripts::put) },
    Command { name: "SETACTIVE", run: Run::Authenticated(scripts::set_active) },
    Command { name: "DELETESCRIPT", run: Run::Authenticated(scripts::delete) },
    Command { name: "RENAMESCRIPT", run: Run::Authenticated(scripts::rename) },
    Command { name: "NOOP", run: Run::Always(session::noop) },
    Command { name: "UNAUTHENTICATE", run: Run::Authenticated(session::unauthenticate) },
    Command { name: "LOGOUT", run: Run::Always(session::logout) },
];

/// The command of this name, in any case.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))
}
