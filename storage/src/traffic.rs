//! Traffic: how much mail came, went and was refused, by the minute for a day and by the hour for more than a year.
//! Counted in memory; a minute that is over rides along with the next commit. What is counted is the rooms' matter.

use std::collections::BTreeMap;
use std::sync::Mutex;

use redb::ReadTransaction;

use crate::base::lock;
use crate::codec::{Reader, Writer};
use crate::tables::meta;
use crate::write::Tables;
use crate::{Result, Time};

/// Minutes that are kept one by one.
const MINUTES_KEPT: u32 = 24 * 60;

/// Hours that are kept.
const HOURS_KEPT: u32 = 400 * 24;

const MS_A_MINUTE: u64 = 60_000;

/// What is counted. The order is the one on disk: what is new goes to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meter {
    /// Messages accepted from other servers.
    Received,
    /// Bytes of them.
    ReceivedBytes,
    /// Messages accepted from users of this box.
    Submitted,
    /// Bytes of them.
    SubmittedBytes,
    /// Senders, recipients and messages that were refused.
    Refused,
    /// Messages accepted from other servers whose place is Junk.
    Spam,
    /// Recipients here that have got a message.
    Delivered,
    /// Milliseconds that they waited for it since it was accepted.
    DeliveredMs,
    /// Recipients elsewhere whose server has taken a message.
    Sent,
    /// Milliseconds that it took since it was accepted.
    SentMs,
    /// Recipients that will never get a message.
    Failed,
}

/// How many there are.
const METERS: usize = Meter::Failed as usize + 1;

/// What was counted in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic([u64; METERS]);

impl Traffic {
    /// The count of one meter.
    pub fn get(&self, meter: Meter) -> u64 {
        self.0[meter as usize]
    }

    /// Counts.
    pub fn add(&mut self, meter: Meter, count: u64) {
        let sum = &mut self.0[meter as usize];
        *sum = sum.saturating_add(count);
    }

    fn merge(&mut self, other: &Traffic) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(count);
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut row = Writer::new(1, 2 * METERS);
        self.0.iter().for_each(|count| row.number(*count));
        row.0
    }

    /// A row of a program that counted less ends earlier.
    fn decode(row: &[u8]) -> Result<Traffic> {
        let mut reader = Reader::new("traffic", 1, row)?;
        let mut traffic = Traffic::default();
        for count in &mut traffic.0 {
            if reader.is_at_end() {
                break;
            }
            *count = reader.number()?;
        }
        Ok(traffic)
    }
}

/// Spans of time that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Minutes, for a day.
    Minute = 0,
    /// Hours, for 400 days.
    Hour = 1,
}

impl Span {
    /// The number, since 1970, of the span in which this moment lies.
    pub fn of(self, at: Time) -> u32 {
        let minute = (at.0 / MS_A_MINUTE) as u32;
        self.of_minute(minute)
    }

    /// The first moment of the span with this number.
    pub fn start(self, number: u32) -> Time {
        let minutes = match self {
            Span::Minute => 1,
            Span::Hour => 60,
        };
        Time(u64::from(number) * minutes * MS_A_MINUTE)
    }

    fn of_minute(self, minute: u32) -> u32 {
        match self {
            Span::Minute => minute,
            Span::Hour => minute / 60,
        }
    }
}

/// The minute that is going on, and what was counted since the start.
#[derive(Default)]
pub(crate) struct Meters(Mutex<Running>);

#[derive(Default)]
struct Running {
    minute: u32,
    now: Traffic,
    total: Traffic,
}

impl Meters {
    /// Counts. Returns the minute before, once it is over.
    pub(crate) fn count(&self, now: Time, counts: &[(Meter, u64)]) -> Option<(u32, Traffic)> {
        let minute = Span::Minute.of(now);
        let mut running = lock(&self.0);
        let over = (running.minute != minute).then(|| (running.minute, std::mem::take(&mut running.now)));
        running.minute = minute;
        for (meter, count) in counts {
            running.now.add(*meter, *count);
            running.total.add(*meter, *count);
        }
        over.filter(|(_, traffic)| *traffic != Traffic::default())
    }

    /// The minute that is going on.
    pub(crate) fn running(&self) -> (u32, Traffic) {
        let running = lock(&self.0);
        (running.minute, running.now)
    }

    /// Ends the minute that is going on.
    pub(crate) fn end(&self) -> Option<(u32, Traffic)> {
        let mut running = lock(&self.0);
        let over = (running.minute, std::mem::take(&mut running.now));
        Some(over).filter(|(_, traffic)| *traffic != Traffic::default())
    }

    /// All since the start.
    pub(crate) fn total(&self) -> Traffic {
        lock(&self.0).total
    }
}

/// Minutes that are over and not written yet.
pub(crate) type Minutes = BTreeMap<u32, Traffic>;

/// Adds a minute to those that wait.
pub(crate) fn note(minutes: &mut Minutes, minute: u32, traffic: &Traffic) {
    minutes.entry(minute).or_default().merge(traffic);
}

/// Takes what was written out of those that wait. What came to a minute meanwhile stays.
pub(crate) fn forget(minutes: &mut Minutes, written: &Minutes) {
    for (minute, gone) in written {
        if let Some(left) = minutes.get_mut(minute) {
            left.0.iter_mut().zip(gone.0).for_each(|(left, gone)| *left -= gone);
            if *left == Traffic::default() {
                minutes.remove(minute);
            }
        }
    }
}

/// Writes minutes that are over, and forgets what is too old.
pub(crate) fn write(tables: &mut Tables, minutes: &Minutes) -> Result<()> {
    for (minute, traffic) in minutes {
        for span in [Span::Minute, Span::Hour] {
            let key = (span as u8, span.of_minute(*minute));
            let mut sum =
                tables.traffic.get(key)?.map(|row| Traffic::decode(row.value())).transpose()?.unwrap_or_default();
            sum.merge(traffic);
            tables.traffic.insert(key, sum.encode().as_slice())?;
        }
    }
    if let Some((last, _)) = minutes.last_key_value() {
        for (span, kept) in [(Span::Minute, MINUTES_KEPT), (Span::Hour, HOURS_KEPT)] {
            let oldest = span.of_minute(*last).saturating_sub(kept);
            tables.traffic.retain_in((span as u8, 0)..(span as u8, oldest), |_, _| false)?;
        }
    }
    Ok(())
}

/// What was counted from the span `from` to `until`, both included. `unwritten` are minutes that are not in the file.
/// Spans in which nothing happened are missing.
pub(crate) fn read(
    transaction: &ReadTransaction,
    unwritten: &Minutes,
    span: Span,
    (from, until): (u32, u32),
) -> Result<BTreeMap<u32, Traffic>> {
    let table = transaction.open_table(meta::TRAFFIC)?;
    let mut found = BTreeMap::new();
    for row in table.range((span as u8, from)..=(span as u8, until))? {
        let (key, row) = row?;
        found.insert(key.value().1, Traffic::decode(row.value())?);
    }
    for (minute, traffic) in unwritten {
        let number = span.of_minute(*minute);
        if (from..=until).contains(&number) {
            found.entry(number).or_insert_with(Traffic::default).merge(traffic);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Options, Silent, Store};

    const START: Time = Time(1_800_000_000_000);

    fn store(folder: &tempfile::TempDir) -> Store {
        Store::open(Options::new(folder.path()), Arc::new(Silent)).expect("opens")
    }

    fn received(store: &Store, span: Span, from: Time, until: Time) -> Vec<u64> {
        let found = store.traffic(span, span.of(from), span.of(until)).expect("reads");
        found.values().map(|traffic| traffic.get(Meter::Received)).collect()
    }

    #[test]
    fn what_is_counted_is_seen_at_once_and_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let opened = store(&folder);
        for minute in 0..90 {
            let at = START.plus_seconds(minute * 60);
            opened.count_traffic(at, &[(Meter::Received, 2), (Meter::ReceivedBytes, 1000)]);
        }
        let end = START.plus_seconds(89 * 60);
        let seen = |store: &Store| {
            let minutes = received(store, Span::Minute, START, end);
            (minutes.len(), minutes.iter().sum::<u64>(), received(store, Span::Hour, START, end).iter().sum::<u64>())
        };
        assert_eq!(seen(&opened), (90, 180, 180));
        opened.set_setting("a", Some("commit".into())).wait().expect("written");
        assert_eq!(seen(&opened), (90, 180, 180));
        opened.close().expect("closes");
        let again = store(&folder);
        assert_eq!(seen(&again), (90, 180, 180));
        assert_eq!(again.traffic_total().get(Meter::Received), 0, "since the start");
    }

    #[test]
    fn minutes_are_forgotten_and_hours_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder);
        for day in 0..3 {
            store.count_traffic(START.plus_seconds(day * 86_400), &[(Meter::Received, 1)]);
            store.count_traffic(START.plus_seconds(day * 86_400 + 60), &[(Meter::Refused, 1)]);
            store.set_setting("a", Some(day.to_string())).wait().expect("written");
        }
        let end = START.plus_seconds(4 * 86_400);
        let minutes = received(&store, Span::Minute, START, end);
        assert_eq!(minutes, [1, 0, 1, 0], "a day back from the last one written, and the one going on");
        assert_eq!(received(&store, Span::Hour, START, end).iter().sum::<u64>(), 3);
    }

    #[test]
    fn rows_of_other_programs() {
        let mut traffic = Traffic::default();
        traffic.add(Meter::Failed, u64::MAX);
        traffic.add(Meter::Failed, 1);
        assert_eq!(Traffic::decode(&traffic.encode()).expect("reads"), traffic);
        let shorter = Traffic::decode(&[1, 7]).expect("a row of a program that counted one thing");
        assert_eq!((shorter.get(Meter::Received), shorter.get(Meter::ReceivedBytes)), (7, 0));
        assert!(Traffic::decode(&[2, 7]).is_err() && Traffic::decode(&[]).is_err());
    }

    #[test]
    fn what_came_meanwhile_is_not_forgotten() {
        let mut waiting = Minutes::new();
        let one = |count| {
            let mut traffic = Traffic::default();
            traffic.add(Meter::Sent, count);
            traffic
        };
        note(&mut waiting, 1, &one(5));
        let written = waiting.clone();
        note(&mut waiting, 1, &one(2));
        forget(&mut waiting, &written);
        assert_eq!(waiting, Minutes::from([(1, one(2))]));
        forget(&mut waiting, &Minutes::from([(1, one(2)), (9, one(1))]));
        assert!(waiting.is_empty());
    }
}
