//! Scripts, messages and the plans they come to.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use mailstead_storage::{Result, Time};
use proptest::prelude::*;

use super::super::{Edit, Failure, Mail, Place, Plan, Script, Surroundings};
use crate::message::{Outline, Range};

const MESSAGE: &str = "Received: from a by b; Tue, 1 Jul 2003 12:00:00 +0200\r\n\
    Received: from c by d; Mon, 30 Jun 2003 23:30:00 -0700\r\n\
    From: \"Bob B.\" <bob+shop@remote.test>\r\n\
    To: Alice <alice@example.test>, team: carol@example.test;\r\n\
    Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= [acme-users] hello\r\n\
    Date: Tue, 1 Jul 2003 10:52:37 +0200\r\n\
    Message-ID: <1@remote.test>\r\n\
    X-Spam-Score: 7.5\r\n\
    X-Empty:\r\n\
    Content-Type: multipart/alternative; boundary=b\r\n\
    \r\n\
    preamble\r\n\
    --b\r\n\
    Content-Type: text/plain; charset=iso-8859-1\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\
    \r\n\
    Viele Gr=FC=DFe\r\n\
    --b\r\n\
    Content-Type: text/html\r\n\
    \r\n\
    <b>win money</b>\r\n\
    --b--\r\n";

struct Room<'m> {
    message: &'m [u8],
    known: HashSet<String>,
}

impl Surroundings for Room<'_> {
    fn read(&self, range: Range) -> Result<Vec<u8>> {
        Ok(range.of(self.message).to_vec())
    }

    fn has_mailbox(&self, name: &str) -> Result<bool> {
        Ok(["INBOX", "Lists"].contains(&name))
    }

    fn has_special_use(&self, mailbox: Option<&str>, special_use: &str) -> Result<bool> {
        Ok(special_use == "\\Junk" && mailbox.is_none_or(|mailbox| mailbox == "Spam"))
    }

    fn remembers(&self, key: &str) -> Result<bool> {
        Ok(self.known.contains(key))
    }
}

fn run_on(script: &Script, message: &[u8]) -> std::result::Result<Plan, Failure> {
    let outline = Outline::of(message);
    let mail = Mail {
        reverse_path: "bounce+x@remote.test",
        recipient: "alice+News@example.test",
        header: outline.root.header.of(message),
        outline: &outline,
        size: message.len() as u64,
        now: Time(1_057_056_757_123),
        zone: &TimeZone::UTC,
    };
    let known = HashSet::from(["duplicate\0\0message-id:<1@remote.test>".to_owned()]);
    script.run(&mail, &Room { message, known })
}

fn run(body: &str) -> std::result::Result<Plan, String> {
    let all: Vec<String> = super::super::EXTENSIONS.iter().map(|name| format!("\"{name}\"")).collect();
    let script = Script::compile(&format!("require [{}];\r\n{body}", all.join(",")));
    let plan = run_on(&script.expect(body), MESSAGE.as_bytes());
    plan.map_err(|failure| match failure {
        Failure::Script(fault) => fault.what,
        Failure::Storage(error) => error.to_string(),
    })
}

/// A plan in a few words.
fn words(plan: &Plan) -> String {
    let mut words = Vec::new();
    for filing in &plan.filings {
        let flags = if filing.flags.is_empty() { String::new() } else { format!(" ({})", filing.flags.join(" ")) };
        let edits = if filing.edits == 0 { String::new() } else { format!(" edited {}", filing.edits) };
        words.push(match &filing.place {
            Place::Keep => format!("keep{flags}{edits}"),
            Place::Mailbox { name, create, special_use } => {
                let create = if *create { " create" } else { "" };
                let special_use = special_use.as_ref().map(|name| format!(" or {name}")).unwrap_or_default();
                format!("into {name}{special_use}{create}{flags}{edits}")
            }
        });
    }
    words.extend(plan.redirects.iter().map(|redirect| format!("to {}", redirect.address)));
    words.extend(plan.rejection.iter().map(|reason| format!("reject {reason}")));
    words.extend(plan.vacation.iter().map(|vacation| format!("answer {}", vacation.reason)));
    words.extend(plan.edits.iter().map(|edit| match edit {
        Edit::Add { name, value, last } => format!("add {name}={value}{}", if *last { " last" } else { "" }),
        Edit::Delete { name, skip } => format!("delete {name} {skip}"),
    }));
    words.extend(plan.memories.iter().map(|memory| memory.key.replace('\0', "|")));
    words.join(", ")
}

fn check(body: &str, expected: &str) {
    assert_eq!(run(body).map(|plan| words(&plan)), Ok(expected.to_owned()), "{body}");
}

fn holds(test: &str, expected: bool) {
    check(&format!("if {test} {{ discard; }}"), if expected { "" } else { "keep" });
}

#[test]
fn actions_and_the_implicit_keep() {
    check("", "keep");
    check("keep;", "keep");
    check("discard;", "");
    check("discard; keep;", "keep");
    check("stop; discard;", "keep");
    check("if true { stop; } discard;", "keep");
    check("if false { discard; } elsif true { stop; } else { discard; }", "keep");
    check("if anyof (false, false) { keep; } else { discard; }", "");
    check("fileinto \"Lists\";", "into Lists");
    check("fileinto :copy \"Lists\";", "into Lists, keep");
    check("fileinto \"Lists\"; fileinto \"Lists\";", "into Lists");
    check("fileinto :create :specialuse \"\\\\Junk\" \"Spam\";", "into Spam or \\Junk create");
    check("redirect \"x@y.test\";", "to x@y.test");
    check("redirect :copy \"x@y.test\"; redirect :copy \"X@Y.test\";", "keep, to x@y.test");
    check("reject \"no\";", "reject no");
    check("ereject text:\r\nno\r\n.\r\n;", "reject no\r\n");
    check("vacation \"away\";", "keep, answer away");
    check("setflag [\"\\\\Seen \\\\Flagged\", \"\\\\seen\"]; keep;", "keep (\\Seen \\Flagged)");
    check("addflag \"a\"; addflag \"b\"; removeflag \"A\"; fileinto \"x\";", "into x (b)");
    check("addflag \"a\"; keep :flags \"b c\";", "keep (b c)");
    check("setflag \"v\" \"a\"; addflag \"v\" \"b\"; keep :flags \"${v}\";", "keep (a b)");
    check("addflag \"a\";", "keep (a)");
}

#[test]
fn tests_on_the_header() {
    holds("true", true);
    holds("not true", false);
    holds("allof (true, not false, anyof (false, true))", true);
    holds("size :over 100", true);
    holds("size :under 1K", true);
    holds("size :over 1M", false);
    holds("exists [\"from\", \"X-SPAM-score\"]", true);
    holds("exists [\"from\", \"x-none\"]", false);
    holds("header :contains \"subject\" \"GRÜßE\"", false);
    holds("header :contains \"subject\" \"grüße [ACME\"", true);
    holds("header :comparator \"i;unicode-casemap\" :contains \"subject\" \"GRÜßE\"", true);
    holds("header :matches \"subject\" \"*[*]*\"", true);
    holds("header :is \"subject\" \"hello\"", false);
    holds("header :is \"x-empty\" \"\"", true);
    holds("header :is \"x-none\" \"\"", false);
    holds("header :is [\"x-none\", \"message-id\"] [\"a\", \"<1@remote.test>\"]", true);
    holds("header :count \"eq\" \"received\" \"2\"", true);
    holds("header :value \"gt\" :comparator \"i;ascii-numeric\" \"x-spam-score\" \"5\"", true);
    holds("header :index 1 :contains \"received\" \"from a\"", true);
    holds("header :index 1 :last :contains \"received\" \"from a\"", false);
    holds("header :index 2 :last :contains \"received\" \"from a\"", true);
    holds("header :index 3 :last :contains \"received\" \"from a\"", false);
}

#[test]
fn tests_on_addresses() {
    holds("address \"from\" \"bob+shop@remote.test\"", true);
    holds("address :localpart \"from\" \"bob+shop\"", true);
    holds("address :domain \"from\" \"REMOTE.test\"", true);
    holds("address :user \"from\" \"bob\"", true);
    holds("address :detail \"from\" \"shop\"", true);
    holds("address :all :contains [\"to\", \"cc\"] \"carol\"", true);
    holds("address :count \"eq\" \"to\" \"2\"", true);
    holds("address \"subject\" \"hello\"", false);
    holds("address :comparator \"i;octet\" :domain \"from\" \"REMOTE.test\"", false);
    holds("envelope \"from\" \"bounce+x@remote.test\"", true);
    holds("envelope :detail \"to\" \"news\"", true);
    holds("envelope :user [\"from\", \"to\"] \"alice\"", true);
    holds("envelope :domain \"to\" \"remote.test\"", false);
}

#[test]
fn tests_on_the_body() {
    holds("body :contains \"Grüße\"", true);
    holds("body :text :contains \"money\"", true);
    holds("body :raw :contains \"Gr=FC\"", true);
    holds("body :raw :contains \"Subject\"", false);
    holds("body :contains \"preamble\"", false);
    holds("body :content \"text/html\" :contains \"money\"", true);
    holds("body :content \"text/plain\" :contains \"money\"", false);
    holds("body :content \"text\" :matches \"*win*\"", true);
    holds("body :content \"image\" :contains \"\"", false);
}

#[test]
fn tests_on_dates_and_places() {
    holds("date \"date\" \"date\" \"2003-07-01\"", true);
    holds("date \"date\" \"hour\" \"08\"", true);
    holds("date :originalzone \"date\" \"hour\" \"10\"", true);
    holds("date :zone \"-0500\" \"date\" \"hour\" \"03\"", true);
    holds("date :index 2 :originalzone \"received\" \"iso8601\" \"2003-06-30T23:30:00-07:00\"", true);
    holds("date \"received\" \"time\" \"10:00:00\"", true);
    holds("date \"x-none\" \"hour\" \"08\"", false);
    holds("currentdate :value \"ge\" \"date\" \"2003-07-01\"", true);
    holds("currentdate \"weekday\" \"2\"", true);
    holds("mailboxexists [\"INBOX\", \"Lists\"]", true);
    holds("mailboxexists [\"INBOX\", \"x\"]", false);
    holds("specialuse_exists \"\\\\Junk\"", true);
    holds("specialuse_exists \"INBOX\" \"\\\\Junk\"", false);
    holds("hasflag \"\\\\Seen\"", false);
    check("addflag \"\\\\Seen a\"; if hasflag :contains \"SEE\" { discard; }", "");
    check("if duplicate { discard; }", "");
    check("if duplicate :last { discard; }", "duplicate||message-id:<1@remote.test>");
    check("if duplicate :uniqueid \"x\" { discard; }", "keep, duplicate||x");
    check("if duplicate :header \"x-none\" { discard; }", "keep");
    check("if duplicate :handle \"h\" { discard; }", "keep, duplicate|h|message-id:<1@remote.test>");
}

#[test]
fn variables_and_wildcards() {
    check("if header :matches \"subject\" \"*[*] *\" { fileinto \"L/${2}/${3}${4}\"; }", "into L/acme-users/hello");
    check("set \"a\" \"x\"; set \"b\" \"${A}y${none}\"; fileinto \"${b}\";", "into xy");
    check("set :upper \"a\" \"straße\"; fileinto \"${a}\";", "into STRAßE");
    check("set :lower :upperfirst \"a\" \"JOHN\"; fileinto \"${a}\";", "into John");
    check("set :length \"a\" \"straße\"; fileinto \"${a}\";", "into 6");
    check("set :quotewildcard \"a\" \"a*b\"; if string :matches \"a*b\" \"${a}\" { discard; }", "");
    check("set :quotewildcard \"a\" \"a*b\"; if string :matches \"axb\" \"${a}\" { discard; }", "keep");
    check("set \"a\" \"x\"; if string \"${a}\" [\"y\", \"x\"] { discard; }", "");
    check("fileinto \"${unknown form}${\";", "into ${unknown form}${");
    check("fileinto \"${hex: 41 42}${unicode:fc}\";", "into ABü");
    check("if header :matches \"from\" \"*<*@*\" { redirect \"${2}@y.test\"; }", "to bob+shop@y.test");
}

#[test]
fn edits_of_the_header() {
    check("addheader \"X-A\" \"b\"; keep;", "keep edited 1, add X-A=b");
    check("addheader \"X-A\" \"b\"; if header \"x-a\" \"b\" { discard; }", "add X-A=b");
    check("fileinto :copy \"a\"; deleteheader \"Subject\";", "into a, keep edited 1, delete Subject 0");
    check("deleteheader \"subject\"; if exists \"subject\" { discard; }", "keep edited 1, delete subject 0");
    check("deleteheader :contains \"subject\" \"nothing\";", "keep");
    check("deleteheader \"Received\"; addheader \"Return-Path\" \"x\";", "keep");
    check(
        "addheader :last \"X\" \"1\"; addheader :last \"X\" \"2\"; deleteheader \"X\" [\"1\", \"2\"];",
        "keep edited 4, add X=1 last, add X=2 last, delete X 1, delete X 0",
    );
    check(
        "addheader :last \"X\" \"1\"; addheader :last \"X\" \"2\"; deleteheader :index 2 \"X\";",
        "keep edited 3, add X=1 last, add X=2 last, delete X 1",
    );
}

#[test]
fn faults() {
    let fails = |body: &str, expected: &str| assert_eq!(run(body), Err(expected.to_owned()), "{body}");
    fails("reject \"a\"; keep;", "a message that is rejected goes nowhere else");
    fails("fileinto \"a\"; reject \"b\";", "a message that has gone somewhere cannot be rejected");
    fails("vacation \"a\"; vacation \"b\";", "a message is answered by one \"vacation\" only");
    fails("fileinto \"${none}\";", "\"\" is no name of a mailbox");
    fails("redirect \"${1}x\";", "\"x\" is no mail address");
    let many =
        |command: &str, count: usize| (0..count).map(|n| command.replace('#', &n.to_string())).collect::<String>();
    fails(&many("redirect \"a#@b.test\";", 11), "more than 10 redirects for one message");
    fails(&many("fileinto \"a#\";", 33), "more than 32 actions for one message");
    fails(&many("set \"a#\" \"b\";", 129), "too many variables");
    fails(&many("addheader \"a#\" \"b\";", 65), "more than 64 changes to one header");
    let doubled = format!("set \"a\" \"xxxxxxxx\";{}", "set \"a\" \"${a}${a}\";".repeat(12));
    let slow = format!("{doubled}{}", "if string :matches \"${a}\" \"*x*x*x*y\" { stop; }".repeat(1200));
    fails(&slow, "the script does too much");
}

/// Pieces that scripts are made of, so that many of those made up are scripts.
fn a_script() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("if "),
        Just("header "),
        Just(":matches "),
        Just(":contains "),
        Just("\"subject\" "),
        Just("\"*a?\" "),
        Just("{"),
        Just("}"),
        Just(";"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just(","),
        Just("keep"),
        Just("fileinto "),
        Just("\"x${1}\""),
        Just("require "),
        Just("\"variables\""),
        Just("\"fileinto\""),
        Just("not "),
        Just("allof"),
        Just("true"),
        Just("set "),
        Just("\"a\" "),
        Just("text:\r\nx\r\n.\r\n"),
        Just("3K "),
        Just("ü"),
        Just("body "),
        Just(":raw "),
        Just("discard"),
        Just("redirect "),
        Just("elsif "),
        Just("else "),
        Just("size :over "),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_and_no_message_is_too_much(text in "\\PC{0,200}", made in a_script(), message: Vec<u8>) {
        for script in [&text, &made] {
            if let Ok(script) = Script::compile(script) {
                let _ = run_on(&script, &message);
                let _ = run_on(&script, MESSAGE.as_bytes());
            }
        }
    }
}
