//! The log as a whole: what was written is found again.

use std::path::Path;
use std::time::Duration;

use mailstead_storage::BlobId;
use proptest::prelude::*;

use super::files::{Bounds, Files};
use super::*;
use crate::clock::{Clock, Time};
use crate::people::sessions::SessionId;

const ALL: Extent = Extent { lines_max: usize::MAX, bytes_max: usize::MAX, patience: Duration::MAX };

/// Lines over two days, the first one packed: `(kind, milliseconds after the line before, session, text)`.
fn write(directory: &Path, lines: &[(usize, u64, u64, &str)]) -> Vec<(Kind, Time, Event)> {
    let mut files = Files::new(directory.into(), Bounds { keep_days: 30, bytes_max: u64::MAX });
    let (mut at, mut written) = (Day(20_000).begin(), Vec::new());
    for (kind, pause, session, text) in lines {
        at = Time(at.0 + pause);
        let event = Event::new(Kind::ALL[*kind], Level::ALL[*session as usize % 4], "said");
        let event = event.session(SessionId(*session)).with("text", (*text).to_owned());
        let event = if *session == 3 { event.message(BlobId(77)) } else { event };
        let mut line = String::new();
        format::json(at, &event, &mut line);
        files.write(event.kind, at, &line);
        while files.tidy() {}
        written.push((event.kind, at, event));
    }
    files.flush();
    written
}

fn texts(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|line| line.text("text").to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_are_what_a_naive_search_finds(
        lines in prop::collection::vec((0usize..3, 1u64..20_000_000, 0u64..5, "[yzq\"ü]{1,3}"), 0..40),
        text in prop_oneof![Just(String::new()), Just("Y".into()), Just("\"".into()), Just("zü".into())],
        session in prop::option::of(0u64..5),
        newest: bool,
        lines_max in 1usize..5,
        patient: bool,
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let lines: Vec<_> = lines.iter().map(|(kind, pause, session, text)| (*kind, *pause, *session, text.as_str())).collect();
        let written = write(directory.path(), &lines);
        let query = Query {
            last: Day(20_100),
            kinds: vec![Kind::ALL[0], Kind::ALL[1]],
            text: text.clone(),
            session: session.map(SessionId),
            level: Level::Info,
            order: if newest { Order::Newest } else { Order::Oldest },
            ..Query::day(Day(20_000))
        };
        let mut naive: Vec<String> = written.iter().filter_map(|(kind, _, event)| {
            let Value::Text(said) = &event.fields[0].1 else { return None };
            let wanted = *kind != Kind::ALL[2] && event.level >= Level::Info && session.is_none_or(|id| event.session == Some(SessionId(id)));
            (wanted && said.to_ascii_lowercase().contains(&text.to_ascii_lowercase())).then(|| said.to_string())
        }).collect();
        if newest {
            naive.reverse();
        }
        let reader = Reader::new(directory.path().into());
        let patience = if patient { Duration::MAX } else { Duration::ZERO };
        let extent = Extent { lines_max, patience, ..ALL };
        let (mut found, mut position) = (Vec::new(), None);
        loop {
            let page = reader.search(&query, position.as_ref(), &extent).expect("readable");
            prop_assert!(page.lines.len() <= lines_max && page.unreadable.is_empty());
            found.extend(texts(&page.lines));
            let Some(next) = page.next else { break };
            prop_assert_eq!(next.to_string().parse(), Ok(next.clone()));
            prop_assert!(position.as_ref() != Some(&next));
            position = Some(next);
        }
        prop_assert_eq!(found, naive);
    }

    #[test]
    fn a_position_that_is_none_is_refused(text in "\\PC{0,30}") {
        if let Ok(position) = text.parse::<Position>() {
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }
    }
}

#[test]
fn related_lines_are_those_of_the_sessions_and_messages_of_the_hits() {
    let directory = tempfile::tempdir().expect("a directory");
    let day = 86_400_000;
    write(
        directory.path(),
        &[(0, 1, 1, "connected"), (0, 1, 2, "other"), (0, 1, 1, "hit"), (1, day, 1, "later"), (2, 1, 3, "x")],
    );
    let reader = Reader::new(directory.path().into());
    let query = Query { text: "HIT".into(), ..Query::day(Day(20_000)) };
    let page = reader.search(&query, None, &ALL).expect("readable");
    assert_eq!(texts(&page.lines), ["hit"]);
    let ids = Ids::of(&page.lines);
    let near = [Day(20_000)].into();
    let related = reader.related(&ids, (Day(20_000), Day(20_001)), &near, &ALL).expect("readable");
    assert_eq!(
        (texts(&related.lines), related.complete),
        (vec!["connected".into(), "hit".into(), "later".into()], true)
    );
    let cut = Extent { lines_max: 2, ..ALL };
    let related = reader.related(&ids, (Day(20_000), Day(20_001)), &near, &cut).expect("readable");
    assert_eq!((texts(&related.lines), related.complete), (vec!["connected".into(), "hit".into()], false));
}

#[test]
fn moments_and_messages_narrow_a_search() {
    let directory = tempfile::tempdir().expect("a directory");
    let written = write(directory.path(), &[(0, 5, 1, "y"), (0, 5, 3, "yz"), (1, 5, 3, "z"), (0, 5, 3, "yq")]);
    let reader = Reader::new(directory.path().into());
    let find = |query: &Query| texts(&reader.search(query, None, &ALL).expect("readable").lines);
    let all = Query { order: Order::Oldest, ..Query::day(Day(20_000)) };
    assert_eq!(find(&Query { from: Some(written[1].1), until: Some(written[3].1), ..all.clone() }), ["yz", "z"]);
    assert_eq!(find(&Query { message: Some(BlobId(77)), ..all.clone() }), ["yz", "z", "yq"]);
    assert_eq!(
        find(&Query { message: Some(BlobId(77)), text: "y".into(), kinds: vec![Kind::ALL[0]], ..all }),
        ["yz", "yq"]
    );
}

#[test]
fn a_damaged_file_is_told_of_and_the_others_are_read() {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), &[(0, 5, 1, "a"), (1, 5, 1, "b"), (1, 86_400_000, 1, "c")]);
    let damaged = format!("{}-{}.jsonl.gz", Kind::ALL[0].name(), Day(20_000));
    std::fs::write(directory.path().join(&damaged), "no gzip, but long enough for a header").expect("written");
    let query = Query { last: Day(20_001), ..Query::day(Day(20_000)) };
    let page = Reader::new(directory.path().into()).search(&query, None, &ALL).expect("readable");
    assert_eq!(texts(&page.lines), ["c", "b"]);
    assert!(page.unreadable.len() == 1 && page.unreadable[0].contains(&damaged), "{:?}", page.unreadable);
}

#[tokio::test]
async fn who_follows_hears_what_is_written_from_then_on() {
    let data = tempfile::tempdir().expect("a directory");
    let settings = LogSettings { console: "off".into(), ..LogSettings::default() };
    let log = Log::open(&settings, data.path(), Clock::system()).expect("opens");
    let mut tail = log.follow().expect("a log");
    log.write(Event::new(Kind::Smtp, Level::Info, "heard"));
    let line = tail.recv().await.expect("a line");
    assert_eq!(Line::read(line.as_bytes()).expect("a line").what, "heard");
    log.close();
}

#[test]
fn a_message_is_followed_from_its_session_to_its_mailbox() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut files = Files::new(directory.path().into(), Bounds { keep_days: 30, bytes_max: u64::MAX });
    let (mut at, session, other) = (Day(20_000).begin(), SessionId(1), SessionId(2));
    let smtp = |what| Event::new(Kind::Smtp, Level::Info, what).session(session);
    let delivery = |message, what| Event::new(Kind::Delivery, Level::Info, what).message(BlobId(message));
    let entered = |message, to: &'static str, subject: &'static str| {
        delivery(message, "entered the spool").with("from", "Ann@a.test").with("to", to).with("subject", subject)
    };
    let events = [
        smtp("logged in").with("user", "ann@a.test"),
        smtp("message accepted").message(BlobId(1)).with("sender", "ann@a.test"),
        entered(1, "bob@b.test, eve@b.test", "Lunch").with("message_id", "<1@a.test>"),
        smtp("message accepted").message(BlobId(2)).with("sender", "ann@a.test"),
        entered(2, "bob@b.test", "Dinner"),
        delivery(1, "delivered").with("outcome", "bob@b.test: into INBOX"),
        Event::new(Kind::Smtp, Level::Info, "recipient refused").session(other).with("recipient", "bob@b.test"),
        delivery(3, "delivered").with("from", "bob@b.test"),
    ];
    for event in events {
        at = Time(at.0 + 1);
        let mut line = String::new();
        format::json(at, &event, &mut line);
        files.write(event.kind, at, &line);
    }
    files.flush();
    let reader = Reader::new(directory.path().into());
    let check = |clues: Clues, expected: &[(Option<&str>, &[&str])]| {
        let traced = reader.trace(&clues, (Day(20_000), Day(20_000)), 10, &ALL).expect("readable");
        let ways: Vec<_> = traced
            .ways
            .iter()
            .map(|way| (way.message.as_deref(), way.lines.iter().map(|line| line.what.as_str()).collect::<Vec<_>>()))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(message, lines)| (*message, lines.to_vec())).collect();
        assert_eq!((ways, traced.complete), (expected, true), "{clues:?}");
    };
    let first: &[&str] = &["logged in", "message accepted", "entered the spool", "delivered"];
    let second: &[&str] = &["logged in", "message accepted", "entered the spool"];
    check(Clues { subject: "lunch".into(), ..Clues::default() }, &[(Some("1"), first)]);
    check(Clues { message_id: "1@A".into(), sender: "ann".into(), ..Clues::default() }, &[(Some("1"), first)]);
    check(Clues { message_id: "1".into(), ..Clues::default() }, &[(Some("1"), first)]);
    check(Clues { recipient: "eve@".into(), subject: "dinner".into(), ..Clues::default() }, &[]);
    let refused: (Option<&str>, &[&str]) = (None, &["recipient refused"]);
    check(Clues { recipient: "bob@".into(), ..Clues::default() }, &[refused, (Some("1"), first), (Some("2"), second)]);
}
