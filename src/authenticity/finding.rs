//! The checks one by one, for whoever wants to know later why a message went where it did.

use mail_auth::{ArcOutput, DkimOutput, DkimResult, DmarcOutput, DmarcResult, IprevOutput, IprevResult, SpfOutput};

use super::findings::word;

/// One check and what came of it, in the words of RFC 8601.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finding {
    /// `iprev`, `helo` (SPF of the greeting), `spf` (of the reverse-path), `dkim`, `arc` or `dmarc`.
    pub method: &'static str,
    /// `pass`, `fail`, `none`, …
    pub result: &'static str,
    /// The domain it was about: the one that SPF asked, the signer's, the author's; with `iprev` the client's name.
    pub domain: String,
    /// The selector of a signature's key.
    pub selector: String,
    /// Why, when it is no pass; for DMARC also what the domain asks for.
    pub reason: String,
}

impl Finding {
    pub(super) fn iprev(output: &IprevOutput) -> Finding {
        let (result, reason) = match &output.result {
            IprevResult::Pass => ("pass", String::new()),
            IprevResult::Fail(why) => ("fail", why.to_string()),
            IprevResult::TempError(why) => ("temperror", why.to_string()),
            IprevResult::PermError(why) => ("permerror", why.to_string()),
            IprevResult::None => ("none", String::new()),
        };
        let name = output.ptr.as_ref().and_then(|names| names.first());
        let domain = name.map(|name| name.trim_end_matches('.').to_owned()).unwrap_or_default();
        Finding { method: "iprev", result, domain, reason, ..Finding::default() }
    }

    /// Of the greeting with `helo`, of the reverse-path with `spf`.
    pub(super) fn spf(method: &'static str, output: &SpfOutput) -> Finding {
        let reason = output.explanation().unwrap_or_default().to_owned();
        let (result, domain) = (word(output.result()), output.domain().to_owned());
        Finding { method, result, domain, reason, ..Finding::default() }
    }

    pub(super) fn dkim(output: &DkimOutput<'_>) -> Finding {
        let (result, reason) = of_signature(output.result());
        let signature = output.signature();
        let domain = signature.map(|signature| signature.d.to_lowercase()).unwrap_or_default();
        let selector = signature.map(|signature| signature.s.clone()).unwrap_or_default();
        Finding { method: "dkim", result, domain, selector, reason }
    }

    /// Of the chain as a whole; domain and selector are those of the last that sealed it.
    pub(super) fn arc(output: &ArcOutput<'_>) -> Finding {
        let (result, reason) = of_signature(output.result());
        let seal = output.chain().last().map(|link| link.seal.header);
        let domain = seal.map(|seal| seal.d.to_lowercase()).unwrap_or_default();
        let selector = seal.map(|seal| seal.s.clone()).unwrap_or_default();
        Finding { method: "arc", result, domain, selector, reason }
    }

    pub(super) fn dmarc(output: &DmarcOutput) -> Finding {
        let (result, why) = match output.result() {
            DmarcResult::Pass => ("pass", None),
            DmarcResult::Fail(why) => ("fail", Some(why)),
            DmarcResult::TempError(why) => ("temperror", Some(why)),
            DmarcResult::PermError(why) => ("permerror", Some(why)),
            DmarcResult::None => ("none", None),
        };
        let policy = output.record().map(|_| format!("policy {}", output.policy()));
        let reason: Vec<String> = policy.into_iter().chain(why.map(|why| why.to_string())).collect();
        let domain = output.domain().to_owned();
        Finding { method: "dmarc", result, domain, reason: reason.join("; "), ..Finding::default() }
    }
}

/// The result of a signature as RFC 8601 calls it, and why.
pub(super) fn of_signature(result: &DkimResult) -> (&'static str, String) {
    match result {
        DkimResult::Pass => ("pass", String::new()),
        DkimResult::Neutral(why) => ("neutral", why.to_string()),
        DkimResult::Fail(why) => ("fail", why.to_string()),
        DkimResult::PermError(why) => ("permerror", why.to_string()),
        DkimResult::TempError(why) => ("temperror", why.to_string()),
        DkimResult::None => ("none", String::new()),
    }
}
