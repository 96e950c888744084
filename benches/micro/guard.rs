//! What the guard costs: each connection, with 100,000 addresses blocked and 1,000 networks listed, and the memory of the
//! blocks.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use divan::{Bencher, black_box};
use mailstead_core::clock::{Clock, Time};
use mailstead_core::guard::{self, Guard, Protocol};
use mailstead_core::intake::Intake;
use mailstead_core::log::Log;
use mailstead_core::people::LoginWatch as _;
use mailstead_core::people::sessions::Sessions;
use mailstead_storage::{BlockedNetwork, ListedNetwork, NetworkList, Options, Silent, Store};
use tempfile::TempDir;

/// Addresses that are blocked.
const BLOCKS: u32 = 100_000;
/// Networks that are listed, of eight lengths.
const LISTED: u32 = 1_000;
/// The first of the blocked addresses: 32.0.0.0.
const BLOCKED_FROM: u32 = 32 << 24;
/// The first of others: 64.0.0.0, and how many there are.
const OTHERS_FROM: u32 = 64 << 24;
const OTHERS: u32 = 1 << 20;

const NOW: Time = Time(1_800_000_000_000);

fn main() {
    let (store, _folder) = store();
    let before = resident_bytes();
    let guard = open(&store);
    let after = resident_bytes();
    println!("memory of {BLOCKS} blocks: {:.1} MB", after.saturating_sub(before) as f64 / 1e6);
    drop(guard);
    divan::main();
}

/// A store that has kept all blocks and lists.
fn store() -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { disk_free_bytes_min: 0, ..Options::new(folder.path()) };
    let store = Store::open(options, Arc::new(Silent)).expect("a new store");
    let pending = (0..BLOCKS).map(|n| {
        let network = Ipv4Addr::from_bits(BLOCKED_FROM + n).to_string();
        let (protocol, rule) = ("imap".into(), "brute-force.imap".into());
        store.put_block(BlockedNetwork { network, protocol, rule, since: NOW, until: NOW.plus_seconds(1800) })
    });
    let pending: Vec<_> = pending.collect();
    pending.into_iter().for_each(|pending| pending.wait().expect("kept"));
    for n in 0..LISTED {
        let network = format!("{}/{}", Ipv4Addr::from_bits((96 << 24) + (n << 12)), 20 + n % 8);
        let entry = ListedNetwork { network, note: "a note".into(), until: None, added: NOW };
        store.put_listed(NetworkList::Blacklist, entry).wait().expect("kept");
    }
    (store, folder)
}

fn open(store: &Store) -> Guard {
    let clock = Clock::standing(NOW);
    let parts = guard::Parts {
        store: store.clone(),
        sessions: Sessions::default(),
        intake: Intake::new(store.clone(), clock.clone(), 1 << 20),
        clock,
        log: Log::none(),
        hostname: "mx.example.test".into(),
    };
    Guard::open(parts).expect("opens")
}

/// What the process has in memory.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

/// Calls with one address after the other, so many from `first` on.
fn with_addresses(bencher: Bencher, first: u32, count: u32, call: impl Fn(&Guard, IpAddr) + Sync) {
    let (store, _folder) = store();
    let (guard, mut n) = (open(&store), 0);
    bencher.bench_local(|| {
        n = (n + 1) % count;
        call(&guard, Ipv4Addr::from_bits(first + n).into());
    });
}

/// A connection that is welcome, and counted.
#[divan::bench]
fn connection(bencher: Bencher) {
    with_addresses(bencher, OTHERS_FROM, OTHERS, |guard, ip| {
        let _ = black_box(guard.connection(ip, Protocol::Smtp));
    });
}

/// A connection that is refused.
#[divan::bench]
fn blocked_connection(bencher: Bencher) {
    with_addresses(bencher, BLOCKED_FROM, BLOCKS, |guard, ip| {
        let _ = black_box(guard.connection(ip, Protocol::Imap));
    });
}

/// A wrong password.
#[divan::bench(sample_count = 50, sample_size = 1000)]
fn failed_login(bencher: Bencher) {
    with_addresses(bencher, OTHERS_FROM, OTHERS, |guard, ip| guard.failed(None, "imap", ip));
}
