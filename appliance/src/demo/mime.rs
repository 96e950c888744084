//! Writes messages (RFC 5322, 2045–2047, 2231): enough for the samples, which are always the same.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mailstead_core::clock::{Time, rfc5322};

/// Display name and address.
pub type Person = (&'static str, &'static str);

/// When the samples begin: 2026-11-02 08:00 UTC.
const BEGIN: Time = Time(1_793_606_400_000);

/// Columns of an encoded line.
const COLUMNS: usize = 76;

/// Bytes of text in one encoded word, so that it stays under 75 columns (RFC 2047 §2).
const WORD_BYTES: usize = 42;

/// A MIME entity: its fields and its body, CRLF line ends.
pub struct Entity {
    fields: String,
    body: String,
}

impl Entity {
    /// Plain text.
    pub fn text(text: &str) -> Entity {
        Entity::written("text/plain", text)
    }

    /// HTML.
    pub fn html(html: &str) -> Entity {
        Entity::written("text/html", html)
    }

    /// Text of another kind; `kind` may have parameters.
    pub fn written(kind: &str, text: &str) -> Entity {
        let lines = text.replace('\n', "\r\n");
        let plain = lines.is_ascii() && lines.lines().all(|line| line.len() <= COLUMNS);
        let (encoding, body) = if plain { ("7bit", lines) } else { ("quoted-printable", quoted_printable(&lines)) };
        let fields = format!("Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n");
        Entity { fields, body }
    }

    /// A file.
    pub fn file(kind: &str, name: &str, bytes: &[u8]) -> Entity {
        let disposition = format!("Content-Disposition: attachment;\r\n {}\r\n", file_name(name));
        Entity::encoded(&format!("Content-Type: {kind}\r\n{disposition}"), bytes)
    }

    /// An image that the HTML beside it shows as `cid:id`.
    pub fn inline_image(kind: &str, id: &str, bytes: &[u8]) -> Entity {
        let fields = format!("Content-Type: {kind}\r\nContent-ID: <{id}>\r\nContent-Disposition: inline\r\n");
        Entity::encoded(&fields, bytes)
    }

    fn encoded(fields: &str, bytes: &[u8]) -> Entity {
        let encoded = BASE64_STANDARD.encode(bytes);
        let mut body = String::with_capacity(encoded.len() + encoded.len() / COLUMNS * 2 + 2);
        for line in encoded.as_bytes().chunks(COLUMNS) {
            body.extend(line.iter().map(|byte| char::from(*byte)));
            body.push_str("\r\n");
        }
        Entity { fields: format!("{fields}Content-Transfer-Encoding: base64\r\n"), body }
    }

    /// A whole message inside of another one (RFC 2046 §5.2.1).
    pub fn message(message: &str) -> Entity {
        let fields = "Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=\"message.eml\"\r\n";
        Entity { fields: fields.into(), body: message.into() }
    }

    /// Lines without any encoding under this type.
    pub fn raw(kind: &str, lines: &str) -> Entity {
        Entity { fields: format!("Content-Type: {kind}\r\n"), body: lines.replace('\n', "\r\n") }
    }

    /// Several entities under this type: `mixed`, `alternative`, `related`, …
    pub fn multipart(kind: &str, entities: &[Entity]) -> Entity {
        let inner: usize = entities.iter().map(|entity| entity.body.len()).sum();
        // No line of an encoded body begins so, and two nested ones differ in length.
        let boundary = format!("=_demo_{inner:x}_{}", entities.len());
        let mut body = String::with_capacity(inner + entities.len() * 256);
        for entity in entities {
            write!(body, "--{boundary}\r\n{}\r\n{}\r\n", entity.fields, entity.body).expect("a String takes all");
        }
        write!(body, "--{boundary}--\r\n").expect("a String takes all");
        Entity { fields: format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n"), body }
    }
}

/// A message.
pub struct Mail {
    /// Who wrote it.
    pub from: Person,
    /// To whom.
    pub to: Vec<Person>,
    /// Who else gets it.
    pub cc: Vec<Person>,
    /// Its subject.
    pub subject: &'static str,
    /// Hours after the first sample.
    pub hour: u64,
    /// The left half of its Message-ID.
    pub id: &'static str,
    /// The messages before it in its thread, oldest first, as complete Message-IDs.
    pub references: Vec<String>,
    /// Further fields, each with CRLF at its end.
    pub fields: &'static str,
    /// What it says.
    pub content: Entity,
}

impl Mail {
    /// A message that begins a thread.
    pub fn new(
        from: Person,
        to: &[Person],
        hour: u64,
        id: &'static str,
        subject: &'static str,
        content: Entity,
    ) -> Mail {
        Mail { from, to: to.to_vec(), cc: Vec::new(), subject, hour, id, references: Vec::new(), fields: "", content }
    }

    /// The same as an answer to `earlier`.
    pub fn answering(mut self, earlier: &Mail) -> Mail {
        self.references.clone_from(&earlier.references);
        self.references.push(earlier.message_id());
        self
    }

    /// The same with copies.
    pub fn copied_to(mut self, cc: &[Person]) -> Mail {
        self.cc = cc.to_vec();
        self
    }

    /// The same with further fields.
    pub fn with_fields(mut self, fields: &'static str) -> Mail {
        self.fields = fields;
        self
    }

    /// The whole Message-ID.
    pub fn message_id(&self) -> String {
        let domain = self.from.1.rsplit_once('@').map_or("example.test", |(_, domain)| domain);
        format!("<{}@{domain}>", self.id)
    }

    /// The message as it is sent.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.content.body.len() + 2048);
        let mut field = |name: &str, value: &str| {
            if !value.is_empty() {
                write!(text, "{name}: {value}\r\n").expect("a String takes all");
            }
        };
        field("Date", &rfc5322(BEGIN.plus_seconds(self.hour * 3600)));
        field("From", &people(&[self.from]));
        field("To", &people(&self.to));
        field("Cc", &people(&self.cc));
        field("Subject", &header_text(self.subject));
        field("Message-ID", &self.message_id());
        field("In-Reply-To", self.references.last().map_or("", String::as_str));
        field("References", &self.references.join("\r\n "));
        field("MIME-Version", "1.0");
        text.push_str(self.fields);
        text.push_str(&self.content.fields);
        text.push_str("\r\n");
        text.push_str(&self.content.body);
        text
    }
}

fn people(people: &[Person]) -> String {
    let person = |(name, address): &Person| match *name {
        "" => (*address).to_string(),
        name if name.is_ascii() => format!("\"{name}\" <{address}>"),
        name => format!("{} <{address}>", header_text(name)),
    };
    people.iter().map(person).collect::<Vec<_>>().join(",\r\n ")
}

/// Text of a header field, as encoded words where it must be (RFC 2047).
fn header_text(text: &str) -> String {
    if text.is_ascii() {
        return text.into();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.chars() {
        if word.len() + letter.len_utf8() > WORD_BYTES {
            words.push(std::mem::take(&mut word));
        }
        word.push(letter);
    }
    words.push(word);
    let encoded = words.iter().map(|word| format!("=?utf-8?B?{}?=", BASE64_STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}

/// The filename parameter (RFC 2231 §4 beyond ASCII).
fn file_name(name: &str) -> String {
    if name.is_ascii() {
        format!("filename=\"{name}\"")
    } else {
        format!("filename*=utf-8''{}", mailstead_web::segment(name))
    }
}

/// RFC 2045 §6.7. The text has CRLF line ends.
fn quoted_printable(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for line in text.split_inclusive("\r\n") {
        let (words, end) = line.strip_suffix("\r\n").map_or((line, ""), |words| (words, "\r\n"));
        let mut column = 0;
        for (at, byte) in words.bytes().enumerate() {
            let last = at + 1 == words.len();
            let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (byte == b' ' && !last);
            let width = if plain { 1 } else { 3 };
            if column + width >= COLUMNS {
                encoded.push_str("=\r\n");
                column = 0;
            }
            match plain {
                true => encoded.push(char::from(byte)),
                false => write!(encoded, "={byte:02X}").expect("a String takes all"),
            }
            column += width;
        }
        encoded.push_str(end);
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_stays_within_its_columns() {
        let check = |text, expected: &str| assert_eq!(quoted_printable(text), expected);
        check("a = b \r\nü", "a =3D b=20\r\n=C3=BC");
        let long = "ä".repeat(100);
        assert!(quoted_printable(&long).lines().all(|line| line.len() <= COLUMNS));
    }

    #[test]
    fn words_beyond_ascii_are_encoded() {
        assert_eq!(header_text("plain"), "plain");
        assert_eq!(header_text("Grüße"), "=?utf-8?B?R3LDvMOfZQ==?=");
        assert!(header_text(&"漢字".repeat(40)).lines().all(|line| line.trim_start().len() <= 75));
    }
}
