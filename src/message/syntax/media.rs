//! Content-Type, Content-Disposition, Content-Transfer-Encoding and Content-Language (RFC 2045, 2183, 3282).

use std::borrow::Cow;

use super::scan::{is_token, trim, without_comments};
use super::{parameter, word};
use crate::message::outline::limits::LANGUAGES_MAX;
use crate::message::{Disposition, Parameter, Text};

/// A media type and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Top-level type in lower case.
    pub media_type: Text<'static>,
    /// Subtype in lower case.
    pub media_subtype: Text<'static>,
    /// Parameters.
    pub parameters: Vec<Parameter<'static>>,
}

impl Media {
    /// What a part without a usable Content-Type is (RFC 2045 §5.2).
    pub fn plain_text() -> Media {
        let charset = Parameter { name: Cow::Borrowed(b"charset"), value: Cow::Borrowed(b"us-ascii") };
        Media { parameters: vec![charset], ..Media::of(b"text", b"plain") }
    }

    /// A media type without parameters.
    pub fn of(media_type: &'static [u8], media_subtype: &'static [u8]) -> Media {
        Media {
            media_type: Cow::Borrowed(media_type),
            media_subtype: Cow::Borrowed(media_subtype),
            parameters: Vec::new(),
        }
    }

    /// Reads the unfolded value of a Content-Type field. One that names no `type/subtype` is `text/plain` with
    /// whatever parameters it has.
    pub fn parse(value: &[u8]) -> Media {
        let (head, rest) = split_head(value);
        let head = without_comments(head);
        let mut media = match head.iter().position(|byte| *byte == b'/') {
            Some(slash) => match (token(&head[..slash]), token(&head[slash + 1..])) {
                (Some(media_type), Some(media_subtype)) => Media { media_type, media_subtype, parameters: Vec::new() },
                _ => Media::of(b"text", b"plain"),
            },
            None => Media::of(b"text", b"plain"),
        };
        media.parameters = parameter::parse(rest);
        media
    }
}

/// Reads the unfolded value of a Content-Disposition field. `None` without a kind.
pub fn disposition(value: &[u8]) -> Option<Disposition<'static>> {
    let (head, rest) = split_head(value);
    let kind = token(&without_comments(head))?;
    Some(Disposition { kind, parameters: parameter::parse(rest) })
}

/// Reads the unfolded value of a Content-Transfer-Encoding field, in lower case; `7bit` when it says nothing.
pub fn encoding(value: &[u8]) -> Text<'static> {
    token(&without_comments(split_head(value).0)).unwrap_or(Cow::Borrowed(b"7bit"))
}

/// Reads the unfolded value of a Content-Language field, at most [`LANGUAGES_MAX`] tags.
pub fn languages(value: &[u8]) -> Vec<Text<'static>> {
    let value = without_comments(value);
    let tags = value.split(|byte| *byte == b',').map(trim).filter(|tag| !tag.is_empty());
    tags.take(LANGUAGES_MAX).map(|tag| Cow::Owned(tag.to_vec())).collect()
}

fn split_head(value: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    value.split_at(end)
}

/// The first token of `text`, in lower case.
fn token(text: &[u8]) -> Option<Text<'static>> {
    let text = trim(text);
    let end = text.iter().position(|byte| !is_token(*byte)).unwrap_or(text.len());
    (end > 0).then(|| word::intern(&text[..end].to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(media: &Media) -> String {
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let mut shown = format!("{}/{}", text(&media.media_type), text(&media.media_subtype));
        for parameter in &media.parameters {
            shown += &format!(";{}={}", text(&parameter.name), text(&parameter.value));
        }
        shown
    }

    #[test]
    fn types() {
        let check =
            |value: &str, expected: &str| assert_eq!(shown(&Media::parse(value.as_bytes())), expected, "{value}");
        check("text/plain", "text/plain");
        check("TEXT / HTML ; Charset=UTF-8", "text/html;charset=UTF-8");
        check("(a) text (b) / (c) html (d); charset=utf-8 (e)", "text/html;charset=utf-8");
        check("application/vnd.ms-excel;name=\"a;b.xls\"", "application/vnd.ms-excel;name=a;b.xls");
        check("text", "text/plain");
        check("text; charset=utf-8", "text/plain;charset=utf-8");
        check("", "text/plain");
        check("/", "text/plain");
        check("image/", "text/plain");
        check("multipart/mixed boundary=x", "multipart/mixed");
    }

    #[test]
    fn small_fields() {
        assert_eq!(*encoding(b" Base64 (x)"), *b"base64");
        assert_eq!(*encoding(b"quoted-printable;"), *b"quoted-printable");
        assert_eq!(*encoding(b"(x)"), *b"7bit");
        assert_eq!(languages(b"en, de-AT (x) ,,"), [&b"en"[..], b"de-AT"]);
        assert_eq!(disposition(b"; filename=x"), None);
        let found = disposition(b"ATTACHMENT; FileName=\"a b.pdf\"; size=3").expect("a disposition");
        assert_eq!(*found.kind, *b"attachment");
        assert_eq!(found.parameters.len(), 2);
    }
}
