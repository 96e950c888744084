//! NOOP (RFC 5321 §4.1.1.9), which may have an argument that means nothing.

use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, SmtpSession};

pub(super) fn run(session: &mut SmtpSession, _: &str, out: &mut Vec<u8>) -> Next {
    session.say(replies::OK, out);
    None
}
