use super::{outline, shape};
use crate::message::{Kind, Range};

/// Checks the shape with CRLF, and that lone LF changes nothing but the line breaks.
#[track_caller]
fn check(message: &str, expected: &str) {
    let crlf = message.replace('\n', "\r\n");
    let found = shape(&outline(crlf.as_bytes()).root, crlf.as_bytes());
    assert_eq!(found.replace("\\r\\n", "\\n"), expected, "with CRLF: {message}");
    let found = shape(&outline(message.as_bytes()).root, message.as_bytes());
    assert_eq!(found, expected, "with LF: {message}");
}

#[test]
fn single_parts() {
    check("", r#"text/plain """#);
    check("\n", r#"text/plain """#);
    check("\nbody\n", r#"text/plain "body\n""#);
    check("A: b\n\nbody", r#"text/plain "body""#);
    check("A: b", r#"text/plain """#);
    check("A: b\n", r#"text/plain """#);
    check("Content-Type: text/html\n\n<b>", r#"text/html "<b>""#);
    check("content-TYPE:\n image/png;\n\tname=x\n\nx", r#"image/png "x""#);
    check("Content-Type: text/html\nContent-Type: image/png\n\nx", r#"text/html "x""#);
    check("Content-Type: nonsense\n\nx", r#"text/plain "x""#);
    check("A: b\n\n--x\nbody", r#"text/plain "--x\nbody""#);
    check("Content-Type: message/partial\n\nA: b\n\nx", r#"message/partial "A: b\n\nx""#);
    check("Content-Type: message/delivery-status\n\nA: b", r#"message/delivery-status "A: b""#);
}

#[test]
fn headers_that_are_broken() {
    check("just text\n\nmore", r#"text/plain "just text\n\nmore""#);
    check("A: b\njust text\nContent-Type: text/html\n\nx", r#"text/html "x""#);
    check("From alice Mon Jan  1\nContent-Type: text/html\n\nx", r#"text/html "x""#);
    check(">From alice Mon Jan  1\nContent-Type: text/html\n\nx", r#"text/html "x""#);
    check(" folded first\nContent-Type: text/html\n\nx", r#"text/plain " folded first\nContent-Type: text/html\n\nx""#);
    check("Content-Type : text/html\n\nx", r#"text/html "x""#);
    check("Content-Type: text/html\n \n\nx", r#"text/html "x""#);
    check("Content Type: text/html\n\nx", r#"text/plain "Content Type: text/html\n\nx""#);
    check("Ünïcode: a\nContent-Type: text/html\n\nx", r#"text/plain "Ünïcode: a\nContent-Type: text/html\n\nx""#);
}

#[test]
fn multiparts() {
    let multipart = |body: &str| format!("Content-Type: multipart/mixed; boundary=b\n\n{body}");
    let check = |body: &str, expected: &str| check(&multipart(body), expected);
    check("--b\n\none\n--b\n\ntwo\n--b--\n", r#"multipart/mixed { text/plain "one", text/plain "two" }"#);
    check("before\n--b\n\none\n\n--b--\nafter\n--b\n\nno", r#"multipart/mixed { text/plain "one\n" }"#);
    check("--b\n\none", r#"multipart/mixed { text/plain "one" }"#);
    check("--b\n\none\n", r#"multipart/mixed { text/plain "one\n" }"#);
    check("--b\n\none\n--b", r#"multipart/mixed { text/plain "one", text/plain "" }"#);
    check("--b\n\none\n--b--", r#"multipart/mixed { text/plain "one" }"#);
    check("--b \t\n\none\n--b--  \n", r#"multipart/mixed { text/plain "one" }"#);
    check("--b\n--b\n\n--b--", r#"multipart/mixed { text/plain "", text/plain "" }"#);
    check("--b\n\n\n--b--", r#"multipart/mixed { text/plain "" }"#);
    check("--b\n\n\n\n--b--", r#"multipart/mixed { text/plain "\n" }"#);
    check("--b\nContent-Type: text/html\n--b--", r#"multipart/mixed { text/html "" }"#);
    check("--b\nContent-Type: text/html", r#"multipart/mixed { text/html "" }"#);
    check("--b\nno header here\n--b--", r#"multipart/mixed { text/plain "no header here" }"#);
    check(
        "--b\n\n x --b\n --b\n--bb\n--b-\n-b\n--b--\n",
        r#"multipart/mixed { text/plain " x --b\n --b\n--bb\n--b-\n-b" }"#,
    );
    check("--b\n\none\n--b--trash\n--b--", r#"multipart/mixed { text/plain "one\n--b--trash" }"#);
    check("--b\n\none\n---\n--\n-", r#"multipart/mixed { text/plain "one\n---\n--\n-" }"#);
}

#[test]
fn multiparts_that_are_none() {
    check("Content-Type: multipart/mixed\n\n--b\n\nx", r#"text/plain "--b\n\nx""#);
    check("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nx", r#"text/plain "--\n\nx""#);
    check("Content-Type: multipart/mixed; boundary=b\n\nno part", r#"text/plain "no part""#);
    check("Content-Type: multipart/mixed; boundary=b\n\n--b--\nx", r#"text/plain "--b--\nx""#);
    check("Content-Type: multipart/mixed; boundary=b", r#"text/plain """#);
    check("Content-Type: multipart/mixed; boundary=b\n\n--B\n\nx", r#"text/plain "--B\n\nx""#);
}

#[test]
fn boundaries_as_they_are_written() {
    let check = |boundary: &str, line: &str| {
        let message = format!("Content-Type: multipart/mixed; boundary={boundary}\n\n{line}\n\nx\n{line}--\n");
        check(&message, r#"multipart/mixed { text/plain "x" }"#);
    };
    check("\"=_a b'c\"", "--=_a b'c");
    check("=_a=b", "--=_a=b");
    check("\"b \"", "--b");
    check("--b", "----b");
    check("b (comment)", "--b");
    check("\"b\"; charset=utf-8", "--b");
    check("\"(b)\"", "--(b)");
}

#[test]
fn multiparts_inside_each_other() {
    let check = |inner: &str, body: &str, expected: &str| {
        let outer = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/related; boundary=";
        check(&format!("{outer}{inner}\n\n{body}"), expected);
    };
    let both = r#"multipart/mixed { multipart/related { text/plain "one" }, text/plain "two" }"#;
    check("i", "--i\n\none\n--i--\n--b\n\ntwo\n--b--", both);
    check("i", "--i\n\none\n--i--\nafter\n\n--b\n\ntwo\n--b--", both);
    check("i", "--i\n\none\n--b\n\ntwo\n--b--\n--i\n\nno", both);
    check("bb", "--bb\n\none\n--bb--\n--b\n\ntwo\n--b--", both);
    check("b-", "--b-\n\none\n--b---\n--b\n\ntwo\n--b--", both);
    check("b", "--b\n\none\n--b--\n--b\n\ntwo\n--b--", both);
    check("i", "--i\n\n--b\n\ntwo", r#"multipart/mixed { multipart/related { text/plain "" }, text/plain "two" }"#);
    check("i", "--i\n--b\n\ntwo", r#"multipart/mixed { multipart/related { text/plain "" }, text/plain "two" }"#);
    check("i", "--i\nA: b\n--b--", r#"multipart/mixed { multipart/related { text/plain "" } }"#);
    check("i", "none\n--b\n\ntwo", r#"multipart/mixed { text/plain "none", text/plain "two" }"#);
    check("i", "--i\n\none\n--b--\n--i\n\nno", r#"multipart/mixed { multipart/related { text/plain "one" } }"#);
}

#[test]
fn messages_inside() {
    let message = "Content-Type: message/rfc822\n";
    check(&format!("{message}\nSubject: x\n\nbody"), r#"message/rfc822 < text/plain "body" >"#);
    check(&format!("{message}\n"), r#"message/rfc822 < text/plain "" >"#);
    check(message, r#"message/rfc822 < text/plain "" >"#);
    check(&format!("{message}\nno header\n"), r#"message/rfc822 < text/plain "no header\n" >"#);
    check(&format!("{message}\n{message}\nA: b\n\nx"), r#"message/rfc822 < message/rfc822 < text/plain "x" > >"#);
    check("Content-Type: message/global\n\nA: b\n\nx", r#"message/global < text/plain "x" >"#);
    for encoding in ["base64", "quoted-printable", "x-unknown"] {
        let encoded = format!("{message}Content-Transfer-Encoding: {encoding}\n\nA: b\n\nx");
        check(&encoded, r#"application/octet-stream "A: b\n\nx""#);
    }
    check(&format!("{message}Content-Transfer-Encoding: 8BIT\n\nA: b\n\nx"), r#"message/rfc822 < text/plain "x" >"#);
    let in_mixed = |inside: &str| {
        format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n{message}\n{inside}\n--b\n\ntwo\n--b--\n")
    };
    check(&in_mixed("A: b\n\none"), r#"multipart/mixed { message/rfc822 < text/plain "one" >, text/plain "two" }"#);
    check(&in_mixed("A: b"), r#"multipart/mixed { message/rfc822 < text/plain "" >, text/plain "two" }"#);
    let inner = "Content-Type: multipart/mixed; boundary=i\n\n--i\n\none";
    let expected = r#"multipart/mixed { message/rfc822 < multipart/mixed { text/plain "one" } >, text/plain "two" }"#;
    check(&in_mixed(inner), expected);
}

#[test]
fn digests() {
    let digest = "Content-Type: multipart/digest; boundary=b\n\n";
    let expected = r#"multipart/digest { message/rfc822 < text/plain "one" >, text/html "two" }"#;
    let text = format!("{digest}--b\n\nSubject: x\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--");
    check(&text, expected);
    check(&format!("{digest}--b\n--b--"), r#"multipart/digest { message/rfc822 < text/plain "" > }"#);
}

#[test]
fn ranges_to_the_byte() {
    let message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\nhi\r\n--b\r\nA: b\r\n\r\none\r\ntwo\r\n--b--\r\n";
    let root = outline(message).root;
    assert_eq!(root.header, Range { start: 0, end: 45 });
    assert_eq!(root.body, Range { start: 45, end: message.len() as u32 });
    assert_eq!(root.lines, 7);
    let Kind::Multipart(parts) = &root.kind else { panic!("a multipart") };
    assert_eq!(parts[0].header.of(message), b"A: b\r\n\r\n");
    assert_eq!(parts[0].body.of(message), b"one\r\ntwo");
    assert_eq!(parts[0].lines, 1);
}

#[test]
fn a_header_without_an_empty_line_keeps_its_line_break() {
    let message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: b\r\n--b--\r\n";
    let Kind::Multipart(parts) = outline(message).root.kind else { panic!("a multipart") };
    assert_eq!(parts[0].header.of(message), b"A: b\r\n");
    assert_eq!(parts[0].body, Range { start: parts[0].header.end, end: parts[0].header.end });
}

#[test]
fn descriptions_of_parts() {
    let message = b"Content-Type: Image/PNG; Name=\"a.png\"\r\nContent-Transfer-Encoding: BASE64\r\n\
        Content-ID: <a@b>\r\nContent-Description: a\r\n picture\r\nContent-MD5: Q2hlY2s=\r\n\
        Content-Disposition: ATTACHMENT; filename*=utf-8''%c3%bc.png\r\nContent-Language: en, de\r\n\
        Content-Location: http://a.test/b\r\n\r\nAAAA\r\n";
    let part = outline(message).root;
    assert_eq!(part.parameter("name"), Some(&b"a.png"[..]));
    assert_eq!(*part.encoding, *b"base64");
    assert_eq!(part.id.as_deref(), Some(&b"<a@b>"[..]));
    assert_eq!(part.description.as_deref(), Some(&b"a picture"[..]));
    assert_eq!(part.md5.as_deref(), Some(&b"Q2hlY2s="[..]));
    let disposition = part.disposition.expect("a disposition");
    assert_eq!(*disposition.kind, *b"attachment");
    assert_eq!(*disposition.parameters[0].value, *"ü.png".as_bytes());
    assert_eq!(part.language, [&b"en"[..], b"de"]);
    assert_eq!(part.location.as_deref(), Some(&b"http://a.test/b"[..]));
    let absent = outline(b"\r\n").root;
    assert_eq!(absent.parameter("charset"), Some(&b"us-ascii"[..]));
    assert_eq!(*absent.encoding, *b"7bit");
}

#[test]
fn envelopes() {
    let message = b"Date: Tue, 1 Jul 2003 10:52:37 +0200\r\nSubject: =?utf-8?q?a?=\r\n b\r\nFrom: A <a@b.test>\r\n\
        To: c@d.test\r\nTo: e@f.test\r\nMessage-Id:\r\n <1@b.test>\r\nIn-Reply-To: <0@b.test>\r\n\
        References: <r@b.test>\r\n <0@b.test>\r\nSubject: second\r\n\r\n";
    let outline = outline(message);
    let envelope = &outline.envelope;
    assert_eq!(outline.sent, Some(1_057_049_557));
    assert_eq!(outline.references.as_deref(), Some(&b"<r@b.test> <0@b.test>"[..]));
    assert_eq!(envelope.subject.as_deref(), Some(&b"=?utf-8?q?a?= b"[..]));
    assert_eq!(envelope.message_id.as_deref(), Some(&b"<1@b.test>"[..]));
    assert_eq!(envelope.in_reply_to.as_deref(), Some(&b"<0@b.test>"[..]));
    assert_eq!(envelope.to.len(), 2);
    assert_eq!((envelope.sender.len(), envelope.reply_to.len()), (0, 0));
}

#[test]
fn the_inner_envelope_is_the_inner_message_s() {
    let message = b"Subject: outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx";
    let outline = outline(message);
    assert_eq!(outline.envelope.subject.as_deref(), Some(&b"outer"[..]));
    let Kind::Message { envelope, root } = outline.root.kind else { panic!("a message") };
    assert_eq!(envelope.subject.as_deref(), Some(&b"inner"[..]));
    assert_eq!(root.header.of(message), b"Subject: inner\r\n\r\n");
}
