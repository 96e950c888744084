//! What the DNS has said so far about the names that a message leads to.
//!
//! The checks of `mail_auth` see it as their cache, and it always answers: what it does not know it notes, and says
//! "temporary fault". So a check never waits, is a pure function of what is known, and can run on the rayon pool; it is
//! repeated once the DNS has answered what was missing.

use std::borrow::Borrow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use hickory_resolver::proto::op::ResponseCode;
use mail_auth::{DnsCache, DnsError, DnssecStatus, Error, Mx, Negative, RecordSet, ResolverCache, TxtRecord};

use super::ask::{Ask, Heard};
use crate::dns::Fault;

/// Records of one kind, or that there are none.
type Records<T> = Result<RecordSet<T>, Negative>;

/// What is known, and what was asked beyond it. For one message.
pub(super) struct Known {
    txt: Table<TxtRecord>,
    mx: Table<Records<Mx>>,
    v4: Table<Records<Ipv4Addr>>,
    v6: Table<Records<Ipv6Addr>>,
    ptr: Pointer,
}

impl Known {
    /// Nothing yet. `client` is the only address whose names will be asked for.
    pub fn new(client: IpAddr) -> Known {
        Known {
            txt: Table::new(|| TxtRecord::Error(temporary("not asked yet")), |_| false),
            mx: Table::new(none, Result::is_err),
            v4: Table::new(none, Result::is_err),
            // RFC 7208 §5.7: only `exists` would ask an IPv4 client's record for these, and must not.
            v6: match client {
                IpAddr::V4(_) => Table::closed(|| Err(absent(&Fault::NoData))),
                IpAddr::V6(_) => Table::new(none, Result::is_err),
            },
            ptr: Pointer { client, names: RefCell::default(), missing: Cell::default() },
        }
    }

    /// Notes that this text will be wanted.
    pub fn want_text(&self, name: String) {
        self.txt.missing.borrow_mut().push(name);
    }

    /// Did the checks so far want to know something that is not known?
    pub fn has_missing(&self) -> bool {
        let names = [&self.txt.missing, &self.mx.missing, &self.v4.missing, &self.v6.missing];
        self.ptr.missing.get() || names.into_iter().any(|names| !RefCell::borrow(names).is_empty())
    }

    /// What the last check wanted to know and did not.
    pub fn take_missing(&self) -> Vec<Ask> {
        let mut asks: Vec<Ask> = self.txt.take_missing().map(Ask::Txt).collect();
        asks.extend(self.mx.take_missing().map(Ask::Mx));
        asks.extend(self.v4.take_missing().map(Ask::V4));
        asks.extend(self.v6.take_missing().map(Ask::V6));
        asks.extend(self.ptr.missing.take().then_some(Ask::Ptr(self.ptr.client)));
        asks
    }

    /// Did the last check rest on addresses or exchangers that the DNS failed to tell? It took them for absent.
    pub fn take_fault(&self) -> bool {
        let tables = [self.mx.met_fault.take(), self.v4.met_fault.take(), self.v6.met_fault.take()];
        tables.contains(&true)
    }

    /// How many questions of the last check for addresses and exchangers were answered with nothing.
    pub fn take_voids(&self) -> usize {
        self.mx.voids.take() + self.v4.voids.take() + self.v6.voids.take()
    }

    /// Learns an answer.
    pub fn learn(&self, ask: Ask, heard: Heard) {
        match (ask, heard) {
            (Ask::Txt(name), Heard::Txt(record)) => self.txt.learn(name, record, false),
            (Ask::Mx(name), Heard::Mx(answer)) => self.mx.learn_records(name, answer),
            (Ask::V4(name), Heard::V4(answer)) => self.v4.learn_records(name, answer),
            (Ask::V6(name), Heard::V6(answer)) => self.v6.learn_records(name, answer),
            (Ask::Ptr(_), Heard::Ptr(answer)) => *self.ptr.names.borrow_mut() = Some(negative(answer).map(records)),
            _ => {}
        }
    }

    /// The answers that come too late count as temporary faults.
    pub fn give_up(&self, asks: Vec<Ask>) {
        let late = || Fault::Temporary("the DNS took too long".into());
        for ask in asks {
            match ask {
                Ask::Txt(name) => self.txt.learn(name, TxtRecord::Error(temporary("the DNS took too long")), false),
                Ask::Mx(name) => self.mx.learn_records(name, Err(late())),
                Ask::V4(name) => self.v4.learn_records(name, Err(late())),
                Ask::V6(name) => self.v6.learn_records(name, Err(late())),
                Ask::Ptr(_) => self.ptr.forget(&late()),
            }
        }
    }
}

/// The DNS has no answer now.
pub(super) fn temporary(why: &str) -> Error {
    Error::Dns(DnsError::Resolver(why.into()))
}

/// The DNS says that there is nothing.
pub(super) fn absent(fault: &Fault) -> Negative {
    let code = if *fault == Fault::NoData { ResponseCode::NoError } else { ResponseCode::NXDomain };
    Negative { code }
}

fn records<T>(records: Vec<T>) -> RecordSet<T> {
    RecordSet { records: records.into(), dnssec_status: DnssecStatus::Indeterminate }
}

fn none<T>() -> Records<T> {
    Ok(records(Vec::new()))
}

fn negative<T>(answer: Result<Vec<T>, Fault>) -> Result<Vec<T>, Negative> {
    answer.map_err(|fault| absent(&fault))
}

/// Answers by name.
pub(super) struct Table<V> {
    answers: RefCell<HashMap<Box<str>, V>>,
    /// Names of which the DNS failed to tell.
    faults: RefCell<HashSet<Box<str>>>,
    met_fault: Cell<bool>,
    /// Answers of nothing that were given.
    voids: Cell<usize>,
    is_void: fn(&V) -> bool,
    missing: RefCell<Vec<String>>,
    /// The answer until there is one.
    unknown: fn() -> V,
    /// Is there never one?
    closed: bool,
}

impl<V> Table<V> {
    fn new(unknown: fn() -> V, is_void: fn(&V) -> bool) -> Table<V> {
        let (answers, faults, missing) = (RefCell::default(), RefCell::default(), RefCell::default());
        let (met_fault, voids) = (Cell::default(), Cell::default());
        Table { answers, faults, met_fault, voids, is_void, missing, unknown, closed: false }
    }

    /// A table that is not asked for.
    fn closed(answer: fn() -> V) -> Table<V> {
        Table { closed: true, ..Table::new(answer, |_| false) }
    }

    fn take_missing(&self) -> impl Iterator<Item = String> + use<V> {
        let mut missing = self.missing.take();
        missing.sort_unstable();
        missing.dedup();
        missing.into_iter()
    }

    fn learn(&self, name: String, answer: V, is_fault: bool) {
        let name = name.into_boxed_str();
        if is_fault {
            self.faults.borrow_mut().insert(name.clone());
        }
        self.answers.borrow_mut().insert(name, answer);
    }
}

impl<T> Table<Records<T>> {
    fn learn_records(&self, name: String, answer: Result<Vec<T>, Fault>) {
        match answer {
            Err(fault) if !fault.is_absence() => self.learn(name, Ok(records(Vec::new())), true),
            answer => self.learn(name, negative(answer).map(records), false),
        }
    }
}

impl<V: Clone> ResolverCache<Box<str>, V> for Table<V> {
    fn get<Q>(&self, name: &Q) -> Option<V>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let known = self.answers.borrow().get(name).cloned();
        if known.is_none() && !self.closed {
            self.missing.borrow_mut().push(Ear::hear(name));
        } else if known.is_some() && self.faults.borrow().contains(name) {
            self.met_fault.set(true);
        }
        self.voids.set(self.voids.get() + usize::from(known.as_ref().is_some_and(self.is_void)));
        Some(known.unwrap_or_else(self.unknown))
    }

    fn remove<Q>(&self, name: &Q) -> Option<V>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.answers.borrow_mut().remove(name)
    }

    fn insert(&self, name: Box<str>, value: V, _: Instant) {
        self.answers.borrow_mut().insert(name, value);
    }
}

/// The names of the client's address.
pub(super) struct Pointer {
    client: IpAddr,
    names: RefCell<Option<Records<Box<str>>>>,
    missing: Cell<bool>,
}

impl Pointer {
    /// RFC 7208 §5.5: names that cannot be found out match nothing.
    fn forget(&self, fault: &Fault) {
        *self.names.borrow_mut() = Some(Err(absent(fault)));
    }
}

impl ResolverCache<IpAddr, Records<Box<str>>> for Pointer {
    fn get<Q>(&self, _: &Q) -> Option<Records<Box<str>>>
    where
        IpAddr: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let known = self.names.borrow().clone();
        self.missing.set(self.missing.get() || known.is_none());
        Some(known.unwrap_or_else(|| Ok(records(Vec::new()))))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Records<Box<str>>>
    where
        IpAddr: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.names.take()
    }

    fn insert(&self, _: IpAddr, value: Records<Box<str>>, _: Instant) {
        *self.names.borrow_mut() = Some(value);
    }
}

impl DnsCache for Known {
    type Txt = Table<TxtRecord>;
    type Mx = Table<Records<Mx>>;
    type Ipv4 = Table<Records<Ipv4Addr>>;
    type Ipv6 = Table<Records<Ipv6Addr>>;
    type Ptr = Pointer;

    fn txt(&self) -> Option<&Self::Txt> {
        Some(&self.txt)
    }

    fn mx(&self) -> Option<&Self::Mx> {
        Some(&self.mx)
    }

    fn ipv4(&self) -> Option<&Self::Ipv4> {
        Some(&self.v4)
    }

    fn ipv6(&self) -> Option<&Self::Ipv6> {
        Some(&self.v6)
    }

    fn ptr(&self) -> Option<&Self::Ptr> {
        Some(&self.ptr)
    }
}

/// Learns a name from how it is hashed: a cache is shown nothing else of what it is asked for.
#[derive(Default)]
struct Ear(Vec<u8>);

impl Ear {
    fn hear<Q: Hash + ?Sized>(name: &Q) -> String {
        let mut ear = Ear::default();
        name.hash(&mut ear);
        // `str` ends its hash with a byte that is in no UTF-8.
        ear.0.retain(|byte| *byte != 0xff);
        String::from_utf8(ear.0).unwrap_or_default()
    }
}

impl Hasher for Ear {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_noted_once() {
        let known = Known::new(IpAddr::from([192, 0, 2, 1]));
        for _ in 0..2 {
            assert!(known.v4.get::<str>("mx.example.test.").is_some_and(|answer| answer.is_ok()));
        }
        assert!(matches!(known.txt.get::<str>("grüße.test."), Some(TxtRecord::Error(_))));
        assert!(known.ptr.get(&IpAddr::from([192, 0, 2, 1])).is_some());
        let missing = known.take_missing();
        let expected = [
            Ask::Txt("grüße.test.".into()),
            Ask::V4("mx.example.test.".into()),
            Ask::Ptr(IpAddr::from([192, 0, 2, 1])),
        ];
        assert_eq!(missing, expected);
        known.learn(Ask::V4("mx.example.test.".into()), Heard::V4(Ok(vec![Ipv4Addr::LOCALHOST])));
        let answer = known.v4.get::<str>("mx.example.test.").expect("always").expect("records");
        assert_eq!(*answer.records, [Ipv4Addr::LOCALHOST]);
        assert!(known.take_missing().is_empty() && !known.take_fault());
        known.learn(Ask::V4("broken.test.".into()), Heard::V4(Err(Fault::Temporary("x".into()))));
        assert!(known.v4.get::<str>("broken.test.").is_some());
        assert!(known.take_fault() && !known.take_fault());
    }
}
