//! Attempts against servers that are slow, broken or lie, each in this process on a loopback port.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use mailstead_storage::{
    BodyKind, Envelope, EnvelopeRecipient, Leased, Notify, Options, Priority, Provenance, Silent, State, Store,
};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::tls::{TlsOutcome, TlsOutcomes};
use super::*;
use crate::dns::fake::Fake;
use crate::dns::{Fault, Tlsa};
use crate::intake::{Acceptance, Intake, Trace};
use crate::net::tls::{Certificates, TlsSettings};

/// What a server answers to a line; `None` closes the connection.
type Script = fn(&str, &Mutex<Seen>) -> Option<String>;

/// What a server has seen.
#[derive(Default)]
struct Seen {
    connections: usize,
    messages: Vec<String>,
    envelopes: Vec<String>,
}

/// A server on a port of its own.
struct Server {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    certificate: PathBuf,
    _data: tempfile::TempDir,
}

impl Server {
    async fn open(script: Script) -> Server {
        Server::open_with(script, false).await
    }

    /// One with TLS from the first byte on.
    async fn open_implicit(script: Script) -> Server {
        Server::open_with(script, true).await
    }

    async fn open_with(script: Script, is_implicit: bool) -> Server {
        let data = tempfile::tempdir().expect("a directory");
        // Its certificate is for localhost and 127.0.0.1 as well.
        let certificates = Certificates::open(&TlsSettings::default(), data.path(), "mx.remote.test").expect("a pair");
        let acceptor = TlsAcceptor::from(certificates.server());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (port, seen) = (listener.local_addr().expect("bound").port(), Arc::<Mutex<Seen>>::default());
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                shared.lock().expect("fine").connections += 1;
                let (seen, acceptor) = (shared.clone(), acceptor.clone());
                tokio::spawn(async move {
                    if is_implicit {
                        let Ok(secured) = acceptor.accept(socket).await else { return };
                        speak(&mut BufReader::new(secured), "(greeting)", script, &seen).await;
                        return;
                    }
                    let mut socket = BufReader::new(socket);
                    if speak(&mut socket, "(greeting)", script, &seen).await == Ended::StartTls
                        && let Ok(secured) = acceptor.accept(socket.into_inner()).await
                    {
                        speak(&mut BufReader::new(secured), "", script, &seen).await;
                    }
                });
            }
        });
        Server { port, seen, certificate: data.path().join("tls/certificate.pem"), _data: data }
    }

    fn connections(&self) -> usize {
        self.seen.lock().expect("fine").connections
    }

    fn messages(&self) -> Vec<String> {
        self.seen.lock().expect("fine").messages.clone()
    }
}

#[derive(PartialEq)]
enum Ended {
    Closed,
    StartTls,
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    greeting: &str,
    script: Script,
    seen: &Mutex<Seen>,
) -> Ended {
    let (mut line, mut message) = (greeting.to_string(), None::<String>);
    loop {
        let command = line.trim_end().to_string();
        match &mut message {
            Some(text) if command == "." => {
                seen.lock().expect("fine").messages.push(std::mem::take(text));
                message = None;
                line = "(message)".into();
                continue;
            }
            Some(text) => text.push_str(&line),
            None if command.is_empty() => {}
            None => {
                if command.starts_with("MAIL") || command.starts_with("RCPT") {
                    seen.lock().expect("fine").envelopes.push(command.clone());
                }
                let Some(reply) = script(&command, seen) else { return Ended::Closed };
                if stream.write_all(reply.replace('|', "\r\n").as_bytes()).await.is_err() {
                    return Ended::Closed;
                }
                if command == "STARTTLS" && reply.starts_with("220") {
                    return Ended::StartTls;
                }
                message = reply.starts_with("354").then(String::new);
            }
        }
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return Ended::Closed;
        }
    }
}

/// A server without faults.
fn good(line: &str, _: &Mutex<Seen>) -> Option<String> {
    Some(match line.split([' ', ':']).next().unwrap_or_default() {
        "(greeting)" => "220 mx.remote.test|".into(),
        "EHLO" => "250-mx.remote.test|250-PIPELINING|250-STARTTLS|250 DSN|".into(),
        "STARTTLS" => "220 go|".into(),
        "DATA" => "354 go|".into(),
        "(message)" => "250 2.0.0 taken|".into(),
        "QUIT" => return None,
        _ => "250 2.0.0 ok|".into(),
    })
}

#[derive(Default)]
struct Collected(Mutex<Vec<TlsOutcome>>);

impl TlsOutcomes for Collected {
    fn note(&self, outcome: TlsOutcome) {
        self.0.lock().expect("fine").push(outcome);
    }
}

/// The box that sends.
struct Sender {
    remote: Remote,
    intake: Intake,
    store: Store,
    outcomes: Arc<Collected>,
    _data: tempfile::TempDir,
}

fn dns() -> Fake {
    Fake::default().mx("remote.test", &["10 mx.remote.test"]).host("mx.remote.test", &["127.0.0.1"])
}

impl Sender {
    fn open(dns: Fake, port: u16, change: impl Fn(&mut DeliverySettings)) -> Sender {
        let data = tempfile::tempdir().expect("a directory");
        let store = Store::open(Options::new(data.path()), Arc::new(Silent)).expect("opens");
        let (clock, outcomes) = (Clock::system(), Arc::<Collected>::default());
        let mut settings =
            DeliverySettings { port, greeting_seconds: 1, command_seconds: 1, end_seconds: 1, ..Default::default() };
        change(&mut settings);
        let remote = Remote::open(Parts {
            store: store.clone(),
            resolver: Arc::new(dns),
            signer: Some(Arc::new(Signature)),
            tls_outcomes: Some(outcomes.clone()),
            clock: clock.clone(),
            log: Log::none(),
            settings: settings.into(),
            hostname: "me.test".into(),
        });
        let intake = Intake::new(store.clone(), clock, 1_000_000);
        Sender { remote: remote.expect("opens"), intake, store, outcomes, _data: data }
    }

    async fn leased(&self, recipients: &[&str], text: &str, change: impl Fn(&mut Envelope)) -> Leased {
        let recipient = |address: &&str| EnvelopeRecipient {
            address: (*address).into(),
            notify: Notify { success: true, ..Notify::DEFAULT },
            original: None,
        };
        let mut envelope = Envelope::new("me@me.test", recipients.iter().map(recipient).collect());
        change(&mut envelope);
        let reverse_path = envelope.reverse_path.clone();
        let trace = Trace::Fields { reverse_path, received: "Received: by me.test\r\n".into(), complete_as: None };
        let acceptance = Acceptance { envelope, provenance: Provenance::Box, priority: Priority::Normal };
        self.intake.accept_bytes(trace, text.as_bytes().to_vec(), acceptance).await.expect("accepted");
        let mut leased = self.store.lease_fresh(1).expect("leases").remove(0);
        leased.queue = self.remote.queue(recipients[0]);
        for (state, address) in leased.recipients.iter_mut().zip(recipients) {
            state.remaining.push((*address).into());
        }
        leased
    }

    async fn attempt(&self, leased: Leased) -> Vec<(State, String)> {
        let recipients = self.remote.attempt(leased).run().await.recipients;
        recipients.into_iter().map(|state| (state.state, state.answer)).collect()
    }

    /// Sends a message to one recipient.
    async fn send(&self) -> (State, String) {
        let leased = self.leased(&["a@remote.test"], "Subject: s\r\n\r\n.text\r\n", |_| {}).await;
        self.attempt(leased).await.remove(0)
    }

    fn failures(&self) -> Vec<Option<&'static str>> {
        let outcomes = self.outcomes.0.lock().expect("fine");
        outcomes.iter().map(|outcome| outcome.failure.map(TlsFailure::name)).collect()
    }
}

struct Signature;

impl Signer for Signature {
    fn sign(&self, _: &Leased, _: Recoded) -> Result<Vec<u8>, Error> {
        Ok(b"DKIM-Signature: s\r\n".to_vec())
    }
}

async fn check(script: Script, state: State, begins: &str) -> Server {
    let server = Server::open(script).await;
    let sender = Sender::open(dns(), server.port, |_| {});
    let (got, answer) = sender.send().await;
    assert!(got == state && answer.starts_with(begins), "{got:?} {answer}");
    server
}

#[tokio::test]
async fn a_good_server_gets_the_message_signed_and_without_return_path() {
    let server = check(good, State::Delivered, "250 2.0.0 taken").await;
    let expected = "DKIM-Signature: s\r\nReceived: by me.test\r\n";
    let messages = server.messages();
    assert!(messages[0].starts_with(expected), "{messages:?}");
    assert!(messages[0].ends_with("Subject: s\r\n\r\n..text\r\n"), "{messages:?}");
}

#[tokio::test]
async fn a_connection_is_used_for_the_next_message() {
    let server = Server::open(good).await;
    let sender = Sender::open(dns(), server.port, |_| {});
    for _ in 0..3 {
        assert_eq!(sender.send().await.0, State::Delivered);
    }
    assert_eq!((server.connections(), server.messages().len()), (1, 3));
    assert_eq!(sender.failures(), [None], "one session, encrypted");
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_opened_again() {
    let server = Server::open(|line, seen| {
        let done = seen.lock().expect("fine").messages.len();
        if done == 1 && line == "MAIL FROM:<me@me.test>" && seen.lock().expect("fine").connections == 1 {
            return None;
        }
        good(line, seen)
    })
    .await;
    let sender = Sender::open(dns(), server.port, |_| {});
    assert_eq!(sender.send().await.0, State::Delivered);
    assert_eq!(sender.send().await.0, State::Delivered);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn one_of_three_recipients_is_refused() {
    let server = Server::open(|line, seen| match line {
        _ if line.starts_with("RCPT TO:<b@") => Some("550 5.1.1 no such user|".into()),
        _ => good(line, seen),
    })
    .await;
    let sender = Sender::open(dns(), server.port, |_| {});
    let leased = sender.leased(&["a@remote.test", "b@remote.test", "c@remote.test"], "\r\n", |_| {}).await;
    let recipients = sender.remote.attempt(leased).run().await.recipients;
    let states: Vec<_> = recipients.iter().map(|state| (&state.state, state.answer.as_str())).collect();
    let taken = (&State::Delivered, "250 2.0.0 taken");
    assert_eq!(states, [taken, (&State::Failed, "550 5.1.1 no such user"), taken]);
    assert_eq!(recipients[1].server, "mx.remote.test");
    assert_eq!(recipients[0].told, mailstead_storage::Told::Outcome, "the next server tells of success");
    assert!(server.seen.lock().expect("fine").envelopes[1].ends_with("NOTIFY=SUCCESS,FAILURE,DELAY"));
}

#[tokio::test]
async fn a_recipient_refused_for_now_stays() {
    let server = Server::open(|line, seen| {
        let first = seen.lock().expect("fine").messages.is_empty() && seen.lock().expect("fine").envelopes.len() < 3;
        if line.starts_with("RCPT") && first { Some("451 4.7.1 greylisted|".into()) } else { good(line, seen) }
    })
    .await;
    let sender = Sender::open(dns(), server.port, |_| {});
    assert_eq!(sender.send().await, (State::Pending, "451 4.7.1 greylisted".into()));
    assert_eq!(sender.send().await.0, State::Delivered);
}

#[tokio::test]
async fn broken_servers_leave_the_message_waiting() {
    check(|_, _| None, State::Pending, "451 4.4.2").await;
    check(|_, _| Some(String::new()), State::Pending, "451 4.4.2 mx.remote.test: it said nothing for 1 seconds").await;
    check(|_, _| Some("220-more|".repeat(10_000)), State::Pending, "451 4.5.0").await;
    check(|_, _| Some("x".repeat(100_000)), State::Pending, "451 4.5.0").await;
    let closes: Script = |line, seen| if line == "(message)" { None } else { good(line, seen) };
    check(closes, State::Pending, "451 4.4.2").await;
    let closes: Script = |line, seen| if line == "DATA" { None } else { good(line, seen) };
    check(closes, State::Pending, "451 4.4.2").await;
    let tarpit: Script = |line, seen| if line.starts_with("MAIL") { Some("250-ok|".into()) } else { good(line, seen) };
    check(tarpit, State::Pending, "451 4.4.2").await;
    check(|_, _| Some("554 5.7.1 go away|".into()), State::Failed, "554 5.7.1 go away").await;
    let lies: Script = |line, seen| match line.split(' ').next() {
        Some("EHLO") => Some("250-mx|250-PIPELINING|250-CHUNKING|250 SIZE 99999999999999999999999|".into()),
        Some("BDAT") => Some("502 5.5.1 what|".into()),
        _ => good(line, seen),
    };
    check(lies, State::Failed, "502 5.5.1 what").await;
    let own: Script =
        |line, seen| if line.starts_with("EHLO") { Some("250 ME.test|".into()) } else { good(line, seen) };
    check(own, State::Failed, "554 5.4.6").await;
}

#[tokio::test]
async fn the_next_exchanger_is_tried_and_a_dead_destination_is_left_alone() {
    let server = Server::open(good).await;
    let two = Fake::default()
        .mx("remote.test", &["10 dead.test", "20 mx.remote.test"])
        .host("dead.test", &["127.0.0.77"])
        .host("mx.remote.test", &["127.0.0.1"]);
    assert_eq!(Sender::open(two, server.port, |_| {}).send().await.0, State::Delivered);

    let dead = Fake::default().mx("remote.test", &["10 dead.test"]).host("dead.test", &["127.0.0.77"]);
    let sender = Sender::open(dead, server.port, |_| {});
    let (state, answer) = sender.send().await;
    assert!(
        state == State::Pending && answer.starts_with("451 4.4.1 no connection to dead.test (127.0.0.77)"),
        "{answer}"
    );
    let now = Clock::system().now();
    assert_eq!(sender.remote.0.destinations.enter("remote.test", now), Err(answer.clone()));
    assert_eq!(sender.send().await, (State::Pending, answer), "told at once");
}

#[tokio::test]
async fn two_destinations_of_one_message() {
    let server = Server::open(good).await;
    let dns = dns().mx_fault("later.test", Fault::Temporary("no answer".into()));
    let sender = Sender::open(dns, server.port, |_| {});
    let leased = sender.leased(&["a@remote.test", "b@later.test", "c@nowhere.test"], "\r\n", |_| {}).await;
    let states: Vec<_> = sender.attempt(leased).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, [State::Delivered, State::Pending, State::Failed]);
}

#[tokio::test]
async fn tls_as_the_settings_ask_for_it() {
    let check = async |rule: TlsRule, script: Script, trusted: bool, begins: &str| {
        let server = Server::open(script).await;
        let certificate = server.certificate.clone();
        let sender = Sender::open(dns(), server.port, |settings| {
            settings.domains = BTreeMap::from([("remote.test".into(), Route { tls: Some(rule), ..Route::default() })]);
            if trusted {
                settings.trusted_certificates.clone_from(&certificate);
            }
        });
        let (_, answer) = sender.send().await;
        assert!(answer.starts_with(begins), "{rule:?} {answer}");
        sender.failures()
    };
    let without: Script = |line, seen| if line.starts_with("EHLO") { Some("250 x|".into()) } else { good(line, seen) };
    assert_eq!(check(TlsRule::Require, good, false, "250").await, [None]);
    assert_eq!(check(TlsRule::Require, without, false, "451 4.7.10").await, [Some("starttls-not-supported")]);
    assert_eq!(check(TlsRule::Verify, good, true, "250").await, [None]);
    assert_eq!(check(TlsRule::Verify, good, false, "451 4.7.5").await, [Some("certificate-not-trusted")]);
    assert_eq!(check(TlsRule::Off, good, false, "250").await, []);
    assert_eq!(check(TlsRule::Auto, without, false, "250").await, []);
    // It offers TLS and then does not speak it: without is better than not at all.
    let broken: Script =
        |line, seen| if line == "STARTTLS" { Some("220 go|nonsense|".into()) } else { good(line, seen) };
    let _ = check(TlsRule::Auto, broken, false, "250").await;
}

#[tokio::test]
async fn dane() {
    let server = Server::open(good).await;
    let at = format!("_{}._tcp.mx.remote.test", server.port);
    let pem = std::fs::read(&server.certificate).expect("there");
    let der = <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(&pem);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der.expect("a certificate").as_ref());
    let record = |data: &[u8]| Tlsa { usage: 3, selector: 0, matching: 1, data: data.to_vec() };
    let send = async |answer| {
        let sender = Sender::open(dns().secure().tlsa(&at, answer), server.port, |_| {});
        (sender.send().await.1[..9].to_string(), sender.failures())
    };
    assert_eq!(send(Ok(vec![record(digest.as_ref())])).await, ("250 2.0.0".into(), vec![None]));
    assert_eq!(send(Ok(vec![record(&[0; 32])])).await, ("451 4.7.5".into(), vec![Some("tlsa-invalid")]));
    assert_eq!(send(Err(Fault::Bogus)).await, ("451 4.7.5".into(), vec![Some("dnssec-invalid")]));
}

#[tokio::test]
async fn what_must_not_go_in_the_clear_does_not() {
    let server = Server::open(good).await;
    let sender = Sender::open(dns(), server.port, |_| {});
    let leased = sender.leased(&["a@remote.test"], "\r\n", |envelope| envelope.require_tls = true).await;
    let (state, answer) = sender.attempt(leased).await.remove(0);
    assert!(state == State::Pending && answer.starts_with("451 4.7.5"), "{answer}");
    assert_eq!(sender.send().await.0, State::Delivered, "others go on");
}

#[tokio::test]
async fn eight_bit_text_goes_only_where_it_is_taken() {
    let server = Server::open(good).await;
    let sender = Sender::open(dns(), server.port, |_| {});
    let send = async |text: &str| {
        let leased = sender.leased(&["a@remote.test"], text, |envelope| envelope.body = BodyKind::EightBit).await;
        sender.attempt(leased).await.remove(0).1[..9].to_string()
    };
    assert_eq!(send("\r\nascii\r\n").await, "250 2.0.0");
    assert_eq!(send("Subject: s\r\n\r\n.ä\r\n").await, "250 2.0.0");
    let messages = server.messages();
    assert!(messages[0].ends_with("\r\n\r\nascii\r\n"), "{messages:?}");
    let recoded = "Subject: s\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nLsOkDQo=\r\n";
    assert!(messages[1].starts_with("DKIM-Signature: s\r\nReceived: by me.test\r\n"), "{messages:?}");
    assert!(messages[1].ends_with(recoded), "{messages:?}");
    assert_eq!(send("Subject: ä\r\n\r\ntext\r\n").await, "554 5.6.3");
}

#[tokio::test]
async fn a_recoded_message_has_the_size_that_was_announced() {
    let script: Script = |line, seen| match line.split(' ').next() {
        Some("EHLO") => Some("250-mx.remote.test|250 SIZE|".into()),
        _ => good(line, seen),
    };
    let server = Server::open(script).await;
    let sender = Sender::open(dns(), server.port, |_| {});
    let long = format!("Subject: long\r\n\r\n{}", "größer als alles, was auf einmal gelesen wird\r\n".repeat(9000));
    let leased = sender.leased(&["a@remote.test"], &long, |envelope| envelope.body = BodyKind::EightBit).await;
    assert_eq!(sender.attempt(leased).await[0].0, State::Delivered);
    let (message, said) = (server.messages().remove(0), server.seen.lock().expect("fine").envelopes[0].clone());
    assert_eq!(said, format!("MAIL FROM:<me@me.test> SIZE={}", message.len()));
    assert!(message.is_ascii() && message.len() > 400_000);
}

#[tokio::test]
async fn a_domain_beyond_ascii_needs_no_smtputf8() {
    let server = Server::open(good).await;
    let dns = Fake::default().mx("xn--bcher-kva.test", &["10 mx.remote.test"]).host("mx.remote.test", &["127.0.0.1"]);
    let sender = Sender::open(dns, server.port, |_| {});
    let send = async |address: &str| {
        let leased = sender.leased(&[address], "Subject: s\r\n\r\nx\r\n", |envelope| envelope.smtputf8 = true).await;
        sender.attempt(leased).await.remove(0).1[..9].to_string()
    };
    assert_eq!(send("a@bücher.test").await, "250 2.0.0");
    assert_eq!(
        server.seen.lock().expect("fine").envelopes[1],
        "RCPT TO:<a@xn--bcher-kva.test> NOTIFY=SUCCESS,FAILURE,DELAY"
    );
    assert_eq!(send("ä@bücher.test").await, "550 5.6.7");
}

#[tokio::test]
async fn implicit_tls() {
    let server = Server::open_implicit(good).await;
    let port = server.port;
    let sender = Sender::open(dns(), 9, |settings| {
        let host = format!("127.0.0.1:{port}");
        settings.smart_host = Route { host, implicit_tls: true, ..Route::default() };
    });
    assert_eq!(sender.send().await, (State::Delivered, "250 2.0.0 taken".into()));
}
