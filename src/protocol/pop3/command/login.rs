//! USER and PASS (RFC 1939 §7), and APOP, which is not to be had.

use super::super::session::{Pop3Session, Question, Secret, State};
use super::super::wire::{Code, err, ok};
use crate::net::Turn;

/// `USER name`. Says the same for every name.
pub(super) fn user(session: &mut Pop3Session, argument: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
    if !session.allows_plaintext() {
        err(out, Code::Auth, "Passwords are taken with TLS only: use STLS first");
        return None;
    }
    let name = argument.trim();
    if name.is_empty() {
        return session.bad("USER needs a name", out);
    }
    session.state = State::Authorization { user: Some(name.to_string()) };
    ok(out, "Go on with PASS");
    None
}

/// `PASS password`. All after the first space is the password.
pub(super) fn pass(session: &mut Pop3Session, argument: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
    let State::Authorization { user } = &mut session.state else { return None };
    match user.take() {
        Some(user) => Some(Turn::Ask(Question::LogIn { user, password: Secret(argument.to_string()) })),
        None => session.bad("USER comes first", out),
    }
}

/// `APOP name digest` needs passwords that the server can read, so no greeting offers it.
pub(super) fn apop(session: &mut Pop3Session, _: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
    session.bad("APOP is not supported", out)
}
