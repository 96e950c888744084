//! Whole sessions against a house of a few lines.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use mailstead_storage::{BlobId, ScramVerifier};
use proptest::prelude::*;

use super::*;
use crate::clock::Time;
use crate::net::{Goodbye, Input, OUTPUT_BYTES, Session, Turn};
use crate::people::PlaintextAuth;

static VERIFIER: LazyLock<ScramVerifier> = LazyLock::new(|| crate::people::credentials("secret").1);

/// A client that says what it is told to and a house with one user, `alice` with `secret`.
struct Table {
    session: Pop3Session,
    input: Input,
    out: Vec<u8>,
    messages: Vec<Vec<u8>>,
    /// Reads from this message on fail.
    broken_from: Option<u64>,
    update_fails: bool,
    deleted: Vec<u32>,
    out_bytes_max: usize,
    reads: usize,
}

impl Table {
    fn new(messages: &[&[u8]]) -> Table {
        let settings = Pop3Settings { errors_max: 3, ..Pop3Settings::default() };
        Table::with(settings, IpAddr::from([127, 0, 0, 1]), messages)
    }

    fn with(settings: Pop3Settings, client: IpAddr, messages: &[&[u8]]) -> Table {
        Table {
            session: Pop3Session::new(Arc::new(settings), "mx.example.test".into(), client, false),
            input: Input::default(),
            out: Vec::new(),
            messages: messages.iter().map(|message| message.to_vec()).collect(),
            broken_from: None,
            update_fails: false,
            deleted: Vec::new(),
            out_bytes_max: 0,
            reads: 0,
        }
    }

    /// Logged in, nothing left to be read.
    fn logged_in(messages: &[&[u8]]) -> Table {
        let mut table = Table::new(messages);
        table.says("USER alice\r\nPASS secret\r\n");
        table
    }

    /// Says something and returns what comes back, and whether the session hung up.
    fn says(&mut self, text: &str) -> (String, bool) {
        self.says_bytes(text.as_bytes())
    }

    fn says_bytes(&mut self, bytes: &[u8]) -> (String, bool) {
        self.input.push(bytes);
        let mut said = Vec::new();
        loop {
            let turn = self.session.turn(&mut self.input, &mut self.out, Time(0));
            self.out_bytes_max = self.out_bytes_max.max(self.out.len());
            match turn {
                Turn::Read { .. } | Turn::HangUp => {
                    said.append(&mut self.out);
                    let text = said.iter().map(|byte| char::from(*byte)).collect();
                    return (text, matches!(turn, Turn::HangUp));
                }
                Turn::Flush => said.append(&mut self.out),
                Turn::StartTls => {
                    said.append(&mut self.out);
                    self.input.clear();
                    self.session.secured("TLSv1.3");
                }
                Turn::Ask(question) => {
                    let answer = self.answer(question);
                    self.session.answer(answer, &mut self.out, Time(0));
                }
                Turn::Idle { .. } | Turn::Compress => panic!("POP3 never idles nor compresses"),
            }
        }
    }

    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::LogIn { user, password } => Answer::LoggedIn(match (user.as_str(), password.0.as_str()) {
                ("alice", "secret") => Ok(self.opened()),
                ("carol", "secret") => Err(Refused::Disabled),
                ("busy", _) => Err(Refused::InUse),
                ("away", _) => Err(Refused::Unavailable),
                _ => Err(Refused::Wrong),
            }),
            Question::Token { .. } | Question::ProofWrong { .. } => Answer::LoggedIn(Err(Refused::Wrong)),
            Question::Verifier { .. } => Answer::Verifier(VERIFIER.clone()),
            Question::Admit { .. } => Answer::LoggedIn(Ok(self.opened())),
            Question::Read { blob, from, length, .. } => {
                self.reads += 1;
                let message = &self.messages[blob.0 as usize];
                let end = message.len().min(from as usize + length);
                let is_broken = self.broken_from.is_some_and(|broken| from >= broken);
                Answer::Bytes((!is_broken).then(|| message[from as usize..end].to_vec()))
            }
            Question::Update { uids } => {
                self.deleted = uids.iter().collect();
                Answer::Updated(!self.update_fails)
            }
        }
    }

    fn opened(&self) -> Opened {
        let entry = |(index, message): (usize, &Vec<u8>)| Entry {
            blob: BlobId(index as u64),
            uid: 10 + index as u32,
            size: message.len() as u32,
        };
        let entries = self.messages.iter().enumerate().map(entry).collect();
        Opened { address: "alice@example.test".into(), maildrop: Maildrop::new(7, entries) }
    }
}

const ONE: &[u8] = b"Subject: one\r\n\r\nfirst\r\n.dot\r\n";
const TWO: &[u8] = b"Subject: two\n\nbare";

fn check(says: &str, expected: &str) {
    let mut table = Table::logged_in(&[ONE, TWO]);
    assert_eq!(table.says(says).0.replace("\r\n", "|"), expected, "{says:?}");
}

#[test]
fn commands_on_a_maildrop() {
    check("STAT\r\n", "+OK 2 47|");
    check("LIST\r\n", "+OK 2 messages (47 octets)|1 29|2 18|.|");
    check("LIST 2\r\n", "+OK 2 18|");
    check("UIDL\r\n", "+OK 2 messages (47 octets)|1 7.10|2 7.11|.|");
    check("uidl 1\r\n", "+OK 1 7.10|");
    check("RETR 1\r\n", "+OK 29 octets|Subject: one||first|..dot|.|");
    check("RETR 2\r\n", "+OK 18 octets|Subject: two||bare|.|");
    check("TOP 1 0\r\n", "+OK Top of the message follows|Subject: one||.|");
    check("TOP 1 1\r\n", "+OK Top of the message follows|Subject: one||first|.|");
    check("TOP 2 9\r\n", "+OK Top of the message follows|Subject: two||bare|.|");
    check("DELE 1\r\nLIST\r\n", "+OK Marked for deletion|+OK 1 messages (18 octets)|2 18|.|");
    check("DELE 1\r\nRSET\r\nSTAT\r\n", "+OK Marked for deletion|+OK No message is marked for deletion|+OK 2 47|");
    check("NOOP\r\n", "+OK Nothing done|");
}

#[test]
fn commands_that_are_refused() {
    check("RETR 3\r\n", "-ERR There is no message 3|");
    check("RETR 0\r\n", "-ERR There is no message 0|");
    check("RETR +1\r\n", "-ERR A number is needed|");
    check("RETR\r\n", "-ERR A number is needed|");
    check("LIST 99999999999999999999999\r\n", "-ERR A number is needed|");
    check(
        "DELE 1\r\nDELE 1\r\nRETR 1\r\n",
        "+OK Marked for deletion|-ERR Message 1 is deleted|-ERR Message 1 is deleted|",
    );
    check("TOP 1\r\n", "-ERR TOP needs a message and a number of lines|");
    check("TOP 1 -1\r\n", "-ERR A number is needed|");
    check("USER alice\r\n", "-ERR You are logged in already|");
    check("XTND\r\n", "-ERR Unknown command|");
    check("\r\n", "-ERR Unknown command|");
}

#[test]
fn messages_go_at_quit_only() {
    let mut table = Table::logged_in(&[ONE, TWO]);
    table.says("DELE 2\r\n");
    assert!(table.deleted.is_empty());
    assert_eq!(table.says("QUIT\r\n"), ("+OK Bye\r\n".into(), true));
    assert_eq!(table.deleted, [11]);

    let mut fails = Table::logged_in(&[ONE]);
    fails.update_fails = true;
    let said = "-ERR [SYS/TEMP] Some deleted messages were not removed\r\n".to_string();
    assert_eq!(fails.says("DELE 1\r\nQUIT\r\n").0.split_once("\r\n").map(|(_, last)| last.to_string()), Some(said));

    let mut dropped = Table::logged_in(&[ONE]);
    dropped.says("DELE 1\r\n");
    dropped.input.close();
    assert!(dropped.says("").1);
    assert!(dropped.deleted.is_empty());
}

#[test]
fn logins() {
    for (says, expected) in [
        ("USER alice\r\nPASS secret\r\n", "+OK Go on with PASS|+OK 1 messages (29 octets)|"),
        ("USER alice\r\nPASS  secret\r\n", "+OK Go on with PASS|-ERR [AUTH] User or password is wrong|"),
        ("USER carol\r\nPASS secret\r\n", "+OK Go on with PASS|-ERR [AUTH] The account is disabled|"),
        ("USER busy\r\nPASS secret\r\n", "+OK Go on with PASS|-ERR [IN-USE] Another session has the maildrop|"),
        ("USER away\r\nPASS x\r\n", "+OK Go on with PASS|-ERR [SYS/TEMP] The maildrop cannot be opened now|"),
        ("PASS secret\r\n", "-ERR USER comes first|"),
        ("USER\r\n", "-ERR USER needs a name|"),
        ("STAT\r\n", "-ERR Log in first|"),
        ("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "+OK 1 messages (29 octets)|"),
        ("AUTH PLAIN\r\nAGFsaWNlAHNlY3JldA==\r\n", "+ |+OK 1 messages (29 octets)|"),
        ("AUTH PLAIN\r\n*\r\n", "+ |-ERR Authentication cancelled|"),
        ("AUTH PLAIN =\r\n", "-ERR Malformed authentication exchange|"),
        ("AUTH PLAIN !\r\n", "-ERR Not base64|"),
        ("AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\n", "+ VXNlcm5hbWU6|+ UGFzc3dvcmQ6|+OK 1 messages (29 octets)|"),
        ("AUTH KERBEROS_V4\r\n", "-ERR Unknown mechanism|"),
        ("AUTH\r\n", "+OK Mechanisms follow|SCRAM-SHA-256|PLAIN|LOGIN|.|"),
        ("UTF8\r\n", "+OK UTF-8 is welcome|"),
        ("APOP alice 0123\r\n", "-ERR APOP is not supported|"),
        ("QUIT\r\n", "+OK Bye|"),
    ] {
        let (said, _) = Table::new(&[ONE]).says(says);
        let said = said.strip_prefix("+OK mx.example.test POP3 ready\r\n").expect("the greeting");
        assert_eq!(said.replace("\r\n", "|"), expected, "{says:?}");
    }
}

#[test]
fn passwords_need_tls_where_the_policy_says_so() {
    let settings = Pop3Settings { plaintext_auth: PlaintextAuth::Never, ..Pop3Settings::default() };
    let mut table = Table::with(settings, IpAddr::from([127, 0, 0, 1]), &[ONE]);
    table.says("");
    let refusal = "-ERR [AUTH] Passwords are taken with TLS only: use STLS first\r\n";
    assert_eq!(table.says("USER alice\r\n").0, refusal);
    assert_eq!(table.says("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n").0, refusal);
    let (capabilities, _) = table.says("CAPA\r\n");
    assert!(capabilities.contains("\r\nSASL SCRAM-SHA-256\r\nSTLS\r\n") && !capabilities.contains("\r\nUSER\r\n"));
    assert_eq!(table.says("STLS\r\nUSER injected\r\n").0, "+OK Begin TLS\r\n");
    assert_eq!(table.says("STLS\r\n").0, "-ERR TLS is active already\r\n");
    let (capabilities, _) = table.says("CAPA\r\n");
    assert!(capabilities.contains("\r\nUSER\r\nSASL SCRAM-SHA-256 PLAIN LOGIN\r\nIMPL"), "{capabilities}");
    assert!(table.says("USER alice\r\nPASS secret\r\n").0.ends_with("+OK 1 messages (29 octets)\r\n"));
}

/// The client's final message for `secret`, made from the server's first.
fn scram_final(first_bare: &str, server_first: &str) -> String {
    let field = |name: &str| server_first.split(',').find_map(|field| field.strip_prefix(name)).expect("a field");
    let salt = BASE64_STANDARD.decode(field("s=")).expect("base64");
    let iterations: NonZeroU32 = field("i=").parse().expect("a number");
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, b"secret", &mut salted);
    let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    let client_key = sign(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let without_proof = format!("c=biws,r={}", field("r="));
    let signature = sign(stored_key.as_ref(), format!("{first_bare},{server_first},{without_proof}").as_bytes());
    let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect();
    format!("{without_proof},p={}", BASE64_STANDARD.encode(proof))
}

#[test]
fn scram_from_end_to_end() {
    let mut table = Table::new(&[ONE]);
    table.says("");
    let bare = "n=alice,r=client";
    let (said, _) = table.says(&format!("AUTH SCRAM-SHA-256 {}\r\n", BASE64_STANDARD.encode(format!("n,,{bare}"))));
    let challenge = BASE64_STANDARD.decode(said.trim_start_matches("+ ").trim_end()).expect("base64");
    let server_first = String::from_utf8(challenge).expect("UTF-8");
    let last = BASE64_STANDARD.encode(scram_final(bare, &server_first));
    assert!(table.says(&format!("{last}\r\n")).0.starts_with("+ dj"));
    assert_eq!(table.says("\r\n").0, "+OK 1 messages (29 octets)\r\n");
    assert_eq!(table.says("STAT\r\n").0, "+OK 1 29\r\n");
}

#[test]
fn scram_ends_with_an_empty_line() {
    let mut table = Table::new(&[ONE]);
    table.session.state = session::State::Acknowledging { user: "alice".into() };
    assert_eq!(table.says("\r\n").0, "+OK 1 messages (29 octets)\r\n");
    table.session.state = session::State::Acknowledging { user: "alice".into() };
    assert_eq!(table.says("eA==\r\n").0, "-ERR Nothing is left to be said\r\n");
}

#[test]
fn patience_has_an_end() {
    let mut bad = Table::new(&[]);
    assert_eq!(bad.says("X\r\nX\r\nX\r\n").0.lines().last(), Some("-ERR Unknown command"));
    assert_eq!(bad.says("X\r\nNOOP\r\n"), ("-ERR Too many bad commands\r\n".into(), true));

    let mut wrong = Table::new(&[]);
    let attempt = "USER alice\r\nPASS x\r\n";
    assert!(!wrong.says(attempt).1 && !wrong.says(attempt).1 && wrong.says(attempt).1);

    let mut long = Table::new(&[]);
    long.says("");
    let line = format!("USER {}\r\nCAPA\r\n", "a".repeat(100_000));
    assert!(long.says(&line).0.starts_with("-ERR The line is too long\r\n+OK"));
    let auth = format!("AUTH PLAIN {}\r\n", "A".repeat(8_000));
    assert_eq!(long.says(&auth).0, "-ERR Malformed authentication exchange\r\n");
    let response = format!("AUTH PLAIN\r\n{}\r\n", "A".repeat(13_000));
    assert_eq!(long.says(&response).0, "+ \r\n-ERR The line is too long\r\n");
}

#[test]
fn large_messages_and_long_lists_stream() {
    let large: Vec<u8> = b"Subject: large\r\n\r\n".iter().copied().chain(b".line\r\n".repeat(100_000)).collect();
    let mut table = Table::logged_in(&[&large]);
    let (said, _) = table.says("RETR 1\r\n");
    let expected = b"..line\r\n".repeat(100_000);
    let body = said.split_once("\r\n\r\n").map(|(_, body)| body.as_bytes().to_vec());
    assert_eq!(body, Some([expected, b".\r\n".to_vec()].concat()));
    assert!(table.out_bytes_max <= 3 * OUTPUT_BYTES, "{}", table.out_bytes_max);
    assert_eq!(table.reads, large.len().div_ceil(mailstead_storage::PIECE_BYTES_MAX));
    table.reads = 0;
    assert!(table.says("TOP 1 2\r\n").0.ends_with("\r\n\r\n..line\r\n..line\r\n.\r\n"));
    assert_eq!(table.reads, 1);

    let small: Vec<&[u8]> = vec![b"x\r\n"; 20_000];
    let mut many = Table::logged_in(&small);
    assert_eq!(many.says("UIDL\r\n").0.lines().count(), 20_002);
    assert!(many.out_bytes_max <= OUTPUT_BYTES + 100, "{}", many.out_bytes_max);
}

#[test]
fn a_message_that_cannot_be_read() {
    let large = b"x\r\n".repeat(100_000);
    let mut table = Table::logged_in(&[&large, b""]);
    table.broken_from = Some(0);
    assert_eq!(table.says("RETR 1\r\n").0, "-ERR [SYS/TEMP] The message cannot be read now\r\n");
    table.broken_from = Some(1);
    let (said, hung_up) = table.says("RETR 1\r\n");
    assert!(hung_up && !said.ends_with("\r\n.\r\n"));

    let mut empty = Table::logged_in(&[b""]);
    assert_eq!(empty.says("RETR 1\r\n").0, "+OK 0 octets\r\n.\r\n");
    assert_eq!(empty.says("TOP 1 1\r\n").0, "+OK Top of the message follows\r\n.\r\n");
}

#[test]
fn what_is_likely_next_is_read_ahead() {
    let mut table = Table::logged_in(&[ONE, TWO, ONE]);
    let mut ask = |says: &[u8]| {
        table.input.push(says);
        match table.session.turn(&mut table.input, &mut table.out, Time(0)) {
            Turn::Ask(Question::Read { blob, from, length, ahead }) => {
                let answer = table.answer(Question::Read { blob, from, length, ahead: Vec::new() });
                table.session.answer(answer, &mut table.out, Time(0));
                table.session.turn(&mut table.input, &mut table.out, Time(0));
                ahead
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(b"TOP 1 0\r\n"), []);
    assert_eq!(ask(b"RETR 1\r\n"), [BlobId(1), BlobId(2)]);
    assert_eq!(ask(b"DELE 3\r\nRETR 2\r\n"), []);
    assert_eq!(ask(b"RETR 1\r\n"), []);
}

#[test]
fn goodbyes() {
    for (why, expected) in [
        (Goodbye::Timeout, ""),
        (Goodbye::ServiceStops, "-ERR [SYS/TEMP] The service is stopping\r\n"),
        (Goodbye::Ended, "-ERR [SYS/TEMP] The session was ended by an administrator\r\n"),
        (Goodbye::TooMany, "-ERR [SYS/TEMP] Too many connections\r\n"),
        (Goodbye::Blocked, "-ERR [SYS/TEMP] Your address is blocked for a while\r\n"),
        (Goodbye::Listed, "-ERR Your address is on the blacklist\r\n"),
    ] {
        let (mut table, mut out) = (Table::logged_in(&[ONE]), Vec::new());
        table.says("DELE 1\r\n");
        table.session.goodbye(why, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
        assert!(table.says("NOOP\r\n").1 && table.deleted.is_empty());
    }
}

#[test]
fn the_list_of_sessions_knows_who_and_what() {
    let mut table = Table::new(&[ONE]);
    assert_eq!(table.session.status().state, "authorization");
    table.says("USER alice\r\nPASS secret\r\n");
    let status = table.session.status();
    assert_eq!((status.user.as_deref(), status.state), (Some("alice@example.test"), "transaction"));
}

proptest! {
    #[test]
    fn no_bytes_make_a_session_panic(
        lines in proptest::collection::vec(
            prop_oneof![
                "(USER|PASS|RETR|TOP|LIST|UIDL|DELE|AUTH|STAT|RSET|CAPA|STLS|UTF8|NOOP|QUIT)( [0-9a-z=A-Z ]{0,8})?\r\n",
                Just("USER alice\r\nPASS secret\r\n".to_string()),
                Just("AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiYw==\r\n".to_string()),
                "\\PC{0,20}\n?",
            ],
            0..12,
        ),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut table = Table::new(&[ONE, TWO]);
        for line in lines {
            if table.says(&line).1 {
                return Ok(());
            }
        }
        table.says_bytes(&noise);
        table.input.close();
        prop_assert!(table.says("").1);
    }
}
