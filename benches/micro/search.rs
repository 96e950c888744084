//! The index of messages: making documents, writing them, finding them again.

use std::convert::Infallible;
use std::sync::LazyLock;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mailstead_benches::messages::Messages;
use mailstead_core::message::Outline;
use mailstead_core::message::text::texts;
use mailstead_core::search::document;
use mailstead_core::search::query::{Term, Wanted, parse, text};
use mailstead_storage::search::{Document, Index, Progress, Query};
use mailstead_storage::{AccountId, BlobId, Time};

/// What most mail is like.
const MIX: &str = "60:4k,30:40k,10:400k";
/// Messages of one mix.
const MESSAGES: u64 = 100;
/// Messages of the owner who searches, and of each of the others.
const OWN: u64 = 20_000;
/// How many owners there are.
const OWNERS: u64 = 10;

fn main() {
    divan::main();
}

fn messages() -> Vec<Vec<u8>> {
    let messages = Messages::new(MIX.parse().expect("a mix"), 1);
    (0..MESSAGES).map(|index| messages.message(index, "u0@example.test")).collect()
}

fn made(message: &[u8]) -> Document {
    let outline = Outline::of(message);
    let texts = texts(&outline, |range| Ok::<_, Infallible>(range.of(message))).unwrap_or_default();
    document(&outline, outline.root.header.of(message), &texts)
}

/// Time for a hundred messages of the mix, their outlines included.
#[divan::bench]
fn documents(bencher: Bencher) {
    let messages = messages();
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .bench(|| messages.iter().map(|message| made(message)).collect::<Vec<_>>());
}

/// Time for a thousand documents, the commit included.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn write(bencher: Bencher) {
    let documents: Vec<Document> = messages().iter().map(|message| made(message)).collect();
    bencher.counter(ItemsCount::new(1000_u64)).bench_local(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let index = Index::open(folder.path()).expect("opens");
        let mut writer = index.writer().expect("is free");
        for number in 0..1000_u64 {
            let document = &documents[number as usize % documents.len()];
            writer.add(AccountId(1), BlobId(number), document).expect("adds");
        }
        writer.commit(&Progress::begin(0, Vec::new())).expect("commits");
    });
}

struct Filled {
    index: Index,
    _folder: tempfile::TempDir,
}

/// 200,000 messages of 4 KB.
static FILLED: LazyLock<Filled> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let index = Index::open(folder.path()).expect("opens");
    let messages = Messages::new("100:4k".parse().expect("a mix"), 2);
    let mut writer = index.writer().expect("is free");
    for number in 0..OWN * OWNERS {
        let document = made(&messages.message(number, "u0@example.test"));
        writer.add(AccountId((number % OWNERS) as u32 + 1), BlobId(number), &document).expect("adds");
        if number % 5000 == 0 {
            writer.commit(&Progress::begin(0, Vec::new())).expect("commits");
        }
    }
    writer.commit(&Progress::begin(0, Vec::new())).expect("commits");
    drop(writer);
    Filled { index, _folder: folder }
});

/// One owner's messages among those of ten.
#[divan::bench(args = ["budget", "zq*", "\"budget meeting\"", "from:u1", "bud*"])]
fn find(bencher: Bencher, query: &str) {
    let query = asked(&parse(query, Time(0)).expect("a query"));
    let filled = &*FILLED;
    bencher.bench(|| filled.index.find(AccountId(3), black_box(&query)).expect("reads").len());
}

fn asked(wanted: &Wanted) -> Query {
    match wanted {
        Wanted::All(all) => Query::All(all.iter().map(asked).collect()),
        Wanted::Any(any) => Query::Any(any.iter().map(asked).collect()),
        Wanted::Term(Term::Text(words)) => text(words),
        Wanted::Not(_) | Wanted::Term(_) => Query::Everything,
    }
}
