//! Keeps the archive: lets records go when their time is over, publishes the heads of the chains once a day, and makes
//! filters of what has come, so that it is found quickly.
//!
//! A record goes when each of its rules says so and no legal hold covers it. What cannot be judged, because its rule or its
//! message cannot be read, stays. A rule that has ended goes when no record names it any more.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use mailstead_storage::{ArchiveRecord, ArchiveRule, Result, Store, Word};

use super::{Judge, head_text, make_filters};
use crate::clock::{Clock, Time};
use crate::log::{Event, Kind, Level, Log};
use crate::service::Stop;
use crate::work;

/// How often it is looked whether a filter is to be made.
const PERIOD: Duration = Duration::from_secs(60);
/// How often it is looked whether a record's time is over, in periods.
const SWEEP_PERIODS: u32 = 60;
/// Records judged at a time.
const LOOK_RECORDS: usize = 512;
/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// What keeping the archive takes.
pub struct Keeper {
    /// Has the archive.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Where heads are published and removals noted.
    pub log: Log,
}

/// Records that were let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// Of which domain.
    pub domain: String,
    /// How many.
    pub records: u64,
    /// The lowest number and the highest.
    pub numbers: (u64, u64),
}

impl Keeper {
    /// Does what is due, now and then until `stop`.
    pub async fn run(self, mut stop: Stop) {
        let mut published = None;
        for period in (0..SWEEP_PERIODS).cycle() {
            let now = self.clock.now();
            if period == 0 {
                self.tell("archive was not swept", self.keep(now).await);
            }
            let store = self.store.clone();
            self.tell("archive filters were not made", work::read_long(move || make_filters(&store)).await);
            let day = now.0 / DAY;
            if published != Some(day) && self.publish().await.is_ok() {
                published = Some(day);
            }
            if tokio::time::timeout(PERIOD, stop.asked()).await.is_ok() {
                return;
            }
        }
    }

    fn tell<T>(&self, failure: &'static str, outcome: Result<T>) {
        if let Err(error) = outcome {
            let event = Event::new(Kind::System, Level::Error, failure);
            self.log.write(event.with("error", error.to_string()));
        }
    }

    async fn keep(&self, now: Time) -> Result<()> {
        let store = self.store.clone();
        for swept in work::read_long(move || sweep(&store, now)).await? {
            let Swept { domain, records, numbers: (first, last) } = swept;
            let event = Event::new(Kind::Audit, Level::Info, "archived messages removed").with("on", domain);
            let event = event.with("by", "retention").with("messages", records);
            self.log.write(event.with("first", first).with("last", last));
        }
        let store = self.store.clone();
        for rule in work::read_long(move || forget_rules(&store, now)).await? {
            let event = Event::new(Kind::Audit, Level::Info, "archive rule removed").with("on", format!("rule {rule}"));
            self.log.write(event.with("by", "retention"));
        }
        Ok(())
    }

    async fn publish(&self) -> Result<()> {
        let store = self.store.clone();
        for chain in work::read(move || store.archive_chains()).await?.into_iter().filter(|chain| chain.last > 0) {
            let head = head_text(&chain.domain, chain.last, &chain.head);
            let event = Event::new(Kind::Audit, Level::Info, "archive head").with("on", chain.domain);
            self.log.write(event.with("by", "the box").with("head", head).with("kept", chain.kept));
        }
        Ok(())
    }
}

/// For how many milliseconds each rule has its records kept, by the rule's number; for ever is not in it.
struct Terms(HashMap<u32, u64>);

impl Terms {
    fn new(rules: &[ArchiveRule]) -> Terms {
        Terms(rules.iter().filter_map(|rule| Some((rule.id, u64::from(rule.keep_days?) * DAY))).collect())
    }

    /// No record that was archived later than this can be due.
    fn latest(&self, now: Time) -> Option<Time> {
        self.0.values().min().map(|shortest| Time(now.0.saturating_sub(*shortest)))
    }

    fn is_over(&self, record: &ArchiveRecord, now: Time) -> bool {
        let ends = |rule: &u32| self.0.get(rule).map(|term| record.archived.0.saturating_add(*term));
        record.rules.iter().all(|rule| ends(rule).is_some_and(|end| end <= now.0))
    }
}

/// Lets go what is due at `now`; tells what went, domain by domain.
///
/// # Errors
/// Those of reading and writing.
pub fn sweep(store: &Store, now: Time) -> Result<Vec<Swept>> {
    let terms = Terms::new(&store.archive_rules()?);
    let Some(latest) = terms.latest(now) else { return Ok(Vec::new()) };
    let mut swept = Vec::new();
    for chain in store.archive_chains()? {
        let mut went = Swept { domain: chain.domain, records: 0, numbers: (u64::MAX, 0) };
        let mut next = chain.first;
        loop {
            let records = store.archive_from(&went.domain, next, LOOK_RECORDS)?;
            let Some(last) = records.last() else { break };
            let (after, is_done) = (last.number + 1, last.archived > latest);
            match let_go(store, &went.domain, &records, &terms, now) {
                // Holds have changed: what was just judged is judged anew.
                Err(error) if error.word == Word::NotAllowed => continue,
                outcome => went.add(&outcome?),
            }
            if is_done {
                break;
            }
            next = after;
        }
        if went.records > 0 {
            swept.push(went);
        }
    }
    Ok(swept)
}

/// Forgets the rules that have ended and of which no record is kept; tells their numbers.
///
/// # Errors
/// Those of reading and writing.
pub fn forget_rules(store: &Store, now: Time) -> Result<BTreeSet<u32>> {
    // What was being accepted when a rule ended has been accepted a day later.
    let has_ended = |rule: &ArchiveRule| rule.ended.is_some_and(|ended| ended.0.saturating_add(DAY) <= now.0);
    let rules = store.archive_rules()?;
    let mut unnamed: BTreeSet<u32> = rules.iter().filter(|rule| has_ended(rule)).map(|rule| rule.id).collect();
    // Before the records, among which they are soon.
    let awaited = store.archive_rules_awaited();
    unnamed.retain(|rule| !awaited.contains(rule));
    for chain in store.archive_chains()? {
        let mut next = chain.first;
        while !unnamed.is_empty() {
            let records = store.archive_from(&chain.domain, next, LOOK_RECORDS)?;
            let Some(last) = records.last() else { break };
            next = last.number + 1;
            let named: BTreeSet<u32> = records.into_iter().flat_map(|record| record.rules).collect();
            unnamed.retain(|rule| !named.contains(rule));
        }
    }
    unnamed.iter().try_for_each(|rule| store.forget_archive_rule(*rule).wait())?;
    Ok(unnamed)
}

impl Swept {
    fn add(&mut self, numbers: &[u64]) {
        self.records += numbers.len() as u64;
        self.numbers.0 = numbers.first().copied().unwrap_or(u64::MAX).min(self.numbers.0);
        self.numbers.1 = numbers.last().copied().unwrap_or(0).max(self.numbers.1);
    }
}

fn let_go(store: &Store, domain: &str, records: &[ArchiveRecord], terms: &Terms, now: Time) -> Result<Vec<u64>> {
    let (holds, judged) = store.archive_holds_as_of()?;
    let holds: Vec<Judge> = holds.into_iter().map(|hold| Judge::new(hold.criteria)).collect();
    let due = |record: &&ArchiveRecord| terms.is_over(record, now) && !is_held(store, &holds, record);
    let numbers: Vec<u64> = records.iter().filter(due).map(|record| record.number).collect();
    if !numbers.is_empty() {
        store.remove_archived(domain, numbers.clone(), judged).wait()?;
    }
    Ok(numbers)
}

fn is_held(store: &Store, holds: &[Judge], record: &ArchiveRecord) -> bool {
    let mut outline = None;
    holds.iter().filter(|hold| !hold.excludes(record)).any(|hold| {
        let outline = outline.get_or_insert_with(|| store.outline(record.blob));
        match outline {
            Ok(outline) => hold.fits(store, record, Some(outline)).unwrap_or(true),
            Err(_) => true,
        }
    })
}
