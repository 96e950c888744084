use super::{Action, Diagnostic, RETURNED_BYTES_MAX, Recipient, Report};
use crate::clock::Time;
use crate::message::{Kind, Outline, headers, transfer};

const ORIGINAL: &[u8] = b"From: alice@example.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
    Message-ID: <1@example.test>\r\n\r\nHello\r\n";

fn recipient(action: Action, status: &'static str) -> Recipient<'static> {
    let diagnostic = Some(Diagnostic::Remote { host: "mx.remote.example", reply: "550 5.1.1 No such user\r\nBcc: x" });
    Recipient { address: "bob@remote.example", original: None, action, status, diagnostic, last_attempt: None }
}

fn report<'a>(recipients: &'a [Recipient<'a>], original: &'a [u8]) -> Report<'a> {
    Report {
        host: "mx.example.test",
        message_id: "<n1@mx.example.test>",
        at: Time(1_057_056_757_000),
        to: "alice@example.test",
        envelope_id: Some("QQ314159"),
        arrived: Some(Time(1_057_056_700_000)),
        recipients,
        original,
        return_whole: true,
    }
}

struct Written {
    message: Vec<u8>,
    outline: Outline<'static>,
}

impl Written {
    fn new(report: &Report) -> Written {
        let message = report.write();
        Written { outline: Outline::of(&message), message }
    }

    /// Media type and body of one of the three parts.
    fn part(&self, index: usize) -> (String, String) {
        let Kind::Multipart(parts) = &self.outline.root.kind else { panic!("a multipart") };
        assert_eq!(parts.len(), 3);
        let part = &parts[index];
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let body = transfer::decode(&part.encoding, part.body.of(&self.message), usize::MAX);
        (format!("{}/{}", text(&part.media_type), text(&part.media_subtype)), text(&body))
    }

    /// What people read, without regard to where lines are folded.
    fn words(&self) -> String {
        self.part(0).1.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn field(&self, name: &str) -> String {
        let header = self.outline.root.header.of(&self.message);
        let field = headers::fields(header).find(|field| field.is(name)).expect("the field");
        String::from_utf8_lossy(&field.value()).into_owned()
    }
}

#[test]
fn a_failure() {
    let mut failed = recipient(Action::Failed, "5.1.1");
    failed.original = Some("rfc822;robert@remote.example");
    failed.last_attempt = Some(Time(1_057_056_757_000));
    let recipients = [failed];
    let written = Written::new(&report(&recipients, ORIGINAL));
    assert_eq!(written.field("From"), "\"Mail Delivery System\" <MAILER-DAEMON@mx.example.test>");
    assert_eq!(written.field("To"), "<alice@example.test>");
    assert_eq!(written.field("Subject"), "Not delivered: =?utf-8?q?Gr=C3=BC=C3=9Fe?=");
    assert_eq!(written.field("References"), "<1@example.test>");
    assert_eq!(written.field("Auto-Submitted"), "auto-replied");
    assert_eq!(written.field("MIME-Version"), "1.0");
    assert_eq!(written.field("Date"), "Tue, 1 Jul 2003 10:52:37 +0000");
    assert_eq!(written.outline.root.parameter("report-type"), Some(&b"delivery-status"[..]));
    assert_eq!(*written.outline.root.media_subtype, *b"report");

    assert!(written.message.is_ascii());
    assert_eq!(written.part(0).0, "text/plain");
    let human = written.words();
    assert!(human.contains("bob@remote.example There is"));
    assert!(human.contains("no such address"));
    assert!(human.contains("\"Grüße\""));
    assert!(human.contains("The server mx.remote.example answered: 550 5.1.1 No such user Bcc: x"));

    let expected = "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mx.example.test\r\n\
        Arrival-Date: Tue, 1 Jul 2003 10:51:40 +0000\r\n\r\n\
        Original-Recipient: rfc822; robert@remote.example\r\nFinal-Recipient: rfc822; bob@remote.example\r\n\
        Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.remote.example\r\n\
        Diagnostic-Code: smtp; 550 5.1.1 No such user Bcc: x\r\nLast-Attempt-Date: Tue, 1 Jul 2003 10:52:37 +0000\r\n";
    assert_eq!(written.part(1), ("message/delivery-status".to_owned(), expected.to_owned()));
    let Kind::Multipart(parts) = &written.outline.root.kind else { panic!("a multipart") };
    assert_eq!(parts[2].body.of(&written.message), ORIGINAL);
    assert!(matches!(parts[2].kind, Kind::Message { .. }));
}

#[test]
fn every_action_says_what_it_is() {
    let until = Some(Time(1_057_456_757_000));
    let check = |action: Action, status: &'static str, subject: &str, word: &str, field: &str| {
        let recipients = [recipient(action, status)];
        let written = Written::new(&report(&recipients, ORIGINAL));
        assert!(written.field("Subject").starts_with(subject), "{subject}");
        assert!(written.words().contains(word), "{}", written.words());
        assert!(written.part(1).1.contains(field), "{}", written.part(1).1);
    };
    check(Action::Failed, "5.2.2", "Not delivered:", "mailbox is full", "Action: failed\r\n");
    check(Action::Delayed { until }, "4.4.1", "Delayed:", "need not send it again", "Action: delayed\r\n");
    check(Action::Delayed { until }, "4.4.1", "Delayed:", "We try until Sun", "Will-Retry-Until: Sun");
    check(Action::Delivered, "2.1.5", "Delivered:", "was delivered to the mailbox of", "Action: delivered\r\n");
    check(Action::Relayed, "2.1.9", "Handed on:", "does not confirm deliveries", "Action: relayed\r\n");
    check(Action::Expanded, "2.1.5", "Handed on:", "the members of", "Action: expanded\r\n");
}

#[test]
fn several_recipients() {
    let mut local = recipient(Action::Delivered, "2.1.5");
    local.diagnostic = Some(Diagnostic::Local("in the mailbox"));
    let recipients = [local, recipient(Action::Failed, "5.7.1"), recipient(Action::Failed, "5.1.1")];
    let written = Written::new(&report(&recipients, ORIGINAL));
    let human = written.words();
    assert_eq!(human.matches("bob@remote.example").count(), 3);
    assert!(human.find("could not be delivered").expect("failures") < human.find("was delivered").expect("the other"));
    let machine = written.part(1).1;
    assert_eq!(machine.matches("\r\n\r\nFinal-Recipient").count(), 3);
    assert!(machine.contains("Diagnostic-Code: x-mailstead; in the mailbox\r\n"));
}

#[test]
fn what_is_returned() {
    let long = [ORIGINAL, &vec![b'x'; RETURNED_BYTES_MAX]].concat();
    let utf8 = b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\nHello\r\n";
    let check = |original: &[u8], action: Action, return_whole: bool, media: &str| {
        let recipients = [recipient(action, "2.0.0")];
        let report = Report { return_whole, ..report(&recipients, original) };
        let written = Written::new(&report);
        let (found, body) = written.part(2);
        assert_eq!(found, media);
        assert_eq!(body.contains("Hello"), return_whole && action == Action::Failed && original.len() < 1_000);
    };
    check(ORIGINAL, Action::Failed, true, "message/rfc822");
    check(ORIGINAL, Action::Failed, false, "text/rfc822-headers");
    check(ORIGINAL, Action::Delivered, true, "text/rfc822-headers");
    check(&long, Action::Failed, true, "text/rfc822-headers");
    check(utf8, Action::Failed, true, "message/global");
    check(utf8, Action::Failed, false, "message/global-headers");
    check(b"", Action::Failed, false, "text/rfc822-headers");
}

#[test]
fn addresses_that_are_not_ascii() {
    let mut failed = recipient(Action::Failed, "5.1.1");
    failed.address = "jörg@remote.example";
    failed.original = Some("utf-8;jörg@remote.example");
    let recipients = [failed];
    let written = Written::new(&report(&recipients, ORIGINAL));
    let (media, machine) = written.part(1);
    assert_eq!(media, "message/global-delivery-status");
    assert!(machine.contains("Original-Recipient: utf-8; jörg@remote.example\r\n"));
    assert!(machine.contains("Final-Recipient: utf-8; jörg@remote.example\r\n"));
    assert_eq!(written.field("Content-Transfer-Encoding"), "8bit");
}

#[test]
fn nothing_breaks_out() {
    let recipients = [recipient(Action::Failed, "5.1.1\r\nX: y")];
    let original = b"Subject: a\r\n\r\n--=_report_f61d7e1508_0\r\n--=_report_f61d7e1508_1\r\n";
    let mut report = report(&recipients, original);
    report.host = "mx\r\n\r\nevil";
    report.to = "a@b>\r\nBcc: <c@d";
    let written = Written::new(&report);
    written.part(2);
    assert!(!headers::has(&written.message, "Bcc"));
    assert!(!written.part(1).1.contains("\r\nX: y"));
    let boundary = written.outline.root.parameter("boundary").expect("a boundary");
    assert!(boundary.ends_with(b"_2"), "{}", String::from_utf8_lossy(boundary));
    assert!(written.message.split(|byte| *byte == b'\n').all(|line| line.len() < 999));
}
