//! What pages show: the text operators of their contents (ISO 32000-1 §9.4). Where text is placed anew, a word ends.

use std::collections::HashMap;
use std::rc::Rc;

use super::file::File;
use super::font::Font;
use super::object::{Dictionary, Lexer, Object};

/// Most operators of a file.
const STEPS_MAX: usize = 4_000_000;
/// What reading a font counts as.
const FONT_STEPS: usize = 1000;
/// Deepest nesting of forms.
const FORMS_DEPTH_MAX: usize = 6;
/// Longest way up from a page for what it inherits.
const PARENTS_MAX: usize = 16;
/// Most operands of an operator that are kept.
const OPERANDS_MAX: usize = 64;
/// A gap in a line of more than this, in thousandths of the font's size, ends a word.
const GAP: f64 = 180.0;

/// The text of all pages, up to about `bytes_max` bytes.
pub(super) fn text(file: File, bytes_max: usize) -> String {
    let pages: Vec<Rc<Dictionary>> = file.dictionaries(b"Page").map(|(_, page)| page.clone()).collect();
    let mut reader = Reader { file, fonts: HashMap::new(), text: String::new(), steps_left: STEPS_MAX, bytes_max };
    for page in pages {
        if reader.is_done() {
            break;
        }
        let resources = reader.resources(&page);
        let streams = match page.get(&b"Contents"[..]).map(|contents| (contents, reader.file.resolved(contents))) {
            Some((_, Some(Object::Array(parts)))) => Rc::clone(parts),
            Some((contents, _)) => Rc::from([contents.clone()]),
            None => continue,
        };
        let mut content = Vec::new();
        for stream in streams.iter().take(reader.steps_left) {
            if let Object::Reference(number) = stream {
                content.extend(reader.file.stream(*number).unwrap_or_default());
                content.push(b'\n');
            }
            reader.steps_left -= 1;
        }
        reader.show(&content, &resources, 0);
        reader.part();
    }
    reader.text
}

struct Reader<'a> {
    file: File<'a>,
    /// By the number of their objects.
    fonts: HashMap<u32, Option<Rc<Font>>>,
    text: String,
    steps_left: usize,
    bytes_max: usize,
}

impl Reader<'_> {
    fn is_done(&self) -> bool {
        self.steps_left == 0 || self.text.len() >= self.bytes_max
    }

    /// A word ends.
    fn part(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// What a page uses, which it may have from above.
    fn resources(&self, page: &Rc<Dictionary>) -> Rc<Dictionary> {
        let mut node = Some(page);
        for _ in 0..PARENTS_MAX {
            let Some(here) = node else { break };
            if let Some(Object::Dictionary(resources)) = self.file.entry(here, b"Resources") {
                return Rc::clone(resources);
            }
            node = self.file.entry(here, b"Parent").and_then(Object::dictionary);
        }
        Rc::default()
    }

    fn show(&mut self, content: &[u8], resources: &Dictionary, depth: usize) {
        let mut lexer = Lexer::new(content, 0);
        let (mut operands, mut font) = (Vec::new(), None);
        while !self.is_done() {
            let Some(object) = lexer.next() else { break };
            let Object::Word(operator) = object else {
                if operands.len() < OPERANDS_MAX {
                    operands.push(object);
                }
                continue;
            };
            self.steps_left -= 1;
            match (&*operator, operands.last()) {
                (b"Tf", _) => {
                    font = operands.first().and_then(Object::name).and_then(|name| self.font(resources, name))
                }
                (b"Tj", Some(Object::String(string))) => self.say(font.as_deref(), string),
                (b"'" | b"\"", Some(Object::String(string))) => {
                    self.part();
                    self.say(font.as_deref(), string);
                }
                (b"TJ", Some(Object::Array(pieces))) => self.say_pieces(font.as_deref(), pieces),
                (b"Td" | b"TD" | b"Tm" | b"T*" | b"ET", _) => self.part(),
                (b"Do", Some(Object::Name(name))) if depth < FORMS_DEPTH_MAX => self.form(resources, name, depth),
                (b"BI", _) => skip_image(content, &mut lexer),
                _ => {}
            }
            operands.clear();
        }
    }

    fn say(&mut self, font: Option<&Font>, string: &[u8]) {
        if let Some(font) = font {
            font.append(string, &mut self.text);
        }
    }

    fn say_pieces(&mut self, font: Option<&Font>, pieces: &[Object]) {
        for piece in pieces {
            match piece {
                Object::String(string) => self.say(font, string),
                Object::Number(gap) if -gap > GAP => self.part(),
                _ => {}
            }
        }
    }

    fn font(&mut self, resources: &Dictionary, name: &[u8]) -> Option<Rc<Font>> {
        let fonts = self.file.entry(resources, b"Font")?.dictionary()?;
        let found = fonts.get(name)?.clone();
        let number = if let Object::Reference(number) = found { Some(number) } else { None };
        if let Some(known) = number.and_then(|number| self.fonts.get(&number)) {
            return known.clone();
        }
        let dictionary = Rc::clone(self.file.resolved(&found)?.dictionary()?);
        self.steps_left = self.steps_left.saturating_sub(FONT_STEPS);
        let font = Font::read(&mut self.file, &dictionary).map(Rc::new);
        if let Some(number) = number {
            self.fonts.insert(number, font.clone());
        }
        font
    }

    fn form(&mut self, resources: &Dictionary, name: &[u8], depth: usize) {
        let forms = self.file.entry(resources, b"XObject").and_then(Object::dictionary);
        let Some(Object::Reference(number)) = forms.and_then(|forms| forms.get(name)).cloned() else { return };
        let reference = Object::Reference(number);
        let Some(form) = self.file.resolved(&reference).and_then(Object::dictionary) else { return };
        if self.file.entry(form, b"Subtype").and_then(Object::name) != Some(b"Form") {
            return;
        }
        let own = self.file.entry(form, b"Resources").and_then(Object::dictionary).cloned();
        if let Some(content) = self.file.stream(number) {
            self.show(&content, own.as_deref().unwrap_or(resources), depth + 1);
        }
    }
}

/// Steps over the bytes of an image that stands among the operators (§8.9.7).
fn skip_image(content: &[u8], lexer: &mut Lexer) {
    let rest = &content[lexer.at..];
    let end = memchr::memmem::find_iter(rest, b"EI").find(|at| {
        let after = rest.get(at + 2).is_none_or(|byte| super::object::is_blank(*byte));
        *at > 0 && super::object::is_blank(rest[at - 1]) && after
    });
    lexer.at = end.map_or(content.len(), |end| lexer.at + end + 2);
}
