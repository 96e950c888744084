//! Responses that imap-codec reads.

use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder;
use imap_codec::imap_types::body::{BodyStructure, Disposition as TheirDisposition, SpecificFields};
use imap_codec::imap_types::core::{IString, NString};
use imap_codec::imap_types::envelope::{Address as TheirAddress, Envelope as TheirEnvelope};
use imap_codec::imap_types::fetch::MessageDataItem;
use imap_codec::imap_types::flag::FlagFetch;
use imap_codec::imap_types::mailbox::Mailbox;
use imap_codec::imap_types::response::{Data, Response};
use mailstead_storage::Flags;
use proptest::prelude::*;

use crate::message::{Address, Disposition, Envelope, Kind, Parameter, Part, Range, Text};
use crate::protocol::imap::tests::{SELECT, talk};
use crate::protocol::imap::wire::{
    body_structure, envelope, mailbox_name, print_date_time, print_flags, print_uids, string, utf7,
};

/// What imap-codec reads in these bytes, all of them.
fn read(bytes: &[u8]) -> Response<'_> {
    match ResponseCodec::default().decode(bytes) {
        Ok(([], response)) => response,
        Ok((rest, _)) => panic!("left over: {:?}", rest.escape_ascii().to_string()),
        Err(error) => panic!("{error:?}: {}", bytes.escape_ascii()),
    }
}

/// The items of a FETCH response made of this text.
fn fetched(items: &[u8]) -> Vec<MessageDataItem<'static>> {
    let line = [b"* 1 FETCH (", items, b")\r\n"].concat();
    match imap_codec::imap_types::IntoStatic::into_static(read(&line)) {
        Response::Data(Data::Fetch { items, .. }) => items.into_inner(),
        other => panic!("{other:?}"),
    }
}

fn bytes(text: &NString<'_>) -> Option<Vec<u8>> {
    text.0.as_ref().map(whole)
}

fn whole(text: &IString<'_>) -> Vec<u8> {
    text.clone().into_inner().into_owned()
}

type Addresses = Vec<(Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>)>;

/// An envelope as both sides have it.
type Envelopes = (Vec<Option<Vec<u8>>>, Vec<Addresses>);

fn their_envelope(theirs: &TheirEnvelope<'_>) -> Envelopes {
    let list = |list: &Vec<TheirAddress<'_>>| {
        list.iter().map(|one| (bytes(&one.name), bytes(&one.mailbox), bytes(&one.host))).collect()
    };
    let texts = [&theirs.date, &theirs.subject, &theirs.in_reply_to, &theirs.message_id];
    let lists = [&theirs.from, &theirs.sender, &theirs.reply_to, &theirs.to, &theirs.cc, &theirs.bcc];
    (texts.into_iter().map(bytes).collect(), lists.into_iter().map(list).collect())
}

fn our_envelope(ours: &Envelope<'_>) -> Envelopes {
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.to_vec());
    let list = |list: &Vec<Address<'_>>| {
        list.iter().map(|one| (text(&one.name), text(&one.mailbox), text(&one.host))).collect()
    };
    // Who has not said otherwise is the sender, and replied to (RFC 3501 §7.4.2).
    let sender = if ours.sender.is_empty() { &ours.from } else { &ours.sender };
    let reply_to = if ours.reply_to.is_empty() { &ours.from } else { &ours.reply_to };
    let texts = [&ours.date, &ours.subject, &ours.in_reply_to, &ours.message_id];
    let lists = [&ours.from, sender, reply_to, &ours.to, &ours.cc, &ours.bcc];
    (texts.into_iter().map(text).collect(), lists.into_iter().map(list).collect())
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Of single parts: id, description, encoding, size, lines.
type Single = (Option<Vec<u8>>, Option<Vec<u8>>, Vec<u8>, u32, Option<u32>);

/// A structure as both sides have it.
#[derive(Debug, PartialEq)]
struct Tree {
    media: (Vec<u8>, Vec<u8>),
    parameters: Pairs,
    single: Option<Single>,
    disposition: Option<(Vec<u8>, Pairs)>,
    language: Vec<Vec<u8>>,
    location: Option<Vec<u8>>,
    md5: Option<Vec<u8>>,
    envelope: Option<Envelopes>,
    inside: Vec<Tree>,
}

fn their_pairs(list: &[(IString<'_>, IString<'_>)]) -> Pairs {
    list.iter().map(|(name, value)| (whole(name), whole(value))).collect()
}

fn their_tail(tree: &mut Tree, tail: Option<&TheirDisposition<'_>>) {
    let Some(tail) = tail else { return };
    tree.disposition = tail.disposition.as_ref().map(|(kind, list)| (whole(kind), their_pairs(list)));
    let Some(language) = &tail.tail else { return };
    tree.language = language.language.iter().map(whole).collect();
    tree.location = language.tail.as_ref().and_then(|tail| bytes(&tail.location));
}

fn their_tree(theirs: &BodyStructure<'_>) -> Tree {
    match theirs {
        BodyStructure::Multi { bodies, subtype, extension_data } => {
            let extension = extension_data.as_ref();
            let mut tree = Tree {
                media: (b"multipart".to_vec(), whole(subtype)),
                parameters: extension.map(|data| their_pairs(&data.parameter_list)).unwrap_or_default(),
                single: None,
                disposition: None,
                language: Vec::new(),
                location: None,
                md5: None,
                envelope: None,
                inside: bodies.as_ref().iter().map(their_tree).collect(),
            };
            their_tail(&mut tree, extension.and_then(|data| data.tail.as_ref()));
            tree
        }
        BodyStructure::Single { body, extension_data } => {
            let basic = &body.basic;
            let (media, lines, inner, inside) = match &body.specific {
                SpecificFields::Basic { r#type, subtype } => ((whole(r#type), whole(subtype)), None, None, Vec::new()),
                SpecificFields::Text { subtype, number_of_lines } => {
                    ((b"text".to_vec(), whole(subtype)), Some(*number_of_lines), None, Vec::new())
                }
                SpecificFields::Message { envelope, body_structure, number_of_lines } => (
                    (b"message".to_vec(), b"rfc822".to_vec()),
                    Some(*number_of_lines),
                    Some(their_envelope(envelope)),
                    vec![their_tree(body_structure)],
                ),
            };
            let encoding = whole(&basic.content_transfer_encoding);
            let mut tree = Tree {
                media,
                parameters: their_pairs(&basic.parameter_list),
                single: Some((bytes(&basic.id), bytes(&basic.description), encoding, basic.size, lines)),
                disposition: None,
                language: Vec::new(),
                location: None,
                md5: extension_data.as_ref().and_then(|data| bytes(&data.md5)),
                envelope: inner,
                inside,
            };
            their_tail(&mut tree, extension_data.as_ref().and_then(|data| data.tail.as_ref()));
            tree
        }
    }
}

fn our_tree(part: &Part<'_>) -> Tree {
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.to_vec());
    let pairs = |list: &[Parameter<'_>]| list.iter().map(|one| (one.name.to_vec(), one.value.to_vec())).collect();
    let (inner, inside) = match &part.kind {
        Kind::Leaf => (None, Vec::new()),
        Kind::Multipart(parts) => (None, parts.iter().map(our_tree).collect()),
        Kind::Message { envelope, root } => (Some(our_envelope(envelope)), vec![our_tree(root)]),
    };
    let is_multipart = matches!(part.kind, Kind::Multipart(_));
    let has_lines = inner.is_some() || *part.media_type == *b"text";
    let (size, lines) = (part.body.end - part.body.start, has_lines.then_some(part.lines));
    let single = || (text(&part.id), text(&part.description), part.encoding.to_vec(), size, lines);
    Tree {
        media: (part.media_type.to_vec(), part.media_subtype.to_vec()),
        parameters: pairs(&part.parameters),
        single: (!is_multipart).then(single),
        disposition: part.disposition.as_ref().map(|one| (one.kind.to_vec(), pairs(&one.parameters))),
        language: part.language.iter().map(|language| language.to_vec()).collect(),
        location: text(&part.location),
        md5: text(&part.md5).filter(|_| !is_multipart),
        envelope: inner,
        inside,
    }
}

/// Any bytes but NUL, which no string may hold; mostly plain ones.
fn texts() -> impl Strategy<Value = Text<'static>> {
    prop_oneof![
        3 => "[ -~]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(1u8.., 0..12),
        1 => Just(vec![b'x'; 2000]),
    ]
    .prop_map(Text::Owned)
}

fn some_text() -> impl Strategy<Value = Option<Text<'static>>> {
    prop::option::of(texts())
}

fn addresses() -> impl Strategy<Value = Vec<Address<'static>>> {
    let address =
        (some_text(), some_text(), some_text()).prop_map(|(name, mailbox, host)| Address { name, mailbox, host });
    prop::collection::vec(address, 0..3)
}

prop_compose! {
    fn envelopes()(
        texts in prop::array::uniform4(some_text()),
        lists in prop::array::uniform6(addresses()),
    ) -> Envelope<'static> {
        let [date, subject, in_reply_to, message_id] = texts;
        let [from, sender, reply_to, to, cc, bcc] = lists;
        Envelope { date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id }
    }
}

fn parameters() -> impl Strategy<Value = Vec<Parameter<'static>>> {
    prop::collection::vec((texts(), texts()).prop_map(|(name, value)| Parameter { name, value }), 0..3)
}

prop_compose! {
    fn leaves()(
        (media, size, lines) in (prop::sample::select(vec![("text", "plain"), ("image", "png"), ("message", "delivery-status")]), any::<u32>(), any::<u32>()),
        parameters in parameters(),
        (id, description, md5, location) in (some_text(), some_text(), some_text(), some_text()),
        encoding in "[a-z0-9-]{1,12}",
        disposition in prop::option::of((texts(), parameters()).prop_map(|(kind, parameters)| Disposition { kind, parameters })),
        language in prop::collection::vec(texts(), 0..3),
    ) -> Part<'static> {
        let text = |text: &'static str| Text::Borrowed(text.as_bytes());
        Part {
            header: Range::default(),
            body: Range { start: 0, end: size },
            lines,
            media_type: text(media.0),
            media_subtype: text(media.1),
            parameters,
            id,
            description,
            encoding: Text::Owned(encoding.into_bytes()),
            md5,
            disposition,
            language,
            location,
            kind: Kind::Leaf,
        }
    }
}

/// imap-codec reads eight levels.
fn parts() -> impl Strategy<Value = Part<'static>> {
    leaves().prop_recursive(4, 12, 3, |inner| {
        let multipart = (leaves(), prop::collection::vec(inner.clone(), 1..4)).prop_map(|(part, parts)| Part {
            media_type: Text::Borrowed(b"multipart"),
            kind: Kind::Multipart(parts),
            ..part
        });
        let message = (leaves(), envelopes(), inner).prop_map(|(part, envelope, root)| Part {
            media_type: Text::Borrowed(b"message"),
            media_subtype: Text::Borrowed(b"rfc822"),
            kind: Kind::Message { envelope: Box::new(envelope), root: Box::new(root) },
            ..part
        });
        prop_oneof![multipart, message]
    })
}

proptest! {
    #[test]
    fn envelopes_are_read_as_they_are(ours in envelopes()) {
        let mut text = b"ENVELOPE ".to_vec();
        envelope(&ours, &mut text);
        match &fetched(&text)[..] {
            [MessageDataItem::Envelope(theirs)] => prop_assert_eq!(their_envelope(theirs), our_envelope(&ours)),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn structures_are_read_as_they_are(ours in parts()) {
        let mut text = b"BODYSTRUCTURE ".to_vec();
        body_structure(&ours, true, &mut text);
        match &fetched(&text)[..] {
            [MessageDataItem::BodyStructure(theirs)] => prop_assert_eq!(their_tree(theirs), our_tree(&ours)),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn flags_dates_and_strings(
        bits in any::<u64>(),
        recent in any::<bool>(),
        seconds in any::<u32>(),
        value in texts(),
    ) {
        let keywords: Vec<String> = ["Work", "$Forwarded", "a-b_c"].map(str::to_string).to_vec();
        let known = Flags(bits % (1 << (Flags::KEYWORD_FIRST as usize + keywords.len())));
        let mut text = b"FLAGS ".to_vec();
        print_flags(known, recent, &keywords, &mut text);
        let names = String::from_utf8_lossy(&text[7..text.len() - 1]).into_owned();
        text.extend_from_slice(b" INTERNALDATE ");
        print_date_time(seconds, &mut text);
        text.extend_from_slice(b" RFC822 ");
        string(&value, &mut text);
        match &fetched(&text)[..] {
            [MessageDataItem::Flags(flags), MessageDataItem::InternalDate(date), MessageDataItem::Rfc822(told)] => {
                let theirs: Vec<String> = flags.iter().map(|flag| match flag {
                    FlagFetch::Flag(flag) => flag.to_string(),
                    FlagFetch::Recent => "\\Recent".to_string(),
                }).collect();
                prop_assert_eq!(theirs.join(" "), names);
                prop_assert_eq!(date.as_ref().timestamp(), i64::from(seconds));
                prop_assert_eq!(bytes(told), Some(value.to_vec()));
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn mailbox_names_and_sets(name in "[^\0-\u{1f}\u{7f}-\u{9f}]{1,20}", uids in prop::collection::btree_set(1u32.., 1..20)) {
        let mut line = b"* LIST () \"/\" ".to_vec();
        mailbox_name(&name, false, &mut line);
        line.extend_from_slice(b"\r\n");
        match read(&line) {
            Response::Data(Data::List { mailbox: Mailbox::Inbox, .. }) => prop_assert!(name.eq_ignore_ascii_case("INBOX")),
            Response::Data(Data::List { mailbox: Mailbox::Other(theirs), .. }) => {
                let encoded = String::from_utf8_lossy(theirs.as_ref()).into_owned();
                prop_assert_eq!(utf7::decode(&encoded), Some(name));
            }
            other => prop_assert!(false, "{:?}", other),
        }
        let mut line = b"* VANISHED (EARLIER) ".to_vec();
        print_uids(&uids.iter().copied().collect(), &mut line);
        line.extend_from_slice(b"\r\n");
        match read(&line) {
            Response::Data(Data::Vanished { earlier: true, known_uids }) => {
                let largest = std::num::NonZeroU32::MAX;
                let theirs: Vec<u32> = known_uids.iter(largest).map(std::num::NonZeroU32::get).collect();
                prop_assert_eq!(theirs, uids.into_iter().collect::<Vec<_>>());
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

/// All that a session says in answer to these is read, and means what is expected.
#[test]
fn what_a_session_says_is_read() {
    let check = |command: &str, expected: &[&str]| {
        let talk = talk(5, 40, &format!("{SELECT}c {command}\r\n"));
        let (_, said) = split_after(&talk.said, b"b OK [READ-WRITE] SELECT completed\r\n");
        let (mut rest, mut told) = (said, Vec::new());
        while !rest.is_empty() {
            let (after, response) = ResponseCodec::default().decode(rest).expect("a response");
            told.push(format!("{response:?}"));
            rest = after;
        }
        assert_eq!(told.len(), expected.len() + 1, "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.contains(expected), "{told} has no {expected}");
        }
    };
    check("SEARCH ALL", &["Search([1, 2, 3, 4, 5], None)"]);
    check("SEARCH MODSEQ 1", &["Search([1, 2, 3, 4, 5], Some(9))"]);
    check("UID SORT (SUBJECT) UTF-8 ALL", &["Sort([1, 2, 3, 4, 5], None)"]);
    check("THREAD REFERENCES UTF-8 ALL", &["Thread("]);
    check(
        "STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
        &["Status { mailbox: Inbox, items: [Messages(5), UidNext(6), UidValidity(7), Unseen(0)] }"],
    );
    check("LIST \"\" *", &["List { items: ["]);
    check("LSUB \"\" *", &["Lsub { items: []"]);
    check("NAMESPACE", &["Namespace {"]);
    check("ID NIL", &["Id {"]);
    check(
        "FETCH 2 (UID RFC822.SIZE MODSEQ BODY[TEXT]<3.2>)",
        &[
            "Fetch { seq: 2, items: [Uid(2), Rfc822Size(40), ModSeq(9), BodyExt { section: Some(Text(None)), origin: Some(3)",
        ],
    );
    check("STORE 1 +FLAGS (\\Seen)", &["Fetch { seq: 1, items: [Flags([Flag(Seen)])]"]);
    check("EXPUNGE", &["Expunge(2)", "Expunge(2)"]);
}

fn split_after<'a>(bytes: &'a [u8], mark: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = bytes.windows(mark.len()).position(|window| window == mark).expect("it is said");
    bytes.split_at(at + mark.len())
}
