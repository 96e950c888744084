//! What is found in messages.

use std::convert::Infallible;

use super::*;
use crate::message::Outline;

fn read(message: &[u8]) -> Texts {
    texts(&Outline::of(message), |range| {
        assert!(range.len() <= PIECE_BYTES as usize);
        Ok::<_, Infallible>(range.of(message))
    })
    .unwrap_or_default()
}

const MESSAGE: &[u8] = b"Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
    --c\r\n\r\nplain words\r\n--c\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    <p>rich w=F6rds</p>\r\n--c--\r\n\
    --b\r\nContent-Type: text/plain; name=notes.txt\r\nContent-Disposition: attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt\r\n\r\nattached\r\n\
    --b\r\nContent-Type: application/octet-stream; name=\"photo.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n\
    --b\r\nContent-Type: image/png\r\n\r\nnot read\r\n\
    --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?Inn=C3=A9r?=\r\nFrom: Zoe <z@e.test>\r\n\r\nforwarded\r\n\
    --b--\r\n";

#[test]
fn the_parts_of_a_message() {
    let texts = read(MESSAGE);
    assert_eq!(texts.body.trim(), "rich wörds");
    for word in ["attached", "Innér", "Zoe", "forwarded"] {
        assert!(texts.attached.contains(word), "{word} in {}", texts.attached);
    }
    assert!(!texts.attached.contains("not read") && !texts.body.contains("plain"));
    assert_eq!(texts.names, ["Grüße.txt", "photo.zip"]);
    assert_eq!(texts.kinds.into_iter().collect::<Vec<_>>(), ["archive", "attachment", "image", "message"]);
}

#[test]
fn plain_messages() {
    let check = |message: &str, expected: &str| assert_eq!(read(message.as_bytes()).body.trim(), expected, "{message}");
    check("\r\nHello\r\n", "Hello");
    check("Subject: x\r\n\r\n", "");
    check("", "");
    check("Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nonly plain\r\n--c--", "only plain");
    check("Content-Type: text/html\r\n\r\n<b>a</b>", "a");
    check("Content-Type: application/pdf\r\n\r\n%PDF-", "");
}

#[test]
fn long_messages_are_cut() {
    let texts = read(format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}", "aü ".repeat(1 << 20)).as_bytes());
    assert!(texts.body.len() <= BODY_BYTES_MAX && texts.body.len() > BODY_BYTES_MAX - 4);
    let mut parts = String::from("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for _ in 0..8 {
        parts += "--b\r\nContent-Type: text/csv; name=x.csv\r\n\r\n";
        parts += &"1234,".repeat(1 << 17);
        parts += "\r\n";
    }
    let texts = read(parts.as_bytes());
    assert!(texts.attached.len() <= ATTACHED_BYTES_MAX + 8);
}
