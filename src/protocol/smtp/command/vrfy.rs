//! VRFY (RFC 5321 §4.1.1.6), which tells nobody who is here (§7.3).

use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, SmtpSession};

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    session.say(if argument.is_empty() { replies::ARGUMENT_MISSING } else { replies::CANNOT_VERIFY }, out);
    None
}
