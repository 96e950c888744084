//! RSET (RFC 5321 §4.1.1.5).

use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, SmtpSession};

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    if !argument.is_empty() {
        session.say(replies::NO_ARGUMENT, out);
        return None;
    }
    session.say(replies::OK, out);
    session.reset()
}
