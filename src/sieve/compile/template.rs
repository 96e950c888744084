//! What stands in a string: encoded characters (RFC 5228 §2.4.2.4) and variables (RFC 5229 §3).

use super::super::fault::{Fault, Position};
use super::super::tree::{Piece, Text};
use super::Compiler;

/// Reads a string.
pub(super) fn read(compiler: &Compiler, text: &str, at: Position) -> Result<Text, Fault> {
    if !text.contains("${") {
        return Ok(Text::literal(text));
    }
    let decoded;
    let text = if compiler.has("encoded-character") {
        decoded = decode(text, at)?;
        &decoded
    } else {
        text
    };
    if compiler.has("variables") { variables(text, at) } else { Ok(Text::literal(text)) }
}

/// The next `${…}`: what is before it, its inside, and what is after it.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("${")?;
    let inside = &text[start + 2..];
    let end = inside.find('}')?;
    Some((&text[..start], &inside[..end], &inside[end + 1..]))
}

fn decode(text: &str, at: Position) -> Result<String, Fault> {
    let mut decoded: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside, after)) = split(rest) {
        decoded.extend_from_slice(before.as_bytes());
        match encoded(inside, at)? {
            Some(bytes) => {
                decoded.extend(bytes);
                rest = after;
            }
            // Not one: its first characters stand for themselves.
            None => {
                decoded.extend_from_slice(b"${");
                rest = &rest[before.len() + 2..];
            }
        }
    }
    decoded.extend_from_slice(rest.as_bytes());
    String::from_utf8(decoded).map_err(|_| Fault::new(at, "the encoded characters of this string are no UTF-8"))
}

/// The bytes that `hex:…` or `unicode:…` stand for.
fn encoded(inside: &str, at: Position) -> Result<Option<Vec<u8>>, Fault> {
    let Some((kind, numbers)) = inside.split_once(':') else { return Ok(None) };
    let numbers: Option<Vec<u32>> =
        numbers.split_ascii_whitespace().map(|number| u32::from_str_radix(number, 16).ok()).collect();
    let Some(numbers) = numbers.filter(|numbers| !numbers.is_empty()) else { return Ok(None) };
    match kind.to_ascii_lowercase().as_str() {
        "hex" => Ok(numbers.into_iter().map(|number| u8::try_from(number).ok()).collect()),
        "unicode" => {
            let wrong = || Fault::new(at, "this string names a character that Unicode does not have");
            let text: Option<String> = numbers.into_iter().map(char::from_u32).collect();
            Ok(Some(text.ok_or_else(wrong)?.into_bytes()))
        }
        _ => Ok(None),
    }
}

fn variables(text: &str, at: Position) -> Result<Text, Fault> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, inside, after)) = split(rest) {
        literal.push_str(before);
        match reference(inside, at)? {
            Some(piece) => {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(piece);
                rest = after;
            }
            None => {
                literal.push_str("${");
                rest = &rest[before.len() + 2..];
            }
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(Text(pieces))
}

/// What `${inside}` refers to; `None` when it refers to nothing and stands for itself.
fn reference(inside: &str, at: Position) -> Result<Option<Piece>, Fault> {
    if !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit()) {
        // There are never so many wildcards: the number then stands for nothing.
        return Ok(Some(Piece::Match(inside.parse().unwrap_or(usize::MAX))));
    }
    if is_name(inside) {
        return Ok(Some(Piece::Variable(inside.to_ascii_lowercase())));
    }
    if inside.contains('.') && inside.split('.').all(|part| is_name(part) || part.parse::<u32>().is_ok()) {
        return Err(Fault::new(
            at,
            format!("the variable \"{inside}\" belongs to an extension that is not known here"),
        ));
    }
    Ok(None)
}

/// Is it an identifier (RFC 5228 §8.1)?
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}
