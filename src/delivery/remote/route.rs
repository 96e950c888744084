//! Which way an address goes: the queue it waits in, and the server or the domain whose exchangers come next. Pure.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::authenticity::ascii_domain;
use crate::delivery::DeliverySettings;
use crate::people::Address;

/// Where submission begins with TLS (RFC 8314 §3.3).
const SUBMISSIONS_PORT: u16 = 465;

/// What is set for the way to some domains.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// The server to go to, `name`, `name:port`, `192.0.2.1` or `[2001:db8::1]:port`. Empty: the domain's exchangers.
    pub host: String,
    /// The user to log in as; empty: without login.
    pub user: String,
    /// The password.
    pub password: String,
    /// TLS on this way. A login needs it.
    pub tls: Option<TlsRule>,
    /// TLS from the first byte on, without STARTTLS (RFC 8314 §3.3), as port 465 always has it.
    pub implicit_tls: bool,
    /// Waits between the attempts of one message, in minutes; the last one is used again and again.
    pub retry_minutes: Option<Vec<u32>>,
    /// The sender is told of a delay after so many hours.
    pub delay_notice_hours: Option<u32>,
    /// A message that could not be delivered for so many hours is given up.
    pub give_up_hours: Option<u32>,
}

impl Route {
    /// What is set for the domain of an address.
    pub(in crate::delivery) fn of<'a>(settings: &'a DeliverySettings, address: &str) -> Option<&'a Route> {
        of_domain(settings, &Address::parse(address)?.domain)
    }
}

/// What is asked of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsRule {
    /// What the domain says by DANE or MTA-STS; else TLS if it is offered.
    Auto,
    /// With any certificate.
    Require,
    /// With a certificate of that host by an authority that is trusted.
    Verify,
    /// None.
    Off,
}

/// Which addresses are used, in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// IPv6, then IPv4.
    Ipv6First,
    /// IPv4, then IPv6.
    Ipv4First,
    /// No IPv4.
    Ipv6Only,
    /// No IPv6.
    Ipv4Only,
}

/// The next step of an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Hop {
    /// The queue: messages for one queue share connections, limits and back-off.
    pub queue: String,
    pub target: Target,
    pub rule: TlsRule,
    /// TLS from the first byte on.
    pub implicit_tls: bool,
    /// User and password.
    pub login: Option<(String, String)>,
}

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// To the exchangers of this domain.
    Exchangers(String),
    /// To this host.
    Host { name: String, port: u16 },
    /// To this address, a literal.
    Literal(IpAddr, u16),
}

impl Target {
    /// The port that was named.
    fn port(&self) -> Option<u16> {
        match self {
            Target::Exchangers(_) => None,
            Target::Host { port, .. } | Target::Literal(_, port) => Some(*port),
        }
    }
}

/// The way of an address. `None` when it is no address.
pub(super) fn hop(settings: &DeliverySettings, address: &str) -> Option<Hop> {
    let domain = Address::parse(address)?.domain;
    if domain.is_empty() {
        return None;
    }
    let own = of_domain(settings, &domain);
    let domain = in_ascii(domain);
    let route = own.filter(|route| !route.host.is_empty()).unwrap_or(&settings.smart_host);
    let rule = own.and_then(|route| route.tls).or(route.tls).unwrap_or(settings.tls);
    if !route.host.is_empty() {
        let target = fixed(&route.host, settings.port)?;
        let login = (!route.user.is_empty()).then(|| (route.user.clone(), route.password.clone()));
        // A password that anyone who answers is told is none.
        let rule = if login.is_some() && rule == TlsRule::Auto { TlsRule::Verify } else { rule };
        let implicit_tls = route.implicit_tls || target.port() == Some(SUBMISSIONS_PORT);
        // No domain has a blank in its name. A wrong password is no trouble of who has another.
        let as_user = if login.is_some() { format!(" as {}", route.user) } else { String::new() };
        return Some(Hop { queue: format!("by {}{as_user}", route.host), target, rule, implicit_tls, login });
    }
    let target = match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => Target::Literal(literal.trim_start_matches("IPv6:").parse().ok()?, settings.port),
        None => Target::Exchangers(domain.clone()),
    };
    Some(Hop { queue: domain, target, rule, implicit_tls: false, login: None })
}

/// The address as servers are told it. A domain with U-labels needs no SMTPUTF8 in its other form, which means the same
/// (RFC 6531 §3.2); a local part has no other form.
pub(super) fn on_the_wire(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) if local.is_ascii() && !domain.is_ascii() => format!("{local}@{}", ascii_domain(domain)),
        _ => address.to_string(),
    }
}

/// The form of a domain that the DNS knows.
fn in_ascii(domain: String) -> String {
    if domain.is_ascii() { domain } else { ascii_domain(&domain) }
}

/// Looks whether all servers of the settings can be gone to.
///
/// # Errors
/// A sentence that names one that cannot.
pub(super) fn check(settings: &DeliverySettings) -> Result<(), String> {
    let mut routes = settings.domains.values().chain([&settings.smart_host]);
    match routes.find(|route| !route.host.is_empty() && fixed(&route.host, settings.port).is_none()) {
        Some(route) => Err(format!("[delivery]: {:?} is no server; write \"name\" or \"name:port\"", route.host)),
        None => Ok(()),
    }
}

/// The queue of an address; of what is none, the box's own, which will say so.
pub(super) fn queue(settings: &DeliverySettings, address: &str) -> String {
    hop(settings, address).map_or_else(String::new, |hop| hop.queue)
}

fn of_domain<'a>(settings: &'a DeliverySettings, domain: &str) -> Option<&'a Route> {
    let above = domain.match_indices('.').map(|(at, _)| &domain[at..]);
    std::iter::once(domain).chain(above).find_map(|name| settings.domains.get(name))
}

/// A host of the settings.
fn fixed(host: &str, port: u16) -> Option<Target> {
    let bare = |text: &str| text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).to_string();
    let (name, port) = match host.rsplit_once(':') {
        // An IPv6 address without brackets has no port.
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (bare(name), digits.parse().ok()?),
        _ => (bare(host), port),
    };
    Some(match name.parse() {
        Ok(address) => Target::Literal(address, port),
        Err(_) => Target::Host { name, port },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(host: &str) -> Route {
        Route { host: host.into(), ..Route::default() }
    }

    fn settings() -> DeliverySettings {
        let mut settings = DeliverySettings::default();
        settings.domains.insert("a.test".into(), Route { tls: Some(TlsRule::Off), ..Route::default() });
        settings.domains.insert(".b.test".into(), route("relay.test:2525"));
        settings.domains.insert("c.test".into(), Route { user: "u".into(), ..route("[2001:db8::1]:26") });
        settings
    }

    fn check(settings: &DeliverySettings, address: &str, queue: &str, target: &Target, rule: TlsRule) {
        let hop = hop(settings, address).expect("a way");
        assert_eq!((hop.queue.as_str(), &hop.target, hop.rule), (queue, target, rule), "{address}");
    }

    #[test]
    fn addresses_on_the_wire() {
        for (address, expected) in [
            ("a@b.test", "a@b.test"),
            ("a@Bücher.test", "a@xn--bcher-kva.test"),
            ("ä@bücher.test", "ä@bücher.test"),
            ("", ""),
        ] {
            assert_eq!(on_the_wire(address), expected);
        }
    }

    #[test]
    fn ways() {
        let mut settings = settings();
        let exchangers = |domain: &str| Target::Exchangers(domain.into());
        let host = |name: &str, port| Target::Host { name: name.into(), port };
        check(&settings, "x@D.test", "d.test", &exchangers("d.test"), TlsRule::Auto);
        check(&settings, "x@a.test", "a.test", &exchangers("a.test"), TlsRule::Off);
        check(&settings, "x@b.test", "b.test", &exchangers("b.test"), TlsRule::Auto);
        check(&settings, "x@y.z.b.test", "by relay.test:2525", &host("relay.test", 2525), TlsRule::Auto);
        let literal = Target::Literal("2001:db8::1".parse().expect("one"), 26);
        check(&settings, "x@c.test", "by [2001:db8::1]:26 as u", &literal, TlsRule::Verify);
        let literal = Target::Literal("192.0.2.1".parse().expect("one"), 25);
        check(&settings, "x@[192.0.2.1]", "[192.0.2.1]", &literal, TlsRule::Auto);
        check(&settings, "x@bücher.test", "xn--bcher-kva.test", &exchangers("xn--bcher-kva.test"), TlsRule::Auto);
        let implicit = |settings: &DeliverySettings| hop(settings, "x@d.test").map(|hop| hop.implicit_tls);
        settings.smart_host.host = "smart.test:465".into();
        assert_eq!(implicit(&settings), Some(true));
        settings.smart_host = Route { implicit_tls: true, ..route("smart.test:466") };
        assert_eq!(implicit(&settings), Some(true));
        settings.smart_host = route("smart.test");
        assert_eq!(implicit(&settings), Some(false));
        check(&settings, "x@d.test", "by smart.test", &host("smart.test", 25), TlsRule::Auto);
        check(&settings, "x@a.test", "by smart.test", &host("smart.test", 25), TlsRule::Off);
        assert_eq!(super::check(&settings), Ok(()));
        settings.smart_host.host = "smart.test:smtp".into();
        assert!(super::check(&settings).is_err());
        assert_eq!((hop(&settings, "nobody"), queue(&settings, "nobody").as_str()), (None, ""));
    }
}
