//! Whole sessions against a house of a few lines.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use mailstead_storage::{ScramVerifier, ScriptEntry};
use proptest::prelude::*;

use super::*;
use crate::clock::Time;
use crate::net::{Goodbye, Input, Session, Turn};
use crate::people::{Denied, PlaintextAuth};

static VERIFIER: LazyLock<ScramVerifier> = LazyLock::new(|| crate::people::credentials("secret").1);

/// A client that says what it is told to and a house with one user, `alice` with `secret`.
struct Table {
    session: ManageSieveSession,
    input: Input,
    scripts: BTreeMap<String, String>,
}

impl Table {
    fn new(plaintext_auth: PlaintextAuth) -> Table {
        let settings = ManageSieveSettings { errors_max: 3, plaintext_auth, ..ManageSieveSettings::default() };
        let client = IpAddr::from([127, 0, 0, 1]);
        let session = ManageSieveSession::new(Arc::new(settings), "mx.example.test".into(), client, false);
        Table { session, input: Input::default(), scripts: BTreeMap::new() }
    }

    /// Says something and returns what comes back; `<` at the end when the session hung up.
    fn says(&mut self, bytes: &[u8]) -> String {
        self.input.push(bytes);
        let mut out = Vec::new();
        loop {
            match self.session.turn(&mut self.input, &mut out, Time(0)) {
                Turn::Read { .. } => break,
                Turn::HangUp => {
                    out.push(b'<');
                    break;
                }
                Turn::StartTls => {
                    self.input.clear();
                    self.session.secured("TLSv1.3");
                }
                Turn::Ask(question) => {
                    let answer = self.answer(question);
                    self.session.answer(answer, &mut out, Time(0));
                }
                Turn::Flush => {}
                Turn::Idle { .. } | Turn::Compress => panic!("ManageSieve never idles nor compresses"),
            }
            assert!(out.len() < 1 << 20, "it says the same again and again");
        }
        String::from_utf8(out).expect("UTF-8").replace("\r\n", "|")
    }

    fn answer(&mut self, question: Question) -> Answer {
        let missing = |name: &str| No { why: Why::NonExistent, text: name.to_owned() };
        match question {
            Question::LogIn { user, password } => Answer::LoggedIn(match (user.as_str(), password.0.as_str()) {
                ("alice", "secret") => Ok("alice@example.test".into()),
                ("carol", "secret") => Err(Denied::Disabled),
                ("away", _) => Err(Denied::Unavailable),
                _ => Err(Denied::Wrong),
            }),
            Question::Verifier { .. } => Answer::Verifier(VERIFIER.clone()),
            Question::ProofWrong { .. } => Answer::LoggedIn(Err(Denied::Wrong)),
            Question::Admit { .. } => Answer::LoggedIn(Ok("alice@example.test".into())),
            Question::List => {
                let entry = |name: &String| ScriptEntry { name: name.clone(), active: name == "on" };
                Answer::Scripts(Ok(self.scripts.keys().map(entry).collect()))
            }
            Question::Get { name } => Answer::Script(self.scripts.get(&name).cloned().ok_or_else(|| missing(&name))),
            Question::Put { name, text } => {
                self.scripts.insert(name, text);
                Answer::Done(Ok(()))
            }
            Question::Delete { name } => Answer::Done(match name.as_str() {
                "on" => Err(No { why: Why::Active, text: "active".into() }),
                _ => self.scripts.remove(&name).map(drop).ok_or_else(|| missing(&name)),
            }),
            Question::Check { text } if text.contains('?') => {
                Answer::Done(Err(No { why: Why::Wrong, text: "line 1\r\nline 2".into() }))
            }
            Question::HaveSpace { bytes, .. } if bytes > 100 => {
                Answer::Done(Err(No { why: Why::TooBig, text: "too big".into() }))
            }
            _ => Answer::Done(Ok(())),
        }
    }
}

fn plain(user: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("\0{user}\0{password}"))
}

fn logged_in() -> Table {
    let mut table = Table::new(PlaintextAuth::Loopback);
    let said = table.says(format!("AUTHENTICATE \"PLAIN\" \"{}\"\r\n", plain("alice", "secret")).as_bytes());
    assert!(said.ends_with("OK \"Logged in\"|"), "{said}");
    table
}

#[test]
fn greeting_and_tls() {
    let mut table = Table::new(PlaintextAuth::Never);
    let said = table.says(b"");
    assert!(said.starts_with("\"IMPLEMENTATION\" \"Mailstead\"|\"VERSION\" \"1.0\"|\"SIEVE\" \"fileinto "), "{said}");
    assert!(said.contains("|\"SASL\" \"SCRAM-SHA-256\"|\"STARTTLS\"|OK \"mx.example.test "), "{said}");
    let said = table.says(b"STARTTLS\r\nLOGOUT\r\n");
    assert!(said.starts_with("OK \"Begin TLS\"|\"IMPLEMENTATION\""), "{said}");
    assert!(said.contains("|\"SASL\" \"SCRAM-SHA-256 PLAIN\"|OK \"mx.") && !said.contains('<'), "{said}");
    assert_eq!(table.says(b"STARTTLS\r\n"), "NO \"TLS is active already\"|");
}

#[test]
fn logging_in() {
    fn check(says: &str, expected: &str) {
        let mut table = Table::new(PlaintextAuth::Loopback);
        table.says(b"");
        assert_eq!(table.says(says.as_bytes()), expected, "{says:?}");
    }
    let (right, wrong) = (plain("alice", "secret"), plain("alice", "x"));
    check(&format!("AUTHENTICATE \"plain\" \"{right}\"\r\n"), "OK \"Logged in\"|");
    check(&format!("AUTHENTICATE \"PLAIN\" {{{}+}}\r\n{right}\r\n", right.len()), "OK \"Logged in\"|");
    check(&format!("AUTHENTICATE \"PLAIN\"\r\n\"{right}\"\r\n"), "\"\"|OK \"Logged in\"|");
    check(&format!("AUTHENTICATE \"PLAIN\" \"{wrong}\"\r\n"), "NO \"User or password is wrong\"|");
    check(&format!("AUTHENTICATE \"PLAIN\" \"{}\"\r\n", plain("carol", "secret")), "NO \"The account is disabled\"|");
    check("AUTHENTICATE \"PLAIN\"\r\n\"*\"\r\n", "\"\"|NO \"Authentication cancelled\"|");
    check("AUTHENTICATE \"PLAIN\"\r\n\"?\"\r\n", "\"\"|NO \"Not base64\"|");
    check("AUTHENTICATE \"LOGIN\"\r\n", "NO \"Unknown mechanism\"|");
    check("AUTHENTICATE\r\n", "NO \"AUTHENTICATE needs a mechanism\"|");
    check("LISTSCRIPTS\r\n", "NO \"Log in first\"|");
    let three = format!("AUTHENTICATE \"PLAIN\" \"{wrong}\"\r\n").repeat(3);
    let no = "NO \"User or password is wrong\"|";
    check(&three, &format!("{no}{no}{no}BYE \"Too many wrong passwords\"|<"));
    let mut never = Table::new(PlaintextAuth::Never);
    never.says(b"");
    let said = never.says(format!("AUTHENTICATE \"PLAIN\" \"{right}\"\r\n").as_bytes());
    assert_eq!(said, "NO (ENCRYPT-NEEDED) \"Passwords are taken with TLS only: use STARTTLS first\"|");
    let first = BASE64_STANDARD.encode("n,,n=alice,r=abc");
    let said = never.says(format!("AUTHENTICATE \"SCRAM-SHA-256\" \"{first}\"\r\n").as_bytes());
    let challenge = BASE64_STANDARD.decode(said.trim_matches(['"', '|'])).expect("base64");
    assert!(challenge.starts_with(b"r=abc"));
}

#[test]
fn scripts() {
    let mut table = logged_in();
    for (says, expected) in [
        ("CAPABILITY\r\n", None),
        ("PUTSCRIPT \"on\" \"keep;\"\r\n", Some("OK \"Done\"|")),
        ("PUTSCRIPT \"a \\\"b\\\"\" {7+}\r\nkeep;\r\n\r\n", Some("OK \"Done\"|")),
        ("LISTSCRIPTS\r\n", Some("\"a \\\"b\\\"\"|\"on\" ACTIVE|OK \"That is all\"|")),
        ("GETSCRIPT \"on\"\r\n", Some("{5}|keep;|OK \"That is it\"|")),
        ("GETSCRIPT \"a \\\"b\\\"\"\r\n", Some("{7}|keep;||OK \"That is it\"|")),
        ("GETSCRIPT \"none\"\r\n", Some("NO (NONEXISTENT) \"none\"|")),
        ("DELETESCRIPT \"on\"\r\n", Some("NO (ACTIVE) \"active\"|")),
        ("DELETESCRIPT \"a \\\"b\\\"\"\r\n", Some("OK \"Done\"|")),
        ("CHECKSCRIPT \"?\"\r\n", Some("NO {14}|line 1|line 2|")),
        ("HAVESPACE \"x\" 100\r\n", Some("OK \"Done\"|")),
        ("HAVESPACE \"x\" 101\r\n", Some("NO (QUOTA/MAXSIZE) \"too big\"|")),
        ("SETACTIVE \"\"\r\n", Some("OK \"Done\"|")),
        ("RENAMESCRIPT \"on\" \"off\"\r\n", Some("OK \"Done\"|")),
        ("NOOP\r\n\r\n", Some("OK \"Nothing done\"|")),
        ("NOOP \"x\"\r\n", Some("OK (TAG \"x\") \"Nothing done\"|")),
        ("AUTHENTICATE \"PLAIN\"\r\n", Some("NO \"You are logged in already\"|")),
        ("UNAUTHENTICATE\r\nLISTSCRIPTS\r\n", Some("OK \"You are nobody now\"|NO \"Log in first\"|")),
        ("LOGOUT\r\n", Some("OK \"Bye\"|<")),
    ] {
        let said = table.says(says.as_bytes());
        match expected {
            Some(expected) => assert_eq!(said, expected, "{says:?}"),
            None => assert!(said.contains("\"OWNER\" \"alice@example.test\"|OK ") && !said.contains("SASL"), "{said}"),
        }
    }
}

#[test]
fn what_cannot_be_understood() {
    let mut table = logged_in();
    assert_eq!(table.says(b"FROB\r\n"), "NO \"Unknown command\"|");
    assert_eq!(table.says(b"\"x\"\r\n"), "NO \"A command is needed\"|");
    assert_eq!(table.says(b"NOOP \"\r\n"), "NO \"The command cannot be read\"|");
    assert_eq!(table.says(b"GETSCRIPT\r\n"), "BYE \"Too many bad commands\"|<");
    let mut table = logged_in();
    assert_eq!(table.says(b"PUTSCRIPT \"x\" {9999999999+}\r\n"), "BYE (QUOTA/MAXSIZE) \"Nothing may be that long\"|<");
    let mut out = Vec::new();
    logged_in().session.goodbye(Goodbye::ServiceStops, &mut out);
    assert_eq!(out, b"BYE (TRYLATER) \"The service is stopping\"\r\n");
}

proptest! {
    #[test]
    fn anything_may_be_said(says in "(AUTHENTICATE|PLAIN|NOOP|\"|\\{3\\+\\}|\r\n| |PUTSCRIPT|LOGOUT|\\*|a|=|ü|\\\\){0,60}", logged: bool) {
        let mut table = if logged { logged_in() } else { Table::new(PlaintextAuth::Loopback) };
        table.says(says.as_bytes());
    }
}
