//! Retention and holds under a clock handed in, searching, and what exports hold.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use mailstead_storage::*;

use super::{Exported, Format, Query, export, find, forget_rules, make_filters, sweep};
use crate::message::Outline;

const BEGIN: Time = Time(1_800_000_000_000);
const DAY: u64 = 86_400;
const PATIENT: Duration = Duration::from_secs(60);

struct House {
    store: Store,
    _folder: tempfile::TempDir,
}

fn day(number: u64) -> Time {
    BEGIN.plus_seconds(number * DAY)
}

fn rule(domain: Option<&str>, direction: ArchiveDirection, keep_days: Option<u32>) -> ArchiveRule {
    let domain = domain.map(str::to_owned);
    ArchiveRule { id: 0, domain, direction, keep_days, created: BEGIN, by: "root".into(), ended: None }
}

fn house(rules: &[ArchiveRule]) -> House {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(Options::new(folder.path()), Arc::new(Silent)).expect("opens");
    for domain in ["a.test", "b.test"] {
        store.add_domain(domain, BEGIN).wait().expect("a domain");
    }
    for rule in rules {
        store.add_archive_rule(rule.clone()).wait().expect("a rule");
    }
    House { store, _folder: folder }
}

impl House {
    /// A message is accepted and leaves the spool.
    fn accept(&self, at: Time, from: &str, to: &str, subject: &str, text: &str) {
        self.spool(at, from, to, subject, text);
        self.deliver(at);
    }

    /// A message is accepted.
    fn spool(&self, at: Time, from: &str, to: &str, subject: &str, text: &str) {
        let bytes = format!("From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{text}\r\n");
        let recipient = EnvelopeRecipient::new(to, Notify::DEFAULT);
        let envelope = Envelope::new(from, vec![recipient]);
        let arrival = Arrival {
            envelope,
            provenance: Provenance::Received,
            received: at,
            priority: Priority::Normal,
            verdict: Verdict::Welcome,
            return_path_bytes: 0,
            outline: Outline::of(bytes.as_bytes()).encode().into(),
        };
        self.store.draft().expect("room").accept(bytes.into_bytes(), arrival).wait().expect("accepted");
    }

    /// All that was accepted leaves the spool.
    fn deliver(&self, at: Time) {
        for Leased { id, recipients, attempts, .. } in self.store.lease(9, at).expect("leases") {
            let (memories, queue) = (Vec::new(), String::new());
            let settlement =
                Settlement { id, deliveries: vec![], recipients, next_attempt: None, attempts, memories, queue };
            self.store.settle(vec![settlement]).wait().expect("settles");
        }
    }

    fn hold(&self, criteria: ArchiveCriteria) -> u32 {
        let hold = ArchiveHold { id: 0, criteria, why: "a lawsuit".into(), by: "root".into(), created: BEGIN };
        self.store.add_archive_hold(hold).wait().expect("a hold")
    }

    fn sweep(&self, now: Time) -> Vec<(String, u64)> {
        sweep(&self.store, now).expect("sweeps").into_iter().map(|swept| (swept.domain, swept.records)).collect()
    }

    /// Subjects of what is found.
    fn find(&self, criteria: ArchiveCriteria) -> Vec<String> {
        let query = Query { criteria, records_max: 1000, ..Query::default() };
        find(&self.store, &query, PATIENT).expect("finds").found.into_iter().map(|found| found.subject).collect()
    }

    fn assert_proved(&self) {
        assert_eq!(self.store.prove_archive(&[], &mut |_| ()).expect("reads").breaks, []);
        assert_eq!(self.store.verify(&mut |_| ()).expect("reads").findings, []);
    }
}

fn swept(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(domain, records)| ((*domain).to_owned(), *records)).collect()
}

#[test]
fn records_go_when_their_time_is_over() {
    use ArchiveDirection::Incoming;
    let house = house(&[rule(None, Incoming, Some(10)), rule(Some("a.test"), Incoming, Some(30))]);
    for number in 0..5 {
        house.accept(day(number), "x@y.test", "ann@a.test", "to a", "");
        house.accept(day(number), "x@y.test", "bob@b.test", "to b", "");
    }
    assert_eq!(house.sweep(day(9)), []);
    assert_eq!(house.sweep(day(12)), swept(&[("b.test", 3)]));
    assert_eq!(house.sweep(day(12)), []);
    house.assert_proved();
    // The longest of its rules counts for a record, also one that has ended.
    house.store.end_archive_rule(2, day(12)).wait().expect("ends");
    assert_eq!(house.sweep(day(31)), swept(&[("a.test", 2), ("b.test", 2)]));
    house.store.keep_archive_rule(2, None).wait().expect("keeps");
    assert_eq!(house.sweep(day(99)), []);
    house.store.keep_archive_rule(2, Some(5)).wait().expect("keeps");
    assert_eq!(house.sweep(day(99)), swept(&[("a.test", 3)]));
    house.assert_proved();
}

#[test]
fn a_rule_goes_with_its_last_record() {
    use ArchiveDirection::Incoming;
    let house = house(&[
        rule(Some("a.test"), Incoming, Some(10)),
        rule(None, Incoming, Some(20)),
        rule(Some("a.test"), Incoming, None),
        rule(Some("b.test"), Incoming, Some(1)),
    ]);
    let check = |now: Time, expected: &[u32]| {
        let forgotten = forget_rules(&house.store, now).expect("forgets");
        assert_eq!(forgotten, expected.iter().copied().collect(), "{now:?}");
    };
    // It would keep its records for ever, and has none.
    house.store.end_archive_rule(3, day(0)).wait().expect("ends");
    house.accept(day(0), "x@y.test", "ann@a.test", "a", "");
    for id in [1, 2] {
        house.store.end_archive_rule(id, day(1)).wait().expect("ends");
    }
    check(day(0), &[]);
    // No record names it. Rule 4 has none either, but takes copies.
    check(day(9), &[3]);
    assert_eq!(house.sweep(day(15)), []);
    check(day(15), &[]);
    let hold = house.hold(ArchiveCriteria::default());
    assert_eq!(house.sweep(day(20)), []);
    check(day(20), &[]);
    house.store.remove_archive_hold(hold).wait().expect("ends");
    assert_eq!(house.sweep(day(20)), swept(&[("a.test", 1)]));
    check(day(20), &[1, 2]);
    let rules = house.store.archive_rules().expect("reads");
    assert_eq!(rules.iter().map(|rule| rule.id).collect::<Vec<_>>(), [4]);
    let refused = house.store.forget_archive_rule(4).wait();
    assert_eq!(refused.map_err(|error| error.word), Err(Word::NotAllowed));
    house.assert_proved();
}

#[test]
fn a_rule_waits_for_what_it_has_still_to_take() {
    let house = house(&[rule(None, ArchiveDirection::Incoming, Some(1))]);
    house.spool(day(0), "x@y.test", "ann@a.test", "a", "");
    house.store.end_archive_rule(1, day(1)).wait().expect("ends");
    assert_eq!(forget_rules(&house.store, day(5)), Ok([].into()), "its message has not been delivered");
    house.deliver(day(5));
    assert_eq!(forget_rules(&house.store, day(5)), Ok([].into()), "its record is there");
    assert_eq!(house.sweep(day(5)), swept(&[("a.test", 1)]));
    assert_eq!(forget_rules(&house.store, day(5)), Ok([1].into()));
}

#[test]
fn what_is_held_stays() {
    let house = house(&[rule(Some("a.test"), ArchiveDirection::Incoming, Some(1))]);
    for (number, subject) in ["offer", "Re: =?utf-8?q?gr=C3=BC=C3=9Fe?=", "lunch", "offer two"].iter().enumerate() {
        house.accept(day(number as u64), "x@y.test", "ann@a.test", subject, "the secret plan");
    }
    let text = |text: &str| ArchiveCriteria { text: Some(text.into()), ..ArchiveCriteria::default() };
    let subject = |subject: &str| ArchiveCriteria { subject: Some(subject.into()), ..ArchiveCriteria::default() };
    let holds = [
        house.hold(subject("OFFER")),
        house.hold(ArchiveCriteria { until: Some(day(1).0), ..ArchiveCriteria::default() }),
        house.hold(ArchiveCriteria { sender: Some("nobody".into()), ..ArchiveCriteria::default() }),
        house.hold(text("plan missing")),
    ];
    assert_eq!(house.sweep(day(50)), swept(&[("a.test", 2)]));
    assert_eq!(house.find(ArchiveCriteria::default()), ["offer two", "offer"]);
    house.assert_proved();
    house.store.remove_archive_hold(holds[0]).wait().expect("ends");
    assert_eq!(house.sweep(day(50)), swept(&[("a.test", 1)]));
    let all = house.hold(text("Secret PLAN"));
    house.store.remove_archive_hold(holds[1]).wait().expect("ends");
    assert_eq!(house.sweep(day(50)), []);
    house.store.remove_archive_hold(all).wait().expect("ends");
    assert_eq!(house.sweep(day(50)), swept(&[("a.test", 1)]));
    house.assert_proved();
}

#[test]
fn records_are_found_by_all_that_is_known_of_them() {
    let house = house(&[rule(None, ArchiveDirection::Both, None)]);
    house.accept(day(1), "anna@y.test", "ann@a.test", "Offer 2026", "one two");
    house.accept(day(2), "otto@y.test", "bob@b.test", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "two three");
    house.accept(day(3), "anna@y.test", "bob@b.test", "offer again", "three four");
    let check = |change: &dyn Fn(&mut ArchiveCriteria), expected: &[&str]| {
        let mut criteria = ArchiveCriteria::default();
        change(&mut criteria);
        assert_eq!(house.find(criteria.clone()), expected, "{criteria:?}");
    };
    check(&|_| (), &["offer again", "Grüße", "Offer 2026"]);
    check(&|criteria| criteria.sender = Some("ANNA".into()), &["offer again", "Offer 2026"]);
    check(&|criteria| criteria.recipient = Some("@b.test".into()), &["offer again", "Grüße"]);
    check(&|criteria| criteria.subject = Some("GRÜßE".into()), &["Grüße"]);
    check(&|criteria| criteria.text = Some("TWO three".into()), &["Grüße"]);
    check(&|criteria| criteria.domain = Some("a.test".into()), &["Offer 2026"]);
    check(&|criteria| criteria.from = Some(day(2).0), &["offer again", "Grüße"]);
    check(&|criteria| criteria.until = Some(day(2).0), &["Offer 2026"]);
    check(&|criteria| criteria.subject = Some("missing".into()), &[]);
    let scope =
        |criteria: ArchiveCriteria| Query { criteria, domains: Some(vec!["a.test".into()]), ..Query::default() };
    let query = scope(ArchiveCriteria { domain: Some("b.test".into()), ..ArchiveCriteria::default() });
    assert!(find(&house.store, &query, PATIENT).expect("finds").found.is_empty(), "out of the scope");
}

#[test]
fn pages_follow_each_other() {
    let house = house(&[rule(None, ArchiveDirection::Both, None)]);
    for number in 0..25 {
        house.accept(day(number), "x@y.test", "ann@a.test", &format!("{number}"), "");
    }
    let (mut query, mut found) = (Query { records_max: 10, ..Query::default() }, Vec::new());
    loop {
        let page = find(&house.store, &query, PATIENT).expect("finds");
        found.extend(page.found.into_iter().map(|found| found.subject));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!(found, (0..25).rev().map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn what_has_filters_is_found_as_before() {
    const MESSAGES: u64 = 600;
    let house = house(&[rule(Some("a.test"), ArchiveDirection::Both, Some(10))]);
    let sender = |number: u64| format!("S{}@y.test", number % 7);
    let subject = |number: u64| format!("Überraschung {} der Saison", number * 37 % MESSAGES);
    let at = |number: u64| BEGIN.plus_seconds(number * 3600);
    for number in 0..MESSAGES {
        house.accept(at(number), &sender(number), "ann@a.test", &subject(number), "");
    }
    let check = |first: u64| {
        let searches =
            [("s3@", ""), ("", "überraschung 77 "), ("s5@Y", "7"), ("nobody@", ""), ("", "winter"), ("s", "")];
        for (from, about) in searches {
            for begin in [0, first + 100, first + 300] {
                let some = |part: &str| (!part.is_empty()).then(|| part.to_owned());
                let (from_time, sender_part, subject_part) = (Some(at(begin).0), some(from), some(about));
                let found = house.find(ArchiveCriteria {
                    from: from_time,
                    sender: sender_part,
                    subject: subject_part,
                    ..ArchiveCriteria::default()
                });
                let is_wanted = |number: &u64| {
                    sender(*number).to_lowercase().contains(&from.to_lowercase())
                        && subject(*number).to_lowercase().contains(about)
                };
                let expected: Vec<_> = (first.max(begin)..MESSAGES).rev().filter(is_wanted).map(subject).collect();
                assert_eq!(found, expected, "{from:?} {about:?} since {begin}, {first} gone");
            }
        }
    };
    let sweep = |gone: u64| {
        assert_eq!(house.sweep(at(gone - 1).plus_seconds(10 * DAY)).len(), 1);
        check(gone);
    };
    check(0);
    // The first records of a filter may be gone before it is made.
    sweep(100);
    let made = || make_filters(&house.store);
    assert_eq!((made(), made()), (Ok(2), Ok(0)));
    check(100);
    sweep(200);
    sweep(300);
    assert_eq!(made(), Ok(0));
    house.assert_proved();
}

#[test]
fn exports_hold_what_was_archived() {
    let house = house(&[rule(None, ArchiveDirection::Both, None)]);
    house.accept(day(1), "anna@y.test", "ann@a.test", "one", "From me\r\n>From you");
    house.accept(day(2), "", "bob@b.test", "=2+2, \"two\"", "plain");
    let exported = |format| {
        let (mut file, mut last) = (Vec::new(), Exported::default());
        let done = export(&house.store, Query::default(), format, &mut file, &mut |so_far| last = so_far);
        assert_eq!(done.expect("exports"), last);
        assert_eq!(last.messages, 2);
        file
    };
    let mbox = String::from_utf8(exported(Format::Mbox)).expect("text");
    let expected = "From MAILER-DAEMON Sun Jan 17 08:00:00 2027\nFrom: \nTo: bob@b.test\nSubject: =2+2, \"two\"\n\nplain\n\n\
        From anna@y.test Sat Jan 16 08:00:00 2027\nFrom: anna@y.test\nTo: ann@a.test\nSubject: one\n\n>From me\n>>From you\n\n";
    assert_eq!(mbox, expected);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(exported(Format::Zip))).expect("a zip");
    let mut text = |name: &str| {
        let mut text = String::new();
        zip.by_name(name).expect(name).read_to_string(&mut text).expect("text");
        text
    };
    assert!(text("a.test/0000000001.eml").ends_with("\r\n\r\nFrom me\r\n>From you\r\n"));
    let list = text("records-1.csv");
    assert!(list.contains("\"b.test/0000000001.eml\",\"2027-01-17T08:00:00.000Z\",\"incoming\",\"\",\"bob@b.test\""));
    assert!(list.contains("\"'=2+2, \"\"two\"\"\""), "{list}");
}
