//! `; name=value` lists (RFC 2045 §5.1), with continuations and charsets (RFC 2231).

use std::borrow::Cow;

use super::scan::{enclosed, is_token, trim, without_comments};
use super::word;
use crate::message::Parameter;
use crate::message::charset;
use crate::message::outline::limits::PARAMETERS_MAX;

/// The parameters in `text`, which begins at the first `;`, in the order of their first appearance.
///
/// Of a name given twice the first counts, but an encoded value (`name*=`) goes before a plain one. An unquoted value may
/// hold anything but `;`. Nothing is decoded without a charset.
pub fn parse(text: &[u8]) -> Vec<Parameter<'static>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = memchr::memchr(b';', rest) {
        rest = &rest[start + 1..];
        if pieces.len() >= PARAMETERS_MAX {
            break;
        }
        if let Some((piece, length)) = piece(rest) {
            rest = &rest[length..];
            pieces.push(piece);
        }
    }
    join(&pieces)
}

/// One `name*number*=value` as it stands.
struct Piece {
    name: Vec<u8>,
    section: Option<u32>,
    encoded: bool,
    value: Vec<u8>,
}

/// The piece at the start of `text`, and its length up to the next `;`, which a quoted value may hide.
fn piece(text: &[u8]) -> Option<(Piece, usize)> {
    let end = text.iter().position(|byte| matches!(byte, b'=' | b';'))?;
    if text[end] == b';' {
        return None;
    }
    let mut name = trim(&without_comments(&text[..end])).to_ascii_lowercase();
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        return None;
    }
    let encoded = name.last() == Some(&b'*') && name.len() > 1;
    if encoded {
        name.pop();
    }
    let section = section(&mut name);
    let start = text.len() - value_start(&text[end + 1..]).len();
    let (value, length) = value(&text[start..]);
    Some((Piece { name, section, encoded, value }, start + length))
}

/// Where a value begins: behind blanks, and behind a comment when a quoted value follows. `(1).pdf` is no comment.
fn value_start(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_start();
    let behind = enclosed(text).filter(|_| text.starts_with(b"(")).map(|(_, length)| text[length..].trim_ascii_start());
    behind.filter(|rest| rest.starts_with(b"\"")).unwrap_or(text)
}

/// Takes `*number` off the name.
fn section(name: &mut Vec<u8>) -> Option<u32> {
    let star = name.iter().rposition(|byte| *byte == b'*').filter(|star| *star > 0)?;
    let number = std::str::from_utf8(&name[star + 1..]).ok()?.parse().ok()?;
    name.truncate(star);
    Some(number)
}

fn value(text: &[u8]) -> (Vec<u8>, usize) {
    if text.first() == Some(&b'"') {
        return enclosed(text).unwrap_or_else(|| (trim(&text[1..]).to_vec(), text.len()));
    }
    let end = memchr::memchr(b';', text).unwrap_or(text.len());
    (without_comment(trim(&text[..end])).to_vec(), end)
}

/// Cuts a comment off the end: `us-ascii (plain)`, but not `copy (1).pdf`.
fn without_comment(value: &[u8]) -> &[u8] {
    if value.last() != Some(&b')') {
        return value;
    }
    match memchr::memmem::find(value, b" (") {
        Some(start) => trim(&value[..start]),
        None => value,
    }
}

fn join(pieces: &[Piece]) -> Vec<Parameter<'static>> {
    let mut joined: Vec<Parameter<'static>> = Vec::new();
    for (index, first) in pieces.iter().enumerate() {
        if pieces[..index].iter().any(|before| before.name == first.name) {
            continue;
        }
        let same = || pieces[index..].iter().filter(|piece| piece.name == first.name);
        let value = if let Some(whole) = same().find(|piece| piece.section.is_none() && piece.encoded) {
            decode(&[whole])
        } else if let Some(whole) = same().find(|piece| piece.section.is_none()) {
            whole.value.clone()
        } else {
            let mut sections: Vec<&Piece> = same().collect();
            sections.sort_by_key(|piece| piece.section);
            sections.dedup_by_key(|piece| piece.section);
            decode(&sections)
        };
        let value = if word::number(&value).is_some() { word::intern(&value) } else { Cow::Owned(value) };
        joined.push(Parameter { name: word::intern(&first.name), value });
    }
    joined
}

/// Joins sections in their order; with a charset in the first the whole becomes UTF-8.
fn decode(sections: &[&Piece]) -> Vec<u8> {
    let mut label: &[u8] = b"";
    let mut bytes = Vec::new();
    for (index, piece) in sections.iter().enumerate() {
        let mut value = piece.value.as_slice();
        if piece.encoded {
            if index == 0
                && let Some((charset, text)) = charset_and_text(value)
            {
                label = charset;
                value = text;
            }
            percent_decode(value, &mut bytes);
        } else {
            bytes.extend_from_slice(value);
        }
    }
    if label.is_empty() { bytes } else { charset::to_utf8(label, &bytes).into_owned().into_bytes() }
}

/// `charset'language'text` (RFC 2231 §4).
fn charset_and_text(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let charset = parts.next()?;
    parts.next()?;
    Some((charset, parts.next()?))
}

fn percent_decode(text: &[u8], to: &mut Vec<u8>) {
    let hex = |byte: u8| (byte as char).to_digit(16);
    let mut at = 0;
    while at < text.len() {
        if let [b'%', high, low, ..] = text[at..]
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            to.push((high * 16 + low) as u8);
            at += 3;
        } else {
            to.push(text[at]);
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found = parse(text.as_bytes());
            let shown: Vec<(String, String)> = found
                .iter()
                .map(|p| (String::from_utf8_lossy(&p.name).into(), String::from_utf8_lossy(&p.value).into()))
                .collect();
            let expected: Vec<(String, String)> =
                expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            assert_eq!(shown, expected, "{text}");
        };
        check("", &[]);
        check(";", &[]);
        check("; charset=utf-8", &[("charset", "utf-8")]);
        check(";CHARSET = \"UTF-8\" ;;x=y;", &[("charset", "UTF-8"), ("x", "y")]);
        check("; name=\"a;b \\\"c\\\".txt\"; x=y", &[("name", "a;b \"c\".txt"), ("x", "y")]);
        check("; name=copy (1).pdf; x=1", &[("name", "copy (1).pdf"), ("x", "1")]);
        check("; charset=us-ascii (Plain text)", &[("charset", "us-ascii")]);
        check("; charset (x) = (y) \"utf-8\" (z); (c) a=b", &[("charset", "utf-8"), ("a", "b")]);
        check("; name=(1).pdf", &[("name", "(1).pdf")]);
        check("; boundary==_a/b?c", &[("boundary", "=_a/b?c")]);
        check("; boundary=\"open", &[("boundary", "open")]);
        check("; boundary=\"a\"trash; x=y", &[("boundary", "a"), ("x", "y")]);
        check("; a=1; A=2", &[("a", "1")]);
        check("; a=", &[("a", "")]);
        check("; no value; =x; a b=c; d=e", &[("d", "e")]);
        check("; filename*=utf-8''%e2%82%ac%20rates", &[("filename", "€ rates")]);
        check("; filename=x; filename*=iso-8859-1'en'%A3%20rates", &[("filename", "£ rates")]);
        check("; filename*=UTF-8''bad%zz%4", &[("filename", "bad%zz%4")]);
        check("; filename*=nothing", &[("filename", "nothing")]);
        check("; url*0=\"ftp://\"; url*1=\"a.test/b\"", &[("url", "ftp://a.test/b")]);
        check("; t*1*=%2a%2a; t*0*=us-ascii'en'a%20; t*2=\"isn't it\"", &[("t", "a **isn't it")]);
        check("; name*0*=utf-8''%e2%82; name*1*=%ac", &[("name", "€")]);
        check("; *=x; a*x=y", &[("*", "x"), ("a*x", "y")]);
    }

    #[test]
    fn no_more_than_the_limit() {
        assert_eq!(parse("; a=b".repeat(500).as_bytes()).len(), 1);
        let many: String = (0..500).map(|n| format!("; p{n}=x")).collect();
        assert_eq!(parse(many.as_bytes()).len(), PARAMETERS_MAX);
    }
}
