//! URLFETCH of URLs whose tokens are right, and of those that are not (RFC 4467, RFC 5524).

use super::super::urlauth::token;
use super::*;

/// What URLFETCH by alice at the epoch tells of a URL that is authorized, or of one that is changed after that.
fn told(rump: &str, parameters: &str, change: impl FnOnce(String) -> String) -> String {
    let mut talk = Talk::new(House::new(3, MESSAGE.len() as u32), PlaintextAuth::Always);
    talk.hear(b"a LOGIN alice@example.test secret\r\n");
    talk.said.clear();
    let url = change(format!("{rump}:INTERNAL:{}", token(&ACCESS_KEY, rump)));
    let argument = if parameters.is_empty() { format!("\"{url}\"") } else { format!("(\"{url}\" {parameters})") };
    talk.hear(format!("b URLFETCH {argument}\r\n").as_bytes());
    let said = String::from_utf8_lossy(&talk.said).into_owned();
    said.replace(&format!("* URLFETCH \"{url}\""), "").replace("b OK URLFETCH completed\r\n", "").trim().to_string()
}

#[test]
fn what_is_granted_is_told() {
    let message = "imap://alice@example.test@h/INBOX/;UID=1";
    for (rest, parameters, expected) in [
        ("/;SECTION=TEXT;URLAUTH=anonymous", "", "{6}\r\nxxxxxx"),
        (";URLAUTH=authuser", "BODY", "(BODY {41}"),
        ("/;SECTION=TEXT/;PARTIAL=1.2;URLAUTH=user+ALICE%40example.test", "", "{2}\r\nxx"),
        ("/;SECTION=1;EXPIRE=1970-01-01T00:00:00Z;URLAUTH=anonymous", "BINARY", "(BINARY ~{6}\r\nxxxxxx)"),
        (
            "/;SECTION=1;URLAUTH=anonymous",
            "BINARY BODYPARTSTRUCTURE",
            "(BODYPARTSTRUCTURE (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"binary\" 6 0 NIL NIL NIL NIL)) \
             (BINARY ~{6}\r\nxxxxxx)",
        ),
        (
            "/;SECTION=1;URLAUTH=anonymous",
            "BODYPARTSTRUCTURE",
            "(BODYPARTSTRUCTURE (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 1 NIL NIL NIL NIL))",
        ),
        ("/;SECTION=HEADER;URLAUTH=anonymous", "BINARY", "(BINARY {35}"),
    ] {
        let said = told(&format!("{message}{rest}"), parameters, |url| url);
        assert!(said.starts_with(expected), "{rest}: {said}");
    }
}

#[test]
fn what_is_not_granted_is_nil() {
    let message = "imap://alice%40example.test@h/INBOX/;UID=1";
    for rest in [
        ";URLAUTH=user+bob%40example.test",
        ";URLAUTH=submit+alice%40example.test",
        ";EXPIRE=1969-12-31T23:59:59Z;URLAUTH=user+bob%40example.test",
        "/;SECTION=7;URLAUTH=anonymous",
    ] {
        assert_eq!(told(&format!("{message}{rest}"), "", |url| url), "NIL", "{rest}");
    }
    let granted = format!("{message};URLAUTH=anonymous");
    assert_ne!(told(&granted, "", |url| url), "NIL");
    for (from, to) in [
        (";UID=1", ";UID=2"),
        ("INBOX", "Sent"),
        ("anonymous", "authuser"),
        ("INTERNAL", "XSAMPLE"),
        (":01", ":02"),
        ("alice", "bob"),
    ] {
        assert_eq!(told(&granted, "BINARY", |url| url.replacen(from, to, 1)), "NIL", "{from} became {to}");
    }
}
