//! What is indexed of a message: words, made from its outline and its texts.

use std::collections::HashSet;
use std::ptr;

use mailstead_storage::search::{Document, Field};

use super::language::{self, Language};
use super::words;
use crate::message::text::Texts;
use crate::message::{Address, Outline, headers, words as encoded};

/// Most bytes of the header that are looked at.
pub const HEADER_BYTES_MAX: u32 = 64 * 1024;
/// Most words of one text.
const WORDS_MAX: usize = 200_000;
/// Longest address, message id or list id that is found as a whole, bytes.
const WHOLE_BYTES_MAX: usize = 254;

/// Fields of the header in which nobody looks for words, or which are indexed by themselves.
const SKIPPED: [&str; 22] = [
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
    "authentication-results",
    "bcc",
    "cc",
    "content-disposition",
    "content-id",
    "content-transfer-encoding",
    "content-type",
    "date",
    "dkim-signature",
    "domainkey-signature",
    "from",
    "list-id",
    "mime-version",
    "received",
    "received-spf",
    "return-path",
    "subject",
    "to",
    "x-google-dkim-signature",
];

/// The document of a message: `header` is its own header block.
pub fn document(outline: &Outline, header: &[u8], texts: &Texts) -> Document {
    let languages = Language::of_all([&texts.body, &texts.attached]);
    let codes: Vec<&str> = languages.iter().map(|language| language.code()).collect();
    let mut made = Made { document: Document::default(), languages, seen: HashSet::new() };
    made.push(Field::Language, codes.join(" "));
    let envelope = &outline.envelope;
    if let Some(subject) = &envelope.subject {
        made.text(Field::Subject, &encoded::decode(subject));
        made.stems(Field::SubjectStem);
    }
    made.seen.clear();
    made.addresses(Field::From, &[&envelope.from, &envelope.sender, &envelope.reply_to]);
    made.addresses(Field::To, &[&envelope.to]);
    made.addresses(Field::Cc, &[&envelope.cc]);
    made.addresses(Field::Bcc, &[&envelope.bcc]);
    made.header(header);
    made.plain(Field::Name, &texts.names.join("\n"));
    made.seen.clear();
    if let Some(subject) = &envelope.subject {
        made.remember(&encoded::decode(subject));
    }
    made.text(Field::Body, &texts.body);
    made.text(Field::Attachment, &texts.attached);
    made.stems(Field::Stem);
    made.document.texts.push((Field::Kind, texts.kinds.iter().copied().collect::<Vec<_>>().join(" ")));
    made.document.texts.retain(|(_, text)| !text.is_empty());
    made.document
}

/// A document that is being made.
struct Made {
    document: Document,
    languages: Vec<Language>,
    /// Words whose stems are not yet written: in lower case, and without accents.
    seen: HashSet<(Box<str>, Box<str>)>,
}

impl Made {
    fn push(&mut self, field: Field, text: String) {
        self.document.texts.push((field, text));
    }

    /// A text whose words are not reduced.
    fn plain(&mut self, field: Field, text: &str) {
        let joined = joined(text, |_| ());
        self.push(field, joined);
    }

    /// A text of which other forms of the words are found too.
    fn text(&mut self, field: Field, text: &str) {
        let Made { languages, seen, .. } = self;
        let joined = joined(text, |word| see(languages, seen, word));
        self.push(field, joined);
    }

    fn remember(&mut self, text: &str) {
        words::each(text, |word| see(&self.languages, &mut self.seen, word));
    }

    /// The stems of the words seen, as far as a search does not find the words by how they begin.
    fn stems(&mut self, field: Field) {
        let mut stems = HashSet::new();
        for (lower, folded) in self.seen.drain() {
            for language in &self.languages {
                let stem = language.stem(&lower);
                let is_found = language.stem(&folded) == stem && folded.starts_with(language::beginning(&stem));
                if !is_found && *stem != *folded {
                    stems.insert(stem);
                }
            }
        }
        self.push(field, stems.into_iter().collect::<Vec<_>>().join(" "));
    }

    fn addresses(&mut self, field: Field, lists: &[&Vec<Address>]) {
        let (mut text, mut wholes) = (String::new(), HashSet::new());
        for address in lists.iter().flat_map(|list| list.iter()) {
            for part in [&address.name, &address.mailbox, &address.host].into_iter().flatten() {
                text += &encoded::decode(part);
                text.push('\n');
            }
            let decoded = |part: &Option<_>| part.as_deref().map(encoded::decode).unwrap_or_default();
            let (mailbox, host) = (decoded(&address.mailbox), decoded(&address.host));
            if !host.is_empty() {
                wholes.extend([whole(&format!("{mailbox}@{host}")), whole(&host)]);
            }
        }
        let words = joined(&text, |_| ());
        let wholes: Vec<String> = wholes.into_iter().filter(|whole| !whole.is_empty()).collect();
        self.push(field, words + &wholes.join(" "));
    }

    fn header(&mut self, block: &[u8]) {
        let mut text = String::new();
        let mut wholes = Vec::new();
        for field in headers::fields(block) {
            let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
            let value = || encoded::decode(&field.value());
            match &*name {
                "list-id" => {
                    let value = value();
                    let id = value.rsplit_once('<').map_or("", |(_, id)| id.trim_end_matches('>'));
                    let words = joined(&value, |_| ());
                    self.push(Field::List, words + &whole(id));
                }
                "message-id" | "in-reply-to" | "references" => {
                    wholes.extend(value().split_ascii_whitespace().map(|id| whole(id.trim_matches(['<', '>']))));
                }
                name if SKIPPED.contains(&name) => {}
                _ => {
                    text += &value();
                    text.push('\n');
                }
            }
        }
        let words = joined(&text, |_| ());
        self.push(Field::Header, words + &wholes.join(" "));
    }
}

/// Remembers a word that a search may not find by how its stem begins.
fn see(languages: &[Language], seen: &mut HashSet<(Box<str>, Box<str>)>, word: words::Word) {
    let has_accents = !ptr::eq(word.lower, word.folded) && word.lower != word.folded;
    let may_be_missed = has_accents || languages.iter().any(|language| language.cuts_beginnings());
    if may_be_missed && word.has_forms() && seen.len() < WORDS_MAX {
        seen.insert((word.lower.into(), word.folded.into()));
    }
}

/// The words of a text, each followed by a space.
fn joined(text: &str, mut each: impl FnMut(words::Word)) -> String {
    let (mut joined, mut count) = (String::with_capacity(text.len() + text.len() / 8), 0);
    words::each(text, |word| {
        count += 1;
        if count <= WORDS_MAX {
            joined.push_str(word.folded);
            joined.push(' ');
            each(word);
        }
    });
    joined
}

/// An address or id as it is found as a whole; empty when it is none.
pub fn whole(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    if text.len() <= WHOLE_BYTES_MAX && !text.contains(|character: char| character.is_whitespace()) {
        words::fold(text, &mut whole);
    }
    whole
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::message::Outline;

    const MESSAGE: &str = "From: =?utf-8?q?J=C3=B6rg?= Doe <jdoe@Mail.Example.test>\r\nTo: team@example.test\r\n\
        Subject: Walking houses\r\nMessage-ID: <A.1@x>\r\nList-Id: Our list <our.list.test>\r\nX-Topic: topical\r\n\
        Received: from nowhere\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nLes maisons que nous avons créées sont là, 日本語.\r\n";

    fn texts(field: Field) -> Vec<String> {
        let outline = Outline::of(MESSAGE.as_bytes());
        let read = |range: crate::message::Range| Ok::<_, Infallible>(range.of(MESSAGE.as_bytes()).to_vec());
        let texts = crate::message::text::texts(&outline, read).unwrap_or_default();
        let header = outline.root.header.of(MESSAGE.as_bytes());
        let document = document(&outline, header, &texts);
        let of = document.texts.into_iter().filter(|(of, _)| *of == field);
        of.flat_map(|(_, text)| text.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .filter(|word| !word.is_empty())
            .collect()
    }

    #[test]
    fn fields() {
        let check = |field: Field, expected: &str| assert_eq!(texts(field).join(" "), expected, "{field:?}");
        check(Field::Subject, "walking houses");
        check(Field::Body, "les maisons que nous avons creees sont la 日本 本語 語");
        check(Field::Header, "topical a.1@x");
        check(Field::List, "our list our list test our.list.test");
        check(Field::Kind, "");
        check(Field::Stem, "cre");
        check(Field::Cc, "");
        let has = |field: Field, word: &str| assert!(texts(field).contains(&word.to_owned()), "{field:?} {word}");
        has(Field::From, "jorg");
        has(Field::From, "jdoe");
        has(Field::From, "jdoe@mail.example.test");
        has(Field::From, "mail.example.test");
        has(Field::To, "team@example.test");
        has(Field::Language, "fra");
    }
}
