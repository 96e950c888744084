//! Questions to the DNS that the checks have, and their answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use mail_auth::dkim::DomainKey;
use mail_auth::dmarc::DmarcRecord;
use mail_auth::dns::TxtRecordParser as _;
use mail_auth::spf::SpfRecord;
use mail_auth::{Error, Mx, TxtRecord};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::known::{Known, absent, temporary};
use super::spf_record;
use crate::dns::{Family, Fault, Resolver};

/// A question. Names end with a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    Txt(String),
    Mx(String),
    V4(String),
    V6(String),
    Ptr(IpAddr),
}

/// An answer of the same kind.
pub(super) enum Heard {
    Txt(TxtRecord),
    Mx(Result<Vec<Mx>, Fault>),
    V4(Result<Vec<Ipv4Addr>, Fault>),
    V6(Result<Vec<Ipv6Addr>, Fault>),
    Ptr(Result<Vec<Box<str>>, Fault>),
}

/// What the texts that are asked for should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// SPF records.
    Spf,
    /// What their names say: keys of DKIM and ARC, policies of DMARC.
    ByName,
}

/// Asks all that is missing at once and has it learnt. What has not come by `end` is given up.
pub(super) async fn ask_all(resolver: &Arc<dyn Resolver>, texts: Texts, known: Known, end: Instant) -> Known {
    let mut open = known.take_missing();
    let mut asking = JoinSet::new();
    for ask in open.clone() {
        let resolver = Arc::clone(resolver);
        asking.spawn(async move {
            let heard = put(&*resolver, texts, &ask).await;
            (ask, heard)
        });
    }
    while let Ok(Some(answer)) = timeout_at(end, asking.join_next()).await {
        if let Ok((ask, heard)) = answer {
            open.retain(|other| *other != ask);
            known.learn(ask, heard);
        }
    }
    known.give_up(open);
    known
}

async fn put(resolver: &dyn Resolver, texts: Texts, ask: &Ask) -> Heard {
    match ask {
        Ask::Txt(name) => Heard::Txt(txt(resolver, texts, name).await),
        Ask::Mx(name) => {
            let mx =
                |mx: crate::dns::Mx| Mx { exchanges: [mx.host.into_boxed_str()].into(), preference: mx.preference };
            let mut found = resolver.mx(bare(name)).await.map(|answer| answer.records);
            if let Ok(records) = &mut found {
                records.sort();
            }
            Heard::Mx(found.map(|records| records.into_iter().map(mx).collect()))
        }
        Ask::V4(name) => Heard::V4(addresses(resolver, name, Family::V4, v4).await),
        Ask::V6(name) => Heard::V6(addresses(resolver, name, Family::V6, v6).await),
        Ask::Ptr(address) => {
            let found = resolver.ptr(*address).await;
            Heard::Ptr(found.map(|answer| answer.records.into_iter().map(String::into_boxed_str).collect()))
        }
    }
}

async fn addresses<T>(
    resolver: &dyn Resolver,
    name: &str,
    family: Family,
    read: fn(IpAddr) -> Option<T>,
) -> Result<Vec<T>, Fault> {
    let found = resolver.addresses(bare(name), family).await?;
    Ok(found.records.into_iter().filter_map(read).collect())
}

fn v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

fn v6(address: IpAddr) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V6(address) => Some(address),
        IpAddr::V4(_) => None,
    }
}

async fn txt(resolver: &dyn Resolver, texts: Texts, name: &str) -> TxtRecord {
    // Nobody is sent reports of single failures, and no third party vouches (RFC 6651, RFC 6541).
    if texts == Texts::ByName && (name.starts_with("_report._domainkey.") || name.contains("._atps.")) {
        return TxtRecord::Error(absent(&Fault::NoName).into());
    }
    match resolver.txt(bare(name)).await {
        Ok(answer) => read(texts, name, &answer.records),
        Err(fault) if fault.is_absence() => TxtRecord::Error(absent(&fault).into()),
        Err(fault) => TxtRecord::Error(temporary(&fault.to_string())),
    }
}

fn read(texts: Texts, name: &str, records: &[Vec<u8>]) -> TxtRecord {
    match texts {
        Texts::Spf => match spf_record::select(records) {
            None => TxtRecord::Error(absent(&Fault::NoData).into()),
            Some(Err(())) => TxtRecord::Error(Error::Parse),
            Some(Ok(record)) => SpfRecord::parse(record.as_bytes()).into(),
        },
        Texts::ByName if name.starts_with("_dmarc.") => DmarcRecord::parse_records(records).into(),
        Texts::ByName => DomainKey::parse_records(records).into(),
    }
}

fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}
