//! Messages, an index that follows them, and searches in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mailstead_storage::search::{Document, Field};
use mailstead_storage::{Append, Attributes, Flags, MailboxId, NewAccount, Options, Time, UidRange, UidSet};
use proptest::prelude::*;

use super::*;
use crate::message::Outline;
use crate::service::Services;
use query::{parse, text};

/// 2026-11-22
const NOW: Time = Time(1_795_305_600_000);
const PATIENCE: Duration = Duration::from_secs(30);

struct House {
    folder: tempfile::TempDir,
    parts: Parts,
    alice: AccountId,
    bob: AccountId,
}

impl House {
    fn new() -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let bell = Bell::default();
        let store = Store::open(Options::new(folder.path()), Arc::new(bell.clone())).expect("opens");
        store.add_domain("example.test", NOW).wait().expect("a domain");
        let account = |name: &str| {
            let new = NewAccount { address: format!("{name}@example.test"), ..NewAccount::default() };
            store.add_account(new, NOW).wait().expect("an account")
        };
        let (alice, bob) = (account("alice"), account("bob"));
        let parts = Parts { store, bell, clock: Clock::standing(NOW), log: Log::none() };
        House { folder, parts, alice, bob }
    }

    fn mailbox(&self, owner: AccountId, name: &str) -> MailboxId {
        self.parts.store.mailbox(owner, name).expect("reads").expect("is there").id
    }

    fn file(&self, owner: AccountId, name: &str, message: &str, flags: Flags, days_ago: u64) {
        let store = &self.parts.store;
        let outline = Outline::of(message.as_bytes()).encode();
        let date = Time(NOW.0 - days_ago * 86_400_000);
        let mailbox = self.mailbox(owner, name);
        let attributes = Attributes { outline: outline.into(), flags, keywords: Vec::new(), internal_date: date };
        let append = Append { mailbox, before: Vec::new(), attributes, replaces: None, now: NOW };
        store.draft().expect("room").append(message.as_bytes().to_vec(), append).wait().expect("appended");
    }

    fn search(&self) -> Search {
        Search::open(self.folder.path(), self.parts.clone()).expect("opens")
    }
}

async fn started(house: &House, search: &Search) -> Services {
    let services = Services::new(house.parts.store.clone(), Log::none(), vec![Arc::new(search.clone())]);
    services.start("indexing").await.expect("starts");
    services
}

/// Waits until everything can be found.
async fn settled(search: &Search) {
    let end = Instant::now() + PATIENCE;
    loop {
        if !search.is_behind().expect("reads") {
            return;
        }
        assert!(Instant::now() < end, "{:?}", search.status());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn found(search: &Search, owner: AccountId, query: &str) -> Vec<String> {
    let wanted = parse(query, NOW).expect("a query");
    let page = |order| Page { order, skip: 0, count: 50 };
    let found = search.find(owner, &wanted, page(Order::Newest)).expect("reads");
    let best = search.find(owner, &wanted, page(Order::Best)).expect("reads");
    assert_eq!(found.total, best.total);
    found.hits.into_iter().map(|hit| hit.excerpt.subject).collect()
}

const OFFER: &str = "From: Anna Schmidt <anna@shop.test>\r\nTo: alice@example.test\r\nSubject: Offer 2026\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nUnser Angebot für die Häuser in der Straße. Viele Grüße!\r\n";
const REPORT: &str = "From: Bob <bob@example.test>\r\nTo: alice@example.test, carol@example.test\r\nSubject: Quarterly report\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPlease find the numbers attached. People are walking.\r\n\
    --b\r\nContent-Type: text/csv; name=\"numbers final.csv\"\r\nContent-Disposition: attachment\r\n\r\nalpha,beta\r\n--b--\r\n";
const JAPANESE: &str = "From: =?utf-8?b?55Sw5Lit?= <tanaka@example.jp>\r\nSubject: =?utf-8?b?5Lya6K2w?=\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\u{660e}\u{65e5}\u{306e}\u{4f1a}\u{8b70}\u{306f}\u{6771}\u{4eac}\u{3067}\u{3059}\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_people_look_for() {
    let house = House::new();
    let (alice, bob) = (house.alice, house.bob);
    house.file(alice, "INBOX", OFFER, Flags::default(), 40);
    let search = house.search();
    let services = started(&house, &search).await;
    house.file(alice, "Archive", REPORT, Flags::SEEN, 1);
    house.file(alice, "INBOX", JAPANESE, Flags::FLAGGED, 2);
    house.file(bob, "INBOX", REPORT, Flags::default(), 1);
    settled(&search).await;
    let check = |query: &str, expected: &[&str]| assert_eq!(found(&search, alice, query), expected, "{query}");
    let (offer, report, meeting) = ("Offer 2026", "Quarterly report", "会議");
    check("", &[report, meeting, offer]);
    check("angebot", &[offer]);
    check("haus", &[offer]);
    check("strasse grusse", &[offer]);
    check("\"hauser in der strasse\"", &[offer]);
    check("\"in der hauser\"", &[]);
    check("\"haus\"", &[]);
    check("walk", &[report]);
    check("quart*", &[report]);
    check("quart", &[]);
    check("from:anna subject:\"offer 2026\"", &[offer]);
    check("from:anna@shop.test", &[offer]);
    check("from:shop.test OR from:bob", &[report, offer]);
    check("from:shop", &[offer]);
    check("to:carol", &[report]);
    check("subject:walk", &[]);
    check("subject:reports", &[report]);
    check("has:attachment", &[report]);
    check("has:sheet beta filename:final", &[report]);
    check("attachment:alpha", &[report]);
    check("会議", &[meeting]);
    check("東京", &[meeting]);
    check("京", &[meeting]);
    check("京東", &[]);
    check("田中", &[meeting]);
    check("is:unread", &[meeting, offer]);
    check("-is:unread", &[report]);
    check("is:flagged 会議", &[meeting]);
    check("in:archive", &[report]);
    check("-in:archive -from:anna", &[meeting]);
    check("before:2026-11", &[offer]);
    check("newer:7d -walk", &[meeting]);
    check("larger:300 smaller:1m", &[report]);
    check("nothing", &[]);
    assert_eq!(found(&search, bob, "walk"), [report]);
    assert_eq!(found(&search, bob, "angebot"), [""; 0]);
    services.stop("indexing").await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_follows() {
    let house = House::new();
    let (store, alice) = (&house.parts.store, house.alice);
    let search = house.search();
    let services = started(&house, &search).await;
    house.file(alice, "INBOX", OFFER, Flags::default(), 0);
    settled(&search).await;
    let (inbox, archive) = (house.mailbox(alice, "INBOX"), house.mailbox(alice, "Archive"));
    let all: UidSet = [UidRange { first: 1, last: u32::MAX }].into_iter().collect();
    store.copy(inbox, all.clone(), archive, NOW).wait().expect("copies");
    settled(&search).await;
    assert_eq!(search.status().expect("reads").documents, 1);
    store.expunge(inbox, None, false).wait().expect("expunges");
    settled(&search).await;
    assert_eq!(found(&search, alice, "in:archive angebot"), ["Offer 2026"]);
    assert_eq!(found(&search, alice, "in:inbox"), [""; 0]);
    store.expunge(archive, None, false).wait().expect("expunges");
    settled(&search).await;
    assert_eq!(search.status().expect("reads").documents, 0);

    // What comes while the service is stopped is read when it starts again.
    services.stop("indexing").await.expect("stops");
    house.file(alice, "INBOX", REPORT, Flags::default(), 0);
    services.start("indexing").await.expect("starts");
    settled(&search).await;
    assert_eq!(found(&search, alice, "walking"), ["Quarterly report"]);
    search.reindex(Some(alice));
    settled(&search).await;
    search.reindex(None);
    settled(&search).await;
    assert_eq!(found(&search, alice, "walking"), ["Quarterly report"]);
    assert_eq!(search.status().expect("reads").documents, 1);

    // An index that was thrown away is made anew.
    services.stop("indexing").await.expect("stops");
    drop((services, search));
    std::fs::remove_dir_all(house.folder.path().join(FOLDER)).expect("is there");
    let search = house.search();
    let services = started(&house, &search).await;
    settled(&search).await;
    assert_eq!(found(&search, alice, "walking"), ["Quarterly report"]);
    store.remove_account(alice).wait().expect("removes");
    settled(&search).await;
    assert_eq!(search.status().expect("reads").documents, 0);
    services.stop("indexing").await.expect("stops");
}

/// Whether a document has what is looked for, word by word.
fn fits(document: &Document, query: &Query) -> bool {
    let words = |field: &Field| -> Vec<&str> {
        let texts = document.texts.iter().filter(move |(of, _)| of == field);
        texts.flat_map(|(_, text)| text.split(' ').filter(|word| !word.is_empty())).collect()
    };
    match query {
        Query::Everything => true,
        Query::Word { fields, word } => fields.iter().any(|field| words(field).contains(&word.as_str())),
        Query::Prefix { fields, prefix } => {
            fields.iter().any(|field| words(field).iter().any(|word| word.starts_with(prefix.as_str())))
        }
        Query::Tested { fields, beginning, test } => fields
            .iter()
            .any(|field| words(field).iter().any(|word| word.starts_with(beginning.as_str()) && test.passes(word))),
        Query::Phrase { fields, words: wanted, unfinished } => fields.iter().any(|field| {
            words(field).windows(wanted.len()).any(|window| {
                let last = wanted.len() - 1;
                window.iter().zip(wanted).enumerate().all(|(at, (word, wanted))| {
                    if at == last && *unfinished { word.starts_with(wanted.as_str()) } else { word == wanted }
                })
            })
        }),
        Query::All(all) => all.iter().all(|query| fits(document, query)),
        Query::Any(any) => any.iter().any(|query| fits(document, query)),
        Query::Weighed(query, _) => fits(document, query),
    }
}

fn some_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "house",
        "Houses",
        "haus",
        "Häuser",
        "walk",
        "walking",
        "日本",
        "日本語",
        "a@b.test",
        "naïve",
        "offer",
        "2026",
        "foo-bar",
        "x",
        "straße",
        "re:",
    ]);
    prop::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn the_index_finds_what_a_scan_finds(
        messages in prop::collection::vec((some_text(), some_text(), some_text()), 1..12),
        queries in prop::collection::vec(
            "(from:|subject:|body:|to:|)(house|haus|walk|日|日本|a@b|b\\.test|\"house walk\"|\"日本語\"|wal\\*|\"offer 2\"\\*|naive|foo-bar|strass\\*)( OR offer| 2026)?",
            1..8),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let index = Index::open(folder.path()).expect("opens");
        let mut writer = index.writer().expect("is free");
        let mut documents = Vec::new();
        for (at, (subject, from, body)) in messages.iter().enumerate() {
            let raw = format!(
                "Subject: {subject}\r\nFrom: {from} <a@b.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n");
            let outline = Outline::of(raw.as_bytes());
            let texts = crate::message::text::texts(&outline, |range| Ok::<_, std::convert::Infallible>(range.of(raw.as_bytes())));
            let document = document(&outline, outline.root.header.of(raw.as_bytes()), &texts.unwrap_or_default());
            writer.add(AccountId(1), BlobId(at as u64), &document).expect("adds");
            if at % 3 == 0 {
                writer.commit(&mailstead_storage::search::Progress::begin(0, Vec::new())).expect("commits");
            }
            documents.push(document);
        }
        writer.commit(&mailstead_storage::search::Progress::begin(0, Vec::new())).expect("commits");
        for query in &queries {
            let asked = asked(&parse(query, NOW).expect("a query"));
            let mut found = index.find(AccountId(1), &asked).expect("reads");
            found.sort_unstable();
            let scanned: Vec<BlobId> =
                (0..documents.len()).filter(|at| fits(&documents[*at], &asked)).map(|at| BlobId(at as u64)).collect();
            prop_assert_eq!(found, scanned, "{} in {:?}", query, documents);
        }
    }
}

fn asked(wanted: &query::Wanted) -> Query {
    let all = |all: &[query::Wanted]| all.iter().map(asked).collect();
    match wanted {
        query::Wanted::All(parts) => Query::All(all(parts)),
        query::Wanted::Any(parts) => Query::Any(all(parts)),
        query::Wanted::Term(query::Term::Text(words)) => text(words),
        query::Wanted::Not(_) | query::Wanted::Term(_) => Query::Everything,
    }
}
