//! What an administrator should do something about.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailstead_core::authenticity::published::{self, Expected, Judgement};
use mailstead_core::clock::Time;
use mailstead_core::net::tls::Certificates;
use mailstead_storage::{State, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::machine::Processor;
use super::{Certificate, Disk};
use crate::House;
use crate::api::Answer;
use crate::text;

/// A disk with less free is nearly full, percent of its size.
const DISK_FREE_PERCENT_MIN: u64 = 10;
/// A certificate that ends sooner is near its end, days.
const CERTIFICATE_DAYS_MIN: u64 = 14;
/// A spool with more messages is long.
const SPOOL_LONG: u64 = 10_000;
/// The longest queues are looked at, so many.
const QUEUES_LOOKED_AT: usize = 5;
/// A destination is dead for messages that were tried so often.
const DEAD_ATTEMPTS: u32 = 3;
/// The DNS is asked again after so long, seconds.
const DNS_SECONDS: u64 = 3600;
/// Domains whose records are looked at, at most.
const DOMAINS_MAX: usize = 100;
const DAY_MILLIS: u64 = 86_400_000;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Is anything broken already?
    pub urgent: bool,
    /// What is the matter.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// The page on which to do it, if there is one.
    pub page: Option<String>,
}

impl Warning {
    fn new(urgent: bool, what: impl Into<String>, advice: impl Into<String>, page: Option<&str>) -> Warning {
        Warning { urgent, what: what.into(), advice: advice.into(), page: page.map(str::to_string) }
    }
}

/// What is remembered between two looks at the dashboard. Cheap to clone.
#[derive(Clone, Default)]
pub struct Observed(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    processor: Processor,
    /// When the DNS was asked last.
    asked: Option<Time>,
    dns: Vec<Warning>,
}

impl Observed {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part of one processor that is used, in percent.
    pub(super) fn cpu_percent(&self) -> Option<f64> {
        self.lock().processor.percent()
    }

    /// What was found in the DNS; asks it anew, and does not wait, when that was long ago.
    fn dns(&self, house: &House) -> Vec<Warning> {
        let now = house.clock.now();
        let mut inner = self.lock();
        if inner.asked.is_none_or(|asked| now.millis_since(asked) >= DNS_SECONDS * 1000) {
            inner.asked = Some(now);
            let (this, house) = (self.clone(), house.clone());
            tokio::spawn(async move {
                let found = records(&house).await;
                this.lock().dns = found;
            });
        }
        inner.dns.clone()
    }
}

/// Everything that is known by looking at what is here.
pub(super) fn find(house: &House, disk: &Disk, certificate: Option<&Certificate>, depth: u64) -> Answer<Vec<Warning>> {
    let mut found = Vec::new();
    found.extend(disk_warning(disk));
    found.extend(certificate.and_then(|certificate| certificate_warning(certificate, house.clock.now())));
    if depth >= SPOOL_LONG {
        let advice = text::say("look-which-destination-does-not-take");
        found.push(Warning::new(
            false,
            text::say("messages-wait-in-the-spool").with("messages", text::count(depth, "message")),
            advice,
            Some("/spool"),
        ));
    }
    found.extend(services(house));
    found.extend(dead_destinations(&house.store)?);
    found.extend(house.observed.dns(house));
    found.sort_by_key(|warning| !warning.urgent);
    Ok(found)
}

fn disk_warning(disk: &Disk) -> Option<Warning> {
    if disk.room_bytes == 0 {
        let advice = text::say("mail-is-refused-until-there-is");
        return Some(Warning::new(true, text::say("the-disk-is-full"), advice, None));
    }
    let is_low = disk.free_bytes < disk.size_bytes / 100 * DISK_FREE_PERCENT_MIN;
    is_low.then(|| {
        let what = text::say("less-than-percent-of-the-disk").with("percent", DISK_FREE_PERCENT_MIN);
        Warning::new(false, what, text::say("give-the-box-a-larger-disk"), None)
    })
}

fn certificate_warning(certificate: &Certificate, now: Time) -> Option<Warning> {
    let advice = text::say("put-a-new-one-into-the");
    let days = certificate.days_left(now);
    match days {
        Some(days) if days >= CERTIFICATE_DAYS_MIN => None,
        Some(days) => Some(Warning::new(
            false,
            text::say("the-certificate-ends-in-days").with("days", text::count(days, "day")),
            advice,
            None,
        )),
        None => Some(Warning::new(true, text::say("the-certificate-has-ended"), advice, None)),
    }
}

fn services(house: &House) -> Vec<Warning> {
    let failed = house.services.list().into_iter().filter(|service| service.wanted && !service.active);
    let warning = |service: mailstead_core::service::ServiceRow| {
        let why = service.error.unwrap_or_else(|| text::say("it-has-ended").into());
        Warning::new(
            true,
            text::say("service-does-not-run-why").with("service", service.name).with("why", why),
            text::say("start-it-again"),
            Some("/services"),
        )
    };
    failed.map(warning).collect()
}

/// Destinations among the longest queues that do not take what was tried often.
fn dead_destinations(store: &Store) -> Answer<Vec<Warning>> {
    let mut found = Vec::new();
    for queue in store.spool_queues(QUEUES_LOOKED_AT) {
        let Some(entry) = store.spool_entry(queue.first)?.filter(|entry| entry.attempts >= DEAD_ATTEMPTS) else {
            continue;
        };
        let pending = entry.recipients.iter().find(|recipient| recipient.state == State::Pending);
        let answer = pending.map_or("", |recipient| recipient.answer.as_str());
        let what = text::say("destination-does-not-take-mail-messages")
            .with("destination", &queue.name)
            .with("messages", text::count(queue.messages, "message"));
        let advice = match answer {
            "" => text::say("look-at-the-messages-recipients"),
            answer => text::say("it-said-answer").with("answer", answer),
        };
        found.push(Warning::new(false, what, advice, Some("/spool")));
    }
    Ok(found)
}

/// What is wrong with the DNS records of the domains.
async fn records(house: &House) -> Vec<Warning> {
    let domains: Vec<_> = house.store.directory().domains.values().take(DOMAINS_MAX).cloned().collect();
    let mut found = Vec::new();
    for domain in domains {
        let expected = Expected {
            domain: domain.name.clone(),
            keys: domain.signing_keys.clone(),
            hostname: house.hostname.to_string(),
            certificate: house.certificates.as_ref().and_then(Certificates::public_key_digest),
        };
        let findings = published::look_up(&house.resolver, &house.checks, &expected).await;
        let wrong = findings.into_iter().filter(|finding| finding.judgement == Judgement::Wrong);
        let wrong = wrong.filter(|finding| ["MX", "SPF", "DKIM"].iter().any(|what| finding.what.starts_with(what)));
        found.extend(wrong.map(|finding| {
            let advice = match finding.put {
                Some(put) => text::say("put-into-the-dns-put").with("put", put).into(),
                None => sentence(&finding.meaning),
            };
            let what =
                text::say("the-record-record-of-domain-is").with("record", finding.what).with("domain", &domain.name);
            Warning::new(false, what, advice, Some(&format!("/domains/{}", crate::segment(&domain.name))))
        }));
    }
    found
}

/// What is meant, as a sentence.
fn sentence(meaning: &str) -> String {
    let mut chars = meaning.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str().trim_end_matches('.').replace('`', "\""))
}

impl Certificate {
    /// Whole days until its end; `None` once that has come.
    pub fn days_left(&self, now: Time) -> Option<u64> {
        let ends = mailstead_core::clock::moment(&self.ends)?;
        (ends > now).then(|| ends.millis_since(now) / DAY_MILLIS)
    }
}

#[cfg(test)]
mod tests {
    use mailstead_core::clock::rfc3339;

    use super::*;

    #[test]
    fn disks_that_fill() {
        let disk = |free_bytes, room_bytes| Disk { size_bytes: 1000, free_bytes, room_bytes };
        assert_eq!(disk_warning(&disk(500, 400)), None);
        assert!(disk_warning(&disk(99, 50)).is_some_and(|warning| !warning.urgent));
        assert!(disk_warning(&disk(99, 0)).is_some_and(|warning| warning.urgent));
    }

    #[test]
    fn certificates_that_end() {
        let now = Time(1_800_000_000_000);
        for (days, warned, urgent) in [(30, false, false), (14, false, false), (13, true, false), (0, true, true)] {
            let certificate = Certificate { ends: rfc3339(now.plus_seconds(days * 86_400)) };
            let warning = certificate_warning(&certificate, now);
            assert_eq!((warning.is_some(), warning.is_some_and(|warning| warning.urgent)), (warned, urgent), "{days}");
        }
    }
}
