use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::message::transfer::decode;
use crate::message::{Outline, headers};

fn outline(message: &[u8]) -> Outline<'static> {
    Outline::of(message)
}

fn plan(message: &[u8], outline: &Outline, size: usize) -> Result<Option<Recoding>, Unfit> {
    let mut survey = Survey::new(outline, 0);
    message.chunks(size).for_each(|piece| survey.push(piece));
    survey.finish();
    Recoding::plan(outline, &survey)
}

fn recoded(message: &[u8], size: usize) -> Result<Option<Vec<u8>>, Unfit> {
    let Some(recoding) = plan(message, &outline(message), size)? else { return Ok(None) };
    let (mut recoder, mut out) = (Recoder::new(Arc::new(recoding), 0), Vec::new());
    message.chunks(size).for_each(|piece| recoder.push(piece, &mut out));
    recoder.finish(&mut out);
    Ok(Some(out))
}

fn lines(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

#[track_caller]
fn check(message: &str, expected: &str) {
    for size in [1, 7, 10_000] {
        let out = recoded(&lines(message), size).expect("fits").expect("changes");
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&lines(expected)), "in pieces of {size}");
    }
}

#[test]
fn text_becomes_quoted_printable_or_base64() {
    check(
        "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\nSubject: s\n\nSchöne Grüße von allen, die hier sind \nund dort\n",
        "MIME-Version: 1.0\nSubject: s\nContent-Transfer-Encoding: quoted-printable\n\n\
         Sch=C3=B6ne Gr=C3=BC=C3=9Fe von allen, die hier sind=20\nund dort\n",
    );
    check(
        "Content-Transfer-Encoding:\n 8bit\nSubject: s\n\nпривет\n",
        "Subject: s\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n0L/RgNC40LLQtdGCDQo=\n",
    );
    check(
        "Subject: undeclared\n\nlong enough to be legible: ä\n",
        "Subject: undeclared\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\n\
         long enough to be legible: =C3=A4\n",
    );
}

#[test]
fn only_the_parts_that_need_it_change() {
    check(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n\
         Vorwort für niemanden\n--b\n\nplain\n--b\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\n\nGrüße aus der Ferne von uns\n--b\nContent-Type: image/x\n\
         Content-Transfer-Encoding: binary\n\n\u{1}é\n--b--\n",
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 7bit\n\n\
         Vorwort f??r niemanden\n--b\n\nplain\n--b\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe aus der Ferne von uns\n--b\nContent-Type: image/x\n\
         Content-Transfer-Encoding: base64\n\nAcOp\n--b--\n",
    );
}

#[test]
fn messages_inside_are_looked_into() {
    check(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\
         Content-Transfer-Encoding: 8bit\n\nSubject: inner\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n\n\
         viel Text mit einem ä\n--b--\n",
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\
         Content-Transfer-Encoding: 7bit\n\nSubject: inner\nMIME-Version: 1.0\n\
         Content-Transfer-Encoding: quoted-printable\n\nviel Text mit einem =C3=A4\n--b--\n",
    );
}

#[test]
fn what_lies_about_its_encoding() {
    check("Content-Transfer-Encoding: base64\n\nQQé=\n", "Content-Transfer-Encoding: base64\n\nQQ??=\n");
    check(
        "Content-Transfer-Encoding: quoted-printable\n\na=C3=A4 ä\n",
        "Content-Transfer-Encoding: quoted-printable\n\na=C3=A4 =C3=A4\n",
    );
    // A part without header, not even an empty line.
    check(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nno field, und viel ä dahinter\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: quoted-printable\n\n\
         no field, und viel =C3=A4 dahinter\n--b--\n",
    );
}

#[test]
fn what_is_7_bit_stays() {
    for message in
        ["", "Subject: s\n\ntext\n", "Content-Transfer-Encoding: 8bit\n\nonly claims it\n", "Subject: no body\n"]
    {
        assert_eq!(recoded(&lines(message), 3), Ok(None), "{message:?}");
    }
}

#[test]
fn what_cannot_be_changed() {
    let check = |message: &str, expected| assert_eq!(recoded(&lines(message), 3), Err(expected), "{message:?}");
    check("Subject: ä\n\ntext\n", Unfit::Header);
    check("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Description: ä\n\nx\n--b--\n", Unfit::Header);
    check(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/signed; boundary=b\n\n\
         --b\n\nä\n--b\n\nsignature\n--b--\n--a--\n",
        Unfit::Signed,
    );
    check("Content-Type: message/delivery-status\n\nReporting-MTA: dns; ä\n", Unfit::Sealed);
    check("Content-Transfer-Encoding: x-uuencode\n\nä\n", Unfit::Sealed);
}

/// The decoded content of all leaves.
fn contents(message: &[u8]) -> Vec<Vec<u8>> {
    fn add(part: &Part, message: &[u8], contents: &mut Vec<Vec<u8>>) {
        match &part.kind {
            Kind::Leaf => contents.push(decode(&part.encoding, part.body.of(message), usize::MAX).into_owned()),
            Kind::Multipart(parts) => parts.iter().for_each(|part| add(part, message, contents)),
            Kind::Message { root, .. } => add(root, message, contents),
        }
    }
    let mut contents = Vec::new();
    add(&outline(message).root, message, &mut contents);
    contents
}

fn part() -> impl Strategy<Value = String> {
    let encoding = prop::sample::select(vec!["", "7bit", "8bit", "binary"]);
    let kind = prop::sample::select(vec!["", "text/plain", "image/png", "text/html"]);
    (encoding, kind, "[a-zé= \t.\n]{0,200}").prop_map(|(encoding, kind, content)| {
        let field = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!("{name}: {value}\n"),
        };
        format!("{}{}\n{content}", field("Content-Type", kind), field("Content-Transfer-Encoding", encoding))
    })
}

proptest! {
    #[test]
    fn what_it_says_stays(parts in prop::collection::vec(part(), 1..4), single in any::<bool>(), size in 1usize..300) {
        let message = if single {
            format!("MIME-Version: 1.0\n{}\n", parts[0])
        } else {
            let inside: String = parts.iter().map(|part| format!("--b\n{part}\n")).collect();
            format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{inside}--b--\n")
        };
        let message = lines(&message);
        if let Some(out) = recoded(&message, size).expect("fits") {
            prop_assert!(out.is_ascii() && out.ends_with(b"\r\n"));
            prop_assert!(headers::has(&out, "MIME-Version"));
            prop_assert_eq!(contents(&out), contents(&message));
        } else {
            prop_assert!(message.is_ascii());
        }
    }
}
