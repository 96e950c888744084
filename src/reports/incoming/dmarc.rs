//! A DMARC aggregate report as XML (RFC 9990, RFC 7489 appendix C).

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::{Incoming, short};

/// Deepest nesting.
const DEPTH_MAX: usize = 16;

/// One record.
#[derive(Default)]
struct Row {
    source: String,
    count: u64,
    disposition: String,
    dkim: String,
    spf: String,
}

/// Reads it; `None` when it is none.
pub(super) fn read(text: &str) -> Option<Incoming> {
    let mut reader = Reader::from_str(text);
    let (mut path, mut incoming, mut row) = (Vec::<String>::new(), Incoming::default(), Row::default());
    let mut content = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                path.push(element.local_name().as_ref().to_owned());
                content.clear();
                if path.len() > DEPTH_MAX || path[0] != "feedback" {
                    return None;
                }
            }
            Event::End(_) => {
                let place: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
                take(&mut incoming, &mut row, &place, &short(&std::mem::take(&mut content)));
                if path.pop()? == "record" {
                    finish(&mut incoming, std::mem::take(&mut row));
                }
            }
            Event::Text(text) => content.push_str(&text),
            Event::GeneralRef(name) => content.push_str(resolve_predefined_entity(&name)?),
            Event::Eof => break,
            _ => {}
        }
    }
    (!incoming.domain.is_empty() && path.is_empty()).then_some(incoming)
}

fn take(incoming: &mut Incoming, row: &mut Row, path: &[&str], text: &str) {
    let number = || text.parse().unwrap_or(0);
    match path {
        ["report_metadata", "org_name"] => incoming.reporter = text.into(),
        ["report_metadata", "date_range", "begin"] => incoming.period.0 = number(),
        ["report_metadata", "date_range", "end"] => incoming.period.1 = number(),
        ["policy_published", "domain"] => incoming.domain = text.into(),
        ["record", "row", "source_ip"] => row.source = text.into(),
        ["record", "row", "count"] => row.count = number(),
        ["record", "row", "policy_evaluated", "disposition"] => row.disposition = text.into(),
        ["record", "row", "policy_evaluated", "dkim"] => row.dkim = text.into(),
        ["record", "row", "policy_evaluated", "spf"] => row.spf = text.into(),
        _ => {}
    }
}

fn finish(incoming: &mut Incoming, row: Row) {
    if row.dkim == "pass" || row.spf == "pass" {
        incoming.good = incoming.good.saturating_add(row.count);
        return;
    }
    incoming.bad = incoming.bad.saturating_add(row.count);
    let Row { source, count, disposition, dkim, spf } = row;
    incoming.note(&format!("{count} from {source}: dkim {dkim}, spf {spf}, done: {disposition}"));
}
