use super::{outline, shape};
use crate::message::limits::{DEPTH_MAX, FIELD_BYTES_MAX, KEPT_BYTES_MAX, PARTS_MAX};
use crate::message::{Kind, Outline, Outliner, Part};

fn depth(part: &Part) -> usize {
    match &part.kind {
        Kind::Leaf => 1,
        Kind::Multipart(parts) => 1 + parts.iter().map(depth).max().unwrap_or(0),
        Kind::Message { root, .. } => 1 + depth(root),
    }
}

#[test]
fn nested_10_000_deep() {
    let mut message = String::new();
    for level in 0..10_000 {
        message += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    }
    let nested = outline(message.as_bytes());
    assert_eq!(depth(&nested.root), DEPTH_MAX);
    assert!(shape(&nested.root, message.as_bytes()).contains("application/octet-stream"));
    assert_eq!(Outline::decode(&nested.encode()), Some(nested));

    let message = "Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
    let nested = outline(message.as_bytes());
    assert_eq!(depth(&nested.root), DEPTH_MAX);
    assert_eq!(Outline::decode(&nested.encode()), Some(nested));
}

#[test]
fn a_million_parts() {
    let message =
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n", "--b\r\n\r\nx\r\n".repeat(50_000));
    let root = outline(message.as_bytes()).root;
    let Kind::Multipart(parts) = &root.kind else { panic!("a multipart") };
    assert_eq!(parts.len(), PARTS_MAX - 1);
    assert!(parts[0].body.len() == 1 && parts[PARTS_MAX - 2].body.len() > 1_000);
    assert_eq!(root.body.end as usize, message.len());
}

#[test]
fn a_header_line_without_end() {
    let mut outliner = Outliner::new();
    outliner.feed(b"Subject: ");
    for _ in 0..1_000 {
        outliner.feed(&[b'x'; 1_000]);
    }
    outliner.feed(b"\r\nContent-Type: text/html\r\n\r\nbody");
    let outline = outliner.finish();
    let subject = outline.envelope.subject.expect("a subject");
    assert!(subject.len() <= FIELD_BYTES_MAX && subject.len() > FIELD_BYTES_MAX - 100);
    assert_eq!(*outline.root.media_subtype, *b"html");
    assert_eq!(outline.root.body.start, 9 + 1_000_000 + 2 + 27);
    assert_eq!(outline.root.body.len(), 4);
}

#[test]
fn headers_without_end() {
    let mut message = b"Subject: x\r\n".repeat(100_000);
    message.extend(b" folded\r\n".repeat(100_000));
    message.extend(b"To: a@b.test\r\n".repeat(100_000));
    message.extend(b"\r\nbody");
    let outline = outline(&message);
    assert_eq!(outline.envelope.subject.as_deref(), Some(&b"x"[..]));
    assert!(outline.envelope.to.len() <= 2_000);
    assert_eq!(outline.root.body.of(&message), b"body");
}

#[test]
fn many_parts_with_long_fields_share_one_allowance() {
    let part = format!("--b\r\nContent-Description: {}\r\n\r\nx\r\n", "y".repeat(10_000));
    let message = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n", part.repeat(200));
    let outline = outline(message.as_bytes());
    assert!(outline.encode().len() < KEPT_BYTES_MAX + 20_000);
    let Kind::Multipart(parts) = &outline.root.kind else { panic!("a multipart") };
    assert_eq!(parts.len(), 200);
}

#[test]
fn a_delimiter_longer_than_anything() {
    let long = "x".repeat(FIELD_BYTES_MAX * 2);
    let message = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--{long}\n--b{}\n",
        " ".repeat(FIELD_BYTES_MAX)
    );
    let found = shape(&outline(message.as_bytes()).root, message.as_bytes());
    assert!(found.starts_with("multipart/mixed { text/plain \"one\\n--xxx"));
}
