//! Letters: messages that the box itself writes to its people. Text comes as people write it, and leaves as mail has it.

use mailstead_storage::{Accepted, Envelope, EnvelopeRecipient, Notify, Priority, Provenance};

use serde::{Deserialize, Serialize};

use super::{Acceptance, Incoming, Intake, Refusal, Trace};
use crate::clock::{Time, rfc5322};
use crate::message::transfer::encode_quoted_printable;
use crate::sieve::encode_value;

/// A person as a header field names one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The display name; may be empty.
    pub name: String,
    /// The address.
    pub address: String,
}

/// How a letter's text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As it is.
    Plain,
    /// As HTML.
    Html,
}

/// A letter to one person. It is sent with an empty reverse-path: nothing answers it, and it never bounces.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who writes.
    pub from: Person,
    /// To whom.
    pub to: Person,
    /// What it is about.
    pub subject: String,
    /// What it says, with any line ends.
    pub text: String,
    /// How that is to be read.
    pub format: Format,
}

impl Letter {
    /// The message, written at this time under this id (without angle brackets).
    pub fn write(&self, message_id: &str, at: Time) -> Vec<u8> {
        let media = match self.format {
            Format::Plain => "text/plain",
            Format::Html => "text/html",
        };
        let mut message = format!(
            "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{message_id}>\r\n\
             Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: {media}; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n",
            self.from.field(),
            self.to.field(),
            encode_value(&self.subject),
            rfc5322(at),
        );
        message += &encode_quoted_printable(&with_crlf(&self.text));
        if !message.ends_with("\r\n") {
            message += "\r\n";
        }
        message.into_bytes()
    }
}

impl Person {
    /// Someone without a display name.
    pub fn nameless(address: impl Into<String>) -> Person {
        Person { name: String::new(), address: address.into() }
    }

    /// `"Name" <address>` (RFC 5322 §3.4).
    fn field(&self) -> String {
        let address = &self.address;
        let name = encode_value(&self.name);
        let is_phrase =
            |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -'!?=+/_".contains(&byte));
        match name.as_str() {
            "" => format!("<{address}>"),
            // Encoded words stand bare (RFC 2047 §5).
            name if !self.name.is_ascii() || is_phrase(name) => format!("{name} <{address}>"),
            name => format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

/// A letter that is written and only has to be sent.
pub struct Sealed {
    incoming: Incoming,
    acceptance: Acceptance,
}

impl Intake {
    /// Sends a letter by the way in; `host` is this box's name.
    ///
    /// # Errors
    /// Any refusal; nothing is kept then.
    pub async fn send(&self, letter: &Letter, host: &str, priority: Priority) -> Result<Accepted, Refusal> {
        self.seal(letter, host, priority).await?.send().await
    }

    /// Writes a letter and does not send it yet.
    ///
    /// # Errors
    /// Any refusal.
    pub async fn seal(&self, letter: &Letter, host: &str, priority: Priority) -> Result<Sealed, Refusal> {
        let now = self.0.clock.now();
        let mut incoming = self.begin(Trace::Fields {
            reverse_path: String::new(),
            received: format!("Received: by {host} (box) id {{id}};\r\n\t{}\r\n", rfc5322(now)),
            complete_as: None,
        })?;
        let message_id = format!("box.{}@{host}", incoming.id());
        incoming.push(letter.write(&message_id, now)).await?;
        let recipient = EnvelopeRecipient::new(letter.to.address.clone(), Notify::NEVER);
        let envelope = Envelope {
            smtputf8: !letter.to.address.is_ascii() || !letter.from.address.is_ascii(),
            ..Envelope::new("", vec![recipient])
        };
        Ok(Sealed { incoming, acceptance: Acceptance { envelope, provenance: Provenance::Box, priority } })
    }
}

impl Sealed {
    /// The same, by another door than the box's own.
    pub fn of(self, provenance: Provenance) -> Sealed {
        Sealed { acceptance: Acceptance { provenance, ..self.acceptance }, ..self }
    }

    /// Sends it.
    ///
    /// # Errors
    /// Any refusal; nothing is kept then.
    pub async fn send(self) -> Result<Accepted, Refusal> {
        self.incoming.accept(self.acceptance).await
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

    #[test]
    fn a_person_is_named_in_a_field() {
        let check = |name: &str, expected: &str| {
            let person = Person { name: name.into(), address: "a@b.test".into() };
            assert_eq!(person.field(), expected);
        };
        check("", "<a@b.test>");
        check("System Administrator", "System Administrator <a@b.test>");
        check("Doe, \"J\"", "\"Doe, \\\"J\\\"\" <a@b.test>");
        check("Jörg", "=?utf-8?B?SsO2cmc=?= <a@b.test>");
        check("x\r\nBcc: y@z", "\"x  Bcc: y@z\" <a@b.test>");
    }

    #[test]
    fn a_letter_is_a_message() {
        let letter = Letter {
            from: Person { name: "Box".into(), address: "postmaster@b.test".into() },
            to: Person::nameless("a@b.test"),
            subject: "Grüße\r\nBcc: x".into(),
            text: "Hallo,\nSüden = warm".into(),
            format: Format::Html,
        };
        let expected = "From: Box <postmaster@b.test>\r\nTo: <a@b.test>\r\nSubject: =?utf-8?B?R3LDvMOfZSAgQmNjOiB4?=\r\n\
            Date: Tue, 1 Jul 2003 10:52:37 +0000\r\nMessage-ID: <1@b.test>\r\nAuto-Submitted: auto-generated\r\n\
            MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nHallo,\r\nS=C3=BCden =3D warm\r\n";
        let written = letter.write("1@b.test", Time(1_057_056_757_123));
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }
}
