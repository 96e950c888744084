//! One message of a mailing.

use mailstead_storage::{Account, BodyKind, Envelope, EnvelopeRecipient, Mailing, Notify};

use crate::clock::{Time, rfc5322};
use crate::message::transfer::encode_quoted_printable;
use crate::sieve::encode_value;

/// What it is made of.
pub(super) struct Letter<'a> {
    pub mailing: &'a Mailing,
    pub number: u64,
    pub account: &'a Account,
    pub hostname: &'a str,
    pub now: Time,
}

impl Letter<'_> {
    /// From nobody who could be told that it came back: that is counted.
    pub fn envelope(&self) -> Envelope {
        let address = self.account.address.clone();
        Envelope {
            reverse_path: String::new(),
            smtputf8: !address.is_ascii(),
            recipients: vec![EnvelopeRecipient { address, notify: Notify::NEVER, original: None }],
            ret: None,
            envelope_id: None,
            body: BodyKind::SevenBit,
            require_tls: false,
        }
    }

    /// The Received field.
    pub fn received(&self) -> String {
        format!("Received: by {} (mailing) id {{id}};\r\n\t{}\r\n", self.hostname, rfc5322(self.now))
    }

    /// The message.
    pub fn write(&self) -> Vec<u8> {
        let Letter { mailing, number, account, hostname, now } = self;
        let to_name = if mailing.to_name.is_empty() { &account.name } else { &mailing.to_name };
        let kind = if mailing.is_html { "html" } else { "plain" };
        format!(
            "From: {from} <postmaster@{domain}>\r\nTo: {to} <{address}>\r\nSubject: {subject}\r\nDate: {date}\r\n\
             Message-ID: <mailing.{number}.{id}@{hostname}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{text}",
            from = phrase(&mailing.from_name),
            domain = account.address.rsplit_once('@').map_or(*hostname, |(_, domain)| domain),
            to = phrase(to_name),
            address = account.address,
            subject = encode_value(&mailing.subject),
            date = rfc5322(*now),
            id = account.id.0,
            text = encode_quoted_printable(&with_crlf(&mailing.text)),
        )
        .into_bytes()
    }
}

/// A display name (RFC 5322 §3.4): quoted, or in encoded words.
fn phrase(name: &str) -> String {
    if name.is_ascii() {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        encode_value(name)
    }
}

/// Every line end as CRLF, and one at the end.
fn with_crlf(text: &str) -> String {
    let lines = text.lines().flat_map(|line| [line, "\r\n"]);
    lines.collect()
}
