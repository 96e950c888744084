//! The stored form of an outline, version 1, and the pieces it is made of.
//!
//! ```text
//! outline   = version(1 byte) optional(references) number(sent: 0 none, else zigzag + 1) envelope part
//! envelope  = number(flags, see `envelope_flag`) then what the flags say is there:
//!             text(date) text(subject) addresses(from, sender, reply-to, to, cc, bcc) in-reply-to text(message-id)
//!             in-reply-to is the number of bytes at the end of references, or a text
//! addresses = number(count) of: optional(name) optional(mailbox) host
//! host      = number: 0 none, 1 that of the address before, else length + 2 and the bytes
//! part      = flags(1 byte: kind and `part_flag`) ranges number(lines) word(type) word(subtype) word(encoding)
//!             parameters, then id, description, md5, disposition, languages, location as the flags say,
//!             then inside: number(count) parts, or envelope part
//! ranges    = number × 4: header start after the cursor, header length, gap, body length (all modulo 2^32);
//!             the cursor is the start of the body around the part, or the end of the part before
//! parameters= number(count) of: word(name) word(value)
//! word      = number: 2 × number of a known word, or 2 × length + 1 and the bytes
//! optional  = number: 0 absent, else length + 1 and the bytes
//! text      = number(length) and the bytes
//! number    = 7 bits a byte, low bits first, the eighth bit set when more follow
//! ```

use crate::message::syntax::word;

/// The version that is written.
pub const VERSION: u8 = 1;

/// What an envelope holds.
pub mod envelope_flag {
    pub const DATE: u64 = 1;
    pub const SUBJECT: u64 = 1 << 1;
    pub const FROM: u64 = 1 << 2;
    pub const TO: u64 = 1 << 3;
    pub const MESSAGE_ID: u64 = 1 << 4;
    pub const CC: u64 = 1 << 5;
    pub const IN_REPLY_TO: u64 = 1 << 6;
    pub const BCC: u64 = 1 << 7;
    pub const SENDER: u64 = 1 << 8;
    /// `Sender` equals `From` and is not repeated.
    pub const SENDER_IS_FROM: u64 = 1 << 9;
    pub const REPLY_TO: u64 = 1 << 10;
    /// `Reply-To` equals `From` and is not repeated.
    pub const REPLY_TO_IS_FROM: u64 = 1 << 11;
    /// `In-Reply-To` is the end of `References`, as most mailers write it.
    pub const IN_REPLY_TO_ENDS_REFERENCES: u64 = 1 << 12;
}

/// What a part holds.
pub mod part_flag {
    pub const MULTIPART: u8 = 1;
    pub const MESSAGE: u8 = 1 << 1;
    pub const ID: u8 = 1 << 2;
    pub const DESCRIPTION: u8 = 1 << 3;
    pub const MD5: u8 = 1 << 4;
    pub const DISPOSITION: u8 = 1 << 5;
    pub const LANGUAGE: u8 = 1 << 6;
    pub const LOCATION: u8 = 1 << 7;
}

/// Appends the pieces.
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn text(&mut self, text: &[u8]) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text);
    }

    pub fn optional(&mut self, text: Option<&[u8]>) {
        match text {
            None => self.number(0),
            Some(text) => {
                self.number(text.len() as u64 + 1);
                self.0.extend_from_slice(text);
            }
        }
    }

    pub fn word(&mut self, text: &[u8]) {
        match word::number(text) {
            Some(known) => self.number(known as u64 * 2),
            None => {
                self.number(text.len() as u64 * 2 + 1);
                self.0.extend_from_slice(text);
            }
        }
    }
}

/// Takes the pieces off the front; every method gives `None` when they are not there.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub fn number_u32(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    pub fn bytes(&mut self, length: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    pub fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.bytes(length)
    }

    pub fn optional(&mut self) -> Option<Option<&'a [u8]>> {
        match self.number()? {
            0 => Some(None),
            length => self.bytes(length - 1).map(Some),
        }
    }

    pub fn word(&mut self) -> Option<&'a [u8]> {
        let number = self.number()?;
        if number % 2 == 1 { self.bytes(number / 2) } else { word::by_number(usize::try_from(number / 2).ok()?) }
    }

    /// A count of things that take at least a byte each, so that it cannot be more than what is left.
    pub fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut writer = Writer(Vec::new());
            writer.number(value);
            let mut reader = Reader(&writer.0);
            assert_eq!((reader.number(), reader.0), (Some(value), &[][..]));
        }
        assert_eq!(Reader(&[0x80; 20]).number(), None);
        assert_eq!(Reader(&[0x80]).number(), None);
        assert_eq!(Reader(&[5, 1]).text(), None);
        assert_eq!(Reader(&[5, 1]).count(), None);
        assert_eq!(Reader(&[0xfe, 0x01]).word(), None);
    }
}
