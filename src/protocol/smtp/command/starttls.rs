//! STARTTLS (RFC 3207).

use crate::net::Turn;
use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, SmtpSession};

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    let reply = match session.tls {
        _ if !argument.is_empty() => replies::NO_ARGUMENT,
        Some(_) => replies::TLS_ALREADY,
        None if session.transaction.is_some() => replies::NOT_IN_TRANSACTION,
        None => replies::BEGIN_TLS,
    };
    session.say(reply, out);
    (reply == replies::BEGIN_TLS).then_some(Turn::StartTls)
}
