//! Conversations with servers, as tables: what the server says, what the client answers.

use std::sync::Arc;
use std::time::Duration;

use mailstead_storage::{BodyKind, Notify, Ret};
use proptest::prelude::*;

use super::*;
use crate::net::Input;

const SECONDS: Duration = Duration::from_secs(1);

fn terms(tls: Tls) -> Terms {
    let patience = Patience { greeting: SECONDS, command: SECONDS, data: SECONDS, end: SECONDS };
    Terms { hello: "me.test".into(), tls, credentials: None, patience }
}

fn mail(recipients: &[&str]) -> Mail {
    let rcpt = |address: &&str| Rcpt { address: (*address).into(), notify: Notify::DEFAULT, original: None };
    Mail {
        reverse_path: "me@me.test".into(),
        recipients: recipients.iter().map(rcpt).collect(),
        size: 9,
        body: BodyKind::SevenBit,
        smtputf8: false,
        require_tls: false,
        ret: None,
        envelope_id: None,
    }
}

/// Speaks with a server that says `replies`, one after the other, each when the client waits. Returns what the client
/// said, and how it ended.
fn converse(terms: Terms, mail: Mail, replies: &[&str]) -> (String, String) {
    let mut session = ClientSession::new(Arc::new(terms));
    let (mut input, mut out, mut said, mut replies) = (Input::default(), Vec::new(), String::new(), replies.iter());
    let mut mail = Some(mail);
    loop {
        let turn = session.turn(&mut input, &mut out);
        said += &String::from_utf8(std::mem::take(&mut out)).expect("text");
        match turn {
            Turn::Read { .. } => match replies.next() {
                Some(reply) => input.push(reply.replace('|', "\r\n").as_bytes()),
                None => {
                    let lost = session.lost("it closed the connection").map(|report| report.answers.join(", "));
                    return (said, lost.unwrap_or_else(|| "lost".into()));
                }
            },
            Turn::StartTls => {
                input.clear();
                said += "(TLS)";
                session.secured(&mut out);
            }
            Turn::Piece => session.piece(b".a\r\nb\r\n.c", true, &mut out),
            Turn::Ready => match session.begin(mail.take().expect("one message"), &mut out) {
                Ok(()) => {}
                Err(refusal) => return (said, refusal),
            },
            Turn::Done(report) => return (said, report.answers.join(", ")),
            Turn::Failed(failure) => return (said, failure.answer()),
        }
    }
}

fn check(terms: Terms, mail: Mail, replies: &[&str], says: &str, ends: &str) {
    let (said, end) = converse(terms, mail, replies);
    assert_eq!(said.replace("\r\n", "|"), says, "{replies:?}");
    assert!(end.starts_with(ends), "{replies:?}: {end}");
}

#[test]
fn one_command_at_a_time() {
    check(
        terms(Tls::IfOffered),
        mail(&["a@x", "b@x"]),
        &["220 x|", "250 x|", "250 ok|", "250 ok|", "550 5.1.1 no|", "354 go|", "250 2.0.0 queued|"],
        "EHLO me.test|MAIL FROM:<me@me.test>|RCPT TO:<a@x>|RCPT TO:<b@x>|DATA|..a|b|..c|.|",
        "250 2.0.0 queued, 550 5.1.1 no",
    );
}

#[test]
fn a_group_and_chunks() {
    check(
        terms(Tls::Off),
        mail(&["a@x", "b@x"]),
        &["220 x|", "250-x|250-PIPELINING|250-SIZE 100|250 CHUNKING|", "250 ok|250 ok|250 ok|", "250 2.0.0 queued|"],
        "EHLO me.test|MAIL FROM:<me@me.test> SIZE=9|RCPT TO:<a@x>|RCPT TO:<b@x>|BDAT 9 LAST|.a|b|.c",
        "250 2.0.0 queued, 250 2.0.0 queued",
    );
}

#[test]
fn who_knows_no_ehlo_is_greeted_with_helo() {
    let said = "EHLO me.test|HELO me.test|MAIL FROM:<me@me.test>|";
    check(
        terms(Tls::IfOffered),
        mail(&["a@x"]),
        &["220 x|", "502 what|", "250 x|", "451 later|"],
        said,
        "451 4.0.0 later",
    );
}

#[test]
fn refusals() {
    let all = "250-x|250-PIPELINING|250 SIZE 8|";
    let begins = "EHLO me.test|";
    check(terms(Tls::Off), mail(&["a@x"]), &["554 5.7.1 go away|"], "", "554 5.7.1 go away");
    check(terms(Tls::Off), mail(&["a@x"]), &["220 x|", "421 4.3.2 busy|"], begins, "421 4.3.2 busy");
    check(terms(Tls::Off), mail(&["a@x"]), &["220 x|", all], begins, "552 5.3.4");
    check(terms(Tls::Off), mail(&["a@x"]), &["hello|"], "", "451 4.5.0");
    let requires = Mail { require_tls: true, ..mail(&["a@x"]) };
    check(terms(Tls::Off), requires, &["220 x|", "250 x|"], begins, "550 5.7.30");
    let utf8 = Mail { smtputf8: true, ..mail(&["ä@x"]) };
    check(terms(Tls::Off), utf8, &["220 x|", "250 x|"], begins, "550 5.6.7");
}

#[test]
fn what_the_server_does_in_the_middle() {
    let offers = "250-x|250 PIPELINING|";
    let group = "EHLO me.test|MAIL FROM:<me@me.test>|RCPT TO:<a@x>|RCPT TO:<b@x>|";
    let both = || mail(&["a@x", "b@x"]);
    let off = || terms(Tls::Off);
    check(
        off(),
        both(),
        &["220 x|", offers, "550 5.7.1 not you|503 first|503 first|"],
        group,
        "550 5.7.1 not you, 550 5.7.1",
    );
    check(off(), both(), &["220 x|", offers, "250 ok|451 4.2.1 a|550 5.1.1 b|"], group, "451 4.2.1 a, 550 5.1.1 b");
    check(off(), both(), &["220 x|", offers, "250 ok|550 5.1.1 a|421 4.3.2 bye|"], group, "550 5.1.1 a, 421 4.3.2 bye");
    check(off(), both(), &["220 x|", offers, "250 ok|550 5.1.1 a|"], group, "550 5.1.1 a, 451 4.4.2 it closed");
    let data = format!("{group}DATA|");
    check(off(), both(), &["220 x|", offers, "250 ok|250 ok|250 ok|", "554 no|"], &data, "554 5.0.0 no, 554 5.0.0 no");
    check(off(), both(), &["220 x|", offers, "250 ok|250 ok|250 ok|", "250 what|"], &data, "451 4.5.0 unexpected");
    let body = format!("{data}..a|b|..c|.|");
    let until_body = ["220 x|", offers, "250 ok|250 ok|250 ok|", "354 go|"];
    check(off(), both(), &until_body, &body, "451 4.4.2 it closed the connection, 451 4.4.2");
    let spam = [&until_body[..], &["550 5.7.1 spam|"]].concat();
    check(off(), both(), &spam, &body, "550 5.7.1 spam, 550 5.7.1 spam");
}

#[test]
fn tls() {
    let offers = "250-x|250 STARTTLS|";
    let starts = "EHLO me.test|STARTTLS|";
    check(terms(Tls::Required), mail(&["a@x"]), &["220 x|", "250 x|"], "EHLO me.test|", "451 4.7.10");
    check(terms(Tls::Required), mail(&["a@x"]), &["220 x|", offers, "454 4.7.0 not now|"], starts, "454 4.7.0 not now");
    let plain = format!("{starts}MAIL FROM:<me@me.test>|");
    check(terms(Tls::IfOffered), mail(&["a@x"]), &["220 x|", offers, "454 no|", "550 no|"], &plain, "550 5.0.0 no");
    let secured = format!("{starts}(TLS)EHLO me.test|MAIL FROM:<me@me.test> SIZE=9|");
    // What came behind the 220 is not believed.
    let injected = "220 go|250-x|250 DSN|";
    let replies = ["220 x|", offers, injected, "250-x|250 SIZE|", "550 no|"];
    check(terms(Tls::Required), mail(&["a@x"]), &replies, &secured, "550 5.0.0 no");
}

#[test]
fn logins() {
    let credentials = Some(Credentials { user: "u".into(), password: "p".into() });
    let with = |tls| Terms { credentials: credentials.clone(), ..terms(tls) };
    check(with(Tls::Off), mail(&["a@x"]), &["220 x|", "250-x|250 AUTH PLAIN|"], "EHLO me.test|", "451 4.7.10");
    let says = "EHLO me.test|AUTH PLAIN AHUAcA==|";
    let replies = ["220 x|", "250-x|250 AUTH PLAIN|", "535 5.7.8 wrong|"];
    check(with(Tls::Implicit), mail(&["a@x"]), &replies, says, "451 4.7.8 the login was refused: 535 5.7.8 wrong");
    let replies = ["220 x|", "250-x|250 AUTH PLAIN|", "235 ok|", "550 no|"];
    check(with(Tls::Implicit), mail(&["a@x"]), &replies, &format!("{says}MAIL FROM:<me@me.test>|"), "550 5.0.0 no");
    check(with(Tls::Implicit), mail(&["a@x"]), &["220 x|", "250 x|"], "EHLO me.test|", "451 4.7.0");
    // A server that believes anything has not proven that it knows the password.
    let (said, end) =
        converse(with(Tls::Implicit), mail(&["a@x"]), &["220 x|", "250-x|250 AUTH SCRAM-SHA-256|", "235 ok|"]);
    assert!(said.contains("AUTH SCRAM-SHA-256 ") && end.starts_with("451 4.5.0"), "{end}");
}

#[test]
fn parameters_go_on_to_those_who_know_them() {
    let notify = Notify { success: true, failure: true, delay: false };
    let mut with = mail(&["a@x"]);
    with.recipients[0] = Rcpt { address: "a@x".into(), notify, original: Some("rfc822;b+c@y".into()) };
    with = Mail { ret: Some(Ret::Headers), envelope_id: Some("q=1".into()), body: BodyKind::EightBit, ..with };
    let knows = "250-x|250-PIPELINING|250-8BITMIME|250 DSN|";
    check(
        terms(Tls::Off),
        with.clone(),
        &["220 x|", knows, "451 later|451 later|"],
        "EHLO me.test|MAIL FROM:<me@me.test> BODY=8BITMIME RET=HDRS ENVID=q+3D1|\
         RCPT TO:<a@x> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bc@y|",
        "451 4.0.0 later",
    );
    let says = "EHLO me.test|MAIL FROM:<me@me.test>|";
    check(terms(Tls::Off), with, &["220 x|", "250 x|", "451 later|"], says, "451 4.0.0 later");
}

#[test]
fn a_connection_is_used_again() {
    let mut session = ClientSession::new(Arc::new(terms(Tls::Off)));
    let (mut input, mut out) = (Input::default(), Vec::new());
    input.push(b"220 x\r\n250-x\r\n250 PIPELINING\r\n");
    assert!(matches!(session.turn(&mut input, &mut out), Turn::Ready));
    session.begin(mail(&["a@x"]), &mut out).expect("begins");
    input.push(b"250 ok\r\n550 no\r\n");
    assert!(matches!(session.turn(&mut input, &mut out), Turn::Done(Report { is_over: false, .. })));
    out.clear();
    assert!(matches!(session.turn(&mut input, &mut out), Turn::Ready));
    session.begin(mail(&["b@x"]), &mut out).expect("begins");
    assert!(out.starts_with(b"RSET\r\nMAIL"), "what the first left behind is cleared");
    input.push(b"250 ok\r\n250 ok\r\n250 ok\r\n");
    assert!(matches!(session.turn(&mut input, &mut out), Turn::Read { .. }));
}

proptest! {
    #[test]
    fn whatever_a_server_says_each_recipient_has_an_answer(
        replies in prop::collection::vec(prop::sample::select(vec![
            "220 x|", "250-x|250-PIPELINING|250 CHUNKING|", "250 ok|", "250-x|250 STARTTLS|", "354 go|", "334 eA==|",
            "235 ok|", "421 bye|", "451 later|", "550 no|", "250 ok|250 ok|550 no|", "x|", "2", "|", "250-", "250 ok|354 go|",
        ]), 0..12),
        tls in prop::sample::select(vec![Tls::Off, Tls::IfOffered, Tls::Required, Tls::Implicit]),
        login in any::<bool>(),
    ) {
        let credentials = login.then(|| Credentials { user: "u".into(), password: "p".into() });
        let (_, end) = converse(Terms { credentials, ..terms(tls) }, mail(&["a@x", "b@x"]), &replies);
        prop_assert!(end == "lost" || end.starts_with(['2', '4', '5']), "{}", end);
    }
}
