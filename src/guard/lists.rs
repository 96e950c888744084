//! Blacklist and allowlist, in memory. A look costs one look into a table for each length of network that is listed. Pure.

use std::collections::{BTreeMap, HashMap};

use mailstead_storage::{ListedNetwork, NetworkList};

use super::network::{Network, Origin};
use crate::clock::Time;

/// Most entries of a list.
pub const LISTED_MAX: usize = 100_000;
/// Most characters of a note.
pub const NOTE_CHARS_MAX: usize = 200;

/// Both lists.
#[derive(Default)]
pub(super) struct Lists {
    black: List,
    allow: List,
}

#[derive(Default)]
struct List {
    entries: HashMap<Network, Entry>,
    /// How many entries there are of each length.
    lengths: BTreeMap<u8, usize>,
}

struct Entry {
    note: Box<str>,
    until: Option<Time>,
    added: Time,
}

impl Lists {
    fn list(&self, which: NetworkList) -> &List {
        match which {
            NetworkList::Blacklist => &self.black,
            NetworkList::Allowlist => &self.allow,
        }
    }

    fn list_mut(&mut self, which: NetworkList) -> &mut List {
        match which {
            NetworkList::Blacklist => &mut self.black,
            NetworkList::Allowlist => &mut self.allow,
        }
    }

    /// Is this address on the list?
    pub fn holds(&self, which: NetworkList, origin: Origin, now: Time) -> bool {
        let list = self.list(which);
        list.lengths.keys().any(|length| {
            let entry = list.entries.get(&Network::enclosing(origin, *length));
            entry.is_some_and(|entry| entry.holds(now))
        })
    }

    /// Is there room for this network?
    pub fn has_room_for(&self, which: NetworkList, network: Network) -> bool {
        let entries = &self.list(which).entries;
        entries.len() < LISTED_MAX || entries.contains_key(&network)
    }

    /// Adds or replaces an entry. One that cannot be read is passed over.
    pub fn put(&mut self, which: NetworkList, entry: &ListedNetwork) {
        let Ok(network) = entry.network.parse::<Network>() else { return };
        let kept = Entry { note: entry.note.as_str().into(), until: entry.until, added: entry.added };
        let list = self.list_mut(which);
        if list.entries.insert(network, kept).is_none() {
            *list.lengths.entry(network.prefix()).or_default() += 1;
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, which: NetworkList, network: Network) {
        let list = self.list_mut(which);
        if list.entries.remove(&network).is_none() {
            return;
        }
        if let Some(count) = list.lengths.get_mut(&network.prefix()) {
            *count -= 1;
            if *count == 0 {
                list.lengths.remove(&network.prefix());
            }
        }
    }

    /// Removes and returns what has ended.
    pub fn take_ended(&mut self, which: NetworkList, now: Time) -> Vec<Network> {
        let entries = self.list(which).entries.iter();
        let ended: Vec<Network> = entries.filter(|(_, entry)| !entry.holds(now)).map(|(network, _)| *network).collect();
        ended.iter().for_each(|network| self.remove(which, *network));
        ended
    }

    /// What holds, by network.
    pub fn entries(&self, which: NetworkList, now: Time) -> Vec<ListedNetwork> {
        let mut held: Vec<_> = self.list(which).entries.iter().filter(|(_, entry)| entry.holds(now)).collect();
        held.sort_unstable_by_key(|(network, _)| **network);
        let told = |(network, entry): (&Network, &Entry)| ListedNetwork {
            network: network.to_string(),
            note: entry.note.to_string(),
            until: entry.until,
            added: entry.added,
        };
        held.into_iter().map(told).collect()
    }
}

impl Entry {
    fn holds(&self, now: Time) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(network: &str, until: Option<u64>) -> ListedNetwork {
        ListedNetwork { network: network.into(), note: "why".into(), until: until.map(Time), added: Time(1) }
    }

    #[test]
    fn an_address_is_found_in_every_network_around_it() {
        let mut lists = Lists::default();
        for (network, until) in [("192.0.2.0/24", None), ("198.51.100.7", Some(500)), ("2001:db8::5", None)] {
            lists.put(NetworkList::Blacklist, &entry(network, until));
        }
        let check = |lists: &Lists, ip: &str, now, expected| {
            let origin = Origin::of(ip.parse().expect("an address"));
            assert_eq!(lists.holds(NetworkList::Blacklist, origin, Time(now)), expected, "{ip}");
        };
        check(&lists, "192.0.2.200", 1, true);
        check(&lists, "192.0.3.1", 1, false);
        check(&lists, "198.51.100.7", 499, true);
        check(&lists, "198.51.100.7", 500, false);
        check(&lists, "198.51.100.8", 1, false);
        assert_eq!(lists.entries(NetworkList::Blacklist, Time(1)).len(), 3);
        assert!(lists.entries(NetworkList::Allowlist, Time(1)).is_empty());
        assert_eq!(lists.take_ended(NetworkList::Blacklist, Time(500)).len(), 1);
        lists.remove(NetworkList::Blacklist, "192.0.2.9/24".parse().expect("a network"));
        check(&lists, "192.0.2.200", 1, false);
        assert_eq!(lists.black.lengths.len(), 1);
    }

    #[test]
    fn one_address_of_ipv6_stands_for_its_customer() {
        let mut lists = Lists::default();
        lists.put(NetworkList::Blacklist, &entry("2001:db8::5", None));
        let holds =
            |ip: &str| lists.holds(NetworkList::Blacklist, Origin::of(ip.parse().expect("an address")), Time(1));
        assert!(holds("2001:db8::99"));
        assert!(!holds("2001:db8:0:1::99"));
    }
}
