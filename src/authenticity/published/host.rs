//! What leads to this host: MX, addresses, their names, and its certificate.

use std::net::IpAddr;

use super::{Finding, Judgement};
use crate::dns::{Family, Fault, Resolver};

pub(super) async fn mx(resolver: &dyn Resolver, domain: &str, hostname: &str) -> Finding {
    let line = format!("{domain}. IN MX 10 {hostname}.");
    let found = match resolver.mx(domain).await {
        Ok(answer) => answer.records,
        Err(fault) if fault.is_absence() => {
            let meaning = "other servers do not know where to deliver mail for the domain";
            return Finding::new("MX", Judgement::Wrong, meaning).put(line);
        }
        Err(fault) => return Finding::unknown("MX", &fault),
    };
    let told = found.iter().map(|mx| format!("{} {}", mx.preference, mx.host)).collect();
    match found.iter().any(|mx| mx.host.eq_ignore_ascii_case(hostname)) {
        true => Finding::new("MX", Judgement::Right, "mail for the domain comes to this host").with_found(told),
        false => {
            let meaning = "mail for the domain goes to other hosts than this one";
            Finding::new("MX", Judgement::Wrong, meaning).with_found(told).put(line)
        }
    }
}

/// The addresses of the host, and what is to be said of them.
pub(super) async fn addresses(resolver: &dyn Resolver, hostname: &str) -> (Vec<IpAddr>, Finding) {
    let mut found = Vec::new();
    for family in [Family::V4, Family::V6] {
        match resolver.addresses(hostname, family).await {
            Ok(answer) => found.extend(answer.records),
            Err(fault) if fault.is_absence() => {}
            Err(fault) => return (found, Finding::unknown("A, AAAA", &fault)),
        }
    }
    let told = found.iter().map(ToString::to_string).collect();
    let finding = match found.is_empty() {
        false => {
            Finding::new("A, AAAA", Judgement::Right, format!("{hostname} has addresses; see that they are right"))
        }
        true => {
            let meaning = format!("the name of this host, {hostname}, has no address");
            Finding::new("A, AAAA", Judgement::Wrong, meaning).put(format!("{hostname}. IN A (this host's address)"))
        }
    };
    (found, finding.with_found(told))
}

/// The name of each address.
pub(super) async fn names(resolver: &dyn Resolver, hostname: &str, addresses: &[IpAddr]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for address in addresses {
        let what = format!("PTR {address}");
        let found = match resolver.ptr(*address).await {
            Ok(answer) => answer.records,
            Err(fault) if fault.is_absence() => Vec::new(),
            Err(fault) => {
                findings.push(Finding::unknown(what, &fault));
                continue;
            }
        };
        let finding = match found.iter().any(|name| name.eq_ignore_ascii_case(hostname)) {
            true => Finding::new(what, Judgement::Right, "the address has the name of this host"),
            false => {
                let meaning =
                    "many servers refuse mail from an address without its name; who gave you the address sets it";
                Finding::new(what, Judgement::Wrong, meaning).put(format!("{}. IN PTR {hostname}.", reverse(*address)))
            }
        };
        findings.push(finding.with_found(found));
    }
    findings
}

pub(super) async fn dane(resolver: &dyn Resolver, hostname: &str, certificate: Option<&str>) -> Finding {
    let name = format!("_25._tcp.{hostname}");
    let line = |digest: &str| format!("{name}. IN TLSA 3 1 1 {digest}");
    let answer = match resolver.tlsa(&name).await {
        Ok(answer) => answer,
        Err(Fault::Bogus) => {
            return Finding::new("DANE", Judgement::Wrong, "the DNSSEC signatures of this host's name are wrong");
        }
        Err(fault) if fault.is_absence() => {
            let meaning =
                "other servers cannot be sure of this host's certificate; of use only where DNSSEC signs its name";
            let finding = Finding::new("DANE", Judgement::Optional, meaning);
            return certificate.map_or(finding.clone(), |digest| finding.put(line(digest)));
        }
        Err(fault) => return Finding::unknown("DANE", &fault),
    };
    let told = |tlsa: &crate::dns::Tlsa| {
        format!("{} {} {} {}", tlsa.usage, tlsa.selector, tlsa.matching, hexadecimal(&tlsa.data))
    };
    let found: Vec<String> = answer.records.iter().map(told).collect();
    let Some(digest) = certificate else {
        return Finding::new("DANE", Judgement::Unknown, "this host's certificate is not known here").with_found(found);
    };
    let ours = format!("3 1 1 {digest}");
    let finding = match (found.contains(&ours), answer.secure) {
        (true, true) => Finding::new("DANE", Judgement::Right, "the certificate of this host is vouched for"),
        (true, false) => {
            Finding::new("DANE", Judgement::Wrong, "DNSSEC does not sign this host's name, so nobody heeds the record")
        }
        (false, _) => {
            let meaning = "no record fits the certificate; servers that heed DANE deliver nothing here";
            Finding::new("DANE", Judgement::Wrong, meaning).put(line(digest))
        }
    };
    finding.with_found(found)
}

/// The name under which an address's own name stands (RFC 1035 §3.5, RFC 3596 §2.5).
fn reverse(address: IpAddr) -> String {
    hickory_resolver::proto::rr::Name::from(address).to_ascii().trim_end_matches('.').to_owned()
}

/// Bytes in hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
