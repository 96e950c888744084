//! A resolver for unit tests: a table.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use super::{Answer, Family, Fault, Lookup, Mx, Resolver, Tlsa};

/// Answers from what it was told; anything else is a name that does not exist.
#[derive(Default)]
pub struct Fake {
    mx: Table<Mx>,
    addresses: HashMap<Family, Table<IpAddr>>,
    txt: Table<Vec<u8>>,
    tlsa: Table<Tlsa>,
    ptr: Table<String>,
    secure: bool,
    asked: Mutex<Vec<String>>,
}

type Table<T> = HashMap<String, Result<Vec<T>, Fault>>;

impl Fake {
    /// All that it says is secure.
    pub fn secure(mut self) -> Fake {
        self.secure = true;
        self
    }

    /// With these exchangers, as `"10 mx.example.test"`.
    pub fn mx(mut self, domain: &str, records: &[&str]) -> Fake {
        let record = |record: &&str| {
            let (preference, host) = record.split_once(' ').expect("a preference and a host");
            Mx { preference: preference.parse().expect("a number"), host: host.trim_end_matches('.').into() }
        };
        self.mx.insert(domain.into(), Ok(records.iter().map(record).collect()));
        self
    }

    /// With this failure of a lookup of exchangers.
    pub fn mx_fault(mut self, domain: &str, fault: Fault) -> Fake {
        self.mx.insert(domain.into(), Err(fault));
        self
    }

    /// With these addresses of either family.
    pub fn host(mut self, host: &str, addresses: &[&str]) -> Fake {
        for family in [Family::V4, Family::V6] {
            let parsed = addresses.iter().map(|address| address.parse::<IpAddr>().expect("an address"));
            let of_family: Vec<_> = parsed.filter(|address| address.is_ipv4() == (family == Family::V4)).collect();
            let answer = if of_family.is_empty() { Err(Fault::NoData) } else { Ok(of_family) };
            self.addresses.entry(family).or_default().insert(host.into(), answer);
        }
        self
    }

    /// With this failure of a lookup of addresses.
    pub fn host_fault(mut self, host: &str, fault: Fault) -> Fake {
        self.addresses.entry(Family::V4).or_default().insert(host.into(), Err(fault.clone()));
        self.addresses.entry(Family::V6).or_default().insert(host.into(), Err(fault));
        self
    }

    /// With these texts.
    pub fn txt(mut self, name: &str, texts: &[&str]) -> Fake {
        self.txt.insert(name.into(), Ok(texts.iter().map(|text| text.as_bytes().to_vec()).collect()));
        self
    }

    /// With these certificate associations, or this failure.
    pub fn tlsa(mut self, name: &str, answer: Result<Vec<Tlsa>, Fault>) -> Fake {
        self.tlsa.insert(name.into(), answer);
        self
    }

    /// With these names of an address.
    pub fn ptr(mut self, address: &str, names: &[&str]) -> Fake {
        self.ptr.insert(address.into(), Ok(names.iter().map(ToString::to_string).collect()));
        self
    }

    /// The names that were asked for so far, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with it").clone()
    }

    fn answer<T: Clone + Send + 'static>(&self, table: Option<&Table<T>>, name: &str) -> Lookup<'_, T> {
        self.asked.lock().expect("nobody panics with it").push(name.into());
        let found = table.and_then(|table| table.get(name)).cloned().unwrap_or(Err(Fault::NoName));
        let answer = found.map(|records| Answer { records, canonical: name.into(), secure: self.secure });
        Box::pin(std::future::ready(answer))
    }
}

impl Resolver for Fake {
    fn mx<'a>(&'a self, domain: &'a str) -> Lookup<'a, Mx> {
        self.answer(Some(&self.mx), domain)
    }

    fn addresses<'a>(&'a self, host: &'a str, family: Family) -> Lookup<'a, IpAddr> {
        self.answer(self.addresses.get(&family), host)
    }

    fn txt<'a>(&'a self, name: &'a str) -> Lookup<'a, Vec<u8>> {
        self.answer(Some(&self.txt), name)
    }

    fn tlsa<'a>(&'a self, name: &'a str) -> Lookup<'a, Tlsa> {
        self.answer(Some(&self.tlsa), name)
    }

    fn ptr(&self, address: IpAddr) -> Lookup<'_, String> {
        self.answer(Some(&self.ptr), &address.to_string())
    }
}
