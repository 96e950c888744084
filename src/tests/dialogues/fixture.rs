//! The box that each dialogue is played against.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use mailstead_core::bell::Bell;
use mailstead_core::clock::Clock;
use mailstead_core::delivery::remote::{self, Remote};
use mailstead_core::delivery::{Delivery, DeliverySettings, Parts};
use mailstead_core::dns::{DnsSettings, Hickory};
use mailstead_core::guard::{self, Guard};
use mailstead_core::intake::{Intake, Trace};
use mailstead_core::log::Log;
use mailstead_core::net::tls::{Certificates, TlsSettings};
use mailstead_core::net::{Encryption, Limits, LineService, Net, Protocol};
use mailstead_core::people::sessions::Sessions;
use mailstead_core::people::{Denied, People, PlaintextAuth, TokenVerifier, Verifying, credentials};
use mailstead_core::protocol::{imap, managesieve, pop3, smtp};
use mailstead_core::service::{Service, Services, Stop};
use mailstead_storage::{Append, Attributes, Flags, NewAccount, Options, Role, ScramVerifier, Store, Time};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const HOST: &str = "mx.example.test";
const MESSAGE_BYTES_MAX: u64 = 1_000_000;

/// A whole box on loopback ports of its own, with the people that `README.md` names.
pub struct House {
    runtime: Runtime,
    store: Store,
    intake: Intake,
    services: Services,
    stop: tokio::sync::watch::Sender<bool>,
    _data: TempDir,
}

/// A DNS server that nobody is: dialogues ask nothing of other machines.
fn nowhere() -> DnsSettings {
    let servers = vec![([127, 0, 0, 1], 1).into()];
    DnsSettings { servers, dnssec: false, ..DnsSettings::default() }
}

impl House {
    /// With an identity provider when `tokens` is true.
    pub fn open(tokens: bool) -> House {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let data = tempfile::tempdir().expect("a directory");
        let bell = Bell::default();
        let mut options = Options::new(data.path());
        options.disk_free_bytes_min = 0;
        let store = Store::open(options, Arc::new(bell.clone())).expect("a new store");
        let clock = Clock::system();
        let people = People::new(store.clone(), clock.clone());
        if tokens {
            people.trust(Box::new(Provider));
        }
        let intake = Intake::new(store.clone(), clock.clone(), MESSAGE_BYTES_MAX);
        runtime.block_on(populate(&store));
        let certificates = Certificates::open(&TlsSettings::default(), data.path(), HOST).expect("a certificate");
        let sessions = Sessions::default();
        let guard = Guard::open(guard::Parts {
            store: store.clone(),
            sessions: sessions.clone(),
            intake: intake.clone(),
            clock: clock.clone(),
            log: Log::none(),
            hostname: HOST.into(),
        });
        let guard = guard.expect("a guard");
        people.tell(Box::new(guard.clone()));
        let net = Net {
            clock: clock.clone(),
            log: Log::none(),
            sessions,
            guard: guard.clone(),
            certificates,
            limits: Arc::new(Limits::default()),
        };
        let remote = Remote::open(remote::Parts {
            store: store.clone(),
            resolver: Arc::new(Hickory::open(&nowhere()).expect("a resolver")),
            signer: None,
            tls_outcomes: None,
            clock: clock.clone(),
            log: Log::none(),
            settings: DeliverySettings::default(),
            hostname: HOST.into(),
        });
        let delivery = Delivery::new(Parts {
            remote: remote.expect("the way to other servers"),
            store: store.clone(),
            people: people.clone(),
            intake: intake.clone(),
            guard,
            bell: bell.clone(),
            clock: clock.clone(),
            log: Log::none(),
            settings: DeliverySettings::default(),
            hostname: HOST.into(),
        });
        let (stop, stopped) = Stop::new();
        runtime.spawn(delivery.clone().run(stopped));
        let mut list: Vec<Arc<dyn Service>> = vec![Arc::new(delivery)];
        list.extend(smtp_services(&store, &people, &intake, &clock, &net));
        let readers = imap::House {
            people: people.clone(),
            intake: intake.clone(),
            store: store.clone(),
            bell,
            log: Log::none(),
            clock: clock.clone(),
        };
        list.extend(imap_services(&readers, &net));
        list.extend(pop3_services(&store, &people, &net));
        list.push(sieve_service(&store, &people, &net));
        let services = Services::new(store.clone(), Log::none(), list);
        let failures = runtime.block_on(services.start_wanted());
        assert!(failures.is_empty(), "{failures:?}");
        House { runtime, store, intake, services, stop, _data: data }
    }

    /// Where a service listens.
    pub fn address(&self, service: &str) -> Result<SocketAddr, String> {
        let row = self.services.list().into_iter().find(|row| row.name == service);
        row.and_then(|row| row.listening.first().copied()).ok_or_else(|| format!("nobody serves {service:?}"))
    }

    /// Puts a message into a user's INBOX.
    pub fn deliver(&self, address: &str, bytes: &[u8]) {
        self.runtime.block_on(put(&self.store, &self.intake, address, bytes));
    }

    pub fn wait_until_delivered(&self) -> Result<(), String> {
        let end = Instant::now() + Duration::from_secs(10);
        while self.store.spool_depth().map_err(|error| error.to_string())? > 0 {
            if Instant::now() > end {
                return Err("the spool does not become empty".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.runtime.block_on(self.services.stop_all());
        let _ = self.store.close();
    }
}

/// An identity provider whose tokens are `token-of-NAME`.
struct Provider;

impl TokenVerifier for Provider {
    fn verify<'a>(&'a self, token: &'a str) -> Verifying<'a> {
        Box::pin(async move {
            match token.strip_prefix("token-of-") {
                Some("nobody-knows") => Err(Denied::Unavailable),
                Some(name) => Ok(format!("{name}@example.test")),
                None => Err(Denied::Wrong),
            }
        })
    }
}

async fn put(store: &Store, intake: &Intake, address: &str, bytes: &[u8]) {
    let account = store.directory().by_address.get(address).expect("a user of the box").id;
    let inbox = store.mailbox(account, "INBOX").expect("readable").expect("everyone has one").id;
    let mut incoming = intake.begin(Trace::None).expect("room");
    incoming.push(bytes.to_vec()).await.expect("taken");
    let append = move |outline| {
        let now = Time(1_750_000_000_000);
        let attributes = Attributes { outline, flags: Flags::default(), keywords: Vec::new(), internal_date: now };
        Append { mailbox: inbox, before: Vec::new(), attributes, replaces: None, now }
    };
    incoming.append(append).await.expect("taken").expect("appended");
}

async fn populate(store: &Store) {
    let now = Clock::system().now();
    store.add_domain("example.test", now).await.expect("domain");
    store.add_domain("catch.test", now).await.expect("domain");
    for (name, role) in [
        ("admin", Role::SystemAdministrator),
        ("alice", Role::User),
        ("bob", Role::User),
        ("carol", Role::User),
        ("full", Role::User),
        ("head", Role::DomainAdministrator),
    ] {
        let (password, scram) = secret().clone();
        let account = NewAccount {
            address: format!("{name}@{}", if name == "head" { "catch.test" } else { "example.test" }),
            role,
            password,
            scram: Some(scram),
            ..NewAccount::default()
        };
        store.add_account(account, now).await.expect("account");
    }
    let mut catch = (*store.directory().domains["catch.test"]).clone();
    catch.catch_all = Some("alice@example.test".into());
    store.update_domain(catch).await.expect("domain");
    for (alias, targets) in [
        ("team", vec!["alice@example.test", "bob@example.test"]),
        ("sales", vec!["alice@example.test"]),
        ("outside", vec!["x@remote.example"]),
    ] {
        let targets = targets.into_iter().map(String::from).collect();
        store.put_alias(&format!("{alias}@example.test"), targets, now).await.expect("alias");
    }
    let intake = Intake::new(store.clone(), Clock::system(), MESSAGE_BYTES_MAX);
    put(store, &intake, "full@example.test", b"Subject: full\r\n\r\nfull\r\n").await;
    for (address, change) in [("carol@example.test", (false, 0)), ("full@example.test", (true, 1))] {
        let mut account = (*store.directory().by_address[address]).clone();
        (account.enabled, account.quota_bytes) = change;
        store.update_account(account).await.expect("account");
    }
}

/// What is kept of everybody's password `secret`: made once, since that is slow on purpose.
fn secret() -> &'static (String, ScramVerifier) {
    static SECRET: OnceLock<(String, ScramVerifier)> = OnceLock::new();
    SECRET.get_or_init(|| credentials("secret"))
}

fn service<P: Protocol>(protocol: P, encryption: Encryption, net: &Net) -> Arc<dyn Service> {
    Arc::new(LineService::new(protocol, vec![(Ipv4Addr::LOCALHOST, 0).into()], encryption, net.clone()))
}

fn smtp_services(
    store: &Store,
    people: &People,
    intake: &Intake,
    clock: &Clock,
    net: &Net,
) -> impl Iterator<Item = Arc<dyn Service>> {
    smtp::Service::ALL.into_iter().map(move |which| {
        let house = smtp::House {
            people: people.clone(),
            intake: intake.clone(),
            guard: net.guard.clone(),
            store: store.clone(),
            log: Log::none(),
            clock: clock.clone(),
            checks: None,
        };
        let mut settings = smtp::SmtpSettings::of(which);
        if which != smtp::Service::Smtp {
            settings.plaintext_auth = PlaintextAuth::Loopback;
        }
        let rules =
            smtp::Rules { service: which, hostname: HOST.into(), message_bytes_max: MESSAGE_BYTES_MAX, settings };
        service(smtp::Smtp::new(rules, house), which.encryption(), net)
    })
}

fn pop3_services(store: &Store, people: &People, net: &Net) -> impl Iterator<Item = Arc<dyn Service>> {
    let house = pop3::House {
        store: store.clone(),
        people: people.clone(),
        maildrops: pop3::Maildrops::default(),
        log: Log::none(),
        hostname: HOST.into(),
    };
    pop3::Service::ALL.into_iter().map(move |which| {
        let protocol = pop3::Pop3::new(which, pop3::Pop3Settings::of(which), house.clone());
        service(protocol, which.encryption(), net)
    })
}

fn sieve_service(store: &Store, people: &People, net: &Net) -> Arc<dyn Service> {
    let (store, people) = (store.clone(), people.clone());
    let house = managesieve::House { store, people, log: Log::none(), hostname: HOST.into() };
    let protocol = managesieve::ManageSieve::new(managesieve::ManageSieveSettings::default(), house);
    service(protocol, managesieve::ENCRYPTION, net)
}

fn imap_services(house: &imap::House, net: &Net) -> impl Iterator<Item = Arc<dyn Service>> {
    imap::Service::ALL.into_iter().map(move |which| {
        let settings = imap::ImapSettings::of(which);
        let rules = imap::Rules { service: which, settings, message_bytes_max: MESSAGE_BYTES_MAX };
        service(imap::Imap::new(rules, house.clone()), which.encryption(), net)
    })
}
