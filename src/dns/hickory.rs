//! The resolver of the running box: hickory, with its cache and its DNSSEC validation.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::{Answer, DnsSettings, Family, Fault, Lookup, Mx, Resolver, Tlsa};

/// Asks the DNS servers of the settings or of the machine. Cheap to clone; all clones share one cache.
#[derive(Clone)]
pub struct Hickory(TokioResolver);

impl Hickory {
    /// A resolver as the settings say. Asks nothing yet.
    ///
    /// # Errors
    /// A sentence: the trust anchor cannot be read.
    pub fn open(settings: &DnsSettings) -> Result<Hickory, String> {
        let wrong = |error: NetError| format!("[dns]: the DNS cannot be set up: {error}; set servers");
        let of_machine = if settings.servers.is_empty() { TokioResolver::builder_tokio().ok() } else { None };
        let mut builder = of_machine.unwrap_or_else(|| {
            let config = ResolverConfig::from_name_servers(servers(&settings.servers));
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        });
        let options = builder.options_mut();
        options.validate = settings.dnssec;
        options.cache_size = settings.cache_answers_max;
        options.timeout = Duration::from_secs(settings.timeout_seconds.max(1));
        // Whether an answer is secure depends on the CNAMEs on the way to it.
        options.preserve_intermediates = true;
        if settings.dnssec && !settings.trust_anchor.as_os_str().is_empty() {
            let file = &settings.trust_anchor;
            let anchors = TrustAnchors::from_file(file)
                .map_err(|error| format!("[dns] trust_anchor: {} cannot be read: {error}", file.display()))?;
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        builder.build().map(Hickory).map_err(wrong)
    }

    /// What is underneath, for libraries that ask by themselves.
    pub fn inner(&self) -> &TokioResolver {
        &self.0
    }

    async fn look_up<T>(
        &self,
        name: Result<Name, Fault>,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, Fault> {
        let lookup = self.0.lookup(name?, kind).await.map_err(|error| fault(&error))?;
        let (mut records, mut canonical, mut secure) = (Vec::new(), String::new(), true);
        for record in lookup.answers() {
            match read(&record.data) {
                Some(value) => {
                    records.push(value);
                    canonical = text(&record.name);
                    secure &= record.proof.is_secure();
                }
                None if record.record_type() == RecordType::CNAME => secure &= record.proof.is_secure(),
                None => {}
            }
        }
        if records.is_empty() { Err(Fault::NoData) } else { Ok(Answer { records, canonical, secure }) }
    }
}

impl Resolver for Hickory {
    fn mx<'a>(&'a self, domain: &'a str) -> Lookup<'a, Mx> {
        Box::pin(self.look_up(name(domain), RecordType::MX, |data| match data {
            RData::MX(mx) => Some(Mx { preference: mx.preference, host: text(&mx.exchange) }),
            _ => None,
        }))
    }

    fn addresses<'a>(&'a self, host: &'a str, family: Family) -> Lookup<'a, IpAddr> {
        let kind = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        Box::pin(self.look_up(name(host), kind, RData::ip_addr))
    }

    fn txt<'a>(&'a self, at: &'a str) -> Lookup<'a, Vec<u8>> {
        Box::pin(self.look_up(name(at), RecordType::TXT, |data| match data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        }))
    }

    fn tlsa<'a>(&'a self, at: &'a str) -> Lookup<'a, Tlsa> {
        Box::pin(self.look_up(name(at), RecordType::TLSA, |data| match data {
            RData::TLSA(tlsa) => Some(Tlsa {
                usage: tlsa.cert_usage.into(),
                selector: tlsa.selector.into(),
                matching: tlsa.matching.into(),
                data: tlsa.cert_data.clone(),
            }),
            _ => None,
        }))
    }

    fn ptr(&self, address: IpAddr) -> Lookup<'_, String> {
        Box::pin(self.look_up(Ok(Name::from(address)), RecordType::PTR, |data| match data {
            RData::PTR(ptr) => Some(text(&ptr.0)),
            _ => None,
        }))
    }
}

/// These servers; without any, one on this machine, as the C library has it.
fn servers(addresses: &[SocketAddr]) -> Vec<NameServerConfig> {
    let server = |address: &SocketAddr| {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = address.port();
            connection
        });
        NameServerConfig::new(address.ip(), true, connections.to_vec())
    };
    let local = [SocketAddr::from(([127, 0, 0, 1], 53))];
    let addresses = if addresses.is_empty() { &local } else { addresses };
    addresses.iter().map(server).collect()
}

/// A name that no search list is tried for. U-labels become A-labels.
fn name(text: &str) -> Result<Name, Fault> {
    let mut name = Name::from_utf8(text).map_err(|_| Fault::NoName)?;
    name.set_fqdn(true);
    Ok(name)
}

fn text(name: &Name) -> String {
    let mut text = name.to_ascii().to_ascii_lowercase();
    if text.ends_with('.') {
        text.pop();
    }
    text
}

fn fault(error: &NetError) -> Fault {
    let absence = |code| match code {
        ResponseCode::NXDomain => Fault::NoName,
        ResponseCode::NoError => Fault::NoData,
        code => Fault::Temporary(format!("the DNS server answered: {code}")),
    };
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => absence(none.response_code),
        NetError::Dns(DnsError::Nsec { proof, .. }) if proof.is_bogus() => Fault::Bogus,
        NetError::Dns(DnsError::Nsec { response, .. }) => absence(response.response_code),
        NetError::Dns(DnsError::DnssecBogus) => Fault::Bogus,
        error => Fault::Temporary(format!("the DNS did not answer: {error}")),
    }
}

#[cfg(test)]
mod tests;
