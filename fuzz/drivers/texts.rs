//! Any bytes as a message whose texts are read: as it stands, and as an attachment of each kind that is looked into.

use std::convert::Infallible;

use mailstead_core::message::Outline;
use mailstead_core::message::text::texts;
use mailstead_core::search::document;

/// Most bytes of texts and names together, whatever a message says.
const TEXT_BYTES_MAX: usize = 8 << 20;

/// Runs one case.
pub fn run(input: &[u8]) {
    read(input);
    for kind in ["text/plain", "text/html", "application/pdf", "application/x; name=a.docx"] {
        let head = format!("Subject: s\r\nContent-Type: {kind}\r\n\r\n");
        read(&[head.as_bytes(), input].concat());
    }
}

fn read(message: &[u8]) {
    let outline = Outline::of(message);
    let texts = texts(&outline, |range| Ok::<_, Infallible>(range.of(message))).expect("cannot fail");
    assert!(texts.body.len() + texts.attached.len() < TEXT_BYTES_MAX);
    let document = document(&outline, outline.root.header.of(message), &texts);
    for (_, text) in &document.texts {
        assert!(!text.chars().any(|character| character.is_whitespace() && character != ' '), "{text:?}");
    }
}
