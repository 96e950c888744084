//! Sessions without sockets: bytes in, text out, with a house that is made up.

mod arriving;
mod login;

use std::sync::Arc;

use mailstead_storage::{AccountId, BlobId, BodyKind, Notify, Provenance, Ret, Role as PersonRole};
use proptest::prelude::*;

use super::question::{Answer, Question};
use super::session::{Rules, SmtpSession};
use super::{Service, SmtpSettings, replies};
use crate::clock::Time;
use crate::intake::{Acceptance, Refusal, Trace};
use crate::net::{Goodbye, Input, OUTPUT_BYTES, Peer, Session as _, Turn};
use crate::people::sessions::SessionId;
use crate::people::{Denied, Login};

const MESSAGE_BYTES_MAX: u64 = 100_000;

/// A session, and a house in which `unknown@` and `full@` are what they are called, `elsewhere.test` is
/// another domain, and `alice@example.test` may log in with `secret`.
struct Talk {
    session: SmtpSession,
    input: Input,
    out: Vec<u8>,
    said: String,
    body: Vec<u8>,
    received: String,
    accepted: Vec<(Acceptance, Vec<u8>)>,
    discarded: usize,
    begin_refused: Option<Refusal>,
    closed: bool,
    tls_asked: bool,
}

impl Talk {
    fn new(service: Service) -> Talk {
        Talk::with(service, |_| {})
    }

    fn with(service: Service, change: impl FnOnce(&mut SmtpSettings)) -> Talk {
        let mut settings = SmtpSettings::of(service);
        change(&mut settings);
        let rules =
            Rules { service, hostname: "mx.example.test".into(), message_bytes_max: MESSAGE_BYTES_MAX, settings };
        let local = "127.0.0.1:25".parse().expect("address");
        let address = "[::ffff:192.0.2.1]:4711".parse().expect("address");
        let peer = Peer { id: SessionId(1), address, local, tls: None };
        Talk {
            session: SmtpSession::new(Arc::new(rules), peer),
            input: Input::default(),
            out: Vec::new(),
            said: String::new(),
            body: Vec::new(),
            received: String::new(),
            accepted: Vec::new(),
            discarded: 0,
            begin_refused: None,
            closed: false,
            tls_asked: false,
        }
    }

    /// Hears bytes as the drive loop would: no more at once than there is room for.
    fn hear(&mut self, mut bytes: &[u8]) {
        self.go();
        while !bytes.is_empty() && !self.closed {
            let (now, later) = bytes.split_at(bytes.len().min(self.input.room()));
            assert!(!now.is_empty(), "a full input is never left untouched");
            self.input.push(now);
            bytes = later;
            self.go();
        }
    }

    fn go(&mut self) {
        while !self.closed {
            let turn = self.session.turn(&mut self.input, &mut self.out, Time(1_057_056_757_123));
            assert!(self.out.len() < 2 * OUTPUT_BYTES, "output is flushed");
            match turn {
                Turn::Ask(question) => {
                    let answer = self.answer(question);
                    self.session.answer(answer, &mut self.out, Time::default());
                }
                Turn::Read { .. } | Turn::Idle { .. } => return self.flush(),
                Turn::Flush => self.flush(),
                Turn::StartTls => {
                    self.flush();
                    self.input.clear();
                    self.tls_asked = true;
                    self.session.secured("TLSv1.3");
                }
                Turn::Compress => panic!("SMTP knows no compression"),
                Turn::HangUp => {
                    self.flush();
                    self.closed = true;
                }
            }
        }
    }

    fn flush(&mut self) {
        self.said.push_str(std::str::from_utf8(&self.out).expect("replies are text"));
        self.out.clear();
    }

    fn answer(&mut self, question: Question) -> Answer {
        let alice = || Login { account: AccountId(1), address: "alice@example.test".into(), role: PersonRole::User };
        match question {
            Question::Password { user, password } => {
                let right = user == "alice@example.test" && password == "secret";
                Answer::Login(if right { Ok(alice()) } else { Err(Denied::Wrong) })
            }
            Question::Token { .. } => Answer::Login(Err(Denied::Wrong)),
            Question::Admit { .. } => Answer::Login(Ok(alice())),
            Question::Verifier { .. } => Answer::Verifier(crate::people::credentials("secret").1),
            Question::Sender { address, account, .. } => {
                let foreign = account.is_some() && address.is_some_and(|address| address.local != "alice");
                Answer::Sender(if foreign { Err(replies::SENDER_NOT_YOURS) } else { Ok(()) })
            }
            Question::Recipient { address, account, .. } => Answer::Recipient(match address.local.as_str() {
                "unknown" => Err(replies::UNKNOWN_RECIPIENT),
                "full" => Err(replies::OVER_QUOTA),
                _ if address.domain == "elsewhere.test" && account.is_none() => Err(replies::RELAY_DENIED),
                _ => Ok(()),
            }),
            Question::Begin { trace, .. } => {
                if let Trace::Fields { received, .. } = *trace {
                    self.received = received;
                }
                self.body.clear();
                Answer::Begun(self.begin_refused.clone().map_or(Ok(()), Err))
            }
            Question::Body(bytes) => {
                assert!(!bytes.is_empty() && bytes.len() <= 64 * 1024, "pieces are bounded");
                self.body.extend_from_slice(&bytes);
                let too_big = self.body.len() as u64 > MESSAGE_BYTES_MAX;
                Answer::Taken(if too_big { Err(Refusal::TooBig) } else { Ok(()) })
            }
            Question::Accept(acceptance) => {
                self.accepted.push((*acceptance, std::mem::take(&mut self.body)));
                Answer::Accepted(Ok(BlobId(self.accepted.len() as u64)))
            }
            Question::Discard(_) => {
                self.discarded += 1;
                Answer::Noted
            }
            Question::ProofWrong { .. } => Answer::Noted,
        }
    }

    /// The codes of all replies, those of several lines once.
    fn codes(&self) -> String {
        let last_lines = self.said.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
        last_lines.map(|line| &line[..3]).collect::<Vec<_>>().join(" ")
    }
}

/// After the greeting and EHLO, these lines are answered with these codes.
fn check(service: Service, lines: &str, codes: &str) -> Talk {
    let mut talk = Talk::new(service);
    talk.hear(b"EHLO client.test\r\n");
    talk.said.clear();
    talk.hear(lines.replace('\n', "\r\n").as_bytes());
    assert_eq!(talk.codes(), codes, "{lines}\n{}", talk.said);
    talk
}

const HEAD: &str = "MAIL FROM:<a@b.test>\nRCPT TO:<alice@example.test>\n";

#[test]
fn transactions() {
    let check = |lines: &str, codes: &str| check(Service::Smtp, lines, codes);
    let talk = check(&format!("{HEAD}DATA\n..hello\n.\nQUIT\n"), "250 250 354 250 221");
    assert!(talk.closed);
    assert_eq!(talk.accepted[0].1, b".hello\r\n");
    check("DATA\n", "503");
    check("RCPT TO:<alice@example.test>\n", "503");
    check("MAIL FROM:<>\nDATA\n", "250 503");
    check("MAIL FROM:<>\nRCPT TO:<unknown@example.test>\nDATA\n", "250 550 554");
    check("MAIL FROM:<>\nRCPT TO:<full@example.test>\nRCPT TO:<a@elsewhere.test>\n", "250 452 550");
    check("MAIL FROM:<>\nMAIL FROM:<>\n", "250 503");
    check("MAIL FROM:<>\nRSET\nMAIL FROM:<>\nEHLO again.test\nMAIL FROM:<>\n", "250 250 250 250 250");
    check("MAIL FROM:<jörg@b.test>\nMAIL FROM:<jörg@b.test> SMTPUTF8\nRCPT TO:<ö@example.test>\n", "553 250 250");
    check("MAIL FROM:<> SIZE=100000\nRSET\nMAIL FROM:<> SIZE=100001\n", "250 250 552");
    check("MAIL FROM:<postmaster>\nMAIL FROM:<>\nRCPT TO:<PostMaster>\nRCPT TO:<>\n", "501 250 250 501");
    check("NOOP\nVRFY a\nEXPN b\nHELP\nHELP MAIL\nHELP NIX\nNIX\n\n", "250 252 502 214 214 500 500 500");
    check("MAIL\nMAIL TO:<>\nMAIL FROM:a@b\nMAIL FROM:<a@b>X\nEHLO\nQUIT now\n", "501 501 501 501 501 501");
    check("AUTH PLAIN x\nAUTH SCRAM-SHA-256\nAUTH X\nAUTH\n", "538 538 504 501");
}

#[test]
fn nothing_is_done_before_ehlo() {
    let mut talk = Talk::new(Service::Smtp);
    talk.hear(b"MAIL FROM:<>\r\nBDAT 2\r\nxxNOOP\r\nAUTH PLAIN\r\nQUIT\r\n");
    assert_eq!(talk.codes(), "220 503 503 250 503 221");
}

#[test]
fn the_envelope_is_kept_whole() {
    let lines = "MAIL FROM:<a@b.test> RET=HDRS ENVID=id+2B1 BODY=8BITMIME SIZE=10\n\
        RCPT TO:<alice@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@z\nRCPT TO:<\"b b\"@example.test>\nDATA\n.\n";
    let talk = check(Service::Smtp, lines, "250 250 250 354 250");
    let (acceptance, body) = &talk.accepted[0];
    let envelope = &acceptance.envelope;
    assert!(body.is_empty());
    assert_eq!((envelope.reverse_path.as_str(), envelope.ret), ("a@b.test", Some(Ret::Headers)));
    assert_eq!((envelope.envelope_id.as_deref(), envelope.body), (Some("id+1"), BodyKind::EightBit));
    let [first, second] = envelope.recipients.as_slice() else { panic!("two recipients") };
    assert_eq!(first.original.as_deref(), Some("rfc822;x+y@z"));
    assert_eq!(first.notify, Notify { success: true, failure: false, delay: true });
    assert_eq!((second.address.as_str(), second.notify), ("\"b b\"@example.test", Notify::DEFAULT));
    assert_eq!(acceptance.provenance, Provenance::Received);
}

#[test]
fn the_received_field() {
    let talk = check(Service::Smtp, &format!("{HEAD}DATA\n.\n"), "250 250 354 250");
    assert_eq!(
        talk.received,
        "Received: from client.test ([192.0.2.1])\r\n\tby mx.example.test with ESMTP\r\n\tid {id}\r\n\t\
         for <alice@example.test>;\r\n\tTue, 1 Jul 2003 10:52:37 +0000\r\n"
    );
    let talk = check(Service::Smtp, &format!("{HEAD}RCPT TO:<bob@example.test>\nDATA\n.\n"), "250 250 250 354 250");
    assert!(talk.received.contains("id {id};\r\n"), "{}", talk.received);
    let lines = "STARTTLS\nHELO x\nEHLO [127.0.0.1]\n";
    let mut talk = check(Service::Smtp, lines, "220");
    assert!(talk.tls_asked, "and what was sent before the handshake is forgotten");
    talk.hear(b"NOOP\r\nMAIL FROM:<>\r\nEHLO [127.0.0.1]\r\nSTARTTLS\r\nMAIL FROM:<> SMTPUTF8\r\n");
    talk.hear(b"RCPT TO:<bob@example.test>\r\nDATA\r\n.\r\n");
    assert_eq!(talk.codes(), "220 250 503 250 503 250 250 354 250");
    let expected = "from [127.0.0.1] ([192.0.2.1])\r\n\tby mx.example.test with UTF8SMTPS (TLSv1.3)\r\n";
    assert!(talk.received.contains(expected), "{}", talk.received);
}

#[test]
fn chunks() {
    let check = |lines: &str, codes: &str| check(Service::Smtp, &format!("{HEAD}{lines}"), &format!("250 250 {codes}"));
    let talk = check("BDAT 7\nhello\nBDAT 0 LAST\n", "250 250");
    assert_eq!(talk.accepted[0].1, b"hello\r\n");
    check("BDAT 0 LAST\nBDAT 0 LAST\n", "250 503");
    check("BDAT 3\nabcRSET\nBDAT 1\nx", "250 250 503");
    check("BDAT 3\nabcDATA\n", "250 503");
    check("BDAT 3\nabcRCPT TO:<bob@example.test>\n", "250 503");
    check("BDAT\nBDAT x\nBDAT 1 FIRST\nBDAT -1\n", "501 501 501 501");
    check("BDAT 5 LAST\na\rb\rcNOOP\n", "550 250");
    assert_eq!(check("BDAT 3 LAST\nab\rNOOP\n", "550 250").discarded, 1);
    let big = format!("BDAT 100001 LAST\n{}NOOP\n", "x".repeat(100_001));
    let talk = check(&big, "552 250");
    assert!(talk.accepted.is_empty());
}

#[test]
fn a_message_that_cannot_be_begun_is_refused_before_it_comes() {
    for (lines, codes) in [("DATA\n", "452"), ("BDAT 6\nQUIT\nNOOP\n", "452 250")] {
        let mut talk = check(Service::Smtp, HEAD, "250 250");
        talk.begin_refused = Some(Refusal::DiskFull);
        talk.said.clear();
        talk.hear(format!("{lines}RCPT TO:<bob@example.test>\n").replace('\n', "\r\n").as_bytes());
        assert_eq!(talk.codes(), format!("{codes} 503"), "the transaction is over");
    }
}

#[test]
fn binary_comes_in_chunks_only() {
    let mail = "MAIL FROM:<> BODY=BINARYMIME\nRCPT TO:<bob@example.test>\n";
    check(Service::Smtp, &format!("{mail}DATA\n"), "250 250 503");
    let mut talk = check(Service::Smtp, mail, "250 250");
    talk.hear(b"BDAT 4 LAST\r\na\rb\n");
    assert_eq!(talk.codes(), "250 250 250");
    assert_eq!(talk.accepted[0].1, b"a\rb\n");
}

#[test]
fn a_message_that_could_be_smuggled_is_refused_whole() {
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r"] {
        let mut talk = check(Service::Smtp, &format!("{HEAD}DATA\n"), "250 250 354");
        talk.hear(format!("text{end}MAIL FROM:<evil@b.test>\r\n.\r\nNOOP\r\n").as_bytes());
        assert_eq!(talk.codes(), "250 250 354 550 250", "{end:?}");
        assert!(talk.accepted.is_empty());
        assert_eq!(talk.discarded, 1);
    }
}

#[test]
fn a_message_too_big_is_heard_to_its_end() {
    let text = "x".repeat(998);
    let body: String = (0..200).map(|_| format!("{text}\n")).collect();
    let talk = check(Service::Smtp, &format!("{HEAD}DATA\n{body}.\nNOOP\n"), "250 250 354 552 250");
    assert!(talk.accepted.is_empty());
}

#[test]
fn who_errs_too_often_is_sent_away() {
    let mut talk = Talk::new(Service::Smtp);
    talk.hear("NIX\r\n".repeat(100).as_bytes());
    assert!(talk.closed);
    assert_eq!(talk.codes(), format!("220 {}421", "500 ".repeat(20)));

    let harvest = format!("MAIL FROM:<>\n{}", "RCPT TO:<unknown@example.test>\n".repeat(200));
    let talk = check(Service::Smtp, &harvest, &format!("250 {}421", "550 ".repeat(100)));
    assert!(talk.closed);
}

#[test]
fn recipients_without_end_stay_in_bounded_memory() {
    let mut talk = check(Service::Smtp, "MAIL FROM:<>\n", "250");
    let pack = "RCPT TO:<alice@example.test>\r\n".repeat(1000);
    talk.hear(pack.as_bytes());
    assert_eq!(talk.codes().matches("250").count(), 1001);
    for _ in 0..30 {
        talk.said.clear();
        talk.hear(pack.as_bytes());
        assert_eq!(talk.codes().matches("452").count(), 1000);
    }
    talk.said.clear();
    talk.hear(b"DATA\r\n.\r\n");
    assert_eq!(talk.codes(), "354 250");
    assert_eq!(talk.accepted[0].0.envelope.recipients.len(), 1000);
}

#[test]
fn goodbyes() {
    for (why, start) in [
        (Goodbye::Timeout, "421 4.4.2"),
        (Goodbye::ServiceStops, "421 4.3.2"),
        (Goodbye::TooMany, "421 4.7.0"),
        (Goodbye::Blocked, "421 4.7.0"),
        (Goodbye::Listed, "554 5.7.1"),
    ] {
        let mut talk = Talk::new(Service::Smtp);
        talk.hear(b"");
        talk.said.clear();
        talk.session.goodbye(why, &mut talk.out);
        talk.go();
        assert!(talk.said.starts_with(start) && talk.closed, "{}", talk.said);
    }
}

#[test]
fn a_pipelined_transaction_reads_the_same_at_every_split() {
    let lines = "EHLO c.test\nMAIL FROM:<a@b.test>\nRCPT TO:<alice@example.test>\nRCPT TO:<unknown@example.test>\nDATA\n\
        Subject: x\n\n..dots\n.\nMAIL FROM:<>\nRCPT TO:<bob@example.test>\nBDAT 4\nhi\nBDAT 6 LAST\n.\nyou\nQUIT\n";
    let wire = lines.replace('\n', "\r\n");
    let run = |cuts: [usize; 2]| {
        let mut talk = Talk::new(Service::Smtp);
        let [first, second] = cuts;
        for piece in [&wire[..first], &wire[first..second], &wire[second..]] {
            talk.hear(piece.as_bytes());
        }
        let messages: Vec<Vec<u8>> = talk.accepted.into_iter().map(|(_, body)| body).collect();
        (talk.said, messages)
    };
    let whole = run([0, 0]);
    assert_eq!(whole.1, [b"Subject: x\r\n\r\n.dots\r\n".to_vec(), b"hi\r\n.\r\nyou".to_vec()]);
    for first in 0..=wire.len() {
        for second in (first..=wire.len()).step_by(7) {
            assert_eq!(run([first, second]), whole, "cut at {first}, {second}");
        }
    }
}

proptest! {
    #[test]
    fn noise_is_answered_and_never_panics(noise in prop::collection::vec(prop_oneof![
        Just(b"EHLO x\r\n".to_vec()), Just(b"MAIL FROM:<>\r\n".to_vec()), Just(b"RCPT TO:<a@b.c>\r\n".to_vec()),
        Just(b"DATA\r\n".to_vec()), Just(b"\r\n.\r\n".to_vec()), Just(b"BDAT 3\r\n".to_vec()), Just(b"RSET\r\n".to_vec()),
        Just(b"AUTH SCRAM-SHA-256\r\n".to_vec()), Just(b"STARTTLS\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ], 0..40)) {
        for service in Service::ALL {
            let mut talk = Talk::with(service, |settings| settings.errors_max = 1000);
            for bytes in &noise {
                talk.hear(bytes);
            }
        }
    }
}
