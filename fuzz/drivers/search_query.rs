//! Any text as a query.

use mailstead_core::search::query::{EVERYWHERE, Term, Wanted, loosely, parse, text};
use mailstead_storage::Time;

/// Runs one case.
pub fn run(input: &[u8]) {
    let query = String::from_utf8_lossy(input);
    if let Ok(wanted) = parse(&query, Time(1_800_000_000_000)) {
        look(&wanted);
    }
    let _ = loosely(EVERYWHERE, &query);
}

fn look(wanted: &Wanted) {
    match wanted {
        Wanted::All(all) | Wanted::Any(all) => all.iter().for_each(look),
        Wanted::Not(not) => look(not),
        Wanted::Term(Term::Text(words)) => drop(text(words)),
        Wanted::Term(_) => {}
    }
}
