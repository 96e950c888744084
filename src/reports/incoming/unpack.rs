//! The document in an attachment: as it stands, compressed by gzip, or the first file of a zip archive. What grows
//! beyond its bound is no report.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder};

/// Longest document, bytes, unpacked.
const DOCUMENT_BYTES_MAX: u64 = 16 << 20;

/// The document.
pub(super) fn document(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    match bytes {
        [0x1f, 0x8b, ..] => read(GzDecoder::new(bytes)).map(Cow::Owned),
        [b'P', b'K', 3, 4, ..] => first_of_zip(bytes),
        _ => Some(Cow::Borrowed(bytes)),
    }
}

fn read(decoder: impl Read) -> Option<Vec<u8>> {
    let mut document = Vec::new();
    decoder.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut document).ok()?;
    (document.len() as u64 <= DOCUMENT_BYTES_MAX).then_some(document)
}

/// The first file of an archive by its local header (APPNOTE.TXT §4.3.7).
fn first_of_zip(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let number = |at: usize| bytes.get(at..at + 2).map(|two| usize::from(u16::from_le_bytes([two[0], two[1]])));
    let (method, name, extra) = (number(8)?, number(26)?, number(28)?);
    let data = bytes.get(30 + name + extra..)?;
    let size = bytes.get(18..22).and_then(|four| Some(u32::from_le_bytes(four.try_into().ok()?)))? as usize;
    match method {
        0 => data.get(..size).map(Cow::Borrowed),
        8 => read(DeflateDecoder::new(data)).map(Cow::Owned),
        _ => None,
    }
}
