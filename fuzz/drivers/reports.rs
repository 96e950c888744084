//! Any bytes as a message that may hold a report of another server: whole, and as an attachment of one.

use mailstead_core::reports;
use mailstead_storage::Time;

/// Most characters of what is kept of a report in one line.
const LINE_CHARS_MAX: usize = 1000;

/// Runs one case.
pub fn run(input: &[u8]) {
    let head = b"Subject: Report Domain: a.test\r\nContent-Type: application/gzip\r\n\r\n";
    let attached = [&head[..], input].concat();
    assert!(reports::looks_like_one(&attached));
    let _ = reports::looks_like_one(input);
    for message in [input, &attached] {
        if let Some(report) = reports::read(message, Time(1)) {
            assert!(!report.domain.is_empty());
            let lines = report.details.iter().chain([&report.reporter, &report.domain]);
            for line in lines {
                assert!(line.chars().count() <= LINE_CHARS_MAX && !line.chars().any(char::is_control));
            }
        }
    }
}
