//! Reports that are sent are those that are read.

use std::sync::Arc;

use mailstead_storage::{Options, ReportKind, Silent, Store};
use proptest::prelude::*;

use super::*;
use crate::authenticity::{DmarcObserved, Observed, Tallies, TlsFailure, TlsObserved};
use crate::clock::{Clock, Time};
use crate::dns::fake::Fake;
use crate::intake::Intake;
use crate::log::Log;

const DAY: u64 = 86_400_000;

struct House {
    reports: Reports,
    tallies: Tallies,
    store: Store,
    clock: Clock,
    _data: tempfile::TempDir,
}

fn house(dns: Fake) -> House {
    let data = tempfile::tempdir().expect("folder");
    let store = Store::open(Options::new(data.path()), Arc::new(Silent)).expect("store");
    let clock = Clock::standing(Time(20_000 * DAY + 5));
    let tallies = Tallies::new(store.clone(), clock.clone());
    let reports = Reports::new(Parts {
        store: store.clone(),
        tallies: tallies.clone(),
        resolver: Arc::new(dns),
        intake: Intake::new(store.clone(), clock.clone(), 1 << 20),
        clock: clock.clone(),
        log: Log::none(),
        hostname: "mx.example.test".into(),
    });
    House { reports, tallies, store, clock, _data: data }
}

impl House {
    /// The messages in the spool: to whom, and what report is in them.
    fn sent(&self) -> Vec<(String, Vec<u8>)> {
        let leased = self.store.lease(100, Time(u64::MAX)).expect("leased");
        let bytes = |id| self.store.read(id, 0, 1 << 20).expect("stored");
        leased.iter().map(|one| (one.arrival.envelope.recipients[0].address.clone(), bytes(one.id))).collect()
    }
}

fn message(domain: &str, dkim: bool) -> Observed {
    Observed::Dmarc(DmarcObserved {
        domain: domain.into(),
        source: [192, 0, 2, 1].into(),
        disposition: if dkim { "pass" } else { "reject" }.into(),
        dkim,
        spf: false,
        signatures: vec![(domain.into(), "s<1>".into(), "pass".into())],
        spf_domain: domain.into(),
        spf_result: "softfail".into(),
        envelope_from: String::new(),
    })
}

fn session(failure: Option<&str>) -> Observed {
    let failure = failure.map(|result| TlsFailure { result: result.into(), host: "mx.b.test".into(), address: None });
    Observed::Tls(TlsObserved {
        domain: "b.test".into(),
        policy_type: "sts".into(),
        policy: vec!["version: STSv1".into()],
        policy_hosts: vec!["mx.b.test".into()],
        failure,
    })
}

#[tokio::test]
async fn what_is_counted_is_sent_once_when_the_day_is_over() {
    let dns = Fake::default()
        .txt("_dmarc.a.test", &["v=DMARC1; p=reject; rua=mailto:dmarc@a.test,mailto:x@agreed.test,mailto:x@no.test"])
        .txt("a.test._report._dmarc.agreed.test", &["v=DMARC1"])
        .txt("_smtp._tls.b.test", &["v=TLSRPTv1; rua=mailto:tls@b.test"]);
    let house = house(dns);
    for _ in 0..3 {
        house.tallies.count(&message("a.test", true));
    }
    house.tallies.count(&message("a.test", false));
    house.tallies.count(&message("sub.a.test", false));
    house.tallies.count(&message("nobody.test", false));
    for failure in [None, None, Some("certificate-expired")] {
        house.tallies.count(&session(failure));
    }
    assert_eq!(house.reports.send_due().await, Ok(0), "the day is not over");
    house.clock.set(Time(20_001 * DAY + 5));
    assert_eq!(house.reports.send_due().await, Ok(5));
    assert_eq!(house.reports.send_due().await, Ok(0), "once");
    let sent = house.sent();
    let to: Vec<_> = sent.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["dmarc@a.test", "x@agreed.test", "dmarc@a.test", "x@agreed.test", "tls@b.test"]);
    let now = Time(7);
    let report = read(&sent[0].1, now).expect("a report");
    assert_eq!(
        (report.kind, report.reporter.as_str(), report.domain.as_str()),
        (ReportKind::Dmarc, "mx.example.test", "a.test")
    );
    assert_eq!((report.period, report.good, report.bad), ((20_000 * 86_400, 20_001 * 86_400 - 1), 3, 1));
    assert_eq!(report.details, ["1 from 192.0.2.1: dkim fail, spf fail, done: reject"]);
    let report = read(&sent[4].1, now).expect("a report");
    assert_eq!((report.kind, report.domain.as_str(), report.good, report.bad), (ReportKind::Tls, "b.test", 2, 1));
    assert_eq!(report.details, ["1 to mx.b.test: certificate-expired"]);
    for (_, message) in &sent {
        assert!(looks_like_one(message));
    }
}

#[tokio::test]
async fn reports_are_kept_newest_first() {
    let house = house(Fake::default());
    let report = |received, domain: &str| mailstead_storage::Report {
        received: Time(received),
        kind: ReportKind::Tls,
        reporter: "x".into(),
        domain: domain.into(),
        period: (0, 1),
        good: 1,
        bad: 0,
        details: Vec::new(),
    };
    for (at, domain) in [(5, "a"), (5, "b"), (9, "c")] {
        house.store.keep_report(report(at, domain)).await.expect("kept");
    }
    let kept: Vec<_> = house.store.reports(2).expect("read").into_iter().map(|report| report.domain).collect();
    assert_eq!(kept, ["c", "b"]);
}

fn with_attachment(bytes: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let body = base64::prelude::BASE64_STANDARD.encode(bytes);
    format!("Subject: Report domain: a\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n")
        .into_bytes()
}

const XML: &str = "<?xml version=\"1.0\"?><feedback><report_metadata><org_name>O &amp; Co</org_name></report_metadata>\
                   <policy_published><domain>A.test</domain></policy_published></feedback>";

#[test]
fn all_ways_of_packing() {
    use std::io::Write as _;
    let zip = |method: u16, data: &[u8]| {
        let mut archive = b"PK\x03\x04\x14\0\0\0".to_vec();
        archive.extend(method.to_le_bytes());
        archive.extend([0; 8]);
        archive.extend((data.len() as u32).to_le_bytes());
        archive.extend((data.len() as u32).to_le_bytes());
        archive.extend([5, 0, 0, 0]);
        archive.extend(b"a.xml");
        archive.extend(data);
        archive
    };
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflated.write_all(XML.as_bytes()).expect("memory");
    let deflated = deflated.finish().expect("memory");
    for packed in [XML.as_bytes().to_vec(), zip(0, XML.as_bytes()), zip(8, &deflated)] {
        let report = read(&with_attachment(&packed), Time(1)).expect("a report");
        assert_eq!((report.domain.as_str(), report.reporter.as_str()), ("a.test", "O & Co"));
    }
    assert_eq!(read(&with_attachment(&zip(99, XML.as_bytes())), Time(1)), None);
}

#[test]
fn bombs_and_nonsense_are_no_reports() {
    use std::io::Write as _;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..40 {
        bomb.write_all(&vec![b' '; 1 << 20]).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    assert!(bomb.len() < 1 << 20);
    let deep = format!("{}{}", "<feedback>".repeat(100_000), "</feedback>".repeat(100_000));
    let entities = "<!DOCTYPE f [<!ENTITY a \"aaaa\">]><feedback><policy_published><domain>&a;</domain></policy_published></feedback>";
    for nonsense in
        [&bomb[..], deep.as_bytes(), entities.as_bytes(), b"PK\x03\x04", b"\x1f\x8b", b"{}", b"<feedback>", b""]
    {
        assert_eq!(read(&with_attachment(nonsense), Time(1)), None);
    }
    let many = "[".repeat(200_000);
    assert_eq!(read(&with_attachment(format!("{{\"policies\":{many}").as_bytes()), Time(1)), None);
}

proptest! {
    #[test]
    fn any_document_comes_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..300usize) {
        let _ = read(&with_attachment(&bytes), Time(1));
        let _ = read(&bytes, Time(1));
        let mut xml = XML.as_bytes().to_vec();
        xml.truncate(cut);
        xml.extend_from_slice(&bytes);
        let _ = read(&with_attachment(&xml), Time(1));
        let _ = looks_like_one(&bytes);
    }
}
