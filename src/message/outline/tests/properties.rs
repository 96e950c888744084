use proptest::prelude::*;

use super::outline;
use crate::message::{Envelope, Kind, Outline, Outliner, Part, Range};

/// Pieces from which messages are thrown together: most of them mean something to somebody.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "\r\n",
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "-",
        "--",
        "--a",
        "--a\r\n",
        "--a--\r\n",
        "--aa\r\n",
        "--aa--",
        "--b \r\n",
        "--b--\n",
        " ",
        "\t",
        "a",
        "b",
        ":",
        ";",
        "Subject: x\r\n",
        "From: A <a@b>, c@d\r\n",
        " folded\r\n",
        "To: g: a@b;\n",
        "Content-Type: multipart/mixed; boundary=a\r\n",
        "Content-Type: multipart/mixed; boundary=aa\r\n",
        "Content-Type: multipart/digest; boundary=\"b\"\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Type:",
        "Content-Disposition: attachment; filename*0=x; filename*1*=%20\r\n",
        "Content-Language: en, de\r\n",
        "Date: Tue, 1 Jul 2003 10:52:37 +0200\r\n",
        "In-Reply-To: <a@b>\r\n",
        "References: <c@d> <a@b>\r\n",
        "From me\n",
        "Content-ID: <x>\r\n",
        "Reply-To: A <a@b>, c@d\r\n",
        "no field\r\n",
        "\0",
        "\u{fc}",
    ]);
    prop_oneof![12 => known.prop_map(|text| text.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..8)]
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

fn in_pieces(message: &[u8], cuts: &[prop::sample::Index]) -> Outline<'static> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(message.len() + 1)).collect();
    cuts.sort_unstable();
    let mut outliner = Outliner::new();
    let mut from = 0;
    for cut in cuts {
        outliner.feed(&message[from..cut]);
        from = cut;
    }
    outliner.feed(&message[from..]);
    outliner.finish()
}

fn byte_by_byte(message: &[u8]) -> Outline<'static> {
    let mut outliner = Outliner::new();
    message.iter().for_each(|byte| outliner.feed(&[*byte]));
    outliner.finish()
}

/// Header, then body, both inside `around`; what is inside lies in the body, one after the other.
fn check_ranges(part: &Part, around: Range, message: &[u8]) {
    let (header, body) = (part.header, part.body);
    assert!(around.start <= header.start && header.start <= header.end, "{part:#?} in {around:?}");
    assert!(header.end == body.start && body.start <= body.end && body.end <= around.end, "{part:#?} in {around:?}");
    let breaks = body.of(message).iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(part.lines as usize, breaks);
    match &part.kind {
        Kind::Leaf => {
            let name = (&*part.media_type, &*part.media_subtype);
            assert!(name.0 != b"multipart" && name != (b"message", b"rfc822") && name != (b"message", b"global"));
        }
        Kind::Multipart(parts) => {
            assert!(!parts.is_empty());
            let mut free = body;
            for part in parts {
                check_ranges(part, free, message);
                free.start = part.body.end;
            }
        }
        Kind::Message { root, .. } => {
            assert_eq!((root.header.start, root.body.end), (body.start, body.end));
            check_ranges(root, body, message);
        }
    }
}

/// The bodies of a flat multipart, by splitting the text at its delimiters.
fn naive_bodies(body: &str) -> Vec<&str> {
    let inside = body.split("\r\n--XX--\r\n").next().unwrap_or(body);
    inside.split("\r\n--XX\r\n").skip(1).map(|part| part.split_once("\r\n\r\n").expect("an empty line").1).collect()
}

proptest! {
    #[test]
    fn cuts_change_nothing(message in message(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let whole = outline(&message);
        prop_assert_eq!(&in_pieces(&message, &cuts), &whole);
        prop_assert_eq!(&byte_by_byte(&message), &whole);
    }

    #[test]
    fn ranges_nest(message in message()) {
        let root = outline(&message).root;
        let all = Range { start: 0, end: message.len() as u32 };
        prop_assert_eq!((root.header.start, root.body.end), (0, all.end));
        check_ranges(&root, all, &message);
    }

    #[test]
    fn stored_and_read_back(message in message()) {
        let outline = outline(&message);
        let stored = outline.encode();
        let Envelope { date, subject, from, .. } = outline.envelope.clone();
        let start = Envelope { date, subject, from, ..Envelope::default() };
        prop_assert_eq!(Envelope::decode_start(&stored), Some(start));
        prop_assert_eq!(Outline::decode(&stored), Some(outline));
        prop_assert_eq!(Outline::decode(&stored[..stored.len() - 1]), None);
    }

    #[test]
    fn garbage_is_no_stored_form(mut stored in prop::collection::vec(any::<u8>(), 0..300)) {
        Outline::decode(&stored);
        if let Some(first) = stored.first_mut() {
            *first = 1;
        }
        Outline::decode(&stored);
    }

    #[test]
    fn damage_is_survived(message in message(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut stored = outline(&message).encode();
        let at = at.index(stored.len());
        stored[at] = byte;
        if let Some(outline) = Outline::decode(&stored) {
            let again = outline.encode();
            prop_assert_eq!(Outline::decode(&again), Some(outline));
        }
    }

    #[test]
    fn flat_multiparts_agree_with_a_split(bodies in prop::collection::vec("[a-z\r\n -]{0,40}", 1..6)) {
        let parts: String = bodies.iter().map(|body| format!("\r\n--XX\r\nA: b\r\n\r\n{body}")).collect();
        let body = format!("preamble{parts}\r\n--XX--\r\nepilogue");
        let message = format!("Content-Type: multipart/mixed; boundary=XX\r\n\r\n{body}");
        let root = outline(message.as_bytes()).root;
        let Kind::Multipart(parts) = &root.kind else { panic!("a multipart") };
        let found: Vec<&[u8]> = parts.iter().map(|part| part.body.of(message.as_bytes())).collect();
        let expected: Vec<&[u8]> = naive_bodies(&body).into_iter().map(str::as_bytes).collect();
        prop_assert_eq!(found, expected);
    }
}
