//! The log: searching a day of 1 GB, plain and packed, and what that takes of memory.
//!
//! Not by divan: one search is long enough to be measured by itself, and memory is a figure here.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use mailstead_core::log::{Day, Extent, Ids, Kind, Order, Query, Reader};

/// Bytes of the day's log, most of it SMTP's.
const BYTES: u64 = 1_000_000_000;

/// As the console asks.
const PAGE: Extent = Extent { lines_max: 200, bytes_max: 1 << 20, patience: Duration::from_millis(800) };

/// Until the end.
const ALL: Extent = Extent { patience: Duration::from_secs(600), ..PAGE };

fn main() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let day = Day(20_000);
    let lines = write(directory.path(), day);
    println!("{lines} lines, {} MB", BYTES / 1_000_000);
    let reader = Reader::new(directory.path().into());
    let find = |what: &str, text: &str, order, extent: &Extent| {
        let query = Query { text: text.into(), order, ..Query::day(day) };
        let begun = Instant::now();
        let page = reader.search(&query, None, extent).expect("readable");
        let (lines, ended) = (page.lines.len(), page.next.is_none());
        println!(
            "{what:<44} {:>6} ms  {lines:>4} lines{}",
            begun.elapsed().as_millis(),
            if ended { ", to the end" } else { "" }
        );
        page
    };
    find("all lines, the latest", "", Order::Newest, &PAGE);
    find("a frequent address", "user17@example.test", Order::Newest, &PAGE);
    find("a rare address, first page of the console", "rare@example.org", Order::Newest, &PAGE);
    let rare = find("a rare address, all of the day", "rare@example.org", Order::Newest, &ALL);
    find("what is not there, all of the day", "nobody@example.net", Order::Oldest, &ALL);
    let begun = Instant::now();
    let extent = Extent { lines_max: usize::MAX, ..ALL };
    let related = reader.related(&Ids::of(&rare.lines), (day, day), &[day].into(), &extent).expect("readable");
    println!("{:<44} {:>6} ms  {:>4} lines", "related to the rare", begun.elapsed().as_millis(), related.lines.len());
    println!("memory at most {} MB", peak_megabytes());
}

/// Writes a day as the box does, and says how many lines it has.
fn write(directory: &Path, day: Day) -> u64 {
    let path = directory.join(format!("{}-{day}.jsonl", Kind::Smtp.name()));
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).expect("a file"));
    let (mut bytes, mut number) = (0, 0_u64);
    while bytes < BYTES {
        let (hour, minute, second, milli) =
            (number / 180_000 % 24, number / 3000 % 60, number / 50 % 60, number % 50 * 20);
        let (user, session) = (number * 7919 % 5000, number / 6);
        let sender =
            if number % 1_000_000 == 500_000 { "rare@example.org".into() } else { format!("user{user}@example.test") };
        let line = format!(
            "{{\"at\":\"{day}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z\",\"kind\":\"smtp\",\"level\":\"info\",\"session\":\"1q{session:x}\",\
             \"what\":\"message accepted\",\"client\":\"192.0.2.{}\",\"sender\":\"{sender}\",\"recipients\":1,\"size\":{},\"spf\":\"pass\",\
             \"author\":\"example.test\",\"dmarc\":\"pass\"}}\n",
            number % 250,
            number * 31 % 90_000,
        );
        file.write_all(line.as_bytes()).expect("written");
        bytes += line.len() as u64;
        number += 1;
    }
    file.flush().expect("written");
    number
}

/// The most memory that this process has had.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}
