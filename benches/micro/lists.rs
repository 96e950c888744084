//! Every list of the console with 100,000 rows behind it: how long its page takes, and how many bytes are transferred.
//!
//! `MAILSTEAD` says which binary serves them; target/release/mailstead without it. `LIST_ROWS` says how many rows. The
//! pages are fetched by curl, compressed as a browser asks for them; the time is that until the first byte.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mailstead_storage::*;

const DOMAIN: &str = "example.test";
const ADMIN: &str = "root@example.test";
const PASSWORD: &str = "a long password for lists";
/// Acts that are handed to the store together.
const BATCH: usize = 2000;
/// Each page is fetched so often; the middle one counts.
const FETCHES: usize = 7;
/// How long the box may take to start, in tenths of a second.
const START_TENTHS: usize = 600;

const PAGES: [&str; 22] = [
    "/dashboard",
    "/spool",
    "/spool?sort=sender",
    "/spool?sort=size&page=900",
    "/spool?q=s77@",
    "/users",
    "/users?page=90",
    "/users?sort=name",
    "/users?q=user4777",
    "/aliases",
    "/aliases?page=90",
    "/aliases?q=alias4777",
    "/inactive",
    "/inactive?page=90",
    "/compliance",
    "/compliance?page=90",
    "/blocks",
    "/blocks?page=900",
    "/blocks?q=32.0.77.7",
    "/domains",
    "/online",
    "/trace",
];

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    if !is_bench {
        return;
    }
    let rows = std::env::var("LIST_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    fill(&folder.path().join("data"), rows);
    let server = Server::start(folder.path());
    println!("{rows} rows: milliseconds until the first byte (the middle of {FETCHES}), bytes transferred");
    for page in PAGES {
        let mut fetched: Vec<(f64, u64, u16)> = (0..FETCHES).map(|_| server.fetch(page)).collect();
        fetched.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (seconds, bytes, status) = fetched[FETCHES / 2];
        println!("{page:40} {:8.1} ms {bytes:8} B  {status}", seconds * 1000.0);
    }
}

// ---- rows --------------------------------------------------------------------------------

fn fill(data: &Path, rows: usize) {
    std::fs::create_dir_all(data).expect("a folder");
    let options = Options { disk_free_bytes_min: 0, ..Options::new(data) };
    let store = Store::open(options, Arc::new(Silent)).expect("a store");
    let now = Time(std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_millis() as u64);
    store.add_domain(DOMAIN, now).wait().expect("a domain");
    all(rows, |number| store.add_account(account(number), now));
    all(rows, |number| {
        store.put_alias(&format!("alias{number}@{DOMAIN}"), vec![format!("user{number}@{DOMAIN}")], now)
    });
    all(rows, |number| {
        let network = Ipv4Addr::from_bits((32 << 24) + number as u32).to_string();
        let (protocol, rule) = ("imap".into(), "brute-force.imap".into());
        store.put_block(BlockedNetwork { network, protocol, rule, since: now, until: now.plus_seconds(86_400) })
    });
    all(rows, |number| {
        let to = EnvelopeRecipient::new(format!("r{}@remote.example", number % 5000), Notify::DEFAULT);
        let envelope = Envelope::new(format!("s{}@{DOMAIN}", number % 1000), vec![to]);
        store.draft().expect("room").accept(b"Subject: waits\r\n\r\n".to_vec(), arrival(envelope, now))
    });
    loop {
        let leased = store.lease_fresh(BATCH).expect("leases");
        if leased.is_empty() {
            break;
        }
        store.settle(leased.into_iter().map(|leased| later(leased, now)).collect()).wait().expect("settles");
    }
    store.close().expect("closes");
}

fn all<T>(rows: usize, mut act: impl FnMut(usize) -> Pending<T>) {
    for first in (0..rows).step_by(BATCH) {
        let pending: Vec<_> = (first..(first + BATCH).min(rows)).map(&mut act).collect();
        pending.into_iter().for_each(|pending| drop(pending.wait().expect("kept")));
    }
}

fn account(number: usize) -> NewAccount {
    NewAccount {
        address: format!("user{number}@{DOMAIN}"),
        name: format!("Person {}", number * 7919 % 100_000),
        role: Role::User,
        quota_bytes: 1 << 30,
        quota_messages: 0,
        password: String::new(),
        scram: None,
    }
}

fn arrival(envelope: Envelope, received: Time) -> Arrival {
    Arrival {
        envelope,
        provenance: Provenance::Received,
        received,
        verdict: Verdict::Welcome,
        priority: Priority::Normal,
        return_path_bytes: 0,
        outline: Arc::default(),
    }
}

fn later(leased: Leased, now: Time) -> Settlement {
    let Leased { id, recipients, .. } = leased;
    let (memories, queue) = (Vec::new(), "remote.example".into());
    let next_attempt = Some(now.plus_seconds(86_400));
    Settlement { id, memories, queue, deliveries: Vec::new(), recipients, next_attempt, attempts: 1 }
}

// ---- the box -----------------------------------------------------------------------------

struct Server {
    child: Child,
    origin: String,
    cookies: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(folder: &Path) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let configuration = folder.join("mailstead.toml");
        let listeners = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "sieve"];
        let silent: String = listeners.iter().map(|service| format!("{service}.listen = []\n")).collect();
        let text = format!(
            "hostname = \"mx.{DOMAIN}\"\ndata = \"{}\"\nweb.listen = [\"127.0.0.1:{port}\"]\n\
             storage.disk_free_bytes_min = 16777216\nlog.console = \"off\"\n{silent}",
            folder.join("data").display()
        );
        std::fs::write(&configuration, text).expect("writes");
        let mailstead = std::env::var_os("MAILSTEAD").unwrap_or_else(|| "../target/release/mailstead".into());
        let mut serve = Command::new(&mailstead);
        serve.arg("--config").arg(&configuration).arg("serve");
        let child = serve.stdout(Stdio::null()).spawn().expect("starts");
        let origin = format!("http://127.0.0.1:{port}");
        let server = Server { child, origin, cookies: folder.join("cookies") };
        server.wait_for_answers();
        let mut add = Command::new(&mailstead);
        add.arg("--config").arg(&configuration).args(["user", "add", ADMIN, "--role", "system-administrator"]);
        let mut add = add.arg("--password-stdin").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("runs");
        writeln!(add.stdin.take().expect("is piped"), "{PASSWORD}").expect("is read");
        assert!(add.wait().expect("ends").success(), "an administrator");
        server.sign_in();
        server
    }

    fn wait_for_answers(&self) {
        for _ in 0..START_TENTHS {
            let status = self.curl(&["-o", "/dev/null", &format!("{}/healthz", self.origin)]);
            if status.1 == "200" {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the box does not answer");
    }

    fn sign_in(&self) {
        let (user, password) = (format!("user={ADMIN}"), format!("password={PASSWORD}"));
        let origin = format!("{}/sign-in", self.origin);
        let form = ["-o", "/dev/null", "--data-urlencode", &user, "--data-urlencode", &password, &origin];
        let (_, status) = self.curl(&form);
        assert_eq!(status, "303", "signs in");
    }

    /// Seconds until the first byte, bytes, and the status of a page.
    fn fetch(&self, page: &str) -> (f64, u64, u16) {
        let url = format!("{}{page}", self.origin);
        let (out, status) = self.curl(&["-o", "/dev/null", "--compressed", &url]);
        let mut parts = out.split(' ');
        let seconds = parts.next().and_then(|text| text.parse().ok()).expect("a time");
        let bytes = parts.next().and_then(|text| text.parse().ok()).expect("a size");
        (seconds, bytes, status.parse().expect("a status"))
    }

    /// What curl says of it: time and size, and the status.
    fn curl(&self, arguments: &[&str]) -> (String, String) {
        let said = "%{time_starttransfer} %{size_download}|%{http_code}";
        let mut curl = Command::new("curl");
        curl.args(["-s", "-b"]).arg(&self.cookies).arg("-c").arg(&self.cookies).args(["-w", said]).args(arguments);
        let out = String::from_utf8(curl.output().expect("curl runs").stdout).expect("text");
        let (out, status) = out.rsplit_once('|').expect("a status");
        (out.to_owned(), status.to_owned())
    }
}
