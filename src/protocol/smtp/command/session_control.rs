//! RSET, NOOP and QUIT (RFC 5321 §4.1.1.5, 4.1.1.9, 4.1.1.10).

use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, SmtpSession};

pub(super) fn rset(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    if !argument.is_empty() {
        session.say(replies::NO_ARGUMENT, out);
        return None;
    }
    session.say(replies::OK, out);
    session.reset()
}

pub(super) fn noop(session: &mut SmtpSession, _: &str, out: &mut Vec<u8>) -> Next {
    session.say(replies::OK, out);
    None
}

pub(super) fn quit(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    if !argument.is_empty() {
        session.say(replies::NO_ARGUMENT, out);
        return None;
    }
    session.close(replies::BYE, out)
}
