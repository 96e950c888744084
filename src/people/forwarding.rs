//! The sender of a message that is sent on. The next server checks whether our host may send for the sender's domain (SPF,
//! RFC 7208), so the reverse-path becomes one of ours in which the old one stands (the Sender Rewriting Scheme):
//! `SRS0=hash=day=domain=local@ours`. What comes back to it goes to the sender; the keyed hash sees to it that nobody else
//! can write such addresses, and their day that they end.

use super::Address;
use crate::clock::Time;

/// What addresses of ours begin with in which another one stands.
const TAG: &str = "SRS0=";
/// Days that come back to such an address are welcome.
const DAYS_MAX: u64 = 30;
/// Days are counted up to this number, and then anew.
const DAY_CYCLE: u64 = 1024;
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
/// Digits of the hash: 40 bits, which nobody guesses at the pace of SMTP within a month.
const HASH_DIGITS: usize = 10;

/// Rewrites senders, and reads what was rewritten.
pub(super) struct Forwarding {
    key: [u8; 32],
}

impl Forwarding {
    /// With the key of this box.
    pub(super) fn new(key: [u8; 32]) -> Forwarding {
        Forwarding { key }
    }

    /// The reverse-path under which this domain sends on what `sender` has sent. `None` when the address would be too long.
    pub(super) fn rewritten(&self, sender: &Address, domain: &str, now: Time) -> Option<Address> {
        let day = format!("{:03x}", now.0 / DAY_MILLIS % DAY_CYCLE);
        let hash = self.hash(&day, &sender.domain, &sender.local);
        let local = format!("{TAG}{hash}={day}={}={}", sender.domain, sender.local);
        let rewritten = Address { local, domain: domain.to_owned() };
        Address::parse(&rewritten.to_string())
    }

    /// The sender that stands in this address, if it was rewritten by this box and not too long ago.
    pub(super) fn original(&self, address: &Address, now: Time) -> Option<Address> {
        let (tag, rest) = address.local.split_at_checked(TAG.len())?;
        if !tag.eq_ignore_ascii_case(TAG) {
            return None;
        }
        let mut parts = rest.splitn(4, '=');
        let (hash, day, domain, local) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let day = day.to_ascii_lowercase();
        let age = (now.0 / DAY_MILLIS + DAY_CYCLE).checked_sub(u64::from_str_radix(&day, 16).ok()?)? % DAY_CYCLE;
        let is_ours = self.hash(&day, domain, local).eq_ignore_ascii_case(hash);
        let original = Address { local: local.to_owned(), domain: domain.to_lowercase() };
        (is_ours && age <= DAYS_MAX).then(|| Address::parse(&original.to_string())).flatten()
    }

    /// Some servers change the case of local parts on the way.
    fn hash(&self, day: &str, domain: &str, local: &str) -> String {
        let text = format!("{day}={domain}={local}").to_lowercase();
        let hash = blake3::keyed_hash(&self.key, text.as_bytes()).to_hex();
        hash[..HASH_DIGITS].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forwarding() -> Forwarding {
        Forwarding::new([7; 32])
    }

    fn day(day: u64) -> Time {
        Time(day * DAY_MILLIS)
    }

    #[test]
    fn what_was_rewritten_leads_back() {
        for text in ["a@remote.test", "Some.One+tag@remote.test", "\"a b\"@remote.test", "SRS0=x=y=z=w@other.test"] {
            let sender = Address::parse(text).expect(text);
            let rewritten = forwarding().rewritten(&sender, "example.test", day(20_000)).expect(text);
            assert_eq!(rewritten.domain, "example.test");
            let check = |address: &Address, at, expected| {
                assert_eq!(forwarding().original(address, at), expected, "{address} {at:?}");
            };
            check(&rewritten, day(20_000), Some(sender.clone()));
            check(&rewritten, day(20_030), Some(sender.clone()));
            check(&rewritten, day(20_031), None);
            check(&rewritten, day(19_999), None);
            assert_eq!(Forwarding::new([8; 32]).original(&rewritten, day(20_000)), None);
            let lower = Address { local: rewritten.local.to_lowercase(), ..rewritten };
            let key = |address: Option<Address>| address.map(|address| address.key());
            assert_eq!(key(forwarding().original(&lower, day(20_000))), Some(sender.key()));
        }
    }

    #[test]
    fn what_does_not_fit_is_left() {
        let long = Address { local: "x".repeat(120), domain: "remote.test".into() };
        assert_eq!(forwarding().rewritten(&long, "example.test", day(1)), None);
    }

    proptest! {
        #[test]
        fn nobody_makes_one_up(local in "(?i:SRS0)=[0-9a-f=ü.a-z]{0,40}") {
            let address = Address { local, domain: "example.test".into() };
            prop_assert_eq!(forwarding().original(&address, day(20_000)), None);
        }
    }
}
