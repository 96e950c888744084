//! ENVELOPE and BODYSTRUCTURE (RFC 3501 §7.4.2), from the outline.

#[cfg(test)]
mod tests;

use super::{number, string};
use crate::message::{Address, Disposition, Envelope, Kind, Parameter, Part, Text};

/// Writes the ENVELOPE.
pub fn envelope(envelope: &Envelope<'_>, out: &mut Vec<u8>) {
    let or_from = |list: &'_ Vec<Address<'_>>, out: &mut Vec<u8>| {
        addresses(if list.is_empty() { &envelope.from } else { list }, out);
    };
    out.push(b'(');
    nstring(envelope.date.as_ref(), out);
    out.push(b' ');
    nstring(envelope.subject.as_ref(), out);
    out.push(b' ');
    addresses(&envelope.from, out);
    out.push(b' ');
    or_from(&envelope.sender, out);
    out.push(b' ');
    or_from(&envelope.reply_to, out);
    for list in [&envelope.to, &envelope.cc, &envelope.bcc] {
        out.push(b' ');
        addresses(list, out);
    }
    out.push(b' ');
    nstring(envelope.in_reply_to.as_ref(), out);
    out.push(b' ');
    nstring(envelope.message_id.as_ref(), out);
    out.push(b')');
}

/// Writes the structure of a part: `BODYSTRUCTURE` with `extended`, else `BODY`.
pub fn body_structure(part: &Part<'_>, extended: bool, out: &mut Vec<u8>) {
    out.push(b'(');
    match &part.kind {
        Kind::Multipart(parts) => {
            for part in parts {
                body_structure(part, extended, out);
            }
            out.push(b' ');
            string(&part.media_subtype, out);
            if extended {
                out.push(b' ');
                parameters(&part.parameters, out);
                disposition_and_on(part, out);
            }
        }
        kind => {
            single(part, kind, extended, out);
            if extended {
                out.push(b' ');
                nstring(part.md5.as_ref(), out);
                disposition_and_on(part, out);
            }
        }
    }
    out.push(b')');
}

/// Writes the structure of a leaf whose transfer encoding is undone, up to its size.
pub fn decoded_before_extent(part: &Part<'_>, out: &mut Vec<u8>) {
    out.push(b'(');
    fields(part, b"binary", out);
    out.push(b' ');
}

/// What follows its size, and its lines if it is text.
pub fn decoded_behind_extent(part: &Part<'_>, out: &mut Vec<u8>) {
    // The checksum is of the decoded content already (RFC 1864 §2).
    out.push(b' ');
    nstring(part.md5.as_ref(), out);
    disposition_and_on(part, out);
    out.push(b')');
}

/// `body-fields` up to the encoding.
fn fields(part: &Part<'_>, encoding: &[u8], out: &mut Vec<u8>) {
    string(&part.media_type, out);
    out.push(b' ');
    string(&part.media_subtype, out);
    out.push(b' ');
    parameters(&part.parameters, out);
    out.push(b' ');
    nstring(part.id.as_ref(), out);
    out.push(b' ');
    nstring(part.description.as_ref(), out);
    out.push(b' ');
    string(encoding, out);
}

/// `body-fields`, and what message/rfc822 and text have beyond them.
fn single(part: &Part<'_>, kind: &Kind<'_>, extended: bool, out: &mut Vec<u8>) {
    fields(part, &part.encoding, out);
    out.push(b' ');
    number(part.body.end - part.body.start, out);
    if let Kind::Message { envelope: inner, root } = kind {
        out.push(b' ');
        envelope(inner, out);
        out.push(b' ');
        body_structure(root, extended, out);
    }
    if part.media_type.as_ref() == b"text" || matches!(kind, Kind::Message { .. }) {
        out.push(b' ');
        number(part.lines, out);
    }
}

/// Disposition, language and location, with a space before each.
fn disposition_and_on(part: &Part<'_>, out: &mut Vec<u8>) {
    out.push(b' ');
    match &part.disposition {
        None => out.extend_from_slice(b"NIL"),
        Some(Disposition { kind, parameters: list }) => {
            out.push(b'(');
            string(kind, out);
            out.push(b' ');
            parameters(list, out);
            out.push(b')');
        }
    }
    out.push(b' ');
    match part.language.as_slice() {
        [] => out.extend_from_slice(b"NIL"),
        [one] => string(one, out),
        many => {
            out.push(b'(');
            separated(many, out, |language, out| string(language, out));
            out.push(b')');
        }
    }
    out.push(b' ');
    nstring(part.location.as_ref(), out);
}

fn parameters(parameters: &[Parameter<'_>], out: &mut Vec<u8>) {
    if parameters.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    separated(parameters, out, |parameter, out| {
        string(&parameter.name, out);
        out.push(b' ');
        string(&parameter.value, out);
    });
    out.push(b')');
}

fn addresses(list: &[Address<'_>], out: &mut Vec<u8>) {
    if list.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for address in list {
        out.push(b'(');
        nstring(address.name.as_ref(), out);
        out.extend_from_slice(b" NIL ");
        nstring(address.mailbox.as_ref(), out);
        out.push(b' ');
        nstring(address.host.as_ref(), out);
        out.push(b')');
    }
    out.push(b')');
}

fn separated<T>(items: &[T], out: &mut Vec<u8>, print: impl Fn(&T, &mut Vec<u8>)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        print(item, out);
    }
}

fn nstring(text: Option<&Text<'_>>, out: &mut Vec<u8>) {
    match text {
        None => out.extend_from_slice(b"NIL"),
        Some(text) => string(text, out),
    }
}
