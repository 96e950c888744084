//! The resolver against a real DNS server on loopback, with a signed zone.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hickory_resolver::proto::dnssec::crypto::EcdsaSigningKey;
use hickory_resolver::proto::dnssec::rdata::DNSKEY;
use hickory_resolver::proto::dnssec::{Algorithm, DnssecSigner, PublicKey as _, SigningKey};
use hickory_resolver::proto::rr::{RData, Record, RecordSet, RrKey, rdata};
use hickory_server::Server;
use hickory_server::dnssec::NxProofKind;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

/// A DNS server with the zone `test.`, and the line of its key.
struct Zone {
    _server: Server<Catalog>,
    address: SocketAddr,
    key: String,
}

fn at(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

fn records() -> Vec<Record> {
    let soa = rdata::SOA::new(at("ns.test."), at("hostmaster.test."), 1, 3600, 600, 86400, 60);
    let tlsa = rdata::TLSA::new(3.into(), 1.into(), 1.into(), vec![7; 32]);
    let data = [
        ("test.", RData::SOA(soa)),
        ("test.", RData::NS(rdata::NS(at("ns.test.")))),
        ("example.test.", RData::MX(rdata::MX::new(10, at("MX.example.test.")))),
        ("null.test.", RData::MX(rdata::MX::new(0, at(".")))),
        ("mx.example.test.", RData::A(Ipv4Addr::new(127, 0, 0, 2).into())),
        ("alias.test.", RData::CNAME(rdata::CNAME(at("mx.example.test.")))),
        ("long.test.", RData::TXT(rdata::TXT::new(vec!["v=spf1 ".into(), "-all".into()]))),
        ("_25._tcp.mx.example.test.", RData::TLSA(tlsa)),
        ("xn--bcher-kva.test.", RData::A(Ipv4Addr::new(127, 0, 0, 3).into())),
    ];
    data.into_iter().map(|(name, data)| Record::from_rdata(at(name), 300, data)).collect()
}

fn zone() -> (InMemoryZoneHandler<TokioRuntimeProvider>, String) {
    let algorithm = Algorithm::ECDSAP256SHA256;
    let pair = EcdsaSigningKey::generate_pkcs8(algorithm).expect("a key");
    let key = EcdsaSigningKey::from_pkcs8(&pair, algorithm).expect("a key");
    let dnskey = DNSKEY::from_key(&key.to_public_key().expect("its public half"));
    let public = BASE64_STANDARD.encode(dnskey.public_key().public_bytes());
    let mut sets: BTreeMap<RrKey, RecordSet> = BTreeMap::new();
    for record in records() {
        let key = RrKey::new(record.name.clone().into(), record.record_type());
        let kind = record.record_type();
        let set = sets.entry(key).or_insert_with(|| RecordSet::new(record.name.clone(), kind, 1));
        set.insert(record, 1);
    }
    let (kind, proofs) = (ZoneType::Primary, Some(NxProofKind::Nsec));
    let mut zone = InMemoryZoneHandler::new(at("test."), sets, kind, AxfrPolicy::Deny, proofs).expect("a zone");
    let signer = DnssecSigner::new(dnskey, Box::new(key), at("test."), Duration::from_secs(86_400));
    zone.add_zone_signing_key_mut(signer).expect("a key more");
    zone.secure_zone_mut().expect("signed");
    (zone, format!("test. 3600 IN DNSKEY 257 3 13 {public}\n"))
}

impl Zone {
    async fn open() -> Zone {
        let (zone, key) = zone();
        let mut catalog = Catalog::new();
        catalog.upsert(at("test.").into(), vec![Arc::new(zone)]);
        let mut server = Server::new(catalog);
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("bound");
        server.register_socket(socket);
        server.register_listener(TcpListener::bind(address).await.expect("its TCP"), Duration::from_secs(5), 4096);
        Zone { _server: server, address, key }
    }

    /// A resolver that asks this server and trusts `anchor`.
    fn resolver(&self, anchor: Option<&str>) -> Hickory {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(anchor.unwrap_or_default().as_bytes()).expect("written");
        let trust_anchor = file.path().to_path_buf();
        let servers = vec![self.address];
        let settings = DnsSettings { servers, dnssec: anchor.is_some(), trust_anchor, ..DnsSettings::default() };
        Hickory::open(&settings).expect("opens")
    }
}

#[tokio::test]
async fn a_signed_zone_is_told_from_others() {
    let zone = Zone::open().await;
    let resolver = zone.resolver(Some(&zone.key));
    let mx = resolver.mx("example.test").await.expect("an answer");
    assert_eq!(mx.records, [Mx { preference: 10, host: "mx.example.test".into() }]);
    assert!(mx.secure);
    let tlsa = resolver.tlsa("_25._tcp.mx.example.test").await.expect("an answer");
    assert_eq!((tlsa.secure, tlsa.records[0].usage, tlsa.records[0].data.len()), (true, 3, 32));
    let alias = resolver.addresses("alias.test", Family::V4).await.expect("an answer");
    assert_eq!((alias.secure, alias.canonical.as_str()), (true, "mx.example.test"));
    assert_eq!(resolver.tlsa("_25._tcp.alias.test").await, Err(Fault::NoName));
    assert_eq!(resolver.addresses("mx.example.test", Family::V6).await, Err(Fault::NoData));

    let unsigned = zone.resolver(None).mx("example.test").await.expect("an answer");
    assert!(!unsigned.secure);

    let other = zone.resolver(Some(&Zone::open().await.key));
    assert_eq!(other.mx("example.test").await, Err(Fault::Bogus));
}

#[tokio::test]
async fn answers_without_dnssec() {
    let zone = Zone::open().await;
    let resolver = zone.resolver(None);
    assert_eq!(resolver.mx("null.test").await.expect("an answer").records[0].host, "");
    assert_eq!(resolver.txt("long.test").await.expect("an answer").records, [b"v=spf1 -all".to_vec()]);
    assert_eq!(resolver.mx("nowhere.test").await, Err(Fault::NoName));
    assert_eq!(resolver.mx("mx.example.test").await, Err(Fault::NoData));
    assert_eq!(resolver.mx("not a name..test").await, Err(Fault::NoName));
    let unicode = resolver.addresses("bücher.test", Family::V4).await.expect("an answer");
    assert_eq!(unicode.records, [IpAddr::from([127, 0, 0, 3])]);
}

#[tokio::test]
async fn a_server_that_is_silent_is_a_temporary_fault() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let servers = vec![silent.local_addr().expect("bound")];
    let settings = DnsSettings { servers, dnssec: false, timeout_seconds: 1, ..DnsSettings::default() };
    let resolver = Hickory::open(&settings).expect("opens");
    assert!(matches!(resolver.mx("example.test").await, Err(Fault::Temporary(_))));
}
