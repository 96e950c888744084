//! EXPN (RFC 5321 §4.1.1.7), which tells nobody who is on a list (§7.3).

use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, SmtpSession};

pub(super) fn run(session: &mut SmtpSession, _: &str, out: &mut Vec<u8>) -> Next {
    session.say(replies::NO_EXPANSION, out);
    None
}
