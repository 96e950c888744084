//! Words that most messages share, each known by a short number.
//!
//! The stored form of an outline says the number instead of the word: the list may grow at its end and must never
//! change otherwise.

use std::borrow::Cow;

use crate::message::Text;

#[rustfmt::skip]
const WORDS: [&str; 62] = [
    "text", "plain", "html", "multipart", "mixed", "alternative", "related", "signed", "report", "application",
    "octet-stream", "pdf", "image", "png", "jpeg", "gif", "message", "rfc822", "delivery-status", "calendar", "7bit",
    "8bit", "binary", "base64", "quoted-printable", "charset", "boundary", "name", "filename", "format", "flowed",
    "delsp", "yes", "type", "size", "utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "UTF-8",
    "US-ASCII", "ISO-8859-1", "attachment", "inline", "protocol", "micalg", "pgp-sha256", "pgp-sha512", "sha-256",
    "report-type", "method", "creation-date", "modification-date", "text/html", "pgp-signature", "pkcs7-signature",
    "zip", "css", "csv", "global", "digest",
];

/// The word as a text: borrowed when it is a common one.
pub fn intern(word: &[u8]) -> Text<'static> {
    match number(word).and_then(by_number) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(word.to_vec()),
    }
}

/// The number of a common word.
pub fn number(word: &[u8]) -> Option<usize> {
    WORDS.iter().position(|known| known.as_bytes() == word)
}

/// The common word with this number.
pub fn by_number(number: usize) -> Option<&'static [u8]> {
    WORDS.get(number).map(|word| word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_one_number_of_one_byte() {
        for (index, known) in WORDS.iter().enumerate() {
            assert_eq!(number(known.as_bytes()), Some(index), "{known}");
            assert_eq!(by_number(index), Some(known.as_bytes()));
        }
        assert_eq!(by_number(WORDS.len()), None);
        assert_eq!(number(b"no such word"), None);
        assert!(WORDS.len() <= 64);
    }

    #[test]
    fn the_first_words_keep_their_numbers() {
        let digest = WORDS[..62]
            .iter()
            .flat_map(|word| word.bytes())
            .fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        assert_eq!((WORDS[0], WORDS[61], digest), ("text", "digest", 437_389_794));
    }
}
