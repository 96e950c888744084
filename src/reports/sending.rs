//! Our reports: what was counted on a day is sent when the day is over, once, to whom the domain names.

use std::sync::Arc;
use std::time::Duration;

use mail_auth::dmarc::DmarcRecord;
use mail_auth::dns::TxtRecordParser as _;
use mail_auth::mta_sts::{ReportUri, TlsRptRecord};
use mailstead_storage::{Envelope, EnvelopeRecipient, Error, Notify, Priority, Provenance, Store, Tally};

use super::mail::Letter;
use super::{dmarc, tls};
use crate::authenticity::{DmarcObserved, Observed, Tallies, TlsObserved, ascii_domain, day};
use crate::clock::{Clock, Time, rfc5322};
use crate::dns::Resolver;
use crate::intake::{Acceptance, Intake, Refusal, Trace};
use crate::log::{Event, Kind, Level, Log};
use crate::service::{Ready, Run, Service, Stop};
use crate::work;

/// How often what was counted is written down, and the day looked at.
const PERIOD: Duration = Duration::from_secs(300);

/// Tallies read at once.
const PAGE: usize = 1000;

/// Most rows of one report. A domain with more is told of the first.
const ROWS_MAX: usize = 10_000;

/// Most addresses that one report goes to.
const ADDRESSES_MAX: usize = 5;

const DAY_SECONDS: u64 = 86_400;

/// What the reports are made of and sent with.
pub struct Parts {
    /// Holds what was counted.
    pub store: Store,
    /// Counts.
    pub tallies: Tallies,
    /// Asked who wants reports.
    pub resolver: Arc<dyn Resolver>,
    /// The way in.
    pub intake: Intake,
    /// Told time.
    pub clock: Clock,
    /// Where it is said what was sent.
    pub log: Log,
    /// The name of this host.
    pub hostname: String,
}

/// The service `reports`. Cheap to clone.
#[derive(Clone)]
pub struct Reports(Arc<Parts>);

/// All that was counted of one domain on one day.
struct Group {
    day: u32,
    domain: String,
    dmarc: Vec<(DmarcObserved, u64)>,
    tls: Vec<(TlsObserved, u64)>,
}

impl Reports {
    /// A service of these parts.
    pub fn new(parts: Parts) -> Reports {
        Reports(Arc::new(parts))
    }

    /// Sends what is due: all that was counted on days that are over.
    ///
    /// # Errors
    /// Those of storage; what was not sent then is sent the next time.
    pub async fn send_due(&self) -> Result<usize, Error> {
        self.0.tallies.write_down().await?;
        let today = day(self.0.clock.now());
        let (mut after, mut group, mut sent) = (None, None, 0);
        loop {
            let (store, from) = (self.0.store.clone(), after.clone());
            let page = work::read(move || store.counted(today, from.as_ref(), PAGE)).await?;
            for tally in &page {
                sent += self.add(&mut group, tally).await;
            }
            let Some(last) = page.last() else { break };
            after = Some((last.day, last.what.clone()));
        }
        if let Some(group) = group {
            sent += self.send(group).await;
        }
        if after.is_some() {
            self.0.store.forget_counted(today).await?;
        }
        Ok(sent)
    }

    /// Adds a tally to its group. They come by day, kind and domain: with another one, the group is complete and sent.
    async fn add(&self, group: &mut Option<Group>, tally: &Tally) -> usize {
        let Ok(observed) = serde_json::from_str(&tally.what) else { return 0 };
        let (domain, is_dmarc) = match &observed {
            Observed::Dmarc(row) => (&row.domain, true),
            Observed::Tls(row) => (&row.domain, false),
        };
        let fits = |group: &Group| (group.day, &group.domain, group.tls.is_empty()) == (tally.day, domain, is_dmarc);
        let complete = if group.as_ref().is_some_and(fits) { None } else { group.take() };
        let begun = group.get_or_insert_with(|| Group {
            day: tally.day,
            domain: domain.clone(),
            dmarc: Vec::new(),
            tls: Vec::new(),
        });
        if begun.dmarc.len() + begun.tls.len() < ROWS_MAX {
            match observed {
                Observed::Dmarc(row) => begun.dmarc.push((row, tally.count)),
                Observed::Tls(row) => begun.tls.push((row, tally.count)),
            }
        }
        match complete {
            Some(group) => self.send(group).await,
            None => 0,
        }
    }

    /// Sends the reports of a group; says how many.
    async fn send(&self, group: Group) -> usize {
        if group.tls.is_empty() { self.send_dmarc(group).await } else { self.send_tls(group).await }
    }

    async fn send_dmarc(&self, group: Group) -> usize {
        let Some((domain, record)) = policy(&*self.0.resolver, &group.domain).await else { return 0 };
        let mut sent = 0;
        for uri in record.rua().iter().take(ADDRESSES_MAX) {
            if !may_receive(&*self.0.resolver, &domain, uri.uri()).await {
                continue;
            }
            let (from, id, period) = (self.address(), self.id(&group, "dmarc"), period(group.day));
            let about = dmarc::About {
                organization: &self.0.hostname,
                address: &from,
                id: &id,
                period,
                domain: &domain,
                record: &record,
            };
            let document = dmarc::write(&about, &group.dmarc);
            // RFC 9990 §3.5.3: a report that is too long is not sent.
            if uri.max_size() > 0 && document.len() > uri.max_size() {
                continue;
            }
            sent += self.post(uri.uri(), &domain, &id, period, true, &document).await;
        }
        sent
    }

    async fn send_tls(&self, group: Group) -> usize {
        let name = format!("_smtp._tls.{}", ascii_domain(&group.domain));
        let Ok(answer) = self.0.resolver.txt(&name).await else { return 0 };
        let Some(record) = answer.records.iter().find_map(|text| TlsRptRecord::parse(text).ok()) else { return 0 };
        let (from, id, period) = (self.address(), self.id(&group, "tls"), period(group.day));
        let about =
            tls::About { organization: &self.0.hostname, address: &from, id: &id, period, domain: &group.domain };
        let document = tls::write(&about, &group.tls);
        let mut sent = 0;
        for uri in record.rua.iter().take(ADDRESSES_MAX) {
            if let ReportUri::Mail(address) = uri {
                sent += self.post(address, &group.domain, &id, period, false, &document).await;
            }
        }
        sent
    }

    /// Sends one report to one address.
    async fn post(
        &self,
        to: &str,
        domain: &str,
        id: &str,
        period: (u64, u64),
        is_dmarc: bool,
        document: &[u8],
    ) -> usize {
        let Some(to) = crate::people::Address::parse(to).map(|address| address.to_string()) else { return 0 };
        let (host, at, from) = (&self.0.hostname, self.0.clock.now(), self.address());
        let letter = Letter { host, from: &from, to: &to, domain, id, at, is_dmarc, period, document };
        let event = Event::new(Kind::Delivery, Level::Info, "report sent").with("domain", domain.to_owned());
        let event = match accept(&self.0.intake, letter.write(), &to, host, at).await {
            Ok(()) => event.with("to", to),
            Err(refusal) => {
                let event = Event::new(Kind::Delivery, Level::Error, "a report could not be sent");
                self.0.log.write(event.with("domain", domain.to_owned()).with("error", format!("{refusal:?}")));
                return 0;
            }
        };
        self.0.log.write(event);
        1
    }

    fn address(&self) -> String {
        format!("postmaster@{}", self.0.hostname)
    }

    fn id(&self, group: &Group, kind: &str) -> String {
        format!("{kind}.{}.{}", group.day, group.domain)
    }
}

impl Service for Reports {
    fn name(&self) -> &'static str {
        "reports"
    }

    fn description(&self) -> &'static str {
        "Daily reports to other domains about DMARC and TLS"
    }

    fn run(&self, ready: Ready, mut stop: Stop) -> Run {
        let this = self.clone();
        Box::pin(async move {
            ready.listening(Vec::new());
            while tokio::time::timeout(PERIOD, stop.asked()).await.is_err() {
                this.round().await;
            }
            let _ = this.0.tallies.write_down().await;
        })
    }
}

impl Reports {
    async fn round(&self) {
        if let Err(error) = self.send_due().await {
            let event = Event::new(Kind::Delivery, Level::Error, "reports were not sent");
            self.0.log.write(event.with("error", error.to_string()));
        }
    }
}

/// First and last second of a day.
fn period(day: u32) -> (u64, u64) {
    let begin = u64::from(day) * DAY_SECONDS;
    (begin, begin + DAY_SECONDS - 1)
}

/// The policy that applies to an author's domain, and the domain that published it: its own, or the nearest above.
async fn policy(resolver: &dyn Resolver, author: &str) -> Option<(String, DmarcRecord)> {
    let mut domain = author;
    while domain.contains('.') {
        if let Ok(answer) = resolver.txt(&format!("_dmarc.{domain}")).await
            && let Ok(record) = DmarcRecord::parse_records(&answer.records)
        {
            return Some((domain.to_owned(), record));
        }
        domain = domain.split_once('.')?.1;
    }
    None
}

/// May reports about this domain go there? Elsewhere than to the domain itself, the receiver must have agreed
/// (RFC 9990 §4).
async fn may_receive(resolver: &dyn Resolver, domain: &str, address: &str) -> bool {
    let Some((_, host)) = address.rsplit_once('@') else { return false };
    let within = |inner: &str, outer: &str| inner == outer || inner.ends_with(&format!(".{outer}"));
    let host = host.to_lowercase();
    if within(&host, domain) || within(domain, &host) {
        return true;
    }
    let agreed = resolver.txt(&format!("{domain}._report._dmarc.{host}")).await;
    agreed.is_ok_and(|answer| DmarcRecord::parse_records(&answer.records).is_ok())
}

async fn accept(intake: &Intake, bytes: Vec<u8>, to: &str, host: &str, at: Time) -> Result<(), Refusal> {
    let recipient = EnvelopeRecipient::new(to, Notify::NEVER);
    let envelope = Envelope::new("", vec![recipient]);
    let received = format!("Received: by {host} (reports) id {{id}};\r\n\t{}\r\n", rfc5322(at));
    let trace = Trace::Fields { reverse_path: String::new(), received, complete_as: None };
    let acceptance = Acceptance { envelope, provenance: Provenance::Box, priority: Priority::Low };
    intake.accept_bytes(trace, bytes, acceptance).await.map(drop)
}
