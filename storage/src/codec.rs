//! Reading and writing of hot rows: little-endian integers, LEB128 varints, length-prefixed bytes.
//! Knows no row; [`crate::rows`] does.

use crate::{Error, Result, Word};

/// Appends fields to a row.
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    /// A row that begins with its version.
    pub(crate) fn new(version: u8, capacity: usize) -> Writer {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.push(version);
        Writer(bytes)
    }

    pub(crate) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.raw(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn optional_text(&mut self, text: Option<&str>) {
        self.byte(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }
}

/// Takes fields off a row. Every method fails with `Corrupt` on a row that ends too early.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    row: &'static str,
}

impl<'a> Reader<'a> {
    /// A row of the kind `row` whose first byte is a version of at most `newest`.
    pub(crate) fn new(row: &'static str, newest: u8, bytes: &'a [u8]) -> Result<Reader<'a>> {
        let mut reader = Reader { rest: bytes, row };
        let version = reader.byte()?;
        if version == 0 {
            return Err(reader.corrupt());
        }
        if version > newest {
            let detail =
                format!("a {row} row has version {version}, this program knows up to {newest}; use a newer one");
            return Err(Error::new(Word::Newer, detail));
        }
        Ok(reader)
    }

    /// A part of a row, without a version of its own.
    pub(crate) fn bare(row: &'static str, bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes, row }
    }

    pub(crate) fn corrupt(&self) -> Error {
        Error::new(Word::Corrupt, format!("a {} row does not read as one", self.row))
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.corrupt())?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| self.corrupt())?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn hash(&mut self) -> Result<[u8; 32]> {
        self.array()
    }

    pub(crate) fn number(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.corrupt())
    }

    /// A number of 32 bits at most.
    pub(crate) fn number32(&mut self) -> Result<u32> {
        u32::try_from(self.number()?).map_err(|_| self.corrupt())
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| self.corrupt())?;
        self.raw(length)
    }

    /// A text where it lies.
    pub(crate) fn str(&mut self) -> Result<&'a str> {
        let bytes = self.bytes()?;
        str::from_utf8(bytes).map_err(|_| self.corrupt())
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        self.str().map(str::to_owned)
    }

    /// As [`optional_text`](Reader::optional_text), where it lies.
    pub(crate) fn optional_str(&mut self) -> Result<Option<&'a str>> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.str().map(Some),
            _ => Err(self.corrupt()),
        }
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>> {
        Ok(self.optional_str()?.map(str::to_owned))
    }

    /// Number of elements that follow, each at least a byte long.
    pub(crate) fn count(&mut self) -> Result<usize> {
        let count = self.number()?;
        if count > self.rest.len() as u64 {
            return Err(self.corrupt());
        }
        Ok(count as usize)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_come_back() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut row = Writer::new(1, 0);
            row.number(number);
            row.text("Grüße");
            row.optional_text(None);
            row.optional_text(Some(""));
            let mut reader = Reader::new("test", 1, &row.0).unwrap();
            assert_eq!(reader.number(), Ok(number));
            assert_eq!(reader.text().as_deref(), Ok("Grüße"));
            assert_eq!(reader.optional_text(), Ok(None));
            assert_eq!(reader.optional_text(), Ok(Some(String::new())));
            assert!(reader.rest().is_empty());
        }
    }

    #[test]
    fn bad_rows_are_refused() {
        fn check(row: &[u8], expected: Word) {
            let word = Reader::new("test", 1, row).and_then(|mut reader| reader.bytes().map(<[u8]>::to_vec));
            assert_eq!(word.map_err(|error| error.word), Err(expected), "{row:?}");
        }
        check(&[], Word::Corrupt);
        check(&[0, 0], Word::Corrupt);
        check(&[2, 0], Word::Newer);
        check(&[1, 5, 1, 2], Word::Corrupt);
        check(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], Word::Corrupt);
    }
}
