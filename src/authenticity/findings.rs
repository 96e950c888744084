//! What the checks of a message have found, and what follows from it.

use std::sync::Arc;

use mail_auth::dmarc::{DmarcRecord, Policy};
use mail_auth::{IprevResult, SpfResult};
use mailstead_storage::Verdict;

use super::finding::Finding;
use super::sender::SenderFindings;
use super::settings::{AuthenticitySettings, Mode};

/// All that was found out about one message.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The Authentication-Results field (RFC 8601), with its line end.
    pub field: String,
    /// Why the message is to be refused, if so.
    pub refusal: Option<Reason>,
    /// Where it belongs otherwise.
    pub verdict: Verdict,
    /// The result of SPF, as its RFC calls it.
    pub spf: Option<&'static str>,
    /// The signatures that could be read.
    pub signatures: Vec<Signature>,
    /// What DMARC says, when it was checked.
    pub dmarc: Option<Dmarc>,
    /// All checks one by one, in the order in which they were made.
    pub checks: Vec<Finding>,
}

/// Which check a message is refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The client's address has no name that leads back to it.
    Iprev,
    /// The client may not send for the reverse-path.
    Spf,
    /// None of its signatures is good.
    Dkim,
    /// Its author's domain does not vouch for it.
    Dmarc,
}

/// A DKIM signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The signing domain.
    pub domain: String,
    /// The key's selector.
    pub selector: String,
    /// The result as RFC 8601 calls it.
    pub result: &'static str,
}

/// What DMARC says.
#[derive(Debug, Clone)]
pub struct Dmarc {
    /// The domain of From.
    pub author: String,
    /// The result as RFC 8601 calls it.
    pub result: &'static str,
    /// Is there a good signature of the author's domain?
    pub aligned_dkim: bool,
    /// Is there an SPF pass for the author's domain?
    pub aligned_spf: bool,
    /// What the domain asks to do with a message that it does not vouch for.
    pub policy: Policy,
    /// Its record, when it has one.
    pub record: Option<Arc<DmarcRecord>>,
}

/// What DMARC asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Welcome,
    Junk,
    Refuse,
}

impl Findings {
    pub(super) fn of_sender(settings: &AuthenticitySettings, sender: &SenderFindings) -> Findings {
        let iprev = sender.iprev.as_ref().map(Finding::iprev);
        let hello = sender.hello.as_ref().map(|spf| Finding::spf("helo", spf));
        let spf = sender.spf.as_ref().map(|spf| Finding::spf("spf", spf));
        let result = spf.as_ref().map(|spf| spf.result);
        let checks = [iprev, hello, spf].into_iter().flatten().collect();
        let mut findings = Findings { spf: result, checks, ..Findings::default() };
        let no_name = |result: &IprevResult| matches!(result, IprevResult::Fail(_) | IprevResult::PermError(_));
        if settings.iprev == Mode::Obey && sender.iprev.as_ref().is_some_and(|iprev| no_name(&iprev.result)) {
            findings.refusal = Some(Reason::Iprev);
        }
        if settings.spf == Mode::Obey && findings.spf == Some("fail") {
            findings.refusal = Some(Reason::Spf);
        }
        findings
    }

    pub(super) fn add_signatures(&mut self, settings: &AuthenticitySettings, signatures: Vec<Signature>) {
        let harmless = |signature: &Signature| matches!(signature.result, "pass" | "temperror");
        if settings.dkim == Mode::Obey && !signatures.is_empty() && !signatures.iter().any(harmless) {
            self.refusal = self.refusal.or(Some(Reason::Dkim));
        }
        self.signatures = signatures;
    }

    pub(super) fn add_dmarc(&mut self, settings: &AuthenticitySettings, outcome: Outcome, several_authors: bool) {
        if settings.dmarc != Mode::Obey {
            return;
        }
        match outcome {
            Outcome::Refuse => self.refusal = self.refusal.or(Some(Reason::Dmarc)),
            Outcome::Junk => self.verdict = Verdict::Junk,
            Outcome::Welcome if several_authors => self.verdict = Verdict::Junk,
            Outcome::Welcome => {}
        }
    }

    /// Its author's domain could not be asked. Without an SPF pass, nobody vouches for it.
    pub(super) fn add_unchecked(&mut self, settings: &AuthenticitySettings) {
        if settings.dmarc == Mode::Obey && self.spf != Some("pass") {
            self.verdict = Verdict::Junk;
        }
    }

    pub(super) fn written(mut self, field: String) -> Findings {
        self.field = field;
        self
    }
}

/// The result as its RFC calls it.
pub(super) fn word(result: SpfResult) -> &'static str {
    match result {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    }
}
