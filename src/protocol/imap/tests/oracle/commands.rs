//! Commands that imap-codec writes.

use std::num::{NonZeroU32, NonZeroU64};

use imap_codec::CommandCodec;
use imap_codec::decode::Decoder;
use imap_codec::encode::Encoder;
use imap_codec::imap_types::command::{Command, CommandBody, FetchModifier, StoreModifier};
use imap_codec::imap_types::core::{AString, Atom, Vec1};
use imap_codec::imap_types::datetime::NaiveDate;
use imap_codec::imap_types::fetch::{MessageDataItemName, Part as TheirPart, Section as TheirSection};
use imap_codec::imap_types::flag::{Flag, StoreResponse, StoreType};
use imap_codec::imap_types::mailbox::Mailbox;
use imap_codec::imap_types::search::SearchKey as Theirs;
use imap_codec::imap_types::sequence::{SeqOrUid, Sequence, SequenceSet as TheirSet};
use mailstead_storage::Flags;
use proptest::prelude::*;

use crate::protocol::imap::wire::{
    FetchItem, FlagList, Parser, Partial, SearchKey, Section, SectionText, SequenceSet, fetch_items, search_keys,
    store_flags, utf7,
};

/// What imap-codec writes for this command, without tag and name.
fn written(body: CommandBody<'_>, name: &str) -> Vec<u8> {
    let command = Command::new("A1", body).expect("a tag");
    let text = CommandCodec::default().encode(&command).dump();
    let line = text.strip_suffix(b"\r\n").expect("a line");
    line.strip_prefix(format!("A1 {name}").as_bytes()).unwrap_or_else(|| panic!("{}", line.escape_ascii())).to_vec()
}

fn atom(name: &str) -> Atom<'static> {
    Atom::try_from(name.to_string()).expect("an atom")
}

fn text(text: &str) -> AString<'static> {
    AString::try_from(text.to_string()).expect("no NUL")
}

fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("more than zero")
}

/// Their types for dates come from a library that we do not use: they read one.
fn date(days: i32) -> NaiveDate {
    let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).expect("in range");
    let command = format!("a SEARCH SINCE {}\r\n", day.strftime("%-d-%b-%Y"));
    let (_, command) = CommandCodec::default().decode(command.as_bytes()).expect("a date");
    match command.body {
        CommandBody::Search { criteria, .. } => match criteria.into_inner().remove(0) {
            Theirs::Since(date) => date,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// 0 is `*` in our sets.
fn set_of(set: &SequenceSet) -> TheirSet {
    let SequenceSet::Numbers(ranges) = set else { panic!("no numbers") };
    let number = |number: u32| NonZeroU32::new(number).map_or(SeqOrUid::Asterisk, SeqOrUid::Value);
    let ranges = ranges.iter().map(|(first, last)| match first == last {
        true => Sequence::Single(number(*first)),
        false => Sequence::Range(number(*first), number(*last)),
    });
    TheirSet(Vec1::try_from(ranges.collect::<Vec<_>>()).expect("some"))
}

fn theirs(key: &SearchKey) -> Theirs<'static> {
    match key {
        SearchKey::All => Theirs::All,
        SearchKey::Has(flag) => [Theirs::Answered, Theirs::Deleted, Theirs::Draft, Theirs::Flagged, Theirs::Seen]
            [FLAGS.iter().position(|known| known == flag).expect("a system flag")]
        .clone(),
        SearchKey::Lacks(flag) => {
            [Theirs::Unanswered, Theirs::Undeleted, Theirs::Undraft, Theirs::Unflagged, Theirs::Unseen]
                [FLAGS.iter().position(|known| known == flag).expect("a system flag")]
            .clone()
        }
        SearchKey::Recent => Theirs::Recent,
        SearchKey::Keyword(name) => Theirs::Keyword(atom(name)),
        SearchKey::Numbers(set) => Theirs::SequenceSet(set_of(set)),
        SearchKey::Uids(set) => Theirs::Uid(set_of(set)),
        SearchKey::Larger(size) => Theirs::Larger(*size),
        SearchKey::Smaller(size) => Theirs::Smaller(*size),
        SearchKey::Before(day) => Theirs::Before(date(*day)),
        SearchKey::Since(day) => Theirs::Since(date(*day)),
        SearchKey::SentBefore(day) => Theirs::SentBefore(date(*day)),
        SearchKey::SentSince(day) => Theirs::SentSince(date(*day)),
        SearchKey::Header(name, wanted) => match name.as_str() {
            "FROM" => Theirs::From(text(wanted)),
            "SUBJECT" => Theirs::Subject(text(wanted)),
            "BCC" => Theirs::Bcc(text(wanted)),
            name => Theirs::Header(text(name), text(wanted)),
        },
        SearchKey::Body(wanted) => Theirs::Body(text(wanted)),
        SearchKey::Text(wanted) => Theirs::Text(text(wanted)),
        SearchKey::Modseq(modseq) => Theirs::ModSequence { entry: None, modseq: *modseq },
        SearchKey::Older(seconds) => Theirs::Older(positive(*seconds)),
        SearchKey::Younger(seconds) => Theirs::Younger(positive(*seconds)),
        SearchKey::Not(key) => Theirs::Not(Box::new(theirs(key))),
        SearchKey::Or(left, right) => Theirs::Or(Box::new(theirs(left)), Box::new(theirs(right))),
        SearchKey::And(keys) => Theirs::And(Vec1::try_from(keys.iter().map(theirs).collect::<Vec<_>>()).expect("some")),
        other => panic!("imap-codec does not know {other:?}"),
    }
}

const FLAGS: [Flags; 5] = [Flags::ANSWERED, Flags::DELETED, Flags::DRAFT, Flags::FLAGGED, Flags::SEEN];

prop_compose! {
    /// As imap-codec writes sets: they ascend, and what touches is one range. The last may be open.
    fn set()(
        steps in prop::collection::vec((2u32..1000, prop_oneof![Just(0), 1u32..1000]), 1..5),
        open in any::<bool>(),
    ) -> SequenceSet {
        let mut ranges = Vec::new();
        let mut at = 0;
        for (gap, length) in steps {
            ranges.push((at + gap, at + gap + length));
            at += gap + length;
        }
        if open {
            ranges.push((at + 2, 0));
        }
        SequenceSet::Numbers(ranges)
    }
}

fn keys() -> impl Strategy<Value = SearchKey> {
    let flag = || prop::sample::select(FLAGS.to_vec());
    let word = || "[^\0]{0,12}";
    let leaf = prop_oneof![
        Just(SearchKey::All),
        Just(SearchKey::Recent),
        flag().prop_map(SearchKey::Has),
        flag().prop_map(SearchKey::Lacks),
        "[a-zA-Z$_-]{1,8}".prop_map(SearchKey::Keyword),
        set().prop_map(SearchKey::Numbers),
        set().prop_map(SearchKey::Uids),
        any::<u32>().prop_map(SearchKey::Larger),
        any::<u32>().prop_map(SearchKey::Smaller),
        (0i32..40_000).prop_map(SearchKey::Before),
        (0i32..40_000).prop_map(SearchKey::Since),
        (0i32..40_000).prop_map(SearchKey::SentBefore),
        (0i32..40_000).prop_map(SearchKey::SentSince),
        (prop::sample::select(vec!["FROM", "SUBJECT", "BCC", "List-Id"]), word())
            .prop_map(|(name, wanted)| SearchKey::Header(name.to_string(), wanted)),
        word().prop_map(SearchKey::Body),
        word().prop_map(SearchKey::Text),
        (1u64..i64::MAX as u64).prop_map(SearchKey::Modseq),
        (1u32..u32::MAX).prop_map(SearchKey::Older),
        (1u32..u32::MAX).prop_map(SearchKey::Younger),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|key| SearchKey::Not(Box::new(key))),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| SearchKey::Or(Box::new(left), Box::new(right))),
            prop::collection::vec(inner, 2..4).prop_map(SearchKey::And),
        ]
    })
}

/// A section of BODY with what is wanted of it.
fn sections() -> impl Strategy<Value = (Section, Option<Partial>, bool)> {
    let names = || prop::collection::vec("[A-Za-z-]{1,10}", 1..4);
    let texts = prop_oneof![
        Just(SectionText::Whole),
        Just(SectionText::Header),
        Just(SectionText::Text),
        Just(SectionText::Mime),
        names().prop_map(SectionText::Fields),
        names().prop_map(SectionText::FieldsNot),
    ];
    let partial = prop::option::of((any::<u32>(), 1u32..).prop_map(|(first, count)| Partial { first, count }));
    (prop::collection::vec(1u32.., 0..4), texts, partial, any::<bool>())
        .prop_filter("MIME is of parts", |(path, text, ..)| !path.is_empty() || *text != SectionText::Mime)
        .prop_map(|(path, text, partial, peek)| (Section { path, text }, partial, peek))
}

fn their_section(section: &Section) -> Option<TheirSection<'static>> {
    let numbers: Vec<NonZeroU32> = section.path.iter().map(|number| positive(*number)).collect();
    let part = Vec1::try_from(numbers).ok().map(TheirPart);
    let fields =
        |names: &Vec<String>| Vec1::try_from(names.iter().map(|name| text(name)).collect::<Vec<_>>()).expect("some");
    Some(match &section.text {
        SectionText::Whole => TheirSection::Part(part?),
        SectionText::Header => TheirSection::Header(part),
        SectionText::Text => TheirSection::Text(part),
        SectionText::Mime => TheirSection::Mime(part?),
        SectionText::Fields(names) => TheirSection::HeaderFields(part, fields(names)),
        SectionText::FieldsNot(names) => TheirSection::HeaderFieldsNot(part, fields(names)),
    })
}

proptest! {
    #[test]
    fn search(key in keys()) {
        let body = CommandBody::search(None, Vec1::from(theirs(&key)), false);
        let text = written(body, "SEARCH ");
        let read = search_keys(&mut Parser::new(&text));
        prop_assert_eq!(read.as_ref(), Ok(&key), "{}", text.escape_ascii());
    }

    #[test]
    fn fetch(set in set(), (section, partial, peek) in sections(), since in prop::option::of(1u64..i64::MAX as u64)) {
        let item = MessageDataItemName::BodyExt {
            section: their_section(&section),
            partial: partial.map(|partial| (partial.first, positive(partial.count))),
            peek,
        };
        let modifiers = since.and_then(NonZeroU64::new).map(FetchModifier::ChangedSince).into_iter().collect();
        let names = vec![MessageDataItemName::Flags, item, MessageDataItemName::Uid];
        let body = CommandBody::Fetch {
            sequence_set: set_of(&set),
            macro_or_item_names: names.into(),
            uid: false,
            modifiers,
        };
        let text = written(body, "FETCH ");
        let mut parser = Parser::new(&text);
        prop_assert_eq!(SequenceSet::parse(&mut parser), Ok(set));
        parser.space().expect("a space");
        let read = fetch_items(&mut parser).expect("items");
        prop_assert_eq!((&read[0], &read[2]), (&FetchItem::Flags, &FetchItem::Uid));
        match &read[1] {
            FetchItem::Bytes { section: read, partial: range, peek: quietly, .. } => {
                let same_case = |section: &Section| format!("{section}").to_ascii_lowercase();
                prop_assert_eq!(same_case(read), same_case(&section));
                prop_assert_eq!((range, quietly), (&partial, &peek));
            }
            other => prop_assert!(false, "{:?}", other),
        }
        let rest = since.map_or(String::new(), |since| format!(" (CHANGEDSINCE {since})"));
        prop_assert_eq!(parser.rest(), rest.as_bytes());
    }

    #[test]
    fn store(set in set(), flags in prop::sample::subsequence(FLAGS.to_vec(), 0..5), keywords in prop::collection::btree_set("[a-z]{1,8}", 0..3), since in prop::option::of(1u64..i64::MAX as u64)) {
        let system = [Flag::Answered, Flag::Deleted, Flag::Draft, Flag::Flagged, Flag::Seen];
        let chosen = FLAGS.iter().zip(system).filter(|(flag, _)| flags.contains(flag)).map(|(_, flag)| flag);
        let body = CommandBody::Store {
            sequence_set: set_of(&set),
            kind: StoreType::Add,
            response: StoreResponse::Silent,
            flags: chosen.chain(keywords.iter().map(|name| Flag::keyword(atom(name)))).collect(),
            uid: true,
            modifiers: since.map(StoreModifier::UnchangedSince).into_iter().collect(),
        };
        let text = written(body, "UID STORE ");
        let mut parser = Parser::new(&text);
        prop_assert_eq!(SequenceSet::parse(&mut parser), Ok(set));
        let since = since.map_or(String::new(), |since| format!("(UNCHANGEDSINCE {since}) "));
        let head = format!(" {since}+FLAGS.SILENT ");
        let list = text[text.len() - parser.rest().len()..].strip_prefix(head.as_bytes()).expect("as it is written");
        let system = flags.iter().fold(Flags::default(), |all, flag| all.with(*flag));
        let expected = FlagList { system, keywords: keywords.into_iter().collect() };
        prop_assert_eq!(store_flags(&mut Parser::new(list)), Ok(expected));
    }

    #[test]
    fn strings_and_mailbox_names(user in "[^\0]{0,20}", password in "[^\0]{1,20}", name in "[^\0-\u{1f}\u{7f}-\u{9f}/]{1,20}") {
        let body = CommandBody::login(user.clone(), password.clone()).expect("no NUL");
        let login = written(body, "LOGIN ");
        let mut parser = Parser::new(&login);
        prop_assert_eq!(parser.astring_text(), Ok(user));
        parser.space().expect("a space");
        prop_assert_eq!(parser.astring_text(), Ok(password));
        prop_assert_eq!(parser.end(), Ok(()));

        prop_assume!(!name.eq_ignore_ascii_case("INBOX"));
        let mailbox = Mailbox::try_from(utf7::encode(&name)).expect("a name");
        let select = written(CommandBody::select(mailbox).expect("a name"), "SELECT ");
        prop_assert_eq!(Parser::new(&select).mailbox(), Ok(name));
    }
}
