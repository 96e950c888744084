//! What the codes of a font stand for: by its ToUnicode map (ISO 32000-1 §9.10), or by its encoding (§9.6.6).

use std::collections::HashMap;

use encoding_rs::{MACINTOSH, WINDOWS_1252};

use super::file::File;
use super::glyph;
use super::object::{Dictionary, Lexer, Object};

/// Most codes of one font.
const CODES_MAX: usize = 70_000;
/// Most entries of a list of differences: there are 256 codes.
const DIFFERENCES_MAX: usize = 1024;

/// Reads the strings that are shown in one font.
pub(super) struct Font {
    /// Bytes of a code.
    code_bytes: usize,
    texts: HashMap<u32, String>,
    base: Base,
}

/// What codes stand for that are not told by themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Nothing,
    Latin,
    Macintosh,
}

impl Font {
    /// The font of this dictionary; `None` when it does not tell what its codes stand for.
    pub(super) fn read(file: &mut File, font: &Dictionary) -> Option<Font> {
        if let Some(Object::Reference(number)) = font.get(&b"ToUnicode"[..])
            && let Some(map) = file.stream(*number)
        {
            return Some(to_unicode(&map));
        }
        if file.entry(font, b"Subtype")?.name()? == b"Type0" {
            return None;
        }
        let mut read = Font { code_bytes: 1, texts: HashMap::new(), base: Base::Latin };
        match file.entry(font, b"Encoding") {
            Some(Object::Name(name)) if name == b"MacRomanEncoding" => read.base = Base::Macintosh,
            Some(Object::Dictionary(encoding)) => {
                if file.entry(encoding, b"BaseEncoding").and_then(Object::name) == Some(b"MacRomanEncoding") {
                    read.base = Base::Macintosh;
                }
                if let Some(Object::Array(differences)) = file.entry(encoding, b"Differences") {
                    read.differ(differences);
                }
            }
            _ => {}
        }
        Some(read)
    }

    fn differ(&mut self, differences: &[Object]) {
        let mut code = 0u32;
        for difference in differences.iter().take(DIFFERENCES_MAX) {
            match difference {
                Object::Number(first) => code = *first as u32,
                Object::Name(name) => {
                    self.texts.insert(code, glyph::text(name));
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }

    /// Appends what a string shows.
    pub(super) fn append(&self, string: &[u8], text: &mut String) {
        for code in string.chunks(self.code_bytes) {
            let number = code.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
            match (self.texts.get(&number), self.base) {
                (Some(known), _) => text.push_str(known),
                (None, Base::Latin) => text.push_str(&WINDOWS_1252.decode_without_bom_handling(code).0),
                (None, Base::Macintosh) => text.push_str(&MACINTOSH.decode_without_bom_handling(code).0),
                (None, Base::Nothing) => {}
            }
        }
    }
}

fn to_unicode(map: &[u8]) -> Font {
    let mut font = Font { code_bytes: 1, texts: HashMap::new(), base: Base::Nothing };
    let mut lexer = Lexer::new(map, 0);
    let mut operands = Vec::new();
    while let Some(object) = lexer.next() {
        let Object::Word(word) = object else {
            operands.push(object);
            continue;
        };
        match &*word {
            b"endcodespacerange" => {
                if let Some(Object::String(code)) = operands.first() {
                    font.code_bytes = code.len().clamp(1, 4);
                }
            }
            b"endbfchar" => operands.chunks_exact(2).for_each(|pair| font.map(&pair[0], &pair[0], &pair[1])),
            b"endbfrange" => operands.chunks_exact(3).for_each(|row| font.map(&row[0], &row[1], &row[2])),
            _ => {}
        }
        operands.clear();
    }
    font
}

impl Font {
    /// Codes from `first` to `last` stand for what begins with `target`, or for the texts in it.
    fn map(&mut self, first: &Object, last: &Object, target: &Object) {
        let (Object::String(first), Object::String(last)) = (first, last) else { return };
        let number = |code: &[u8]| code.iter().take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        let (first, last) = (number(first), number(last));
        for (offset, code) in (first..=last).take(CODES_MAX.saturating_sub(self.texts.len())).enumerate() {
            let text = match target {
                Object::String(text) => shifted(text, offset as u32),
                Object::Array(texts) => match texts.get(offset) {
                    Some(Object::String(text)) => shifted(text, 0),
                    _ => return,
                },
                _ => return,
            };
            self.texts.insert(code, text);
        }
    }
}

/// UTF-16 text whose last unit is so much higher.
fn shifted(text: &[u8], offset: u32) -> String {
    let mut units: Vec<u16> =
        text.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]])).take(16).collect();
    if let Some(last) = units.last_mut() {
        *last = last.wrapping_add(offset as u16);
    }
    String::from_utf16_lossy(&units)
}
