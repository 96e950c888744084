//! What came of TLS in one session: what reports to the destination's people are made of (RFC 8460 §4.3).

use std::net::IpAddr;

/// Which policy was obeyed (RFC 8460 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// DANE
    Tlsa,
    /// MTA-STS
    Sts,
    /// None of both.
    NoPolicy,
}

/// What went wrong (RFC 8460 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsFailure {
    /// The server did not offer TLS.
    StartTlsNotSupported,
    /// The certificate is of another host.
    CertificateHostMismatch,
    /// The certificate is over, or not valid yet.
    CertificateExpired,
    /// The certificate is by nobody who is trusted, or revoked.
    CertificateNotTrusted,
    /// The certificate does not match the TLSA records.
    TlsaInvalid,
    /// The TLSA records cannot be had or believed.
    DnssecInvalid,
    /// The policy could not be fetched.
    StsPolicyFetch,
    /// The policy is not one.
    StsPolicyInvalid,
    /// The policy's server could not prove who it is.
    StsWebPkiInvalid,
    /// Something else.
    ValidationFailure,
}

impl TlsFailure {
    /// The `result-type` of a report.
    pub fn name(self) -> &'static str {
        match self {
            TlsFailure::StartTlsNotSupported => "starttls-not-supported",
            TlsFailure::CertificateHostMismatch => "certificate-host-mismatch",
            TlsFailure::CertificateExpired => "certificate-expired",
            TlsFailure::CertificateNotTrusted => "certificate-not-trusted",
            TlsFailure::TlsaInvalid => "tlsa-invalid",
            TlsFailure::DnssecInvalid => "dnssec-invalid",
            TlsFailure::StsPolicyFetch => "sts-policy-fetch-error",
            TlsFailure::StsPolicyInvalid => "sts-policy-invalid",
            TlsFailure::StsWebPkiInvalid => "sts-webpki-invalid",
            TlsFailure::ValidationFailure => "validation-failure",
        }
    }
}

impl PolicyKind {
    /// The `policy-type` of a report.
    pub fn name(self) -> &'static str {
        match self {
            PolicyKind::Tlsa => "tlsa",
            PolicyKind::Sts => "sts",
            PolicyKind::NoPolicy => "no-policy-found",
        }
    }
}

/// One session's outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsOutcome {
    /// The domain that mail went to.
    pub domain: String,
    /// The policy.
    pub policy: PolicyKind,
    /// The policy's text, by lines: those of an MTA-STS policy, or the TLSA records.
    pub policy_lines: Vec<String>,
    /// The exchanger.
    pub host: String,
    /// Its address; absent when it did not come so far.
    pub address: Option<IpAddr>,
    /// Our address, likewise.
    pub source: Option<IpAddr>,
    /// What went wrong, if something did.
    pub failure: Option<TlsFailure>,
}

/// Collects outcomes. Called on an async worker: it must not wait.
pub trait TlsOutcomes: Send + Sync {
    /// A session has come to this.
    fn note(&self, outcome: TlsOutcome);
}
