//! Tables for people: aligned columns, readable sizes and times.

use std::fmt::Write as _;
use std::io::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Rows below a line of headings.
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Spaces between two columns.
const GAP: &str = "  ";

impl Table {
    /// A table without rows. A heading that begins with `>` stands above a column of numbers.
    pub fn new(headings: &[&'static str]) -> Table {
        Table { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, one cell for each heading.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        // What comes from outside must not steer the terminal.
        let plain = |cell: String| cell.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        self.rows.push(cells.into_iter().map(plain).collect());
    }

    /// Prints the table, or `nothing` when it has no rows.
    pub fn print(&self, nothing: &str) {
        say(if self.rows.is_empty() { nothing.to_string() } else { self.text() }.trim_end());
    }

    fn text(&self) -> String {
        let headings: Vec<String> = self.headings.iter().map(|h| h.trim_start_matches('>').to_uppercase()).collect();
        let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, width), heading) in row.iter().zip(&widths).zip(&self.headings) {
                let written = match heading.starts_with('>') {
                    true => write!(line, "{cell:>width$}{GAP}"),
                    false => write!(line, "{cell:<width$}{GAP}"),
                };
                written.expect("a String takes all");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Writes a line to standard output. Nobody is there to hear that nobody reads it.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A size: `0 B`, `812 B`, `33.1 KB`, `4.8 MB`; powers of 1024.
pub fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    let mut units = ["B", "KB", "MB", "GB", "TB", "PB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{amount:.1} {unit}") }
}

/// A moment that the API tells, in this machine's time zone: `2026-11-21 18:35`.
pub fn moment(told: &str) -> String {
    match told.parse::<Timestamp>() {
        Ok(moment) => moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => told.to_string(),
    }
}

/// A number of things: `1 user`, `2 users`.
pub fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Yes or no.
pub fn yes(truth: bool) -> String {
    if truth { "yes" } else { "no" }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        let check = |bytes, expected| assert_eq!(size(bytes), expected);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KB");
        check(5 << 20, "5.0 MB");
        check(u64::MAX, "16384.0 PB");
    }

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["name", ">size"]);
        table.row(["a".into(), "1000".into()]);
        table.row(["häschen\u{1b}".into(), "2".into()]);
        assert_eq!(table.text(), "NAME      SIZE\na         1000\nhäschen?     2\n");
    }
}
