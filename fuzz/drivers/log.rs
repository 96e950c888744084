//! Any bytes as a line of the log, and as its files, plain and packed: searched in both orders, page by page.

use std::time::Duration;

use mailstead_core::log::{Day, Extent, Line, Order, Query, Reader};
use mailstead_storage::Time;

/// Pages that are turned at most: each line of a case fills one.
const PAGES_MAX: usize = 32;

/// Runs one case.
pub fn run(data: &[u8]) {
    let _ = Line::read(data);
    let folder = tempfile::tempdir().expect("a folder");
    let day = Day::of(Time(1_057_056_757_123));
    for (kind, end) in [("smtp", "jsonl"), ("imap", "jsonl.gz")] {
        std::fs::write(folder.path().join(format!("{kind}-{day}.{end}")), data).expect("written");
    }
    let reader = Reader::new(folder.path().to_path_buf());
    let extent = Extent { lines_max: 2, bytes_max: 1 << 16, patience: Duration::from_secs(5) };
    for order in [Order::Newest, Order::Oldest] {
        let query = Query { order, ..Query::day(day) };
        let mut position = None;
        for _ in 0..PAGES_MAX {
            let page = reader.search(&query, position.as_ref(), &extent).expect("the folder is there");
            assert!(page.lines.len() <= extent.lines_max);
            position = page.next;
            if position.is_none() {
                break;
            }
        }
    }
}
