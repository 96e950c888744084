//! AUTH, and what it opens.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mailstead_storage::{AccountId, Provenance};

use super::{Talk, check};
use crate::people::PlaintextAuth;
use crate::protocol::smtp::Service;

#[test]
fn submission_asks_for_a_login() {
    let check = |lines: &str, codes: &str| check(Service::Submission, lines, codes);
    check("MAIL FROM:<>\nVRFY a\nBDAT 1\nxDATA\n", "530 530 530 530");
    check("AUTH PLAIN\nAUTH LOGIN\n", "538 538");
    check("AUTH SCRAM-SHA-256\n*\n", "334 501");
    check("AUTH SCRAM-SHA-256\n!\n", "334 501");
    check("AUTH SCRAM-SHA-256 =\n", "501");
    let with_plain = |lines: &str, codes: &str| {
        let mut talk = Talk::with(Service::Submission, |settings| {
            settings.plaintext_auth = PlaintextAuth::Always;
        });
        talk.hear(format!("EHLO c\n{lines}").replace('\n', "\r\n").as_bytes());
        assert_eq!(talk.codes(), format!("220 250 {codes}"), "{lines}");
        talk
    };
    // alice@example.test with the right password, and with a wrong one
    let (right, wrong) = ("AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ=", "AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZw==");
    let mail = "MAIL FROM:<bob@example.test>\nMAIL FROM:<alice@example.test>\nRCPT TO:<x@elsewhere.test>\nDATA\n.\n";
    let talk = with_plain(&format!("AUTH PLAIN {right}\nAUTH PLAIN\n{mail}"), "235 503 553 250 250 354 250");
    assert_eq!(talk.accepted[0].0.provenance, Provenance::Submitted(AccountId(1)));
    assert!(talk.received.contains("with ESMTPA\r\n"));
    with_plain(&format!("AUTH PLAIN\n{right}\nNOOP\n"), "334 235 250");
    with_plain("AUTH LOGIN\nYWxpY2VAZXhhbXBsZS50ZXN0\nc2VjcmV0\n", "334 334 235");
    let talk = with_plain(&format!("AUTH PLAIN {wrong}\n").repeat(4), "535 535 535 421");
    assert!(talk.closed);
}

/// What the server has said last, decoded.
fn challenge(talk: &Talk) -> String {
    let line = talk.said.lines().last().and_then(|line| line.strip_prefix("334 ")).expect("a challenge");
    String::from_utf8(BASE64.decode(line).expect("base64")).expect("text")
}

/// The client's side of RFC 5802 §3 with this password: its proof, and what the server must prove.
fn scram(password: &str, first_bare: &str, server_first: &str) -> (String, String) {
    let field = |name: &str| server_first.split(',').find_map(|field| field.strip_prefix(name)).expect("a field");
    let salt = BASE64.decode(field("s=")).expect("base64");
    let iterations: NonZeroU32 = field("i=").parse().expect("a number");
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut salted);
    let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    let client_key = sign(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let last_bare = format!("c=biws,r={}", field("r="));
    let auth_message = format!("{first_bare},{server_first},{last_bare}");
    let signature = sign(stored_key.as_ref(), auth_message.as_bytes());
    let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect();
    let server_signature = sign(sign(&salted, b"Server Key").as_ref(), auth_message.as_bytes());
    (format!("{last_bare},p={}", BASE64.encode(proof)), format!("v={}", BASE64.encode(server_signature)))
}

#[test]
fn scram_proves_both_sides_without_sending_the_password() {
    for (password, code) in [("secret", "235"), ("wrong", "535")] {
        let mut talk = Talk::new(Service::Submission);
        let first_bare = "n=alice@example.test,r=rOprNGfwEbeRWgbNEkqO";
        let first = BASE64.encode(format!("n,,{first_bare}"));
        talk.hear(format!("EHLO c\r\nAUTH SCRAM-SHA-256 {first}\r\n").as_bytes());
        let (proof, server_proof) = scram(password, first_bare, &challenge(&talk));
        talk.hear(format!("{}\r\n", BASE64.encode(proof)).as_bytes());
        if password == "secret" {
            assert_eq!(challenge(&talk), server_proof);
            talk.hear(b"\r\n");
        }
        assert_eq!(talk.codes().split(' ').next_back(), Some(code));
    }
}
