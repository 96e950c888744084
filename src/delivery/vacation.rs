//! Answers while a recipient is away (RFC 5230), written so that no two machines talk to each other (RFC 3834).

use crate::clock::{Time, rfc5322};
use crate::message::transfer::encode_quoted_printable;
use crate::message::{headers, parse_addresses, words};
use crate::people::Address;
use crate::sieve::{self, encode_value};

/// How long the same sender is not answered again, unless the rule says otherwise (RFC 5230 §4.1).
pub(super) const SECONDS: u64 = 7 * 24 * 60 * 60;

/// Most bytes of a subject that is taken over.
const SUBJECT_BYTES_MAX: usize = 500;
/// Most bytes of References that are taken over.
const REFERENCES_BYTES_MAX: usize = 4_000;

/// Senders that are no persons: whole local parts, and how others begin and end (RFC 5230 §4.6).
const ROLES: [&str; 9] = [
    "mailer-daemon",
    "postmaster",
    "listserv",
    "majordomo",
    "noreply",
    "no-reply",
    "donotreply",
    "do-not-reply",
    "bounce",
];
const ROLE_BEGINNINGS: [&str; 4] = ["owner-", "bounce-", "bounces-", "srs0="];
const ROLE_ENDINGS: [&str; 5] = ["-request", "-owner", "-bounce", "-bounces", "-noreply"];

/// Fields by which a recipient is addressed (RFC 5230 §4.5).
const TO_FIELDS: [&str; 6] = ["To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"];

/// May this message be answered? `is_own` says which addresses are the recipient's.
pub(super) fn may_answer(
    sender: &str,
    header: &[u8],
    vacation: &sieve::Vacation,
    is_own: &dyn Fn(&Address) -> bool,
) -> bool {
    let Some(sender) = Address::parse(sender) else { return false };
    !is_role(&sender.local) && !is_own(&sender) && !is_automatic(header) && is_addressed(header, vacation, is_own)
}

fn is_role(local: &str) -> bool {
    let local = local.to_ascii_lowercase();
    ROLES.contains(&local.as_str())
        || ROLE_BEGINNINGS.iter().any(|beginning| local.starts_with(beginning))
        || ROLE_ENDINGS.iter().any(|ending| local.ends_with(ending))
}

/// Was it sent by a machine, or to a list?
fn is_automatic(header: &[u8]) -> bool {
    headers::fields(header).any(|field| {
        let value = field.value().to_ascii_lowercase();
        let first = value.split(|byte| matches!(byte, b';' | b' ' | b'\t')).next().unwrap_or_default();
        if field.is("Auto-Submitted") {
            first != b"no"
        } else if field.is("Precedence") {
            matches!(first, b"bulk" | b"junk" | b"list")
        } else if field.is("X-Auto-Response-Suppress") {
            [&b"all"[..], b"oof", b"autoreply"].iter().any(|word| memchr::memmem::find(&value, word).is_some())
        } else {
            field.name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"List-"))
        }
    })
}

/// Does it name the recipient? What comes by way of a list or as a blind copy is not meant personally.
fn is_addressed(header: &[u8], vacation: &sieve::Vacation, is_own: &dyn Fn(&Address) -> bool) -> bool {
    let is_named = |address: &Address| {
        is_own(address) || vacation.addresses.iter().any(|other| other.eq_ignore_ascii_case(&address.to_string()))
    };
    headers::fields(header).filter(|field| TO_FIELDS.iter().any(|name| field.is(name))).any(|field| {
        let addresses = parse_addresses(&field.value());
        let texts = addresses.iter().filter_map(|address| {
            let part = |part: &Option<crate::message::Text<'_>>| part.as_deref().map(words::decode);
            Some(format!("{}@{}", part(&address.mailbox)?, part(&address.host)?))
        });
        texts.filter_map(|text| Address::parse(&text)).any(|address| is_named(&address))
    })
}

/// What an answer is made of.
pub(super) struct Answer<'a> {
    pub vacation: &'a sieve::Vacation,
    /// Whom it is from, as a From field says it.
    pub from: &'a str,
    /// Whom it goes to.
    pub to: &'a str,
    /// The header of the message that is answered.
    pub header: &'a [u8],
    pub message_id: &'a str,
    pub now: Time,
}

impl Answer<'_> {
    /// The message.
    pub(super) fn write(&self) -> Vec<u8> {
        let Answer { vacation, from, to, message_id, .. } = self;
        let mut text = format!(
            "From: {from}\r\nTo: <{to}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: {message_id}\r\n",
            encode_value(&self.subject()),
            rfc5322(self.now),
        );
        if let Some(id) = self.field("Message-ID") {
            let references = self.field("References").unwrap_or_default();
            let references = references.get(..REFERENCES_BYTES_MAX).map_or(references.as_str(), |_| "");
            let all = format!("{references} {id}");
            let folded: Vec<&str> = all.split_ascii_whitespace().collect();
            text += &format!("In-Reply-To: {id}\r\nReferences: {}\r\n", folded.join("\r\n "));
        }
        text += "Auto-Submitted: auto-replied (vacation)\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n";
        let reason = with_crlf(&vacation.reason);
        if vacation.mime {
            text += &reason;
        } else {
            text += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
            text += &encode_quoted_printable(&reason);
        }
        if !text.ends_with("\r\n") {
            text += "\r\n";
        }
        text.into_bytes()
    }

    fn subject(&self) -> String {
        let made = || {
            let subject = self.field("Subject").map(|subject| words::decode(subject.as_bytes())).unwrap_or_default();
            format!("Auto: {}", &subject[..subject.floor_char_boundary(SUBJECT_BYTES_MAX)])
        };
        self.vacation.subject.clone().unwrap_or_else(made)
    }

    /// The field's text when it has no 8-bit bytes and no control characters.
    fn field(&self, name: &str) -> Option<String> {
        let field = headers::fields(self.header).find(|field| field.is(name))?;
        let text = String::from_utf8(field.value().into_owned()).ok()?;
        Some(text.replace(char::is_control, " ").trim().to_owned()).filter(|text| !text.is_empty())
    }
}

/// Line ends as mail has them.
fn with_crlf(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    lines.join("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sender: &str, header: &str, expected: bool) {
        let vacation = sieve::Vacation { addresses: vec!["Me@else.test".into()], ..sieve::Vacation::default() };
        let is_own = |address: &Address| address.key() == "alice@example.test";
        assert_eq!(may_answer(sender, header.as_bytes(), &vacation, &is_own), expected, "{sender} {header}");
    }

    #[test]
    fn who_is_answered() {
        check("bob@remote.test", "To: Alice <alice@example.test>\r\n\r\n", true);
        check("bob@remote.test", "Cc: x@y.test, me@ELSE.test\r\n\r\n", true);
        check("bob@remote.test", "To: x@y.test\r\n\r\n", false);
        check("bob@remote.test", "Subject: x\r\n\r\n", false);
        check("", "To: alice@example.test\r\n\r\n", false);
        check("alice@example.test", "To: alice@example.test\r\n\r\n", false);
        for role in ["MAILER-DAEMON", "list-request", "owner-list", "no-reply", "LISTSERV"] {
            check(&format!("{role}@remote.test"), "To: alice@example.test\r\n\r\n", false);
        }
        for field in [
            "Auto-Submitted: auto-replied",
            "auto-submitted: auto-generated; x=y",
            "Precedence: bulk",
            "Precedence: list",
            "List-Id: <x.y>",
            "LIST-UNSUBSCRIBE: <mailto:x@y>",
            "X-Auto-Response-Suppress: DR, OOF",
        ] {
            check("bob@remote.test", &format!("{field}\r\nTo: alice@example.test\r\n\r\n"), false);
        }
        check("bob@remote.test", "Auto-Submitted: no\r\nTo: alice@example.test\r\n\r\n", true);
        check("bob@remote.test", "Precedence: normal\r\nTo: alice@example.test\r\n\r\n", true);
    }

    #[test]
    fn what_is_answered() {
        let vacation = sieve::Vacation { reason: "Bin im Süden.\nBis bald!".into(), ..sieve::Vacation::default() };
        let answer = Answer {
            vacation: &vacation,
            from: "alice@example.test",
            to: "bob@remote.test",
            header: b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <2@r>\r\nReferences: <0@r>\r\n <1@r>\r\n\r\n",
            message_id: "<v@example.test>",
            now: Time(1_057_056_757_123),
        };
        let expected = "From: alice@example.test\r\nTo: <bob@remote.test>\r\nSubject: =?utf-8?B?QXV0bzogR3LDvMOfZQ==?=\r\n\
            Date: Tue, 1 Jul 2003 10:52:37 +0000\r\nMessage-ID: <v@example.test>\r\nIn-Reply-To: <2@r>\r\n\
            References: <0@r>\r\n <1@r>\r\n <2@r>\r\nAuto-Submitted: auto-replied (vacation)\r\n\
            X-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nBin im S=C3=BCden.\r\nBis bald!\r\n";
        assert_eq!(String::from_utf8_lossy(&answer.write()), expected);
    }
}
