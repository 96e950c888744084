//! The test suite of RFC 7208 (openspf.org, release 2014.04; `rfc7208.LICENSE`), its zones as JSON.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;

use crate::authenticity::{AuthenticitySettings, Checks};
use crate::dns::{Answer, Family, Fault, Lookup, Mx, Resolver, Tlsa};

#[derive(Deserialize)]
struct Scenario {
    description: String,
    tests: HashMap<String, Case>,
    zone: Zone,
}

#[derive(Deserialize)]
struct Case {
    helo: String,
    host: IpAddr,
    mailfrom: String,
    /// Any of these is right.
    result: Vec<String>,
}

#[derive(Deserialize, Clone)]
#[serde(transparent)]
struct Zone(HashMap<String, Records>);

#[derive(Deserialize, Clone, Default)]
#[serde(rename_all = "UPPERCASE", default)]
struct Records {
    txt: Vec<String>,
    a: Vec<IpAddr>,
    aaaa: Vec<IpAddr>,
    mx: Vec<String>,
    ptr: Vec<String>,
    cname: Option<String>,
    /// What is not here does not come in time.
    timeout: bool,
}

impl Zone {
    fn find<T: Clone + Send + 'static>(&self, name: &str, of: impl Fn(&Records) -> Vec<T>) -> Lookup<'_, T> {
        let name = name.to_lowercase();
        let mut records = self.0.get(&name);
        if let Some(target) = records.and_then(|records| records.cname.as_ref()) {
            records = self.0.get(&target.to_lowercase());
        }
        let answer = match records {
            None => Err(Fault::NoName),
            Some(records) => match (of(records), records.timeout) {
                (found, _) if !found.is_empty() => Ok(found),
                (_, true) => Err(Fault::Temporary("timeout".into())),
                (_, false) => Err(Fault::NoData),
            },
        };
        Box::pin(std::future::ready(answer.map(|records| Answer { records, canonical: name, secure: false })))
    }
}

impl Resolver for Zone {
    fn mx<'a>(&'a self, domain: &'a str) -> Lookup<'a, Mx> {
        let mx = |text: &String| {
            let (preference, host) = text.split_once(' ').expect("two words");
            Mx { preference: preference.parse().expect("a number"), host: host.to_lowercase() }
        };
        self.find(domain, move |records| records.mx.iter().map(mx).collect())
    }

    fn addresses<'a>(&'a self, host: &'a str, family: Family) -> Lookup<'a, IpAddr> {
        self.find(host, move |records| if family == Family::V4 { records.a.clone() } else { records.aaaa.clone() })
    }

    fn txt<'a>(&'a self, name: &'a str) -> Lookup<'a, Vec<u8>> {
        self.find(name, |records| records.txt.iter().map(|text| text.clone().into_bytes()).collect())
    }

    fn tlsa<'a>(&'a self, name: &'a str) -> Lookup<'a, Tlsa> {
        self.find(name, |_| Vec::new())
    }

    fn ptr(&self, address: IpAddr) -> Lookup<'_, String> {
        use hickory_resolver::proto::rr::Name;
        let name = Name::from(address).to_ascii();
        self.find(name.trim_end_matches('.'), |records| records.ptr.iter().map(|name| name.to_lowercase()).collect())
    }
}

/// Where the library and the suite part. It takes no colon within a host's name, lets a network of all IPv6 addresses
/// hold an IPv4 client, and lets `exists` find an IPv6 address for an IPv6 client: nothing that is published for mail.
const DEPARTURES: [&str; 7] = [
    "a-colon-domain",
    "a-colon-domain-ip4mapped",
    "mx-colon-domain",
    "mx-colon-domain-ip4mapped",
    "cidr6-0-ip4",
    "cidr6-ip4",
    "exists-ip6only",
];

#[tokio::test]
async fn the_suite_of_the_rfc() {
    let scenarios: Vec<Scenario> = serde_json::from_str(include_str!("rfc7208.json")).expect("JSON");
    let mut wrong = Vec::new();
    for scenario in scenarios {
        let resolver: Arc<dyn Resolver> = Arc::new(scenario.zone.clone());
        let checks = Checks::new(AuthenticitySettings::default(), "mx.example.test".into(), resolver);
        for (name, case) in &scenario.tests {
            let found = checks.spf_of(case.host, &case.helo, &case.mailfrom).await;
            if !case.result.iter().any(|result| result == found) && !DEPARTURES.contains(&name.as_str()) {
                wrong.push(format!("{}/{name}: {found}, not {:?}", scenario.description, case.result));
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
