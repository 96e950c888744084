//! Header fields picked out of a header's bytes (`HEADER.FIELDS`, RFC 3501 §6.4.5), piece by piece.

/// Most bytes that one `HEADER.FIELDS` tells; longer headers are cut there, at a line's end.
pub const FIELDS_BYTES_MAX: usize = 256 * 1024;

/// Longest field name that is compared, bytes; longer ones are never asked for.
const NAME_BYTES_MAX: usize = 256;

/// Picks fields by name.
#[derive(Debug, Clone)]
pub struct HeaderFilter {
    names: Vec<String>,
    /// Are the named fields wanted, or the others?
    wanted: bool,
    kept: Vec<u8>,
    line: Line,
}

/// Where in the header the filter is.
#[derive(Debug, Clone)]
enum Line {
    /// In the name of a field, of which this is known. Empty at a line's start; then whether the line
    /// before was kept counts for a continuation.
    Name(Vec<u8>, bool),
    /// In the rest of a line that is kept or not.
    Rest(bool),
}

impl HeaderFilter {
    /// Keeps the fields with these names, or with `wanted` false, those with other names.
    pub fn new(names: &[String], wanted: bool) -> HeaderFilter {
        HeaderFilter { names: names.to_vec(), wanted, kept: Vec::new(), line: Line::Name(Vec::new(), false) }
    }

    /// Hears the next bytes of the header, cut anywhere.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match std::mem::replace(&mut self.line, Line::Rest(false)) {
                Line::Rest(keep) => self.rest(keep, bytes),
                Line::Name(name, before) => self.name(name, before, bytes),
            };
        }
    }

    /// The fields kept, and the empty line that ends every header.
    pub fn finish(mut self) -> Vec<u8> {
        if !self.kept.is_empty() && !self.kept.ends_with(b"\n") {
            self.kept.extend_from_slice(b"\r\n");
        }
        self.kept.extend_from_slice(b"\r\n");
        self.kept
    }

    fn rest<'a>(&mut self, keep: bool, bytes: &'a [u8]) -> &'a [u8] {
        let end = memchr::memchr(b'\n', bytes);
        let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        if keep {
            self.keep(line);
        }
        self.line = if end.is_some() { Line::Name(Vec::new(), keep) } else { Line::Rest(keep) };
        rest
    }

    fn name<'a>(&mut self, mut name: Vec<u8>, before: bool, bytes: &'a [u8]) -> &'a [u8] {
        if name.is_empty() && matches!(bytes[0], b' ' | b'\t') {
            self.line = Line::Rest(before);
            return bytes;
        }
        let end = bytes.iter().position(|byte| matches!(byte, b':' | b'\n'));
        let (head, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        name.extend_from_slice(head);
        if end.is_none() && name.len() <= NAME_BYTES_MAX {
            self.line = Line::Name(name, before);
            return rest;
        }
        let keep = rest.first() == Some(&b':') && self.is_wanted(&name);
        if keep {
            self.keep(&name);
        }
        self.line = Line::Rest(keep);
        rest
    }

    fn is_wanted(&self, name: &[u8]) -> bool {
        let named = self.names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name.trim_ascii_end()));
        named == self.wanted
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = FIELDS_BYTES_MAX.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_picked_however_the_bytes_are_cut() {
        let header = "From: a\r\nTo: b,\r\n c\r\nSUBJECT : x\r\nX-Odd\r\nTo: d\r\n\r\n";
        for (names, wanted, expected) in [
            (vec!["to"], true, "To: b,\r\n c\r\nTo: d\r\n\r\n"),
            (vec!["from", "Subject"], true, "From: a\r\nSUBJECT : x\r\n\r\n"),
            (vec!["To"], false, "From: a\r\nSUBJECT : x\r\n\r\n"),
            (vec!["Nothing"], true, "\r\n"),
        ] {
            let names: Vec<String> = names.into_iter().map(str::to_string).collect();
            for step in 1..header.len() {
                let mut filter = HeaderFilter::new(&names, wanted);
                header.as_bytes().chunks(step).for_each(|piece| filter.feed(piece));
                assert_eq!(String::from_utf8_lossy(&filter.finish()), expected, "{names:?} {step}");
            }
        }
    }

    #[test]
    fn a_huge_header_is_cut() {
        let mut filter = HeaderFilter::new(&["X".into()], true);
        (0..100_000).for_each(|_| filter.feed(b"X: yyyyyyyyyyyyyyyyyyyy\r\n"));
        assert!(filter.finish().len() <= FIELDS_BYTES_MAX + 4);
    }
}
