//! The Received field (RFC 5321 §4.4).

use std::net::IpAddr;

use crate::clock;
use crate::protocol::smtp::session::SmtpSession;

/// The field for the message of the transaction; `{id}` stands for the message's id.
pub(super) fn field(session: &SmtpSession) -> String {
    let name = session.hello.as_ref().map_or("unknown", |hello| hello.name.as_str());
    let client = literal(session.peer.address.ip().to_canonical());
    let (host, protocol) = (&session.rules.hostname, protocol(session));
    let tls = session.tls.map(|version| format!(" ({version})")).unwrap_or_default();
    let recipient = recipient(session).map(|address| format!("\r\n\tfor <{address}>")).unwrap_or_default();
    let date = clock::rfc5322(session.now);
    format!(
        "Received: from {name} ({client})\r\n\tby {host} with {protocol}{tls}\r\n\tid {{id}}{recipient};\r\n\t{date}\r\n"
    )
}

/// The recipient, when telling of it tells nobody of another one.
fn recipient(session: &SmtpSession) -> Option<&str> {
    match session.transaction.as_ref()?.envelope.recipients.as_slice() {
        [one] => Some(&one.address),
        _ => None,
    }
}

/// RFC 5321 §4.1.3.
fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

/// RFC 3848, and RFC 6531 §4.3.
fn protocol(session: &SmtpSession) -> String {
    let utf8 = session.transaction.as_ref().is_some_and(|transaction| transaction.envelope.smtputf8);
    let extended = session.hello.as_ref().is_some_and(|hello| hello.extended);
    let base = match (utf8, extended) {
        (true, _) => "UTF8SMTP",
        (false, true) => "ESMTP",
        (false, false) => return "SMTP".into(),
    };
    let encrypted = if session.tls.is_some() { "S" } else { "" };
    let authenticated = if session.login.is_some() { "A" } else { "" };
    format!("{base}{encrypted}{authenticated}")
}
