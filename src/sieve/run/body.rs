//! The texts that `body` looks at (RFC 5173 §5).

use mailstead_storage::Error;

use super::super::limits::BODY_BYTES_MAX;
use super::super::{Mail, Surroundings};
use crate::message::{Kind, Part, Range, charset, transfer};

/// The body as it stands.
pub(super) fn raw<S: Surroundings>(mail: &Mail<'_>, around: &S) -> Result<Vec<String>, Error> {
    let bytes = around.read(first(mail.outline.root.body))?;
    Ok(vec![charset::guess(&bytes).into_owned()])
}

/// The decoded parts whose media type is one of these: `text`, `text/html`, or the empty one for all (RFC 5173 §5.2).
pub(super) fn parts<S: Surroundings>(mail: &Mail<'_>, around: &S, types: &[&str]) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    leaves(&mail.outline.root, &mut found);
    let wanted = found.into_iter().filter(|part| types.iter().any(|wanted| is_of_type(part, wanted)));
    let mut room = BODY_BYTES_MAX as usize;
    let mut texts = Vec::new();
    for part in wanted {
        let bytes = around.read(first(part.body))?;
        let decoded = transfer::decode(&part.encoding, &bytes, room);
        room -= decoded.len();
        let label = part.parameter("charset").unwrap_or(b"us-ascii");
        texts.push(charset::to_utf8(label, &decoded).into_owned());
        if room == 0 {
            break;
        }
    }
    Ok(texts)
}

/// As much of it as tests look at.
fn first(range: Range) -> Range {
    Range { end: range.end.min(range.start.saturating_add(BODY_BYTES_MAX)), ..range }
}

fn leaves<'p, 'm>(part: &'p Part<'m>, found: &mut Vec<&'p Part<'m>>) {
    match &part.kind {
        Kind::Leaf => found.push(part),
        Kind::Multipart(parts) => parts.iter().for_each(|part| leaves(part, found)),
        Kind::Message { root, .. } => leaves(root, found),
    }
}

fn is_of_type(part: &Part<'_>, wanted: &str) -> bool {
    let (kind, subtype) = wanted.split_once('/').map_or((wanted, None), |(kind, subtype)| (kind, Some(subtype)));
    let is = |bytes: &[u8], name: &str| bytes.eq_ignore_ascii_case(name.as_bytes());
    kind.is_empty() || (is(&part.media_type, kind) && subtype.is_none_or(|subtype| is(&part.media_subtype, subtype)))
}
