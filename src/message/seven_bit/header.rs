//! One header whose Content-Transfer-Encoding is put right, byte by byte.

const FIELD: &[u8] = b"Content-Transfer-Encoding";
const MIME_VERSION: &[u8] = b"MIME-Version";
/// A field's name that is longer than this is neither of them.
const NAME_BYTES_MAX: usize = 64;

/// The header.
#[derive(Debug)]
pub(super) struct Header {
    encoding: &'static str,
    /// The header of a message needs MIME-Version, that of a part does not.
    lacks_version: bool,
    line: Line,
    /// The field is written.
    is_told: bool,
    /// The empty line was heard.
    is_over: bool,
}

#[derive(Debug)]
enum Line {
    /// At the beginning of a line; one that continues is kept or dropped with the line before.
    Begin {
        keeps: bool,
    },
    /// In what may be a field's name.
    Name(Vec<u8>),
    Kept,
    Dropped,
}

impl Header {
    /// At its first byte.
    pub fn new(encoding: &'static str, of_message: bool) -> Header {
        let line = Line::Begin { keeps: true };
        Header { encoding, lacks_version: of_message, line, is_told: false, is_over: false }
    }

    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        piece.iter().for_each(|byte| self.hear(*byte, out));
    }

    fn hear(&mut self, byte: u8, out: &mut Vec<u8>) {
        match &mut self.line {
            Line::Begin { keeps } if matches!(byte, b' ' | b'\t') => {
                self.line = if *keeps { Line::Kept } else { Line::Dropped };
                self.pass(byte, out);
            }
            Line::Begin { .. } => {
                self.line = Line::Name(Vec::new());
                self.name(byte, out);
            }
            Line::Name(_) => self.name(byte, out),
            Line::Kept | Line::Dropped => self.pass(byte, out),
        }
    }

    fn pass(&mut self, byte: u8, out: &mut Vec<u8>) {
        let keeps = matches!(self.line, Line::Kept);
        if keeps {
            out.push(byte);
        }
        if byte == b'\n' {
            self.line = Line::Begin { keeps };
        }
    }

    fn name(&mut self, byte: u8, out: &mut Vec<u8>) {
        let Line::Name(name) = &mut self.line else { return };
        name.push(byte);
        match byte {
            b'\n' if matches!(name.as_slice(), b"\n" | b"\r\n") => {
                self.is_over = true;
                self.tell(out);
            }
            b':' => {
                let name = name[..name.len() - 1].trim_ascii_end();
                self.lacks_version &= !name.eq_ignore_ascii_case(MIME_VERSION);
                if name.eq_ignore_ascii_case(FIELD) {
                    self.line = Line::Dropped;
                    return;
                }
            }
            b'\n' => {}
            _ if name.len() < NAME_BYTES_MAX => return,
            _ => {}
        }
        self.flush(out);
        self.line = if byte == b'\n' { Line::Begin { keeps: true } } else { Line::Kept };
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if let Line::Name(name) = &mut self.line {
            out.append(name);
        }
    }

    fn tell(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        let version = if self.lacks_version { "MIME-Version: 1.0\r\n" } else { "" };
        out.extend_from_slice(format!("{version}Content-Transfer-Encoding: {}\r\n", self.encoding).as_bytes());
    }

    /// Its last byte was the last. One without an empty line gets it.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.flush(out);
        if !self.is_over {
            self.tell(out);
            out.extend_from_slice(b"\r\n");
        }
    }
}
