//! Files of days that are over, packed: gzip (RFC 1952) in members of whole lines, each of which says in its header how
//! long it is. So the file opens with any gunzip, and is read here from any place, backwards too.
//!
//! Packing goes on in steps, between which the log is written to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder, read::GzDecoder};

/// Bytes of lines that are packed together.
const MEMBER_BYTES: usize = 1 << 20;

/// A member that claims to be longer than this is damaged.
const MEMBER_BYTES_MAX: u32 = 8 << 20;

/// What the field in a member's header begins with: its name (RFC 1952 §2.3.1.1) and its length.
const FIELD: [u8; 4] = [b'M', b'S', 8, 0];

/// Where in a member the field's value stands: after the fixed header, the length of all fields and this field's head.
const VALUE: usize = 16;

/// Bytes of a member's header up to and with the field.
const HEADER_BYTES: usize = VALUE + 8;

/// What a file is called while it is being packed.
const UNFINISHED: &str = "packing";

/// One member of a packed file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    at: u64,
    bytes: u32,
    /// Where its lines begin in the text of the day.
    pub text_at: u64,
    /// Bytes of its lines.
    pub text_bytes: u32,
}

/// A file that is being packed.
pub(super) struct Packing {
    plain: PathBuf,
    packed: PathBuf,
    unfinished: PathBuf,
    from: BufReader<File>,
    to: File,
    lines: Vec<u8>,
}

impl Packing {
    /// Begins to pack `plain` into `packed`. What an interrupted run has left is written over.
    pub fn begin(plain: PathBuf, packed: PathBuf) -> io::Result<Packing> {
        let unfinished = packed.with_extension(UNFINISHED);
        let from = BufReader::with_capacity(MEMBER_BYTES, File::open(&plain)?);
        let to = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
        Ok(Packing { plain, packed, unfinished, from, to, lines: Vec::new() })
    }

    /// Packs one member more. True once the packed file has taken the place of the plain one.
    pub fn step(&mut self) -> io::Result<bool> {
        self.lines.clear();
        (&mut self.from).take(MEMBER_BYTES as u64).read_to_end(&mut self.lines)?;
        self.from.read_until(b'\n', &mut self.lines)?;
        if !self.lines.is_empty() {
            self.to.write_all(&member(&self.lines)?)?;
            return Ok(false);
        }
        self.to.sync_all()?;
        fs::rename(&self.unfinished, &self.packed)?;
        fs::remove_file(&self.plain)?;
        Ok(true)
    }
}

/// The lines as a member.
fn member(lines: &[u8]) -> io::Result<Vec<u8>> {
    let mut field = FIELD.to_vec();
    field.extend([0; 8]);
    let mut member = GzBuilder::new().extra(field).write(Vec::new(), Compression::default());
    member.write_all(lines)?;
    let mut member = member.finish()?;
    let lengths = [member.len(), lines.len()].map(|length| (length as u32).to_le_bytes());
    member[VALUE..HEADER_BYTES].copy_from_slice(&lengths.concat());
    Ok(member)
}

/// Where the members of a packed file are.
///
/// # Errors
/// `InvalidData` when it is no such file, or damaged.
pub(super) fn members(file: &File) -> io::Result<Vec<Member>> {
    let (end, mut at, mut text_at) = (file.metadata()?.len(), 0, 0);
    let mut members = Vec::new();
    while at < end {
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, at)?;
        let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (bytes, text_bytes) = (number(VALUE), number(VALUE + 4));
        let is_ours = header[..4] == [0x1f, 0x8b, 8, 4] && header[VALUE - 4..VALUE] == FIELD;
        if !is_ours || (bytes as usize) < HEADER_BYTES || bytes.max(text_bytes) > MEMBER_BYTES_MAX {
            return Err(damaged());
        }
        members.push(Member { at, bytes, text_at, text_bytes });
        (at, text_at) = (at + u64::from(bytes), text_at + u64::from(text_bytes));
    }
    Ok(members)
}

/// Reads the lines of a member.
///
/// # Errors
/// `InvalidData` when it is damaged.
pub(super) fn unpack(file: &File, member: &Member, lines: &mut Vec<u8>) -> io::Result<()> {
    let mut packed = vec![0; member.bytes as usize];
    file.read_exact_at(&mut packed, member.at)?;
    lines.clear();
    lines.reserve_exact(member.text_bytes as usize);
    GzDecoder::new(packed.as_slice()).take(u64::from(member.text_bytes) + 1).read_to_end(lines)?;
    if lines.len() == member.text_bytes as usize { Ok(()) } else { Err(damaged()) }
}

/// Removes what a run that was cut off has left of packing.
pub(super) fn remove_unfinished(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == UNFINISHED) {
            // It stays and is written over.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the packed log file is damaged")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pack(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let (plain, packed) = (directory.path().join("a"), directory.path().join("a.gz"));
        fs::write(&plain, text).expect("written");
        let mut packing = Packing::begin(plain.clone(), packed.clone()).expect("begins");
        while !packing.step().expect("packs") {}
        assert!(!plain.exists() && !packed.with_extension(UNFINISHED).exists());
        (directory, packed)
    }

    #[test]
    fn what_was_packed_comes_back_here_and_from_gunzip() {
        let text: Vec<u8> = (0..200_000).flat_map(|n| format!("{{\"line\":{n}}}\n").into_bytes()).collect();
        let (_directory, packed) = pack(&text);
        let file = File::open(&packed).expect("opens");
        let members = members(&file).expect("intact");
        assert!(members.len() > 2);
        let (mut all, mut lines) = (Vec::new(), Vec::new());
        for member in &members {
            assert_eq!(member.text_at as usize, all.len());
            unpack(&file, member, &mut lines).expect("intact");
            assert!(lines.ends_with(b"\n"));
            all.extend_from_slice(&lines);
        }
        assert!(all == text);
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(File::open(&packed).expect("opens")).read_to_end(&mut plain).expect("gzip");
        assert!(plain == text);
        assert!(packed.metadata().expect("there").len() * 5 < text.len() as u64);
    }

    proptest! {
        #[test]
        fn damage_is_an_error_and_never_more(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
            let (directory, packed) = pack(b"{\"a\":1}\n{\"b\":2}\n");
            let mut bytes = fs::read(&packed).expect("there");
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len()) + 1);
            let damaged = directory.path().join("b.gz");
            fs::write(&damaged, &bytes).expect("written");
            let file = File::open(&damaged).expect("opens");
            let mut lines = Vec::new();
            for member in members(&file).unwrap_or_default() {
                let _ = unpack(&file, &member, &mut lines);
            }
        }
    }
}
