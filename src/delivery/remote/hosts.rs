//! From a domain to the hosts that take its mail, in their order (RFC 5321 §5.1), and to their addresses.

use std::net::IpAddr;

use aws_lc_rs::rand;

use super::route::{Preference, Target};
use crate::dns::{Family, Fault, Mx, Resolver};
use crate::protocol::smtp::client::answer;

/// Most hosts of one domain that are tried in one attempt.
const HOSTS_MAX: usize = 10;
/// Most addresses of one host that are tried in one attempt.
const ADDRESSES_MAX: usize = 6;

/// The hosts of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hosts {
    /// Names or addresses, the best first.
    pub hosts: Vec<Host>,
    /// Does DNSSEC vouch for this list?
    pub secure: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// Its name, or its address in brackets.
    pub name: String,
    /// Its address, when that is all that is known of it.
    pub literal: Option<IpAddr>,
    pub port: u16,
}

/// The addresses of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addresses {
    pub list: Vec<IpAddr>,
    /// Does DNSSEC vouch for all of them?
    pub secure: bool,
}

/// The hosts to try.
///
/// # Errors
/// The answer for the recipients: there are none, or the DNS cannot say.
pub(super) async fn hosts(dns: &dyn Resolver, target: &Target, port: u16, own: &str) -> Result<Hosts, String> {
    let domain = match target {
        Target::Exchangers(domain) => domain,
        Target::Host { name, port } => {
            let host = Host { name: name.clone(), literal: None, port: *port };
            return Ok(Hosts { hosts: vec![host], secure: true });
        }
        Target::Literal(address, port) => {
            let host = Host { name: format!("[{address}]"), literal: Some(*address), port: *port };
            return Ok(Hosts { hosts: vec![host], secure: false });
        }
    };
    let host = |mx: Mx| Host { name: mx.host, literal: None, port };
    match dns.mx(domain).await {
        Ok(answer) => {
            let hosts = ordered(answer.records, domain, own)?.into_iter().map(host).take(HOSTS_MAX).collect();
            Ok(Hosts { hosts, secure: answer.secure })
        }
        // Without exchangers the domain itself is the host.
        Err(Fault::NoData) => {
            Ok(Hosts { hosts: vec![Host { name: domain.clone(), literal: None, port }], secure: false })
        }
        Err(Fault::NoName) => Err(answer(550, "5.1.2", &format!("the domain {domain} does not exist"))),
        Err(fault) => Err(answer(451, "4.4.3", &format!("the mail exchangers of {domain} are not known: {fault}"))),
    }
}

/// By preference, equals shuffled; where this host is one of them, only those before it.
fn ordered(mut records: Vec<Mx>, domain: &str, own: &str) -> Result<Vec<Mx>, String> {
    if records.iter().all(|mx| mx.host.is_empty()) {
        return Err(answer(556, "5.1.10", &format!("{domain} takes no mail (null MX)")));
    }
    records.retain(|mx| !mx.host.is_empty());
    let mut dice = vec![0; records.len()];
    // Without randomness they stay in the order of their names.
    let _ = rand::fill(&mut dice);
    let mut shuffled: Vec<_> = records.into_iter().zip(dice).collect();
    shuffled.sort_by(|(a, x), (b, y)| (a.preference, x, &a.host).cmp(&(b.preference, y, &b.host)));
    let mut records: Vec<Mx> = shuffled.into_iter().map(|(mx, _)| mx).collect();
    if let Some(own) = records.iter().find(|mx| mx.host.eq_ignore_ascii_case(own)).map(|mx| mx.preference) {
        records.retain(|mx| mx.preference < own);
        if records.is_empty() {
            let text = format!("the DNS says that mail for {domain} comes here, but {domain} is no domain of this box");
            return Err(answer(554, "5.4.6", &text));
        }
    }
    Ok(records)
}

/// The addresses of a host, in the order of the preference.
///
/// # Errors
/// The answer for the recipients, should no other host take them.
pub(super) async fn addresses(dns: &dyn Resolver, host: &Host, preference: Preference) -> Result<Addresses, String> {
    if let Some(address) = host.literal {
        return Ok(Addresses { list: vec![address], secure: false });
    }
    let families: &[Family] = match preference {
        Preference::Ipv6First => &[Family::V6, Family::V4],
        Preference::Ipv4First => &[Family::V4, Family::V6],
        Preference::Ipv6Only => &[Family::V6],
        Preference::Ipv4Only => &[Family::V4],
    };
    let (mut found, mut fault) = (Addresses { list: Vec::new(), secure: true }, None);
    for family in families {
        match dns.addresses(&host.name, *family).await {
            Ok(answer) => {
                found.secure &= answer.secure;
                found.list.extend(answer.records.into_iter().take(ADDRESSES_MAX / families.len()));
            }
            Err(absence) if absence.is_absence() => {}
            Err(other) => fault = Some(other),
        }
    }
    match fault {
        _ if !found.list.is_empty() => Ok(found),
        Some(fault) => Err(answer(451, "4.4.3", &format!("the addresses of {} are not known: {fault}", host.name))),
        None => Err(answer(550, "5.1.2", &format!("{} has no address", host.name))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::dns::fake::Fake;

    async fn names(dns: &Fake, domain: &str) -> Result<Vec<String>, String> {
        let target = Target::Exchangers(domain.into());
        let hosts = hosts(dns, &target, 25, "mx.own.test").await?;
        Ok(hosts.hosts.into_iter().map(|host| host.name).collect())
    }

    #[tokio::test]
    async fn exchangers_in_their_order() {
        let dns = Fake::default()
            .mx("a.test", &["20 second.test", "10 first.test", "30 third.test"])
            .mx("equal.test", &["10 x.test", "10 y.test"])
            .mx("null.test", &["0 ."])
            .mx("backup.test", &["20 MX.own.test", "10 first.test", "20 other.test", "30 third.test"])
            .mx("loop.test", &["10 mx.own.test", "20 other.test"])
            .mx_fault("none.test", Fault::NoData)
            .mx_fault("later.test", Fault::Temporary("no answer".into()))
            .mx_fault("forged.test", Fault::Bogus);
        assert_eq!(
            names(&dns, "a.test").await,
            Ok(vec!["first.test".into(), "second.test".into(), "third.test".into()])
        );
        assert_eq!(names(&dns, "none.test").await, Ok(vec!["none.test".into()]));
        assert_eq!(names(&dns, "backup.test").await, Ok(vec!["first.test".into()]));
        for (domain, begins) in [
            ("null.test", "556 5.1.10 "),
            ("loop.test", "554 5.4.6 "),
            ("nowhere.test", "550 5.1.2 "),
            ("later.test", "451 4.4.3 "),
            ("forged.test", "451 4.4.3 "),
        ] {
            let answer = names(&dns, domain).await.expect_err("refused");
            assert!(answer.starts_with(begins), "{domain}: {answer}");
        }
        let mut firsts = HashSet::new();
        for _ in 0..100 {
            firsts.insert(names(&dns, "equal.test").await.expect("hosts")[0].clone());
        }
        assert_eq!(firsts.len(), 2, "equal exchangers share the load");
    }

    #[tokio::test]
    async fn addresses_by_preference() {
        let dns = Fake::default()
            .host("both.test", &["192.0.2.1", "2001:db8::1"])
            .host("old.test", &["192.0.2.2"])
            .host_fault("later.test", Fault::Temporary("no answer".into()));
        let of = async |name: &str, preference| {
            let host = Host { name: name.into(), literal: None, port: 25 };
            let found = addresses(&dns, &host, preference).await.map_err(|answer| answer[..9].to_string())?;
            Ok::<String, String>(found.list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(of("both.test", Preference::Ipv6First).await, Ok("2001:db8::1 192.0.2.1".into()));
        assert_eq!(of("both.test", Preference::Ipv4First).await, Ok("192.0.2.1 2001:db8::1".into()));
        assert_eq!(of("both.test", Preference::Ipv4Only).await, Ok("192.0.2.1".into()));
        assert_eq!(of("old.test", Preference::Ipv6First).await, Ok("192.0.2.2".into()));
        assert_eq!(of("old.test", Preference::Ipv6Only).await, Err("550 5.1.2".into()));
        assert_eq!(of("later.test", Preference::Ipv6First).await, Err("451 4.4.3".into()));
    }
}
