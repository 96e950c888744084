//! The objects of a file, found by looking for them (ISO 32000-1 §7.5), and the contents of its streams.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::rc::Rc;

use flate2::read::ZlibDecoder;
use memchr::memmem;

use super::object::{Dictionary, Lexer, Object, is_blank};

/// Most objects.
const OBJECTS_MAX: usize = 200_000;
/// Most objects inside others.
const INSIDE_MAX: usize = 1_000_000;
/// Most bytes of objects that are read.
const READ_BYTES_MAX: usize = 64 << 20;
/// Most bytes that all streams together unpack to.
const UNPACKED_BYTES_MAX: u64 = 48 << 20;
/// Longest chain of references that is followed.
const HOPS_MAX: usize = 8;

/// A file's objects.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    objects: BTreeMap<u32, Found>,
    unpacked_left: u64,
    inside_left: usize,
    read_left: usize,
}

struct Found {
    object: Object,
    stream: Option<Range<usize>>,
}

impl<'a> File<'a> {
    /// Finds the objects; `None` when it is no PDF file, or encrypted.
    pub(super) fn open(bytes: &'a [u8]) -> Option<File<'a>> {
        memmem::find(&bytes[..bytes.len().min(1024)], b"%PDF-")?;
        let mut file = File {
            bytes,
            objects: BTreeMap::new(),
            unpacked_left: UNPACKED_BYTES_MAX,
            inside_left: INSIDE_MAX,
            read_left: READ_BYTES_MAX,
        };
        file.find_objects();
        if file.is_encrypted() {
            return None;
        }
        file.unpack_objects();
        Some(file)
    }

    fn find_objects(&mut self) {
        let mut from = 0;
        while let Some(at) = memmem::find(&self.bytes[from..], b"obj") {
            let word = from + at;
            from = word + 3;
            let Some(number) = number_before(self.bytes, word) else { continue };
            if self.objects.len() == OBJECTS_MAX {
                break;
            }
            let mut lexer = Lexer::new(self.bytes, from);
            let Some(object) = self.read(&mut lexer) else { break };
            let stream = object.dictionary().and_then(|dictionary| self.stream_after(lexer.at, dictionary));
            from = stream.as_ref().map_or(lexer.at, |stream| stream.end).max(from);
            self.objects.insert(number, Found { object, stream });
        }
    }

    /// The next object, within what a file may make us read and hold.
    fn read(&mut self, lexer: &mut Lexer) -> Option<Object> {
        let start = lexer.at;
        let object = lexer.next()?;
        self.inside_left = self.inside_left.checked_sub(lexer.inside)?;
        self.read_left = self.read_left.checked_sub(lexer.at - start)?;
        Some(object)
    }

    /// The bytes of the stream whose dictionary ended there.
    fn stream_after(&self, at: usize, dictionary: &Dictionary) -> Option<Range<usize>> {
        let mut lexer = Lexer::new(self.bytes, at);
        if lexer.next()? != Object::Word(b"stream".to_vec()) {
            return None;
        }
        let rest = &self.bytes[lexer.at..];
        let line =
            if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n") || rest.starts_with(b"\r")) };
        let start = lexer.at + line;
        let told =
            dictionary.get(&b"Length"[..]).and_then(Object::number).map(|length| start.saturating_add(length as usize));
        let is_end = |end: &usize| {
            let after = self.bytes.get(*end..).unwrap_or_default();
            memmem::find(&after[..after.len().min(16)], b"endstream").is_some()
        };
        let end = told.filter(is_end).or_else(|| Some(start + memmem::find(&self.bytes[start..], b"endstream")?));
        Some(start..end.unwrap_or(self.bytes.len()))
    }

    fn is_encrypted(&self) -> bool {
        let trailers = memmem::find_iter(self.bytes, b"trailer").take(16).any(|at| {
            let trailer = Lexer::new(self.bytes, at + 7).next();
            trailer.as_ref().and_then(Object::dictionary).is_some_and(|trailer| trailer.contains_key(&b"Encrypt"[..]))
        });
        trailers || self.dictionaries(b"XRef").any(|(_, table)| table.contains_key(&b"Encrypt"[..]))
    }

    /// Objects that are packed into streams (§7.5.7).
    fn unpack_objects(&mut self) {
        let packed: Vec<(u32, usize, usize)> = self
            .dictionaries(b"ObjStm")
            .filter_map(|(number, stream)| {
                let count = |name: &[u8]| stream.get(name).and_then(Object::number).map(|count| count as usize);
                Some((number, count(b"N")?, count(b"First")?))
            })
            .collect();
        for (number, count, first) in packed {
            let Some(content) = self.stream(number) else { continue };
            let mut head = Lexer::new(&content, 0);
            for _ in 0..count.min(OBJECTS_MAX.saturating_sub(self.objects.len())) {
                let pair =
                    (head.next().as_ref().and_then(Object::number), head.next().as_ref().and_then(Object::number));
                let (Some(number), Some(offset)) = pair else { break };
                let mut lexer = Lexer::new(&content, first.saturating_add(offset as usize));
                let Some(object) = self.read(&mut lexer) else { break };
                self.objects.entry(number as u32).or_insert(Found { object, stream: None });
            }
        }
    }

    /// Dictionaries of this `Type`, in the order of their numbers.
    pub(super) fn dictionaries(&self, kind: &'static [u8]) -> impl Iterator<Item = (u32, &Rc<Dictionary>)> {
        self.objects.iter().filter_map(move |(number, found)| {
            let dictionary = found.object.dictionary()?;
            (dictionary.get(&b"Type"[..])?.name()? == kind).then_some((*number, dictionary))
        })
    }

    /// What a reference leads to; anything else is itself.
    pub(super) fn resolved<'o>(&'o self, mut object: &'o Object) -> Option<&'o Object> {
        for _ in 0..HOPS_MAX {
            let Object::Reference(number) = object else { return Some(object) };
            object = &self.objects.get(number)?.object;
        }
        None
    }

    /// An entry of a dictionary, resolved.
    pub(super) fn entry<'o>(&'o self, dictionary: &'o Dictionary, name: &[u8]) -> Option<&'o Object> {
        self.resolved(dictionary.get(name)?)
    }

    /// The content of the stream that has this number, unpacked as far as it can be.
    pub(super) fn stream(&mut self, number: u32) -> Option<Vec<u8>> {
        let found = self.objects.get(&number)?;
        let raw = self.bytes.get(found.stream.clone()?)?;
        let left = self.unpacked_left.checked_sub(raw.len() as u64)?;
        let filters = match found.object.dictionary().and_then(|dictionary| self.entry(dictionary, b"Filter")) {
            None => Vec::new(),
            Some(Object::Name(name)) => vec![name.clone()],
            Some(Object::Array(names)) => names.iter().filter_map(|name| name.name().map(<[u8]>::to_vec)).collect(),
            Some(_) => return None,
        };
        let mut content = raw.to_vec();
        self.unpacked_left = left;
        for filter in filters {
            content = match &*filter {
                b"FlateDecode" | b"Fl" => self.inflated(&content),
                b"ASCIIHexDecode" | b"AHx" => hexadecimal(&content),
                b"ASCII85Decode" | b"A85" => ascii85(&content),
                _ => return None,
            };
        }
        Some(content)
    }

    fn inflated(&mut self, packed: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        // What is damaged is read as far as it goes.
        let _ = ZlibDecoder::new(packed).take(self.unpacked_left).read_to_end(&mut content);
        self.unpacked_left -= content.len() as u64;
        content
    }
}

/// The number of the object whose `obj` stands there.
fn number_before(bytes: &[u8], word: usize) -> Option<u32> {
    let before = bytes[word.saturating_sub(24)..word].trim_ascii_end();
    let generation = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = &before[..before.len() - generation];
    if generation == 0 || !before.last().is_some_and(|byte| is_blank(*byte)) {
        return None;
    }
    let before = before.trim_ascii_end();
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&before[before.len() - digits..]).ok()?.parse().ok()
}

fn hexadecimal(text: &[u8]) -> Vec<u8> {
    let mut string = vec![b'<'];
    string.extend_from_slice(text);
    match Lexer::new(&string, 0).next() {
        Some(Object::String(bytes)) => bytes,
        _ => Vec::new(),
    }
}

fn ascii85(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut group, mut count) = (Vec::new(), 0u32, 0);
    for byte in text {
        match byte {
            b'z' if count == 0 => bytes.extend([0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    bytes.extend(group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            b'~' => break,
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        bytes.extend(&group.to_be_bytes()[..count - 1]);
    }
    bytes
}
