//! Reports of others about domains of this box: recognised, unpacked within bounds, read.
//!
//! A report is a claim of whoever sent it; it is kept as such, and nothing follows from it.

mod dmarc;
mod tls;
mod unpack;

use mailstead_storage::{Report, ReportKind, Time};

use crate::message::{Kind, Outline, Part, headers, transfer};

/// Longest message that is looked into, bytes.
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// Most parts of a message that are looked at.
const PARTS_MAX: usize = 20;

/// Most lines of details that are kept of a report.
const DETAILS_MAX: usize = 100;

/// Longest text that is kept of a report, characters.
const TEXT_CHARS_MAX: usize = 200;

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incoming {
    /// Who made it.
    pub reporter: String,
    /// About which domain.
    pub domain: String,
    /// First and last second.
    pub period: (u64, u64),
    /// Messages or sessions without fault.
    pub good: u64,
    /// Those with one.
    pub bad: u64,
    /// The faults, one a line.
    pub details: Vec<String>,
}

/// Does the header say that this may be a report (RFC 9990 §3.5.2, RFC 8460 §5.3)? Costs a look at the header.
pub fn looks_like_one(message: &[u8]) -> bool {
    if message.len() > MESSAGE_BYTES_MAX {
        return false;
    }
    headers::fields(message).any(|field| {
        let subject = || field.value().get(..13).is_some_and(|begin| begin.eq_ignore_ascii_case(b"report domain"));
        field.is("TLS-Report-Domain") || field.is("Subject") && subject()
    })
}

/// Reads the report in a message, if there is one.
pub fn read(message: &[u8], received: Time) -> Option<Report> {
    if message.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    let outline = Outline::of(message);
    let mut leaves = Vec::new();
    collect(&outline.root, &mut leaves);
    let (kind, incoming) = leaves.into_iter().find_map(|part| document(part, message))?;
    let Incoming { reporter, domain, period, good, bad, details } = incoming;
    let domain = domain.to_lowercase();
    Some(Report { received, kind, reporter, domain, period, good, bad, details })
}

fn collect<'p, 'a>(part: &'p Part<'a>, leaves: &mut Vec<&'p Part<'a>>) {
    if leaves.len() >= PARTS_MAX {
        return;
    }
    match &part.kind {
        Kind::Leaf => leaves.push(part),
        Kind::Multipart(parts) => parts.iter().for_each(|part| collect(part, leaves)),
        Kind::Message { .. } => {}
    }
}

fn document(part: &Part<'_>, message: &[u8]) -> Option<(ReportKind, Incoming)> {
    if *part.media_type == *b"text" && *part.media_subtype != *b"xml" {
        return None;
    }
    let body = message.get(part.body.start as usize..part.body.end as usize)?;
    let bytes = transfer::decode(&part.encoding, body, MESSAGE_BYTES_MAX);
    let document = unpack::document(&bytes)?;
    let text = std::str::from_utf8(&document).ok()?.trim_start_matches('\u{feff}').trim_start();
    match text.as_bytes().first()? {
        b'<' => Some((ReportKind::Dmarc, dmarc::read(text)?)),
        b'{' => Some((ReportKind::Tls, tls::read(text)?)),
        _ => None,
    }
}

impl Incoming {
    /// Notes a fault.
    fn note(&mut self, detail: &str) {
        if self.details.len() < DETAILS_MAX {
            self.details.push(short(detail));
        }
    }
}

/// A text of bounded length, without control characters.
fn short(text: &str) -> String {
    text.trim().chars().filter(|char| !char.is_control()).take(TEXT_CHARS_MAX).collect()
}
