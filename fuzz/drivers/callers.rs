//! Any lines as the header of a request: who it comes from, by its credential and through proxies.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use mailstead_web::door::{Credential, client};
use mailstead_web::{ProxyHeader, WebSettings};

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));

/// Runs one case: lines of a name, a colon and a value.
pub fn run(input: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let Some(Credential::Token(text) | Credential::Session(text)) = Credential::of(&headers) {
        assert!(text.len() <= input.len());
    }
    for proxy_header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
        let trusted_proxies = vec!["127.0.0.1".to_string().try_into().expect("a network")];
        let settings = WebSettings { trusted_proxies, proxy_header, ..WebSettings::default() };
        assert_eq!(client(&headers, STRANGER, &settings), STRANGER, "a stranger is nobody else");
        let _ = client(&headers, Ipv4Addr::LOCALHOST.into(), &settings);
    }
}
