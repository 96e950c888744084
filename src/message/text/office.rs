//! The text of OOXML (ECMA-376: docx, xlsx, pptx) and OpenDocument (ISO/IEC 26300: odt, ods, odp) files: XML in a zip
//! archive. Whatever the file says, no more is unpacked than the bounds allow.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use zip::ZipArchive;

/// Most entries of an archive that are looked at.
const ENTRIES_MAX: usize = 4096;
/// Most bytes of one entry, unpacked.
const ENTRY_BYTES_MAX: u64 = 8 << 20;
/// Most bytes of all entries, unpacked.
const UNPACKED_BYTES_MAX: u64 = 24 << 20;

/// Which elements hold text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Text stands in elements called `t`.
    Ooxml,
    /// All text is text.
    OpenDocument,
}

/// The text of the document, as far as it can be read and up to about `bytes_max` bytes.
pub(super) fn text(file: &[u8], bytes_max: usize) -> String {
    let mut text = String::new();
    let Ok(mut archive) = ZipArchive::new(Cursor::new(file)) else { return text };
    let mut left = UNPACKED_BYTES_MAX;
    for index in 0..archive.len().min(ENTRIES_MAX) {
        let Ok(entry) = archive.by_index(index) else { continue };
        let Some(format) = entry.name().ok().and_then(|name| format(&name)) else { continue };
        let mut xml = Vec::new();
        // What is cut or damaged is read as far as it goes.
        let _ = entry.take(ENTRY_BYTES_MAX.min(left)).read_to_end(&mut xml);
        left -= xml.len() as u64;
        append_text(&String::from_utf8_lossy(&xml), format, bytes_max, &mut text);
        if text.len() >= bytes_max || left == 0 {
            break;
        }
    }
    text
}

/// How an entry of this name is read, when it holds what people wrote.
fn format(name: &str) -> Option<Format> {
    let is_xml =
        |folder: &str| name.strip_prefix(folder).is_some_and(|file| file.ends_with(".xml") && !file.contains('/'));
    let word = is_xml("word/")
        && !["styles", "settings", "fontTable", "webSettings", "numbering"]
            .iter()
            .any(|other| name["word/".len()..].starts_with(other));
    let sheet = name == "xl/sharedStrings.xml" || is_xml("xl/worksheets/") || is_xml("xl/comments/");
    let slide = is_xml("ppt/slides/") || is_xml("ppt/notesSlides/");
    if word || sheet || slide {
        return Some(Format::Ooxml);
    }
    (name == "content.xml").then_some(Format::OpenDocument)
}

fn append_text(xml: &str, format: Format, bytes_max: usize, text: &mut String) {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let mut seen = format == Format::OpenDocument;
    while text.len() < bytes_max {
        match reader.read_event() {
            Ok(Event::Start(element)) if format == Format::Ooxml => {
                seen = element.local_name().as_ref() == "t";
            }
            Ok(Event::End(element)) => {
                if format == Format::Ooxml {
                    seen = false;
                }
                if ends_words(element.local_name().as_ref()) {
                    text.push(' ');
                }
            }
            Ok(Event::Empty(element)) if ends_words(element.local_name().as_ref()) => text.push(' '),
            Ok(Event::Text(content)) if seen => text.push_str(&content),
            Ok(Event::CData(content)) if seen => text.push_str(&content.into_inner()),
            Ok(Event::GeneralRef(name)) if seen => match name.resolve_char_ref() {
                Ok(Some(character)) => text.push(character),
                _ => text.push_str(resolve_predefined_entity(&name).unwrap_or(" ")),
            },
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    text.push(' ');
}

/// Ends of paragraphs, cells and lines. The words of a run go on in the next.
fn ends_words(element: &str) -> bool {
    matches!(
        element,
        "p" | "h" | "si" | "is" | "tab" | "br" | "cr" | "s" | "line-break" | "table-cell" | "tc" | "comment"
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).expect("in memory");
            writer.write_all(content).expect("in memory");
        }
        writer.finish().expect("in memory").into_inner()
    }

    fn check(name: &str, xml: &str, expected: &str) {
        let text = text(&archive(&[("other.xml", b"<t>not this</t>"), (name, xml.as_bytes())]), 10_000);
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(words.join(" "), expected, "{name} {xml}");
    }

    #[test]
    fn documents() {
        let word = "<w:document><w:p><w:r><w:t>Hel</w:t></w:r><w:r><w:t>lo &amp; you&#228;</w:t></w:r></w:p>\
            <w:p><w:instrText>PAGE</w:instrText><w:t>next</w:t></w:p></w:document>";
        check("word/document.xml", word, "Hello & youä next");
        check("word/styles.xml", "<w:t>no</w:t>", "");
        check("xl/sharedStrings.xml", "<sst><si><t>a</t></si><si><t>b</t></si></sst>", "a b");
        check("ppt/slides/slide1.xml", "<p:sld><a:p><a:r><a:t>slide</a:t></a:r></a:p></p:sld>", "slide");
        check(
            "content.xml",
            "<office:text><text:h>Title</text:h><text:p>a<text:s/>b<text:span>c</text:span></text:p>",
            "Title a bc",
        );
        check("content.xml", "<text:p>cut &bogus; <unclosed", "cut");
    }

    #[test]
    fn what_is_no_archive_or_a_bomb() {
        assert_eq!(text(b"", 100), "");
        assert_eq!(text(b"PK\x03\x04 nothing", 100), "");
        let mut bomb = b"<text:p>".to_vec();
        bomb.resize(64 << 20, b'x');
        let packed = archive(&[("content.xml", &bomb)]);
        assert!(packed.len() < 1 << 20);
        assert!(text(&packed, 1 << 20).len() as u64 <= ENTRY_BYTES_MAX + 2);
    }
}
