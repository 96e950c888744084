//! The configurations of a handshake as client: any certificate, one that is valid for a name, or one that DANE names.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::{Policy, TlsFailure, dane};
use crate::dns::Tlsa;

/// The configurations that are made once.
pub(in super::super) struct Configs {
    any: Arc<ClientConfig>,
    verified: Arc<ClientConfig>,
    provider: Arc<CryptoProvider>,
}

impl Configs {
    /// With the public authorities, and those of a PEM file when one is named.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn open(trusted: &Path) -> Result<Configs, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if !trusted.as_os_str().is_empty() {
            let wrong = |error: &dyn std::fmt::Display| {
                format!("[delivery] trusted_certificates: {} cannot be read: {error}", trusted.display())
            };
            for certificate in CertificateDer::pem_file_iter(trusted).map_err(|error| wrong(&error))? {
                roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
            }
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let any = Arc::new(Leniently { provider: provider.clone(), rule: Rule::Any });
        Ok(Configs { any: config(&provider, any), verified: config(&provider, verifier), provider })
    }

    /// The configuration for this policy.
    pub fn of(&self, policy: &Policy) -> Arc<ClientConfig> {
        match policy {
            Policy::Dane(records) => {
                let rule = Rule::Dane(records.clone());
                config(&self.provider, Arc::new(Leniently { provider: self.provider.clone(), rule }))
            }
            Policy::Verified | Policy::Sts(_) => self.verified.clone(),
            Policy::Off | Policy::IfOffered | Policy::Encrypted => self.any.clone(),
        }
    }

    /// The configuration for HTTPS.
    pub fn verified(&self) -> Arc<ClientConfig> {
        self.verified.clone()
    }
}

fn config(provider: &Arc<CryptoProvider>, verifier: Arc<dyn ServerCertVerifier>) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("the provider has ciphers for the default versions")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // A session that is resumed shows no certificate, and policies change.
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// Verifies otherwise than by the authorities.
#[derive(Debug)]
struct Leniently {
    provider: Arc<CryptoProvider>,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    /// Any certificate: TLS then keeps out who only listens (RFC 7435).
    Any,
    /// One that a record names.
    Dane(Arc<[Tlsa]>),
}

impl ServerCertVerifier for Leniently {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.rule {
            Rule::Any => {}
            Rule::Dane(records) => dane::check(records, leaf, others, name, now)?,
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Is `leaf` valid for `name` when `anchor` alone is trusted?
pub(super) fn by_anchor(
    anchor: &CertificateDer<'_>,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    roots.add(anchor.clone().into_owned())?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|_| Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
    verifier.verify_server_cert(leaf, others, name, &[], now).map(drop)
}

/// What a failed handshake is in a report.
pub(in super::super) fn failure(error: &std::io::Error, policy: &Policy) -> TlsFailure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match tls {
        Some(Error::InvalidCertificate(_)) if matches!(policy, Policy::Dane(_)) => TlsFailure::TlsaInvalid,
        Some(Error::InvalidCertificate(wrong)) => match wrong {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFailure::CertificateHostMismatch
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFailure::CertificateExpired,
            _ => TlsFailure::CertificateNotTrusted,
        },
        _ => TlsFailure::ValidationFailure,
    }
}
