//! Tables and properties of the wire.

use std::collections::BTreeSet;

use mailstead_storage::Flags;
use proptest::prelude::*;

use super::*;

fn parse<T>(text: &str, read: impl Fn(&mut Parser<'_>) -> Parsed<T>) -> Parsed<T> {
    let mut parser = Parser::new(text.as_bytes());
    let value = read(&mut parser)?;
    parser.end().map(|()| value)
}

#[test]
fn strings() {
    for (text, expected) in [
        ("abc", Some("abc")),
        ("a]b", Some("a]b")),
        ("\"a b\"", Some("a b")),
        ("\"\"", Some("")),
        (r#""a\"b\\""#, Some(r#"a"b\"#)),
        ("{3}\r\na\r\n", Some("a\r\n")),
        ("{3+}\r\nabc", Some("abc")),
        ("{0}\r\n", Some("")),
        ("", None),
        ("\"abc", None),
        (r#""a\b""#, None),
        ("\"a\r\nb\"", None),
        ("{4}\r\nabc", None),
        ("{3}abc", None),
        ("{}\r\n", None),
        ("a(b", None),
    ] {
        assert_eq!(parse(text, |parser| parser.astring_text()).ok().as_deref(), expected, "{text:?}");
    }
}

#[test]
fn mailbox_names() {
    for (text, expected) in [
        ("inbox", Some("INBOX")),
        ("\"InBox/x\"", Some("INBOX/x")),
        ("Entw&APw-rfe", Some("Entwürfe")),
        ("R&-D", Some("R&D")),
        ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", Some("~peter/mail/台北/日本語")),
        ("\"R&D\"", None),
        ("&AGE-", None),
        ("&Jjo!", None),
        ("&U,BTFw-&ZeVnLIqe-", None),
        ("\"a\tb\"", None),
    ] {
        assert_eq!(parse(text, |parser| parser.mailbox()).ok().as_deref(), expected, "{text:?}");
    }
}

#[test]
fn numbers() {
    for value in [0, 9, 10, 1203, u64::from(u32::MAX), u64::MAX] {
        let mut out = b"x ".to_vec();
        number(value, &mut out);
        assert_eq!(out, format!("x {value}").into_bytes());
    }
}

#[test]
fn sequence_sets() {
    for (text, largest, expected) in [
        ("1", 5, "1"),
        ("3:1", 5, "1:3"),
        ("1:*", 5, "1:5"),
        ("*:2", 5, "2:5"),
        ("*", 5, "5"),
        ("7:*", 5, "5:7"),
        ("5,1:2,2:3,3", 9, "1:3,5"),
        ("1:*", 0, ""),
        ("4294967295", 5, "4294967295"),
    ] {
        let set = parse(text, SequenceSet::parse).expect(text).resolve(largest);
        let mut printed = Vec::new();
        print_uids(&set, &mut printed);
        assert_eq!(String::from_utf8_lossy(&printed), expected, "{text}");
    }
    for text in ["", "0", "1:", "1,", ":1", "4294967296", "a", "1:0", "99999999999999999999"] {
        assert!(parse(text, SequenceSet::parse).is_err(), "{text}");
    }
    assert!(parse(&"1,".repeat(30_000), SequenceSet::parse).is_err());
}

#[test]
fn dates() {
    for (text, expected) in [
        ("1-Feb-1994", Some(8797)),
        ("\"01-feb-1994\"", Some(8797)),
        ("1-Jan-1970", Some(0)),
        ("31-Dec-1969", Some(-1)),
        ("30-Feb-1994", None),
        ("1-Foo-1994", None),
        ("1-Feb-94", None),
        ("001-Feb-1994", None),
    ] {
        assert_eq!(parse(text, day).ok(), expected, "{text}");
    }
    for (text, expected) in [
        ("\" 1-Jul-2003 12:52:37 +0200\"", Some(1_057_056_757)),
        ("\"01-Jul-2003 10:52:37 +0000\"", Some(1_057_056_757)),
        ("\"01-Jul-2003 05:22:37 -0530\"", Some(1_057_056_757)),
        ("\"01-Jul-2003 24:00:00 +0000\"", None),
        ("\"01-Jul-2003 10:52:37\"", None),
        ("01-Jul-2003", None),
    ] {
        assert_eq!(parse(text, date_time).ok().map(|time| time.seconds()), expected, "{text}");
    }
    let mut printed = Vec::new();
    print_date_time(1_057_056_757, &mut printed);
    assert_eq!(printed, b"\"01-Jul-2003 10:52:37 +0000\"");
}

#[test]
fn flags() {
    let list = parse(r"(\Seen \DELETED Work work $Forwarded \Recent)", flag_list).expect("flags");
    assert_eq!(list.system, Flags::SEEN.with(Flags::DELETED));
    assert_eq!(list.keywords, ["Work", "$Forwarded"]);
    assert_eq!(parse("()", flag_list), Ok(FlagList::default()));
    assert_eq!(parse(r"\Seen Work", store_flags).map(|list| list.keywords), Ok(vec!["Work".to_string()]));
    assert_eq!(parse("( $MDNSent)", flag_list).map(|list| list.keywords), Ok(vec!["$MDNSent".to_string()]));
    for wrong in [r"(\Unknown)", "(a", "(a  b)", r"(\*)", "(a]b)"] {
        assert!(parse(wrong, flag_list).is_err(), "{wrong}");
    }
}

#[test]
fn fetch_item_names() {
    for (text, expected) in [
        ("BODY[]", vec!["BODY[]"]),
        ("body.peek[header]", vec!["BODY[HEADER]"]),
        ("(BODY[1.2.MIME] BODY[3.TEXT]<0.100>)", vec!["BODY[1.2.MIME]", "BODY[3.TEXT]<0>"]),
        ("BODY[HEADER.FIELDS (Date \"From\")]", vec!["BODY[HEADER.FIELDS (Date From)]"]),
        ("BODY[1.HEADER.FIELDS.NOT (To)]<5.1>", vec!["BODY[1.HEADER.FIELDS.NOT (To)]<5>"]),
        ("(RFC822 RFC822.HEADER RFC822.TEXT)", vec!["RFC822", "RFC822.HEADER", "RFC822.TEXT"]),
    ] {
        let items = parse(text, fetch_items).expect(text);
        let names: Vec<_> = items
            .iter()
            .map(|item| match item {
                FetchItem::Bytes { name, .. } => name.as_str(),
                _ => "?",
            })
            .collect();
        assert_eq!(names, expected, "{text}");
    }
    assert_eq!(parse("FULL", fetch_items).map(|items| items.len()), Ok(5));
    assert_eq!(parse("(UID BODY)", fetch_items), Ok(vec![FetchItem::Uid, FetchItem::Body]));
    assert_eq!(parse("(BODY UID BODY UID)", fetch_items), Ok(vec![FetchItem::Body, FetchItem::Uid]));
    for wrong in [
        "",
        "()",
        "(ALL)",
        "BODY[",
        "BODY[0]",
        "BODY[1.]",
        "BODY[.1]",
        "BODY[MIME]",
        "BODY[1 ]",
        "BODY[HEADER.FIELDS]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[HEADER.FIELDS (\"a:b\")]",
        "BODY[]<0>",
        "BODY[]<0.0>",
        "BODY[]<4294967296.1>",
        "BODY.PEEK",
        "FLAGSX",
        "(FLAGS  UID)",
    ] {
        assert!(parse(wrong, fetch_items).is_err(), "{wrong}");
    }
}

#[test]
fn search_keys_of_each_kind() {
    use SearchKey::{And, Has, Header, Keyword, Lacks, Not, Numbers, Or, Since};
    let text = |text: &str| text.to_string();
    for (line, expected) in [
        ("SEEN", Has(Flags::SEEN)),
        ("NOT DELETED", Not(Box::new(Has(Flags::DELETED)))),
        ("UNSEEN FROM \"Smith\"", And(vec![Lacks(Flags::SEEN), Header(text("FROM"), text("Smith"))])),
        ("HEADER List-Id {1}\r\nx", Header(text("List-Id"), text("x"))),
        ("SINCE 1-Feb-1994", Since(8797)),
        ("UNKEYWORD $Junk", Not(Box::new(Keyword(text("$Junk"))))),
        ("(SEEN)", Has(Flags::SEEN)),
        ("OR SEEN (1 DELETED)", {
            let numbers = Numbers(SequenceSet::of(vec![(1, 1)]));
            Or(Box::new(Has(Flags::SEEN)), Box::new(And(vec![numbers, Has(Flags::DELETED)])))
        }),
        ("MODSEQ \"/flags/\\\\draft\" all 620162338", SearchKey::Modseq(620_162_338)),
    ] {
        assert_eq!(parse(line, search_keys), Ok(expected), "{line}");
    }
    let depth = search_depth(super::search::DEPTH_MAX);
    assert!(parse(&depth, search_keys).is_ok());
    let texts = |count: usize| vec!["TEXT x"; count].join(" ");
    assert!(parse(&texts(64), search_keys).is_ok());
    assert!(parse(&texts(65), search_keys).is_err());
    for wrong in ["", "FROM", "NOT", "OR SEEN", "(SEEN", "FOO", "LARGER x", "SEEN)", &search_depth(100_000)] {
        assert!(parse(wrong, search_keys).is_err(), "{}", &wrong[..wrong.len().min(20)]);
    }
}

fn search_depth(depth: usize) -> String {
    format!("{}ALL{}", "(".repeat(depth), ")".repeat(depth))
}

#[test]
fn strings_are_quoted_or_literals() {
    for (text, expected) in [
        (b"plain".as_slice(), b"\"plain\"".as_slice()),
        (b"", b"\"\""),
        (b"a\"b\\c", b"\"a\\\"b\\\\c\""),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
        (b"\xfcber", b"{4}\r\n\xfcber"),
        (b"a\0b", b"{3}\r\na b"),
    ] {
        let mut out = Vec::new();
        string(text, &mut out);
        assert_eq!(out, expected, "{text:?}");
    }
}

proptest! {
    #[test]
    fn modified_utf7_comes_back(name in "\\PC*") {
        let encoded = utf7::encode(&name);
        prop_assert!(encoded.is_ascii());
        prop_assert_eq!(utf7::decode(&encoded), Some(name));
    }

    #[test]
    fn modified_utf7_has_one_form(text in "[&-Aa+,/U2]{0,12}") {
        if let Some(name) = utf7::decode(&text) {
            prop_assert_eq!(utf7::encode(&name), text);
        }
    }

    #[test]
    fn printed_names_and_strings_are_read_again(name in "[^\\p{Cc}]{1,20}", text in prop::collection::vec(1u8.., 0..40)) {
        let mut out = Vec::new();
        mailbox_name(&name, false, &mut out);
        let mut inbox = name.clone();
        let first = inbox.find('/').unwrap_or(inbox.len());
        if inbox[..first].eq_ignore_ascii_case("INBOX") {
            inbox[..first].make_ascii_uppercase();
        }
        prop_assert_eq!(Parser::new(&out).mailbox(), Ok(inbox));
        let mut out = Vec::new();
        string(&text, &mut out);
        prop_assert_eq!(Parser::new(&out).string().map(|text| text.into_owned()), Ok(text));
    }

    #[test]
    fn a_set_means_what_its_numbers_mean(
        ranges in prop::collection::vec((0u32..30, 0u32..30), 1..8),
        largest in 0u32..30,
    ) {
        let set = SequenceSet::of(ranges.clone());
        prop_assert_eq!(&parse(&set.to_string(), SequenceSet::parse).expect("printed"), &set);
        let mut model = BTreeSet::new();
        for (first, last) in ranges.into_iter().filter(|(first, last)| largest > 0 || (*first > 0 && *last > 0)) {
            let ends = [first, last].map(|number| if number == 0 { largest } else { number });
            model.extend(ends[0].min(ends[1])..=ends[0].max(ends[1]));
        }
        prop_assert_eq!(set.resolve(largest).iter().collect::<BTreeSet<_>>(), model);
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "[ -~]{0,60}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            let parser = || Parser::new(input);
            let _ = parser().astring();
            let _ = parser().mailbox();
            let _ = parser().list_mailbox();
            let _ = SequenceSet::parse(&mut parser());
            let _ = fetch_items(&mut parser());
            let _ = search_keys(&mut parser());
            let _ = store_flags(&mut parser());
            let _ = day(&mut parser());
            let _ = date_time(&mut parser());
        }
    }
}
