//! What TLS to one host must be like.

use std::sync::Arc;

use super::sts::{self, StsRules};
use super::{PolicyKind, TlsFailure, dane};
use crate::delivery::remote::route::TlsRule;
use crate::dns::{Fault, Resolver, Tlsa};

/// What is asked of TLS to one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Policy {
    /// None.
    Off,
    /// If it is offered, with any certificate; if it fails, without.
    IfOffered,
    /// With any certificate.
    Encrypted,
    /// With a valid certificate of the host.
    Verified,
    /// The same, because the domain says so by MTA-STS.
    Sts(Arc<StsRules>),
    /// With a certificate that one of these records names.
    Dane(Arc<[Tlsa]>),
}

impl Policy {
    /// Is the host known to be the right one (RFC 8689 §4.2.1)?
    pub fn is_authenticated(&self) -> bool {
        matches!(self, Policy::Verified | Policy::Sts(_) | Policy::Dane(_))
    }

    /// What reports call it.
    pub fn kind(&self) -> PolicyKind {
        match self {
            Policy::Dane(_) => PolicyKind::Tlsa,
            Policy::Sts(_) => PolicyKind::Sts,
            _ => PolicyKind::NoPolicy,
        }
    }

    /// The lines that reports show of it.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Policy::Dane(records) => records.iter().map(print).collect(),
            Policy::Sts(rules) => rules.lines(),
            _ => Vec::new(),
        }
    }
}

fn print(tlsa: &Tlsa) -> String {
    let data: String = tlsa.data.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} {} {} {data}", tlsa.usage, tlsa.selector, tlsa.matching)
}

/// What is known of a host when its policy is made.
pub(in super::super) struct Known<'a> {
    pub rule: TlsRule,
    pub host: &'a str,
    pub port: u16,
    /// Does DNSSEC vouch for the way from the domain to the host's addresses?
    pub secure: bool,
    /// What the domain says by MTA-STS, if that is asked for.
    pub sts: Option<Arc<StsRules>>,
    /// Is DANE asked for?
    pub dane: bool,
    /// Does the message require TLS (RFC 8689)?
    pub required: bool,
}

/// The policy of a host.
///
/// # Errors
/// The host must not be used now, and what is wrong with it.
pub(in super::super) async fn of_host(dns: &dyn Resolver, known: Known<'_>) -> Result<Policy, (TlsFailure, String)> {
    let policy = match known.rule {
        TlsRule::Off => Policy::Off,
        TlsRule::Require => Policy::Encrypted,
        TlsRule::Verify => Policy::Verified,
        TlsRule::Auto => match tlsa(dns, &known).await? {
            Some(policy) => policy,
            None => sts_or_none(&known)?,
        },
    };
    Ok(if known.required && !policy.is_authenticated() { Policy::Verified } else { policy })
}

async fn tlsa(dns: &dyn Resolver, known: &Known<'_>) -> Result<Option<Policy>, (TlsFailure, String)> {
    if !known.dane || !known.secure {
        return Ok(None);
    }
    match dns.tlsa(&format!("_{}._tcp.{}", known.port, known.host)).await {
        Ok(answer) if answer.secure => {
            let usable: Arc<[Tlsa]> = answer.records.into_iter().filter(dane::is_usable).collect();
            // Records that cannot be used still say that there is TLS (RFC 7672 §2.2).
            Ok(Some(if usable.is_empty() { Policy::Encrypted } else { Policy::Dane(usable) }))
        }
        Ok(_) => Ok(None),
        Err(absence) if absence.is_absence() => Ok(None),
        // Whoever can keep these records back could take the mail (RFC 7672 §2.1.2).
        Err(fault @ (Fault::Bogus | Fault::Temporary(_) | Fault::NoName | Fault::NoData)) => {
            Err((TlsFailure::DnssecInvalid, format!("the TLSA records of {} are not known: {fault}", known.host)))
        }
    }
}

fn sts_or_none(known: &Known<'_>) -> Result<Policy, (TlsFailure, String)> {
    let Some(rules) = &known.sts else { return Ok(Policy::IfOffered) };
    match rules.mode {
        sts::Mode::Enforce if rules.allows(known.host) => Ok(Policy::Sts(rules.clone())),
        sts::Mode::Enforce => Err((
            TlsFailure::ValidationFailure,
            format!("{} is no mail exchanger by the domain's MTA-STS policy", known.host),
        )),
        // Its failures are reported, but nothing is held back.
        sts::Mode::Testing | sts::Mode::None => Ok(Policy::IfOffered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::fake::Fake;

    fn known(rule: TlsRule) -> Known<'static> {
        Known { rule, host: "mx.test", port: 25, secure: true, sts: None, dane: true, required: false }
    }

    fn good() -> Tlsa {
        Tlsa { usage: 3, selector: 1, matching: 1, data: vec![1; 32] }
    }

    async fn check(dns: Fake, known: Known<'_>, expected: Result<Policy, TlsFailure>) {
        assert_eq!(of_host(&dns, known).await.map_err(|(failure, _)| failure), expected);
    }

    #[tokio::test]
    async fn policies() {
        let name = "_25._tcp.mx.test";
        let enforce =
            Arc::new(StsRules::parse("version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 9").expect("good"));
        let other = Arc::new(StsRules::parse("version: STSv1\nmode: enforce\nmx: other\nmax_age: 9").expect("good"));
        let signed = |records| Fake::default().secure().tlsa(name, records);
        let auto = || known(TlsRule::Auto);
        let bad = || Tlsa { usage: 1, ..good() };
        check(Fake::default(), auto(), Ok(Policy::IfOffered)).await;
        check(Fake::default(), known(TlsRule::Off), Ok(Policy::Off)).await;
        check(Fake::default(), Known { required: true, ..auto() }, Ok(Policy::Verified)).await;
        check(signed(Ok(vec![good(), bad()])), auto(), Ok(Policy::Dane([good()].into()))).await;
        check(signed(Ok(vec![bad()])), auto(), Ok(Policy::Encrypted)).await;
        check(signed(Ok(vec![good()])), Known { secure: false, ..auto() }, Ok(Policy::IfOffered)).await;
        check(Fake::default().tlsa(name, Ok(vec![good()])), auto(), Ok(Policy::IfOffered)).await;
        check(signed(Err(Fault::Bogus)), auto(), Err(TlsFailure::DnssecInvalid)).await;
        check(signed(Err(Fault::Temporary("x".into()))), auto(), Err(TlsFailure::DnssecInvalid)).await;
        check(signed(Err(Fault::NoData)), auto(), Ok(Policy::IfOffered)).await;
        let sts = |rules: &Arc<StsRules>| Known { sts: Some(rules.clone()), ..auto() };
        check(Fake::default(), sts(&enforce), Ok(Policy::Sts(enforce.clone()))).await;
        check(Fake::default(), sts(&other), Err(TlsFailure::ValidationFailure)).await;
        check(signed(Ok(vec![good()])), sts(&other), Ok(Policy::Dane([good()].into()))).await;
    }
}
