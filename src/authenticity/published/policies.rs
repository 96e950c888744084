//! What is published about the domain's mail: who may send it, how it is signed, what is asked of others.

use std::net::IpAddr;

use mail_auth::dmarc::{DmarcRecord, Policy};
use mail_auth::dns::TxtRecordParser as _;
use mail_auth::mta_sts::{MtaStsRecord, TlsRptRecord};
use mailstead_storage::{KeyState, SigningKey};

use super::{Finding, Judgement, texts, txt_line};
use crate::authenticity::{Checks, key_pair};
use crate::dns::Resolver;

pub(super) async fn spf(
    resolver: &dyn Resolver,
    checks: &Checks,
    domain: &str,
    hostname: &str,
    addresses: &[IpAddr],
) -> Finding {
    let line = txt_line(domain, "v=spf1 mx -all");
    let records = match texts(resolver, domain).await {
        Ok(texts) => of_version(texts, "v=spf1"),
        Err(fault) => return Finding::unknown("SPF", &fault),
    };
    let wrong = |meaning: &str| Finding::new("SPF", Judgement::Wrong, meaning).put(line.clone());
    let finding = match records.len() {
        0 => wrong("nothing says which hosts may send mail of the domain"),
        1 => {
            let mut denied = Vec::new();
            for address in addresses {
                let result = checks.spf_of(*address, hostname, &format!("postmaster@{domain}")).await;
                if result != "pass" {
                    denied.push(format!("{address} ({result})"));
                }
            }
            match (addresses.is_empty(), denied.is_empty()) {
                (true, _) => Finding::new("SPF", Judgement::Unknown, "this host has no address that could be tried"),
                (false, true) => Finding::new("SPF", Judgement::Right, "this host may send mail of the domain"),
                (false, false) => {
                    wrong(&format!("this host may not send mail of the domain: {}; add it", denied.join(", ")))
                }
            }
        }
        _ => wrong("there is more than one SPF record, which makes all of them void; leave one"),
    };
    finding.with_found(records)
}

pub(super) async fn dkim(resolver: &dyn Resolver, domain: &str, key: &SigningKey) -> Finding {
    let what = format!("DKIM {}", key.selector);
    let name = key_pair::record_name(domain, &key.selector);
    let found = match texts(resolver, &name).await {
        Ok(texts) => texts,
        Err(fault) => return Finding::unknown(what, &fault),
    };
    let published = found.iter().any(|text| public_half(text) == Some(key.public.clone()));
    let (judgement, meaning) = match (published, key.state) {
        (true, KeyState::Active) => (Judgement::Right, "mail is signed with this key, and it is published"),
        (true, KeyState::Next) => {
            (Judgement::Right, "the key is published; `mailstead domain dkim --activate` uses it")
        }
        (true, KeyState::Retired) => (Judgement::Right, "the key signs no more; its record can go after a week"),
        (false, KeyState::Retired) => (Judgement::Optional, "the key signs no more, and is published no more"),
        (false, KeyState::Active) => (Judgement::Wrong, "mail is signed with this key, but nobody can check it"),
        (false, KeyState::Next) => (Judgement::Wrong, "the key waits to be published before it is used"),
    };
    let finding = Finding::new(what, judgement, meaning).with_found(found);
    if judgement == Judgement::Wrong { finding.put(txt_line(&name, &key_pair::record(key))) } else { finding }
}

pub(super) async fn dmarc(resolver: &dyn Resolver, domain: &str) -> Finding {
    let name = format!("_dmarc.{domain}");
    let records = match texts(resolver, &name).await {
        Ok(texts) => of_version(texts, "v=DMARC1"),
        Err(fault) => return Finding::unknown("DMARC", &fault),
    };
    let line = txt_line(&name, &format!("v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}"));
    let wrong = |meaning| Finding::new("DMARC", Judgement::Wrong, meaning).put(line);
    let finding = match records.as_slice() {
        [] => wrong("nothing says what others shall do with mail that forges the domain"),
        [one] => match DmarcRecord::parse(one.as_bytes()).map(|record| record.p) {
            Ok(Policy::None) => Finding::new(
                "DMARC",
                Judgement::Right,
                "forged mail is only to be reported; quarantine or reject is safer",
            ),
            Ok(Policy::Quarantine | Policy::Reject) => {
                Finding::new("DMARC", Judgement::Right, "others know what to do with forged mail")
            }
            Ok(Policy::Unspecified) | Err(_) => wrong("the record cannot be read or has no policy (p=)"),
        },
        _ => wrong("there is more than one DMARC record, which makes all of them void; leave one"),
    };
    finding.with_found(records)
}

pub(super) async fn mta_sts(resolver: &dyn Resolver, domain: &str) -> Finding {
    let name = format!("_mta-sts.{domain}");
    let records = match texts(resolver, &name).await {
        Ok(texts) => of_version(texts, "v=STSv1"),
        Err(fault) => return Finding::unknown("MTA-STS", &fault),
    };
    let finding = match records.as_slice() {
        [] => Finding::new("MTA-STS", Judgement::Optional, "other servers may deliver without encryption (RFC 8461)"),
        [one] if MtaStsRecord::parse(one.as_bytes()).is_ok() => {
            Finding::new("MTA-STS", Judgement::Right, "a policy is announced")
        }
        _ => Finding::new("MTA-STS", Judgement::Wrong, "the record cannot be read, or there are several")
            .put(txt_line(&name, "v=STSv1; id=1")),
    };
    finding.with_found(records)
}

/// What is to be said of the policy that is announced: its mode, and whether it names this host, or why it cannot be had.
pub fn sts_policy(domain: &str, hostname: &str, served: Result<(&str, bool), &str>) -> Finding {
    let place = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let right = format!("put there: version: STSv1, mode: testing, mx: {hostname}, max_age: 86400, each on its line");
    let finding = |judgement, meaning: String| Finding::new("MTA-STS policy", judgement, meaning);
    match served {
        Err(why) => finding(Judgement::Wrong, format!("{place} cannot be had ({why}); {right}")),
        Ok(("none", _)) => finding(Judgement::Right, format!("{place} takes back what was asked for before")),
        Ok((mode, true)) => finding(Judgement::Right, format!("mode {mode}: mail for this host has to be encrypted")),
        Ok((mode, false)) => {
            let meaning =
                format!("mode {mode}, but {place} does not name {hostname}: others deliver nothing there; {right}");
            finding(Judgement::Wrong, meaning)
        }
    }
}

pub(super) async fn tls_reports(resolver: &dyn Resolver, domain: &str) -> Finding {
    let name = format!("_smtp._tls.{domain}");
    let line = txt_line(&name, &format!("v=TLSRPTv1; rua=mailto:postmaster@{domain}"));
    let records = match texts(resolver, &name).await {
        Ok(texts) => of_version(texts, "v=TLSRPTv1"),
        Err(fault) => return Finding::unknown("TLS-RPT", &fault),
    };
    let finding = match records.as_slice() {
        [] => {
            Finding::new("TLS-RPT", Judgement::Optional, "nobody reports when encryption to this host fails").put(line)
        }
        [one] if TlsRptRecord::parse(one.as_bytes()).is_ok() => {
            Finding::new("TLS-RPT", Judgement::Right, "other servers report when encryption fails")
        }
        _ => Finding::new("TLS-RPT", Judgement::Wrong, "the record cannot be read, or there are several").put(line),
    };
    finding.with_found(records)
}

/// Those texts that begin with this version.
fn of_version(texts: Vec<String>, version: &str) -> Vec<String> {
    let is_one = |text: &String| {
        let rest = text.get(..version.len()).filter(|begin| begin.eq_ignore_ascii_case(version));
        rest.is_some() && !text[version.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
    };
    texts.into_iter().filter(is_one).collect()
}

/// The value of the `p=` tag, without white space.
fn public_half(record: &str) -> Option<String> {
    let tags = record.split(';').filter_map(|tag| tag.split_once('='));
    let value = tags.into_iter().find(|(name, _)| name.trim() == "p")?.1;
    Some(value.chars().filter(|char| !char.is_whitespace()).collect())
}
