//! The checks as a whole, against a DNS that is a table.

mod arc;
mod known_answers;
mod spf_suite;

use std::sync::Arc;

use mailstead_storage::{KeyAlgorithm, KeyState, SigningKey, Time, Verdict};

use super::sender::Client;
use super::settings::Network;
use super::{AuthenticitySettings, BoxKey, Checks, Findings, Mode, Reason, Signers, key_pair};
use crate::dns::Fault;
use crate::dns::fake::Fake;

const HOST: &str = "mx.example.test";

fn settings() -> AuthenticitySettings {
    AuthenticitySettings { trusted: Vec::new(), ..AuthenticitySettings::default() }
}

fn client() -> Client {
    Client {
        address: [192, 0, 2, 1].into(),
        hello: "mail.sender.test".into(),
        reverse_path: "bounce@sender.test".into(),
    }
}

/// A DNS in which `192.0.2.1` may send for `sender.test`.
fn dns() -> Fake {
    Fake::default()
        .ptr("192.0.2.1", &["mail.sender.test"])
        .host("mail.sender.test", &["192.0.2.1"])
        .txt("mail.sender.test", &["v=spf1 a -all"])
        .txt("sender.test", &["v=spf1 mx -all"])
        .mx("sender.test", &["10 mail.sender.test"])
}

async fn find(settings: AuthenticitySettings, dns: Fake, client: Client, message: &str) -> (String, Findings) {
    let checks = Checks::new(settings, HOST.into(), Arc::new(dns));
    let mut check = checks.begin(client).expect("checked");
    assert!(check.may_hold(message.len()));
    let (message, findings) = check.finish(message.as_bytes().to_vec()).await;
    (String::from_utf8(message).expect("text"), findings)
}

/// A store with one domain that has keys, and who signs for it.
struct Domain {
    signers: Signers,
    keys: Vec<SigningKey>,
    _data: tempfile::TempDir,
}

async fn signing(domain: &str, algorithms: &[KeyAlgorithm]) -> Domain {
    use mailstead_storage::{Options, Silent, Store};
    let data = tempfile::tempdir().expect("folder");
    let store = Store::open(Options::new(data.path()), Arc::new(Silent)).expect("store");
    store.add_domain(domain, Time(0)).await.expect("added");
    let key = BoxKey::open(data.path()).expect("key");
    let mut row = (*store.directory().domains[domain]).clone();
    for (at, algorithm) in algorithms.iter().enumerate() {
        let made = key_pair::make(domain, &format!("s{at}"), *algorithm, &key, Time(0)).expect("made");
        row.signing_keys.push(SigningKey { state: KeyState::Active, ..made });
    }
    let keys = row.signing_keys.clone();
    store.update_domain(row).await.expect("written");
    Domain { signers: Signers::new(store, key), keys, _data: data }
}

impl Domain {
    fn publish(&self, dns: Fake, domain: &str) -> Fake {
        self.keys
            .iter()
            .fold(dns, |dns, key| dns.txt(&key_pair::record_name(domain, &key.selector), &[&key_pair::record(key)]))
    }

    fn sign(&self, author: &str, message: &str) -> String {
        let signer = self.signers.of(author, "").expect("keys open").expect("there are keys");
        format!("{}{message}", signer.sign(message.as_bytes()).expect("signed"))
    }
}

const MESSAGE: &str = "From: Ann <ann@sender.test>\r\nTo: bob@example.test\r\nSubject: Hi\r\nDate: Tue, 1 Jul 2003 10:52:37 \
                       +0000\r\n\r\nHello  you \r\n \r\n\r\n";

#[tokio::test]
async fn what_is_signed_here_is_good_there() {
    let keys = signing("sender.test", &[KeyAlgorithm::Rsa, KeyAlgorithm::Ed25519]).await;
    let signed = keys.sign("sender.test", MESSAGE);
    let dns = keys.publish(dns(), "sender.test").txt("_dmarc.sender.test", &["v=DMARC1; p=reject"]);
    let (message, findings) = find(settings(), dns, client(), &signed).await;
    assert_eq!(message, signed);
    let field = &findings.field;
    assert!(field.starts_with("Authentication-Results: mx.example.test;") && field.ends_with("\r\n"), "{field}");
    for part in [
        "iprev=pass policy.iprev=192.0.2.1",
        "dkim=pass header.d=sender.test header.s=s0",
        "dkim=pass header.d=sender.test header.s=s1",
        "smtp.mailfrom=bounce@sender.test",
        "smtp.helo=mail.sender.test",
        "dmarc=pass header.from=sender.test policy.dmarc=reject",
    ] {
        assert!(field.contains(part), "{part}: {field}");
    }
    assert_eq!((findings.refusal, findings.verdict, findings.spf), (None, Verdict::Welcome, Some("pass")));
    let dmarc = findings.dmarc.expect("checked");
    assert!(dmarc.aligned_dkim && dmarc.aligned_spf);
}

#[tokio::test]
async fn a_message_signed_in_pieces_has_the_same_signature() {
    let keys = signing("sender.test", &[KeyAlgorithm::Rsa, KeyAlgorithm::Ed25519]).await;
    let signer = keys.signers.of("sender.test", "").expect("opens").expect("keys");
    let long = format!("{MESSAGE}{}", "line \r\n".repeat(5000));
    // The shorter ones cut the header, and the empty line at its end.
    for size in [1, 7, 100, 1000, 4096, long.len()] {
        let mut signing = signer.begin();
        long.as_bytes().chunks(size).for_each(|piece| signing.hear(piece));
        let signed = format!("{}{long}", signing.finish().expect("signed"));
        let dns = keys.publish(dns(), "sender.test");
        let (_, findings) = find(settings(), dns, client(), &signed).await;
        let results: Vec<&str> = findings.signatures.iter().map(|signature| signature.result).collect();
        assert_eq!(results, ["pass", "pass"], "pieces of {size}: {}", findings.field);
    }
}

#[tokio::test]
async fn fields_added_on_the_way_break_the_signature() {
    let keys = signing("sender.test", &[KeyAlgorithm::Ed25519]).await;
    let signed = keys.sign("sender.test", MESSAGE);
    for (added, expected) in [
        ("X-Other: x\r\n", "pass"),
        ("List-Id: <x>\r\n", "pass"),
        ("From: eve@evil.test\r\n", "fail"),
        ("Subject: other\r\n", "fail"),
        ("Reply-To: eve@evil.test\r\n", "fail"),
    ] {
        let dns = keys.publish(dns(), "sender.test");
        let (_, findings) = find(settings(), dns, client(), &format!("{added}{signed}")).await;
        assert_eq!(findings.signatures[0].result, expected, "{added}");
    }
    let listed = format!("List-Unsubscribe: <https://x.test>\r\n{MESSAGE}");
    let signed = keys.sign("sender.test", &listed).replace("x.test", "y.test");
    let (_, findings) = find(settings(), keys.publish(dns(), "sender.test"), client(), &signed).await;
    assert_eq!(findings.signatures[0].result, "fail");
}

/// A case of DMARC: the records of `sender.test` and who sends; what follows.
async fn check_dmarc(record: &str, address: [u8; 4], from: &str, expected: (&str, Option<Reason>, Verdict)) {
    let dns = dns().txt("_dmarc.sender.test", &[record]);
    let client = Client { address: address.into(), ..client() };
    let (_, findings) = find(settings(), dns, client, &format!("From: {from}\r\n\r\nx\r\n")).await;
    let result = findings.dmarc.as_ref().map_or("unchecked", |dmarc| dmarc.result);
    assert_eq!((result, findings.refusal, findings.verdict), expected, "{record} {from}: {}", findings.field);
}

#[tokio::test]
async fn what_the_authors_domain_asks_for_is_done() {
    use Verdict::{Junk, Welcome};
    let (good, evil) = ([192, 0, 2, 1], [203, 0, 113, 9]);
    let refused = Some(Reason::Dmarc);
    check_dmarc("v=DMARC1; p=reject", good, "ann@sender.test", ("pass", None, Welcome)).await;
    check_dmarc("v=DMARC1; p=reject", evil, "ann@sender.test", ("fail", refused, Welcome)).await;
    check_dmarc("v=DMARC1; p=quarantine", evil, "ann@sender.test", ("fail", None, Junk)).await;
    check_dmarc("v=DMARC1; p=none", evil, "ann@sender.test", ("fail", None, Welcome)).await;
    check_dmarc("v=DMARC1; p=reject; t=y", evil, "ann@sender.test", ("fail", None, Junk)).await;
    check_dmarc("v=DMARC1; p=none; sp=reject", evil, "ann@sub.sender.test", ("fail", refused, Welcome)).await;
    check_dmarc("v=DMARC1; p=reject", good, "ann@sub.sender.test", ("pass", None, Welcome)).await;
    check_dmarc("v=DMARC1; p=reject; aspf=s", good, "ann@sub.sender.test", ("fail", refused, Welcome)).await;
    check_dmarc("v=DMARC1; p=none; sp=none; np=reject", evil, "a@no.sender.test", ("fail", refused, Welcome)).await;
    check_dmarc("v=DMARC1; p=reject", evil, "ann@other.test", ("none", None, Welcome)).await;
    check_dmarc("v=spf1 -all", evil, "ann@sender.test", ("none", None, Welcome)).await;
    check_dmarc("v=DMARC1; p=reject", evil, "ann@sender.test, eve@evil.test", ("none", None, Junk)).await;
}

#[tokio::test]
async fn each_check_can_be_obeyed_marked_or_off() {
    let evil = Client { address: [203, 0, 113, 9].into(), ..client() };
    let refusal = async |change: fn(&mut AuthenticitySettings), message: &str| {
        let mut settings = settings();
        change(&mut settings);
        let (_, findings) = find(settings, dns(), evil.clone(), message).await;
        (findings.refusal, findings.field)
    };
    assert_eq!(refusal(|_| {}, MESSAGE).await.0, None);
    assert_eq!(refusal(|settings| settings.spf = Mode::Obey, MESSAGE).await.0, Some(Reason::Spf));
    assert_eq!(refusal(|settings| settings.iprev = Mode::Obey, MESSAGE).await.0, Some(Reason::Iprev));
    let signed = format!("DKIM-Signature: v=1; a=rsa-sha256; d=sender.test; s=x; h=From; bh=AAAA; b=AAAA\r\n{MESSAGE}");
    assert_eq!(refusal(|settings| settings.dkim = Mode::Obey, &signed).await.0, Some(Reason::Dkim));
    assert_eq!(refusal(|settings| settings.dkim = Mode::Obey, MESSAGE).await.0, None);
    let off = |settings: &mut AuthenticitySettings| {
        (settings.iprev, settings.spf, settings.dkim, settings.dmarc) = (Mode::Off, Mode::Off, Mode::Off, Mode::Off);
    };
    assert_eq!(refusal(off, &signed).await.1, "Authentication-Results: mx.example.test; none\r\n");
}

#[tokio::test]
async fn trusted_networks_are_not_checked() {
    let trusted = vec![Network::try_from("192.0.2.0/24".to_owned()).expect("a network")];
    let checks = Checks::new(AuthenticitySettings { trusted, ..settings() }, HOST.into(), Arc::new(dns()));
    assert!(checks.begin(client()).is_none());
    assert!(checks.begin(Client { address: [203, 0, 113, 9].into(), ..client() }).is_some());
    let default = Checks::new(AuthenticitySettings::default(), HOST.into(), Arc::new(dns()));
    assert!(default.begin(Client { address: "::ffff:127.0.0.1".parse().expect("an address"), ..client() }).is_none());
}

#[tokio::test]
async fn faults_of_the_dns_refuse_nothing() {
    let fault = || Fault::Temporary("broken".into());
    let evil = Client { address: [203, 0, 113, 9].into(), ..client() };
    let dns = Fake::default().txt("sender.test", &["v=spf1 mx a -all"]).mx_fault("sender.test", fault());
    let dns = dns.txt("_dmarc.sender.test", &["v=DMARC1; p=reject"]);
    let (_, findings) = find(settings(), dns, evil, MESSAGE).await;
    assert_eq!((findings.spf, findings.refusal), (Some("temperror"), None), "{}", findings.field);
    assert_eq!(findings.dmarc.expect("checked").result, "temperror");
}

#[tokio::test]
async fn what_finds_no_room_is_checked_by_its_sender() {
    let settings = AuthenticitySettings { held_bytes_max: 10, ..settings() };
    let checks = Checks::new(settings, HOST.into(), Arc::new(dns()));
    let mut check = checks.begin(client()).expect("checked");
    assert!(check.may_hold(10) && !check.may_hold(1));
    let (begun, findings) = check.finish_without_message(MESSAGE.as_bytes()[..10].to_vec()).await;
    assert_eq!(begun, MESSAGE.as_bytes()[..10]);
    assert_eq!((findings.verdict, findings.spf), (Verdict::Welcome, Some("pass")));
    let mut check = checks.begin(Client { address: [203, 0, 113, 9].into(), ..client() }).expect("checked");
    assert!(check.may_hold(10), "room comes back");
    let (_, findings) = check.finish_without_message(Vec::new()).await;
    assert_eq!(findings.verdict, Verdict::Junk);
}

#[tokio::test]
async fn what_others_wrote_in_our_name_is_gone() {
    let forged = format!("Authentication-Results: {HOST}; dkim=pass header.d=bank.test\r\n{MESSAGE}");
    let (message, findings) = find(settings(), dns(), client(), &forged).await;
    assert_eq!(message, MESSAGE);
    assert!(!findings.field.contains("bank.test"));
}

#[tokio::test]
async fn hostile_messages_come_to_an_end() {
    let many = "DKIM-Signature: v=1; a=rsa-sha256; d=sender.test; s=x; h=From; bh=AAAA; b=AAAA\r\n".repeat(500);
    let names =
        format!("DKIM-Signature: v=1; a=rsa-sha256; d=s.test; s=x; h=From{}; bh=AAAA; b=AAAA\r\n", ":A".repeat(9000));
    let fields = "A: b\r\n".repeat(20_000);
    for head in [many, names, fields, "\0\u{80}".into(), String::new()] {
        let (_, findings) = find(settings(), dns(), client(), &format!("{head}{MESSAGE}")).await;
        assert!(findings.signatures.iter().filter(|signature| signature.result != "neutral").count() <= 10);
        assert!(findings.field.len() < 100_000);
    }
    for message in ["", "\r\n", "x", "From: \r\n\r\n", "From: @\r\n\r\n", "From: a@[1.2.3.4]\r\n\r\n"] {
        let (_, findings) = find(settings(), dns(), client(), message).await;
        assert_eq!(findings.refusal, None, "{message:?}");
    }
    let strange = Client { hello: "\u{1F4E7}..".into(), reverse_path: "\"a b\"@[192.0.2.1]".into(), ..client() };
    let (_, findings) = find(settings(), dns(), strange, MESSAGE).await;
    assert_eq!(findings.refusal, None);
}
