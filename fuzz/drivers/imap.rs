//! An IMAP session that hears anything and is answered anything.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mailstead_core::bell::Bell;
use mailstead_core::message::Outline;
use mailstead_core::net::{Input, OUTPUT_BYTES, Peer};
use mailstead_core::people::Login;
use mailstead_core::people::sessions::SessionId;
use mailstead_core::protocol::imap::{
    Answer, Fetched, Found, ImapSession, ImapSettings, Listing, Located, Looked, MailboxStatus, Mark, OpenMailbox,
    Question, Quota, Reply, Rules, Service,
};
use mailstead_storage::{
    AccountId, Annotation, Appended, BlobId, Changes, Copied, Counters, Expunged, Flags, Mailbox, MailboxId, Opened,
    Quota as Limits, Record, Rights, Role, ScramVerifier, Stored, UidSet, Usage,
};

use super::wire::{self, Dice};

/// What the messages are made of.
const MESSAGE: &[u8] = b"From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: \xff\r\n\r\nb\r\n--x--\r\n";
/// The UIDs that exist.
const UIDS: [u32; 7] = [1, 2, 3, 7, 8, 100, 4_000_000_000];
/// How a session begins that shall come further than the greeting.
const LOGIN: &[u8] = b"a LOGIN a b\r\nb SELECT INBOX\r\n";

/// Runs one case.
pub fn run(data: &[u8]) {
    let Some((mut dice, wire)) = Dice::and_wire(data) else { return };
    let (bell, mut input) = (Bell::default(), Input::default());
    if !dice.roll().is_multiple_of(4) {
        input.push(LOGIN);
    }
    wire::run(session(), input, wire, &mut dice, 8 * OUTPUT_BYTES, |question, roll| answer(question, roll, &bell));
}

fn session() -> ImapSession {
    let settings =
        ImapSettings { bad_commands_max: 1000, failed_logins_max: 1000, fetch_chunk: 3, ..ImapSettings::default() };
    let rules = Rules { service: Service::Imap, settings, message_bytes_max: 1000 };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4000));
    let peer = Peer { id: SessionId(1), address, local: address, tls: None };
    ImapSession::new(Arc::new(rules), &peer).taking_tokens(true)
}

fn answer(question: Question, roll: u8, bell: &Bell) -> Answer {
    let works = !roll.is_multiple_of(8);
    match question {
        Question::LogIn { .. } | Question::Token { .. } | Question::Admit(_) | Question::ProofWrong(_) => {
            Answer::Login(may(works, || Login {
                account: AccountId(1),
                address: "a@example.test".into(),
                role: Role::User,
            }))
        }
        Question::Verifier(_) => Answer::Verifier(ScramVerifier {
            salt: vec![roll; 16],
            iterations: 4096,
            stored_key: vec![roll; 32],
            server_key: vec![roll; 32],
        }),
        Question::Open { known, .. } => Answer::Opened(may(works, || {
            let watch = bell.watch(&[MailboxId(1)]);
            let (uids, keywords) = (UIDS.into_iter().collect(), vec!["Work".into()]);
            Box::new(OpenMailbox {
                opened: Opened { mailbox: mailbox(), keywords, uids, first_unseen: Some(3) },
                rights: rights(roll),
                owned: roll.is_multiple_of(2),
                missed: known.map(|_| changes(roll)),
                watch,
            })
        })),
        Question::Changes { .. } => Answer::Changes(may(works, || Box::new(changes(roll)))),
        Question::Fetch { uids, outlines, ahead, .. } => Answer::Fetched(may(works, || {
            let records = records(&uids, roll);
            let outlines = if outlines { vec![outline(); records.len()] } else { Vec::new() };
            let ahead = ahead
                .zip(records.first())
                .map(|(range, record)| vec![roll; record.size.min(range.end).saturating_sub(range.start) as usize]);
            Fetched { records, outlines, rest: UidSet::default(), ahead }
        })),
        Question::Read(spans) => Answer::Bytes(may(works, || {
            spans.iter().map(|span| vec![roll; (span.range.end - span.range.start) as usize]).collect()
        })),
        Question::Store { uids, .. } => Answer::Stored(may(works, || {
            let (records, modified) = (records(&uids, roll), UidSet::from_iter([3]));
            let before = records.iter().map(|record| record.modseq).collect();
            Box::new(Stored { records, before, modified, keywords: vec!["Work".into()] })
        })),
        Question::Expunge { .. } => {
            Answer::Expunged(may(works, || Expunged { uids: UidSet::from_iter([1, 8, 50]), modseq: 10 }))
        }
        Question::Copy { uids, .. } => Answer::Copied(may(works, || {
            let uids = records(&uids, roll).iter().map(|record| (record.uid, record.uid)).collect();
            Copied { uid_validity: 8, uids, modseq: 10 }
        })),
        Question::Search { uids, .. } => Answer::Found(may(works, || Found { uids, modseq: 9, ..Found::default() })),
        Question::Rows { uids, arrangement, .. } => Answer::Rows(may(works, || {
            let stored = outline();
            let outline = Outline::decode(&stored);
            records(&uids, roll).iter().map(|record| arrangement.row(record, outline.as_ref())).collect()
        })),
        Question::Arrange { rows, arrangement } => Answer::Arranged(arrangement.arrange(rows)),
        Question::Create { .. } | Question::Delete { .. } => {
            Answer::Mailbox(may(works, || MailboxId(u32::from(roll % 2))))
        }
        Question::Rights { .. } | Question::MyRights { .. } | Question::RequiredRights { .. } => {
            Answer::Rights(may(works, || rights(roll)))
        }
        Question::Metadata { .. } => Answer::Metadata(may(works, || annotations(roll))),
        Question::ListedMetadata { mailboxes, .. } => {
            Answer::ListedMetadata(may(works, || vec![Some(annotations(roll)); mailboxes.len()]))
        }
        Question::Acl { .. } => Answer::Acl(may(works, || vec![("-bob@example.test".into(), rights(roll))])),
        Question::Quota { .. } | Question::SetQuota { .. } => {
            let used = Usage { bytes: u64::from(roll), messages: 3 };
            let limits = Limits { bytes: 1 << 20, messages: u64::from(roll % 4) };
            let quota = Quota { root: "a@example.test".into(), used, limits };
            Answer::Quota(may(works, || roll.is_multiple_of(2).then_some(quota)))
        }
        Question::List { .. } => Answer::Listing(may(works, || Listing {
            mailboxes: vec![mailbox()],
            looked: vec![Looked::default()],
            subscriptions: vec!["INBOX".into(), "a/b".into()],
        })),
        Question::Status { .. } => {
            Answer::Status(may(works, || Box::new(MailboxStatus { mailbox: mailbox(), looked: Looked::default() })))
        }
        Question::AppendEnd { .. } => {
            Answer::Appended(may(works, || Appended { uid_validity: 7, uids: UidSet::from_iter([9]), modseq: 10 }))
        }
        Question::Locate { uid, .. } => Answer::Located(may(works, || {
            let (access_key, outline) = (Some([roll; 32]), outline());
            (!roll.is_multiple_of(4)).then(|| Box::new(Located { access_key, record: record(uid, roll), outline }))
        })),
        Question::Watch(accounts) => Answer::Watch(bell.watch_accounts(&accounts)),
        Question::Marks { .. } => Answer::Marks(may(works, || {
            vec![Mark { mailbox: Some(MailboxId(1)), entry: "/shared/comment".into(), value_hash: u64::from(roll) }]
        })),
        Question::AccessKey { .. } => Answer::AccessKey(may(works, || [roll; 32])),
        _ => Answer::Done(may(works, || ())),
    }
}

fn annotations(roll: u8) -> Vec<Annotation> {
    vec![Annotation { entry: "/shared/a".into(), value: vec![roll; usize::from(roll)] }]
}

fn rights(roll: u8) -> Rights {
    [Rights::ALL, Rights::READ, Rights::SEEN.with(Rights::EXPUNGE), Rights::NONE][usize::from(roll / 64)]
}

fn changes(roll: u8) -> Changes {
    let keywords = vec!["Work".into(), "Play".into()];
    let records = vec![record(3, roll), record(4_000_000_001, roll)];
    let vanished = UidSet::from_iter([2, 7, 9]);
    Changes { counters: mailbox().counters, keywords, records, vanished }
}

fn may<T>(works: bool, value: impl FnOnce() -> T) -> Result<T, Reply> {
    if works { Ok(value()) } else { Err(Reply::no("UNAVAILABLE", "the dice said no")) }
}

fn mailbox() -> Mailbox {
    let counters =
        Counters { uid_validity: 7, uid_next: 9, exists: 7, recent_from: 8, modseq: 9, ..Counters::default() };
    Mailbox { id: MailboxId(1), account: AccountId(1), name: "INBOX".into(), special_use: None, counters }
}

fn records(uids: &UidSet, roll: u8) -> Vec<Record> {
    UIDS.into_iter().filter(|uid| uids.contains(*uid)).map(|uid| record(uid, roll)).collect()
}

fn record(uid: u32, roll: u8) -> Record {
    let (flags, modseq) = (Flags(u64::from(roll)), u64::from(roll));
    let size = if uid == 3 { 200_000 } else { MESSAGE.len() as u32 };
    Record { uid, flags, modseq, blob: BlobId(1), size, internal_date: 0, save_date: 0 }
}

fn outline() -> Arc<[u8]> {
    Outline::of(MESSAGE).encode().into()
}
