//! Commands about the session itself: STARTTLS, NOOP, UNAUTHENTICATE, LOGOUT (RFC 5804 §2.2, §2.3, §2.13, §2.14).

use super::super::session::{ManageSieveSession, Question, State};
use super::super::wire::{Code, Word, no, ok, ok_with};
use crate::net::Turn;

/// `STARTTLS`
pub(super) fn starttls(
    session: &mut ManageSieveSession,
    arguments: &[Word],
    out: &mut Vec<u8>,
) -> Option<Turn<Question>> {
    if !arguments.is_empty() {
        return session.bad("STARTTLS has no arguments", out);
    }
    if session.encrypted {
        no(out, &Code::Plain, "TLS is active already");
        return None;
    }
    ok(out, "Begin TLS");
    Some(Turn::StartTls)
}

/// `NOOP ["tag"]`
pub(super) fn noop(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Option<Turn<Question>> {
    match arguments {
        [] => ok(out, "Nothing done"),
        [Word::Text(tag)] => ok_with(out, &Code::Tag(tag.clone()), "Nothing done"),
        _ => return session.bad("NOOP has a string at most", out),
    }
    None
}

/// `UNAUTHENTICATE`
pub(super) fn unauthenticate(
    session: &mut ManageSieveSession,
    arguments: &[Word],
    out: &mut Vec<u8>,
) -> Option<Turn<Question>> {
    if !arguments.is_empty() {
        return session.bad("UNAUTHENTICATE has no arguments", out);
    }
    session.state = State::Anonymous;
    ok(out, "You are nobody now");
    None
}

/// `LOGOUT`
pub(super) fn logout(session: &mut ManageSieveSession, _: &[Word], out: &mut Vec<u8>) -> Option<Turn<Question>> {
    ok(out, "Bye");
    session.state = State::Over;
    None
}
