//! What authenticity costs a message: all checks of one that comes in with two good signatures, and the signing of one
//! that goes out. The DNS is a table.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use mailstead_benches::messages::Messages;
use mailstead_core::authenticity::{AuthenticitySettings, BoxKey, Checks, Client, Signer, Signers, key_pair};
use mailstead_core::dns::{Answer, Family, Fault, Lookup, Mx, Resolver, Tlsa};
use mailstead_storage::{KeyAlgorithm, KeyState, Options, SigningKey, Silent, Store, Time};

fn main() {
    divan::main();
}

#[divan::bench(args = ["100:4k", "100:40k", "100:400k"])]
fn check(bencher: Bencher, mix: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let message = Messages::new(mix.parse().expect("a mix"), 1).message(1, "u0@example.test");
    let (signer, texts) = runtime.block_on(signer(&[KeyAlgorithm::Rsa, KeyAlgorithm::Ed25519]));
    let signed = [signer.sign(&message).expect("signed").as_bytes(), &message].concat();
    let checks = checks(texts);
    bencher.counter(BytesCount::new(signed.len())).bench_local(|| {
        let signed = black_box(signed.clone());
        runtime.block_on(async {
            let check = checks.begin(client()).expect("checked");
            let (_, findings) = check.finish(signed).await;
            assert!(findings.signatures.iter().all(|signature| signature.result == "pass"), "{}", findings.field);
        });
    });
}

/// The messages of the usual mix in turn, each with one RSA signature, as most have.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn check_mix(bencher: Bencher) {
    const MESSAGES: u64 = 100;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let messages = Messages::new("70:4k,25:40k,5:400k".parse().expect("a mix"), 1);
    let (signer, texts) = runtime.block_on(signer(&[KeyAlgorithm::Rsa]));
    let signed = |number| {
        let message = messages.message(number, "u0@example.test");
        [signer.sign(&message).expect("signed").as_bytes(), &message].concat()
    };
    let signed: Vec<Vec<u8>> = (0..MESSAGES).map(signed).collect();
    let checks = checks(texts);
    bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| {
        runtime.block_on(async {
            for message in &signed {
                let (_, findings) = checks.begin(client()).expect("checked").finish(message.clone()).await;
                assert_eq!(findings.signatures[0].result, "pass", "{}", findings.field);
            }
        });
    });
}

fn checks(texts: HashMap<String, String>) -> Checks {
    let settings = AuthenticitySettings { trusted: Vec::new(), ..AuthenticitySettings::default() };
    Checks::new(settings, "mx.example.test".into(), Arc::new(Table(texts)))
}

fn client() -> Client {
    Client {
        address: IpAddr::from([192, 0, 2, 1]),
        hello: "mail.remote.example".into(),
        reverse_path: "a@remote.example".into(),
    }
}

#[divan::bench(args = [KeyAlgorithm::Rsa, KeyAlgorithm::Ed25519])]
fn sign(bencher: Bencher, algorithm: &KeyAlgorithm) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let message = Messages::new("100:4k".parse().expect("a mix"), 1).message(1, "u0@example.test");
    let (signer, _) = runtime.block_on(signer(&[*algorithm]));
    bencher.counter(BytesCount::new(message.len())).bench_local(|| signer.sign(black_box(&message)).expect("signed"));
}

/// Who signs for the sender's domain, and what the domain publishes.
async fn signer(algorithms: &[KeyAlgorithm]) -> (Arc<Signer>, HashMap<String, String>) {
    const DOMAIN: &str = "remote.example";
    let data = tempfile::tempdir().expect("a directory");
    let store = Store::open(Options::new(data.path()), Arc::new(Silent)).expect("a store");
    store.add_domain(DOMAIN, Time(0)).await.expect("added");
    let key = BoxKey::open(data.path()).expect("a key");
    let mut texts = HashMap::from([
        (DOMAIN.to_owned(), "v=spf1 mx -all".to_owned()),
        ("mail.remote.example".to_owned(), "v=spf1 a -all".to_owned()),
        ("_dmarc.remote.example".to_owned(), "v=DMARC1; p=reject; rua=mailto:x@remote.example".to_owned()),
    ]);
    let mut domain = (*store.directory().domains[DOMAIN]).clone();
    for (at, algorithm) in algorithms.iter().enumerate() {
        let made = key_pair::make(DOMAIN, &format!("s{at}"), *algorithm, &key, Time(0)).expect("made");
        texts.insert(key_pair::record_name(DOMAIN, &made.selector), key_pair::record(&made));
        domain.signing_keys.push(SigningKey { state: KeyState::Active, ..made });
    }
    store.update_domain(domain).await.expect("changed");
    let signer = Signers::new(store, key).of(DOMAIN, "").expect("keys that open").expect("keys");
    (signer, texts)
}

/// Texts by name; one host, one exchanger.
struct Table(HashMap<String, String>);

fn answer<'a, T: Send + 'a>(records: Vec<T>) -> Lookup<'a, T> {
    let found = if records.is_empty() { Err(Fault::NoName) } else { Ok(records) };
    Box::pin(std::future::ready(found.map(|records| Answer { records, canonical: String::new(), secure: false })))
}

impl Resolver for Table {
    fn mx<'a>(&'a self, _: &'a str) -> Lookup<'a, Mx> {
        answer(vec![Mx { preference: 10, host: "mail.remote.example".into() }])
    }

    fn addresses<'a>(&'a self, _: &'a str, _: Family) -> Lookup<'a, IpAddr> {
        answer(vec![IpAddr::from([192, 0, 2, 1])])
    }

    fn txt<'a>(&'a self, name: &'a str) -> Lookup<'a, Vec<u8>> {
        answer(self.0.get(name).map(|text| text.clone().into_bytes()).into_iter().collect())
    }

    fn tlsa<'a>(&'a self, _: &'a str) -> Lookup<'a, Tlsa> {
        answer(Vec::new())
    }

    fn ptr(&self, _: IpAddr) -> Lookup<'_, String> {
        answer(vec!["mail.remote.example".into()])
    }
}
