//! VRFY and EXPN (RFC 5321 §4.1.1.6, 4.1.1.7), which tell nobody who is here (§7.3).

use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, SmtpSession};

pub(super) fn vrfy(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    session.say(if argument.is_empty() { replies::ARGUMENT_MISSING } else { replies::CANNOT_VERIFY }, out);
    None
}

pub(super) fn expn(session: &mut SmtpSession, _: &str, out: &mut Vec<u8>) -> Next {
    session.say(replies::NO_EXPANSION, out);
    None
}
