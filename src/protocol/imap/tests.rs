//! The session against a house of its own that lives in memory.

mod concurrency;
mod oracle;
mod urls;

use std::sync::Arc;

use base64::Engine as _;
use mailstead_storage::{
    AccessKey, AccountId, Appended, BlobId, Changes, Copied, Counters, Expunged, Flags, Mailbox, MailboxId, Opened,
    Record, Rights, Role, ScramVerifier, Stored, Time, UidRange, UidSet,
};
use proptest::prelude::*;

use super::question::{Answer, Fetched, Found, Listing, Located, Looked, MailboxStatus, OpenMailbox, Owner, Question};
use super::selected::Selected;
use super::session::{Enabled, ImapSession};
use super::{ImapSettings, Reply, Rules, Service};
use crate::bell::Bell;
use crate::message::Outline;
use crate::net::{Goodbye, Input, Peer, Session, Turn};
use crate::people::sessions::SessionId;
use crate::people::{Login, PlaintextAuth};

/// The access key of every mailbox.
const ACCESS_KEY: AccessKey = [7; 32];

const MESSAGE: &[u8] = b"From: a@example.org\r\nSubject: x\r\n\r\nbody\r\n";

/// Outlines that the house gives at once.
const OUTLINES_MAX: usize = 200;

/// A mailbox of `count` equal messages.
struct House {
    bell: Bell,
    /// The lowest UID.
    first: u32,
    count: u32,
    /// Expunges are remembered from here on.
    vanished_floor: u64,
    size: u32,
    outline: Arc<[u8]>,
    /// The largest answer, bytes.
    read_max: usize,
    questions: usize,
}

impl House {
    fn new(count: u32, size: u32) -> House {
        let outline = Outline::of(MESSAGE).encode().into();
        House { bell: Bell::default(), first: 1, count, vanished_floor: 0, size, outline, read_max: 0, questions: 0 }
    }

    fn uids(&self) -> UidSet {
        UidSet(if self.count == 0 { Vec::new() } else { vec![UidRange { first: self.first, last: self.count }] })
    }

    fn counters(&self) -> Counters {
        let (uid_next, exists, vanished_floor) = (self.count + 1, self.count, self.vanished_floor);
        let recent_from = uid_next;
        Counters { uid_validity: 7, uid_next, exists, recent_from, modseq: 9, vanished_floor, ..Counters::default() }
    }

    fn mailbox(&self) -> Mailbox {
        let (id, account, name) = (MailboxId(1), AccountId(1), "INBOX".to_string());
        Mailbox { id, account, name, special_use: None, counters: self.counters() }
    }

    fn records(&self, uids: &UidSet, flags: Flags) -> Vec<Record> {
        let record = |uid| Record {
            uid,
            flags,
            modseq: 9,
            blob: BlobId(u64::from(uid)),
            size: self.size,
            internal_date: 0,
            save_date: 0,
        };
        uids.iter().filter(|uid| *uid <= self.count).map(record).collect()
    }

    fn answer(&mut self, question: Question) -> Answer {
        self.questions += 1;
        match question {
            Question::Token { token, .. } if token != "good" => {
                Answer::Login(Err(Reply::no("AUTHENTICATIONFAILED", "No")))
            }
            Question::Token { token: user, .. }
            | Question::LogIn { user, .. }
            | Question::Admit(user)
            | Question::ProofWrong(user) => {
                Answer::Login(Ok(Login { account: AccountId(1), address: user.as_str().into(), role: Role::User }))
            }
            Question::Verifier(_) => {
                let key = vec![0; 32];
                let (salt, iterations) = (vec![0; 16], 4096);
                Answer::Verifier(ScramVerifier { salt, iterations, stored_key: key.clone(), server_key: key })
            }
            Question::Open { known, .. } => {
                let watch = self.bell.watch(&[MailboxId(1)]);
                let (mailbox, uids) = (self.mailbox(), self.uids());
                let opened = Opened { mailbox, keywords: vec!["Work".into()], uids, first_unseen: Some(1) };
                let missed = known.filter(|known| known.uid_validity == 7).map(|_| Changes {
                    counters: self.counters(),
                    keywords: Vec::new(),
                    records: self.records(&UidSet::from_iter([5]), Flags::SEEN),
                    vanished: UidSet::from_iter([2, 4]),
                });
                Answer::Opened(Ok(Box::new(OpenMailbox { opened, rights: Rights::ALL, owned: true, missed, watch })))
            }
            Question::Changes { .. } => {
                let (counters, keywords) = (self.counters(), vec!["Work".into()]);
                let changes = Changes { counters, keywords, records: Vec::new(), vanished: UidSet::default() };
                Answer::Changes(Ok(Box::new(changes)))
            }
            Question::Fetch { uids, outlines, ahead, .. } => {
                let mut records = self.records(&uids, Flags::default());
                let ahead = ahead.map(|range| vec![b'x'; (range.end.min(records[0].size) - range.start) as usize]);
                if !outlines {
                    return Answer::Fetched(Ok(Fetched { records, ahead, ..Fetched::default() }));
                }
                let rest = records.split_off(records.len().min(OUTLINES_MAX)).iter().map(|record| record.uid).collect();
                let outlines = vec![Arc::clone(&self.outline); records.len()];
                Answer::Fetched(Ok(Fetched { records, outlines, rest, ahead }))
            }
            Question::Read(spans) => {
                let bytes: Vec<_> =
                    spans.iter().map(|span| vec![b'x'; (span.range.end - span.range.start) as usize]).collect();
                self.read_max = self.read_max.max(bytes.iter().map(Vec::len).sum());
                Answer::Bytes(Ok(bytes))
            }
            Question::Store { uids, .. } => {
                let records = self.records(&uids, Flags::SEEN);
                let before = records.iter().map(|record| record.modseq).collect();
                let stored = Stored { records, before, modified: UidSet::default(), keywords: vec!["Work".into()] };
                Answer::Stored(Ok(Box::new(stored)))
            }
            Question::Expunge { .. } => Answer::Expunged(Ok(Expunged { uids: UidSet::from_iter([2, 3]), modseq: 10 })),
            Question::Copy { uids, .. } => {
                let uids = uids.iter().map(|uid| (uid, uid)).collect();
                Answer::Copied(Ok(Copied { uid_validity: 8, uids, modseq: 10 }))
            }
            Question::Search { uids, .. } => Answer::Found(Ok(Found { uids, modseq: 9, ..Found::default() })),
            Question::Rows { uids, arrangement, .. } => {
                let outline = Outline::decode(&self.outline);
                let records = self.records(&uids, Flags::default());
                Answer::Rows(Ok(records.iter().map(|record| arrangement.row(record, outline.as_ref())).collect()))
            }
            Question::Arrange { rows, arrangement } => Answer::Arranged(arrangement.arrange(rows)),
            Question::Quota { .. } => Answer::Quota(Ok(None)),
            Question::Create { .. } | Question::Delete { .. } => Answer::Mailbox(Ok(MailboxId(1))),
            Question::List { .. } => {
                let (mailboxes, subscriptions) = (vec![self.mailbox()], vec!["INBOX".into()]);
                Answer::Listing(Ok(Listing { mailboxes, looked: Vec::new(), subscriptions }))
            }
            Question::Status { .. } => {
                Answer::Status(Ok(Box::new(MailboxStatus { mailbox: self.mailbox(), looked: Looked::default() })))
            }
            Question::AppendEnd { .. } => {
                Answer::Appended(Ok(Appended { uid_validity: 7, uids: UidSet::from_iter([1]), modseq: 10 }))
            }
            Question::Locate { owner, mailbox, uid, .. } => {
                let there = owner == Owner::Address("alice@example.test".into()) && mailbox == "INBOX";
                let record = self.records(&UidSet::from_iter([uid]), Flags::default()).pop().filter(|_| there);
                let (access_key, outline) = (Some(ACCESS_KEY), Arc::clone(&self.outline));
                Answer::Located(Ok(record.map(|record| Box::new(Located { access_key, record, outline }))))
            }
            Question::Watch(accounts) => Answer::Watch(self.bell.watch_accounts(&accounts)),
            Question::AccessKey { .. } => Answer::AccessKey(Ok(ACCESS_KEY)),
            _ => Answer::Done(Ok(())),
        }
    }
}

/// A session with what it has said and the most that waited to be sent.
struct Talk {
    house: House,
    session: ImapSession,
    input: Input,
    said: Vec<u8>,
    now: Time,
    /// What each answer takes, milliseconds.
    answer_millis: u64,
    waiting_max: usize,
    over: bool,
}

impl Talk {
    fn new(house: House, plaintext_auth: PlaintextAuth) -> Talk {
        let settings = ImapSettings { plaintext_auth, ..ImapSettings::default() };
        let rules = Rules { service: Service::Imap, settings, message_bytes_max: 1_000_000 };
        let address = ([192, 0, 2, 1], 4000).into();
        let peer = Peer { id: SessionId(1), address, local: address, tls: None };
        let session = ImapSession::new(Arc::new(rules), &peer);
        let (input, said, now) = (Input::default(), Vec::new(), Time(0));
        Talk { house, session, input, said, now, answer_millis: 0, waiting_max: 0, over: false }
    }

    /// The client says `bytes`; the session goes on until it waits.
    fn hear(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
        let mut out = Vec::new();
        while !self.over {
            let turn = self.session.turn(&mut self.input, &mut out, self.now);
            self.waiting_max = self.waiting_max.max(out.len());
            match turn {
                Turn::Ask(question) => {
                    let answer = self.house.answer(question);
                    self.now = Time(self.now.0 + self.answer_millis);
                    self.session.answer(answer, &mut out, self.now);
                }
                Turn::Flush => {
                    assert!(!out.is_empty(), "a flush of nothing");
                    self.said.append(&mut out);
                }
                Turn::StartTls => {
                    self.input.clear();
                    self.session.secured("TLSv1.3");
                }
                Turn::Compress => {}
                Turn::HangUp => self.over = true,
                Turn::Read { .. } | Turn::Idle { .. } => break,
            }
        }
        self.said.append(&mut out);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.said).into_owned()
    }
}

fn talk(count: u32, size: u32, bytes: &str) -> Talk {
    let mut talk = Talk::new(House::new(count, size), PlaintextAuth::Always);
    talk.hear(bytes.as_bytes());
    talk
}

const SELECT: &str = "a LOGIN a@example.org x\r\nb SELECT INBOX\r\n";

#[test]
fn passwords_are_not_taken_in_the_clear() {
    let mut talk = Talk::new(House::new(0, 0), PlaintextAuth::Loopback);
    talk.hear(b"a LOGIN x y\r\nb AUTHENTICATE PLAIN\r\nc STARTTLS\r\n");
    let text = talk.text();
    assert!(text.starts_with(
        "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE STARTTLS AUTH=SCRAM-SHA-256 LOGINDISABLED]"
    ));
    assert!(text.contains("\r\na NO [PRIVACYREQUIRED]") && text.contains("\r\nb NO [PRIVACYREQUIRED]"), "{text}");
    talk.hear(b"d CAPABILITY\r\ne LOGIN x y\r\n");
    let text = talk.text();
    assert!(text.contains(
        "* CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN\r\n"
    ));
    assert!(text.contains("\r\ne OK"), "{text}");
}

#[test]
fn a_session_is_small() {
    assert!(size_of::<ImapSession>() <= 512, "{} bytes", size_of::<ImapSession>());
}

#[test]
fn a_huge_message_passes_in_pieces() {
    let talk = talk(1, 300_000_000, &format!("{SELECT}c FETCH 1 BODY.PEEK[]\r\n"));
    assert!(talk.house.read_max <= 256 * 1024);
    assert!(talk.waiting_max <= 320 * 1024, "{} bytes waited", talk.waiting_max);
    let end = String::from_utf8_lossy(&talk.said[talk.said.len() - 40..]).into_owned();
    assert!(end.ends_with("xxx)\r\nc OK FETCH completed\r\n"), "{end}");
}

#[test]
fn a_client_is_told_what_it_has_missed() {
    let fetch = "* 3 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (9))\r\n";
    for (parameter, vanished, fetched) in [
        ("7 6", "2", fetch),
        ("7 6 1:3", "2", ""),
        ("7 6 3,5", "", fetch),
        // From before what is remembered: all that is missing.
        ("7 4", "1:2", fetch),
        ("7 4 2:40", "2", fetch),
        ("7 4 1:40 (1 3)", "", fetch),
        ("7 4 1:40 (1 2)", "1:2", fetch),
        ("8 6", "", ""),
    ] {
        let mut house = House::new(10, 40);
        (house.first, house.vanished_floor) = (3, 5);
        let mut talk = Talk::new(house, PlaintextAuth::Always);
        talk.hear(format!("a LOGIN x y\r\nb ENABLE QRESYNC\r\nc SELECT INBOX (QRESYNC ({parameter}))\r\n").as_bytes());
        let text = talk.text();
        let (_, told) = text.split_once("[HIGHESTMODSEQ 9] Highest\r\n").expect("it is told");
        let vanished = if vanished.is_empty() { String::new() } else { format!("* VANISHED (EARLIER) {vanished}\r\n") };
        assert_eq!(told, format!("{vanished}{fetched}c OK [READ-WRITE] SELECT completed\r\n"), "{parameter}");
    }
}

#[test]
fn a_large_mailbox_is_asked_for_in_chunks() {
    let talk = talk(100_000, 40, &format!("{SELECT}c FETCH 1:* (UID FLAGS)\r\n"));
    assert_eq!(talk.house.questions, 2 + 100_000_usize.div_ceil(8 * 256));
    assert!(talk.waiting_max <= 256 * 1024, "{} bytes waited", talk.waiting_max);
    assert!(talk.text().contains("\r\n* 100000 FETCH (UID 100000 FLAGS ())\r\nc OK"));
}

#[test]
fn small_parts_of_many_messages_are_read_at_once() {
    let talk = talk(256, 40, &format!("{SELECT}c FETCH 1:* BODY.PEEK[HEADER.FIELDS (Subject)]\r\n"));
    assert!(talk.house.questions <= 2 + 2 * 2, "{} questions", talk.house.questions);
    assert!(talk.text().ends_with("\r\nc OK FETCH completed\r\n"));
    assert_eq!(talk.text().matches(" FETCH (BODY[").count(), 256);
}

#[test]
fn a_message_of_4_gb_is_refused_before_it_is_sent() {
    let talk = talk(0, 0, &format!("{SELECT}c APPEND INBOX {{4294967296}}\r\n"));
    assert!(talk.text().ends_with("c NO [TOOBIG] Message is too big\r\n"), "{}", talk.text());
}

#[test]
fn long_searches_tell_how_far_they_are() {
    for (command, answer_millis, told) in [
        ("SEARCH BODY x", 100, ""),
        ("SEARCH ALL", 60_000, ""),
        ("SEARCH BODY x", 4_000, "384,"),
        ("UID SORT (SUBJECT) UTF-8 BODY x", 6_000, "256,512,"),
    ] {
        let mut talk = Talk::new(House::new(600, 40), PlaintextAuth::Always);
        talk.answer_millis = answer_millis;
        talk.hear(format!("{SELECT}c {command}\r\n").as_bytes());
        let text = talk.text();
        let done = text.lines().filter_map(|line| line.strip_prefix("* OK [INPROGRESS (\"c\" "));
        let done: String = done.map(|line| line.replace(" 600)] Still looking", ",")).collect();
        assert_eq!(done, told, "{command}");
        assert!(text.contains("\r\nc OK "), "{text}");
    }
}

#[test]
fn tokens_are_taken_where_there_is_a_provider() {
    for (tokens, token, expected) in [
        (false, "good", "a NO [CANNOT] Unknown mechanism\r\n"),
        (true, "good", "a OK [CAPABILITY"),
        (true, "bad", "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\na NO [AUTHENTICATIONFAILED]"),
    ] {
        let message = base64::prelude::BASE64_STANDARD.encode(format!("n,,\x01auth=Bearer {token}\x01\x01"));
        let mut talk = Talk::new(House::new(0, 0), PlaintextAuth::Always);
        talk.session = talk.session.taking_tokens(tokens);
        talk.hear(format!("a AUTHENTICATE OAUTHBEARER {message}\r\nAQ==\r\n").as_bytes());
        assert!(talk.text().contains(expected), "{}", talk.text());
    }
}

/// A client is told why, whatever it was doing.
#[test]
fn every_forced_end_says_bye() {
    let states = ["", "a LOGIN x y\r\n", SELECT, "a LOGIN x y\r\nb SELECT INBOX\r\nc IDLE\r\n", "a LOGIN {5}\r\n"];
    let states = states.into_iter().chain(["a AUTHENTICATE PLAIN\r\n", "a LOGIN x y\r\nb APPEND INBOX {9}\r\nx"]);
    for state in states {
        for (why, reason) in [
            (Goodbye::Timeout, "Idle for too long"),
            (Goodbye::ServiceStops, "[UNAVAILABLE] Service is stopping"),
            (Goodbye::Ended, "Session was ended by the administrator"),
            (Goodbye::TooMany, "[LIMIT] Too many connections"),
            (Goodbye::Blocked, "[UNAVAILABLE] Your address is blocked for a while"),
            (Goodbye::Listed, "[NOPERM] Your address is on the blacklist"),
            (Goodbye::Garbled, "[CLIENTBUG] What you send is not DEFLATE"),
        ] {
            let mut talk = talk(1, 40, state);
            let mut out = Vec::new();
            talk.session.goodbye(why, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("* BYE {reason}\r\n"), "{why:?} after {state:?}");
        }
    }
    for (said, reason) in [
        ("x\r\n".repeat(20), "Too many commands that cannot be understood"),
        ("a AUTHENTICATE OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHgBAQ==\r\nAQ==\r\n".repeat(3), "Too many"),
        ("a LOGIN x y\r\nb LOGOUT\r\n".to_string(), "Logging out"),
    ] {
        let mut talk = Talk::new(House::new(0, 0), PlaintextAuth::Always);
        talk.session = talk.session.taking_tokens(true);
        talk.hear(said.as_bytes());
        assert!(talk.over && talk.text().contains(&format!("\r\n* BYE {reason}")), "{}", talk.text());
    }
}

#[test]
fn all_keywords_in_use() {
    let bell = Bell::default();
    let keywords: Vec<String> = (0..Flags::KEYWORDS_MAX).map(|number| format!("k{number}")).collect();
    let opened = Opened { mailbox: House::new(1, 1).mailbox(), keywords, uids: UidSet::default(), first_unseen: None };
    let mailbox = Selected::new(
        OpenMailbox { opened, rights: Rights::ALL, owned: true, missed: None, watch: bell.watch(&[MailboxId(1)]) },
        false,
        Enabled::default(),
    );
    let mut out = Vec::new();
    mailbox.tell_flags(&mut out);
    let text = String::from_utf8_lossy(&out);
    assert!(text.contains(" k57 k58)\r\n* OK [PERMANENTFLAGS (") && !text.contains("\\*"), "{text}");
}

/// Commands of all kinds, to be cut anywhere.
const DIALOGUE: &str = "a LOGIN {13+}\r\na@example.org {1}\r\nx\r\nb SELECT INBOX\r\n\
    c FETCH 1:3 (FLAGS ENVELOPE BODYSTRUCTURE BODY[1] BODY[HEADER.FIELDS (From)]<2.9>)\r\n\
    d APPEND INBOX (\\Seen) {11+}\r\n0123456789\n\r\ne STORE 1:2 +FLAGS (\\Seen)\r\nf COPY 1 Sent\r\n\
    g UID SEARCH RETURN (ALL) OR 1 (FROM x SINCE 1-Jan-2000)\r\nh IDLE\r\nDONE\r\ni LIST \"\" *\r\n\
    j STATUS INBOX (MESSAGES)\r\nk X {5+}\r\nabcde\r\nl EXPUNGE\r\nm APPEND INBOX {3+}\r\nabc {1+}\r\nx\r\nn LOGOUT\r\n";

#[test]
fn where_the_bytes_are_cut_does_not_matter() {
    let whole = talk(5, 40, DIALOGUE);
    assert!(whole.over, "{}", whole.text());
    for step in [1, 2, 3, 7, 50] {
        let mut cut = Talk::new(House::new(5, 40), PlaintextAuth::Always);
        DIALOGUE.as_bytes().chunks(step).for_each(|piece| cut.hear(piece));
        assert_eq!(cut.text(), whole.text(), "in pieces of {step}");
    }
}

proptest! {
    #[test]
    fn no_bytes_do_harm(
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..60),
        noise in prop::collection::vec(any::<u8>(), 0..40),
        at in any::<prop::sample::Index>(),
        step in 1usize..40,
    ) {
        let mut bytes: Vec<u8> = words.concat().into_bytes();
        let place = at.index(bytes.len() + 1);
        bytes.splice(place..place, noise);
        let mut talk = Talk::new(House::new(5, 40), PlaintextAuth::Always);
        talk.hear(SELECT.as_bytes());
        bytes.chunks(step).for_each(|piece| talk.hear(piece));
        prop_assert!(talk.said.ends_with(b"\r\n"));
    }
}

const WORDS: &[&str] = &[
    "a ",
    "b ",
    "\r\n",
    "\r\n",
    "\r\n",
    " ",
    "(",
    ")",
    "\"",
    "{3+}\r\n",
    "{5}\r\n",
    "{0+}\r\n",
    "1:*",
    "2,4",
    "*",
    "NIL",
    "INBOX ",
    "FETCH ",
    "STORE ",
    "UID ",
    "SEARCH ",
    "APPEND ",
    "COPY ",
    "MOVE ",
    "SELECT ",
    "EXPUNGE",
    "IDLE\r\n",
    "DONE\r\n",
    "CLOSE\r\n",
    "LIST \"\" ",
    "STATUS ",
    "(MESSAGES)",
    "FLAGS",
    "+FLAGS ",
    "(\\Seen)",
    "BODY[",
    "]",
    "<0.5>",
    "HEADER.FIELDS (From)",
    "ENVELOPE",
    "BODYSTRUCTURE",
    "ALL",
    "OR ",
    "NOT ",
    "FROM x ",
    "RETURN (ALL) ",
    "1.2",
    "TEXT",
    "AUTHENTICATE PLAIN\r\n",
    "c FETCH 1 BODY[]\r\n",
    "d APPEND INBOX {3+}\r\nabc\r\n",
    "e UID MOVE 2 Sent\r\n",
    "$",
    "SORT (DATE) UTF-8 ",
    "THREAD REFERENCES UTF-8 ",
    "RETURN (SAVE PARTIAL -1:-3) ",
    "(CHANGEDSINCE 1 VANISHED)",
    "(QRESYNC (7 1))",
    "BINARY[1]",
    "BINARY.SIZE[",
    "PREVIEW",
    "~",
    "UTF8 (",
    "REPLACE 1 INBOX ",
    "f ENABLE QRESYNC IMAP4rev2\r\n",
    "g APPEND INBOX {3+}\r\nabc {3+}\r\nabc\r\n",
    "h CREATE x (USE (\\Sent))\r\n",
    "i GETQUOTAROOT INBOX\r\n",
    "j UNAUTHENTICATE\r\n",
    "k LOGIN a b\r\n",
];
