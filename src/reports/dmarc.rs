//! A DMARC aggregate report as XML (RFC 9990 §3.1, its schema in appendix A).

use mail_auth::dmarc::{DmarcRecord, Policy};
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

use crate::authenticity::DmarcObserved;

/// What stands at the head of a report.
pub(super) struct About<'a> {
    /// This host.
    pub organization: &'a str,
    /// Whom to write to about the report.
    pub address: &'a str,
    /// The report's name, unique.
    pub id: &'a str,
    /// First and last second.
    pub period: (u64, u64),
    /// The domain whose policy was applied.
    pub domain: &'a str,
    /// Its policy.
    pub record: &'a DmarcRecord,
}

/// Writes the report.
pub(super) fn write(about: &About<'_>, rows: &[(DmarcObserved, u64)]) -> Vec<u8> {
    let mut xml = Xml(Writer::new(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec()));
    let root = BytesStart::new("feedback").with_attributes([("xmlns", "urn:ietf:params:xml:ns:dmarc-2.0")]);
    xml.event(Event::Start(root));
    metadata(&mut xml, about);
    policy(&mut xml, about);
    for (row, count) in rows {
        record(&mut xml, row, *count);
    }
    xml.close("feedback");
    xml.0.into_inner()
}

fn metadata(xml: &mut Xml, about: &About<'_>) {
    xml.open("report_metadata");
    xml.text("org_name", about.organization);
    xml.text("email", about.address);
    xml.text("report_id", about.id);
    xml.open("date_range");
    xml.text("begin", &about.period.0.to_string());
    xml.text("end", &about.period.1.to_string());
    xml.close("date_range");
    xml.text("generator", "Mailstead");
    xml.close("report_metadata");
}

fn policy(xml: &mut Xml, about: &About<'_>) {
    let record = about.record;
    xml.open("policy_published");
    xml.text("domain", about.domain);
    xml.text("discovery_method", "treewalk");
    xml.text("p", word(record.p));
    xml.text("sp", word(record.sp));
    xml.text("np", word(record.np));
    xml.text("adkim", &record.adkim.to_string());
    xml.text("aspf", &record.aspf.to_string());
    xml.text("testing", if record.t { "y" } else { "n" });
    xml.close("policy_published");
}

fn record(xml: &mut Xml, row: &DmarcObserved, count: u64) {
    let result = |good: bool| if good { "pass" } else { "fail" };
    xml.open("record");
    xml.open("row");
    xml.text("source_ip", &row.source.to_string());
    xml.text("count", &count.to_string());
    xml.open("policy_evaluated");
    xml.text("disposition", &row.disposition);
    xml.text("dkim", result(row.dkim));
    xml.text("spf", result(row.spf));
    xml.close("policy_evaluated");
    xml.close("row");
    xml.open("identifiers");
    xml.text("header_from", &row.domain);
    xml.text("envelope_from", &row.envelope_from);
    xml.close("identifiers");
    xml.open("auth_results");
    for (domain, selector, result) in &row.signatures {
        xml.open("dkim");
        xml.text("domain", domain);
        xml.text("selector", selector);
        xml.text("result", result);
        xml.close("dkim");
    }
    xml.open("spf");
    xml.text("domain", &row.spf_domain);
    xml.text("scope", if row.envelope_from.is_empty() { "helo" } else { "mfrom" });
    xml.text("result", &row.spf_result);
    xml.close("spf");
    xml.close("auth_results");
    xml.close("record");
}

fn word(policy: Policy) -> &'static str {
    match policy {
        Policy::None | Policy::Unspecified => "none",
        Policy::Quarantine => "quarantine",
        Policy::Reject => "reject",
    }
}

/// Writes elements into memory, which does not fail.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn event(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("memory takes all");
    }

    fn open(&mut self, name: &str) {
        self.event(Event::Start(BytesStart::new(name)));
    }

    fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element that holds text. What XML cannot hold is left out.
    fn text(&mut self, name: &str, text: &str) {
        let clean: String = text.chars().filter(|char| !char.is_control()).collect();
        self.open(name);
        self.event(Event::Text(BytesText::new(&clean)));
        self.close(name);
    }
}
