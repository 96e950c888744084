//! For whom a proxy asks: the addresses that each proxy on the way has noted, read from the nearest one on. What stands
//! before the first address that is not a trusted proxy's is what a client may have made up, and is not looked at.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;

use crate::{ProxyHeader, WebSettings};

/// Who asks, when `peer` has connected.
pub fn client(headers: &HeaderMap, peer: IpAddr, settings: &WebSettings) -> IpAddr {
    let mut nearest = peer;
    let name = match settings.proxy_header {
        ProxyHeader::XForwardedFor => "x-forwarded-for",
        ProxyHeader::Forwarded => FORWARDED.as_str(),
    };
    let lines: Vec<&str> = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok()).collect();
    let mut hops = lines.iter().flat_map(|line| line.split(',')).rev();
    while settings.is_proxy(nearest) {
        let hop = hops.next().and_then(|hop| match settings.proxy_header {
            ProxyHeader::XForwardedFor => address(hop),
            ProxyHeader::Forwarded => hop.split(';').find_map(forwarded_for).and_then(address),
        });
        match hop {
            Some(hop) => nearest = hop,
            // A proxy that does not say for whom it asks, asks for itself.
            None => break,
        }
    }
    nearest
}

/// The value of `for=` (RFC 7239 §5.2).
fn forwarded_for(pair: &str) -> Option<&str> {
    let (name, value) = pair.split_once('=')?;
    name.trim().eq_ignore_ascii_case("for").then_some(value)
}

/// An address, with or without brackets, quotes and a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let found = bare.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()));
    found.map(|found: IpAddr| found.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn who_asks_through_proxies() {
        let check = |name: &'static str, lines: &[&'static str], peer: &str, expected: &str| {
            let proxies = ["127.0.0.1", "10.0.0.0/8"].map(|network| network.to_string().try_into().expect("a network"));
            let proxy_header = if name == "forwarded" { ProxyHeader::Forwarded } else { ProxyHeader::XForwardedFor };
            let settings = WebSettings { trusted_proxies: proxies.into(), proxy_header, ..WebSettings::default() };
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(line));
            }
            let found = client(&headers, peer.parse().expect("an address"), &settings);
            assert_eq!(found.to_string(), expected, "{name} {lines:?} {peer}");
        };
        let old = "x-forwarded-for";
        check(old, &["192.0.2.1"], "127.0.0.1", "192.0.2.1");
        check(old, &["192.0.2.1"], "192.0.2.9", "192.0.2.9");
        check(old, &[], "127.0.0.1", "127.0.0.1");
        check(old, &["6.6.6.6, 192.0.2.1"], "127.0.0.1", "192.0.2.1");
        check(old, &["6.6.6.6, 192.0.2.1, 10.1.1.1"], "127.0.0.1", "192.0.2.1");
        check(old, &["6.6.6.6", "192.0.2.1", "10.1.1.1"], "127.0.0.1", "192.0.2.1");
        check(old, &["6.6.6.6, nonsense"], "127.0.0.1", "127.0.0.1");
        check(old, &["::ffff:192.0.2.1"], "::ffff:127.0.0.1", "192.0.2.1");
        check(old, &["192.0.2.1:4711"], "127.0.0.1", "192.0.2.1");
        check(old, &["10.1.1.1"], "127.0.0.1", "10.1.1.1");
        let new = "forwarded";
        check(new, &["for=192.0.2.1;proto=https"], "127.0.0.1", "192.0.2.1");
        check(new, &["for=6.6.6.6, proto=https;For=\"[2001:db8::1]:4711\""], "127.0.0.1", "2001:db8::1");
        check(new, &["for=_hidden"], "127.0.0.1", "127.0.0.1");
        check(new, &["for=unknown, by=10.1.1.1"], "127.0.0.1", "127.0.0.1");
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_an_untrusted_client_somebody_else(line: String, forwarded: bool) {
            let proxy_header = if forwarded { ProxyHeader::Forwarded } else { ProxyHeader::XForwardedFor };
            let trusted_proxies = vec!["127.0.0.1".to_string().try_into().expect("a network")];
            let settings = WebSettings { trusted_proxies, proxy_header, ..WebSettings::default() };
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(&line) {
                headers.append(if forwarded { "forwarded" } else { "x-forwarded-for" }, value);
            }
            let stranger: IpAddr = "192.0.2.9".parse().expect("an address");
            proptest::prop_assert_eq!(client(&headers, stranger, &settings), stranger);
            let _ = client(&headers, "127.0.0.1".parse().expect("an address"), &settings);
        }
    }
}
