//! Small files written here. What real programs write is read in `tests/scenarios`.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::text;

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

fn stream(number: u32, dictionary: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("{number} 0 obj\n<< {dictionary} /Length {} >>\nstream\n", content.len()).into_bytes();
    object.extend_from_slice(content);
    object.extend_from_slice(b"\nendstream\nendobj\n");
    object
}

/// A page that shows this content in the font F1 of that dictionary.
fn file(font: &str, content: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    file.extend_from_slice(b"1 0 obj << /Type /Page /Parent 2 0 R /Contents [4 0 R] >> endobj\n");
    file.extend_from_slice(
        b"2 0 obj << /Type /Pages /Resources << /Font << /F1 3 0 R >> /XObject << /X 5 0 R >> >> >> endobj\n",
    );
    file.extend_from_slice(format!("3 0 obj << /Type /Font {font} >> endobj\n").as_bytes());
    file.extend(stream(4, "/Filter /FlateDecode", &packed(content)));
    file.extend(more.iter().flatten());
    file.extend_from_slice(b"trailer << /Root 1 0 R >>\n%%EOF");
    file
}

const LATIN: &str = "/Subtype /Type1 /Encoding /WinAnsiEncoding";

fn check(file: &[u8], expected: &str) {
    let text = text(file, 100_000);
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words.join(" "), expected);
}

#[test]
fn operators() {
    let content = |content: &[u8], expected: &str| check(&file(LATIN, content, &[]), expected);
    content(b"BT /F1 12 Tf (Hello \\(you\\)) Tj 0 -14 Td (next) Tj ET", "Hello (you) next");
    content(b"BT /F1 12 Tf [(Hel) -20 (lo) -300 (you)] TJ T* <6E657874> Tj ET", "Hello you next");
    content(b"BT /F1 1 Tf (a) ' (b) Tj ET BI /W 1 ID (\x00no) Tj EI BT /F1 1 Tf (c) Tj ET", "ab c");
    content(b"BT (no font) Tj /F2 1 Tf (nor this) Tj ET", "");
    content(b"BT /F1 1 Tf (gr\\374\\337e\\\n\xfcnd) Tj", "grüßeünd");
    content(b"BT /F1 1 Tf (open", "");
    content(b"[[[[ << (", "");
}

#[test]
fn fonts() {
    let differences = "/Subtype /Type1 /Encoding << /Differences [1 /H /adieresis 3 /fi /uni00E9 /u20AC /g12] >>";
    let expected = "Ha\u{308}fié€";
    check(&file(differences, b"BT /F1 1 Tf <010203040506> Tj ET", &[]), expected);
    let map =
        b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange 2 beginbfchar <0001> <0047> <0002> <00FC> \
        endbfchar 2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<0078> <00790079>] endbfrange endcmap";
    let unicode = "/Subtype /Type0 /ToUnicode 9 0 R";
    let shown = file(unicode, b"BT /F1 1 Tf <000100020010001100120020002199990001> Tj ET", &[stream(9, "", map)]);
    check(&shown, "GüabcxyyG");
    check(&file("/Subtype /Type0", b"BT /F1 1 Tf (ab) Tj ET", &[]), "");
    check(&file("/Subtype /TrueType /Encoding /MacRomanEncoding", b"BT /F1 1 Tf (\x9f) Tj ET", &[]), "ü");
}

#[test]
fn forms_and_packed_objects() {
    let form = stream(5, "/Type /XObject /Subtype /Form", b"BT /F1 1 Tf (inside) Tj ET /X Do");
    let text = text(&file(LATIN, b"/X Do", &[form]), 1000);
    assert!(text.split_whitespace().all(|word| word == "inside") && text.starts_with("inside"), "{text}");

    let objects = packed(
        b"1 0 3 54 << /Type /Page /Contents 4 0 R /Resources 3 0 R >>    << /Font << /F1 << /Subtype /Type1 >> >> >>",
    );
    let mut file = b"%PDF-1.5\n".to_vec();
    file.extend(stream(7, "/Type /ObjStm /N 2 /First 9 /Filter /FlateDecode", &objects));
    file.extend(stream(4, "/Filter [/ASCIIHexDecode]", b"4254202F463120 31 205466 2868 69 29 20546A>"));
    let mut wrong = file.clone();
    check(&file, "hi");
    wrong.extend_from_slice(b"trailer << /Encrypt 8 0 R >>");
    check(&wrong, "");
}

#[test]
fn hostile_files() {
    check(b"", "");
    check(b"%PDF-1.4", "");
    check(b"%PDF-1.4 1 0 obj 1 0 R endobj 2 0 obj << /Type /Page /Contents 1 0 R >>", "");
    let mut deep = b"%PDF-1.4 1 0 obj ".to_vec();
    deep.resize(1 << 20, b'[');
    check(&deep, "");
    let bomb = file(LATIN, &vec![b' '; 64 << 20], &[]);
    check(&bomb, "");
    let bomb = file(LATIN, &b"BT /F1 1 Tf (word ) Tj ".repeat(1 << 18), &[]);
    assert!(text(&bomb, 1000).len() < 1100);
}

proptest::proptest! {
    #[test]
    fn anything_is_read(parts in proptest::collection::vec("(obj|stream|endstream|<<|>>|\\[|\\]|/[A-Z]|[0-9] 0 R|\\(|\\)|<[0-9a-f]*>| |[0-9]+ 0 obj|Tj|Tf|Do){0,12}", 0..20)) {
        let mut file = b"%PDF-1.4 1 0 obj << /Type /Page /Contents 2 0 R >> endobj 2 0 obj <<>> stream\n".to_vec();
        file.extend(parts.concat().into_bytes());
        text(&file, 1000);
    }
}
