//! QUIT (RFC 1939 §4, §6).

use super::super::session::{Pop3Session, Question, State};
use super::super::wire::ok;
use crate::net::Turn;

/// `QUIT`. After login the marked messages go now, and not before.
pub(super) fn quit(session: &mut Pop3Session, _: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
    match std::mem::replace(&mut session.state, State::Over) {
        State::Transaction(transaction) => {
            let uids = transaction.maildrop.marked();
            session.state = State::Update { address: transaction.address };
            Some(Turn::Ask(Question::Update { uids }))
        }
        _ => {
            ok(out, "Bye");
            None
        }
    }
}
