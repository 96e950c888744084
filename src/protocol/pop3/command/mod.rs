//! The commands, and in which state each may be given (RFC 1939 §4–6). The state says what a command
//! gets to work on.

mod auth;
mod capa;
mod list;
mod login;
mod mark;
mod quit;
mod retr;
mod stls;

use super::session::{Pop3Session, Question};
use super::transaction::Transaction;
use super::wire::{Code, err};
use crate::net::Turn;

/// One command.
pub(super) struct Command {
    /// Its keyword.
    pub name: &'static str,
    /// When it may be given and what it does.
    pub run: Run,
}

/// Works on a whole session: its argument, and what it says. It may end with a turn.
type OnSession = fn(&mut Pop3Session, &str, &mut Vec<u8>) -> Option<Turn<Question>>;
/// Works on an open maildrop.
type OnMaildrop = fn(&mut Transaction, &str, &mut Vec<u8>);

/// When a command may be given and what it does.
pub(super) enum Run {
    /// In any state.
    Always(OnSession),
    /// Before login.
    Authorization(OnSession),
    /// After login.
    Transaction(OnMaildrop),
}

/// All commands, the frequent ones first.
pub(super) const COMMANDS: [Command; 16] = [
    Command { name: "RETR", run: Run::Transaction(retr::retr) },
    Command { name: "DELE", run: Run::Transaction(mark::dele) },
    Command { name: "TOP", run: Run::Transaction(retr::top) },
    Command { name: "UIDL", run: Run::Transaction(list::uidl) },
    Command { name: "LIST", run: Run::Transaction(list::list) },
    Command { name: "STAT", run: Run::Transaction(list::stat) },
    Command { name: "NOOP", run: Run::Transaction(mark::noop) },
    Command { name: "RSET", run: Run::Transaction(mark::rset) },
    Command { name: "CAPA", run: Run::Always(capa::capa) },
    Command { name: "QUIT", run: Run::Always(quit::quit) },
    Command { name: "USER", run: Run::Authorization(login::user) },
    Command { name: "PASS", run: Run::Authorization(login::pass) },
    Command { name: "AUTH", run: Run::Authorization(auth::auth) },
    Command { name: "STLS", run: Run::Authorization(stls::stls) },
    Command { name: "UTF8", run: Run::Authorization(stls::utf8) },
    Command { name: "APOP", run: Run::Authorization(login::apop) },
];

/// The command of this keyword, in any case.
pub(super) fn find(keyword: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(keyword))
}

/// A message number (RFC 1939 §3): decimal digits and nothing else. Says what is wrong with it.
fn number(text: &str, out: &mut Vec<u8>) -> Option<usize> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    if number.is_none() {
        err(out, Code::Plain, "A number is needed");
    }
    number
}
