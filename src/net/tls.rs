//! TLS: the box's certificate, read again when its file changes, or a self-signed one made at the
//! first start.

mod end_point;
mod validity;

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use self::end_point::end_point;
use crate::clock::Time;
use crate::people::sasl::ChannelBindings;

crate::settings! {
    /// The certificate for STARTTLS and the TLS ports.
    pub struct TlsSettings {
        /// PEM file with the certificate and its chain. Empty: a self-signed pair is made in the data directory.
        certificate: PathBuf = PathBuf::new(), "";
        /// PEM file with the private key.
        key: PathBuf = PathBuf::new(), "";
    }
}

/// The box's certificate and the TLS configuration made of it. Cheap to clone.
#[derive(Clone)]
pub struct Certificates {
    server: Arc<ServerConfig>,
    current: Arc<Current>,
}

#[derive(Debug)]
struct Current {
    certificate: PathBuf,
    key: PathBuf,
    pair: RwLock<(Arc<CertifiedKey>, Option<SystemTime>)>,
}

impl Certificates {
    /// Reads the pair that the settings name, or the box's own in `data`/tls, which is made when it is not
    /// there.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn open(settings: &TlsSettings, data: &Path, hostname: &str) -> Result<Certificates, String> {
        let (certificate, key) =
            match (settings.certificate.as_os_str().is_empty(), settings.key.as_os_str().is_empty()) {
                (false, false) => (settings.certificate.clone(), settings.key.clone()),
                (true, true) => self_signed(&data.join("tls"), hostname)?,
                _ => return Err("[tls] certificate and key belong together: set both or none".into()),
            };
        let pair = RwLock::new((load(&certificate, &key)?, changed(&certificate)));
        let current = Arc::new(Current { certificate, key, pair });
        let mut server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        server.ticketer = aws_lc_rs::Ticketer::new().map_err(|error| format!("TLS cannot be set up: {error}"))?;
        Ok(Certificates { server: Arc::new(server), current })
    }

    /// The configuration for a handshake as server.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }

    /// The SHA-256 of the certificate's public key in hexadecimal, as a TLSA record of type 3 1 1 has it (RFC 6698).
    pub fn public_key_digest(&self) -> Option<String> {
        let pair = self.current.pair.read().unwrap_or_else(PoisonError::into_inner).0.clone();
        let info = pair.key.public_key()?;
        let digest = ::aws_lc_rs::digest::digest(&::aws_lc_rs::digest::SHA256, info.as_ref());
        Some(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// When the certificate ends.
    pub fn ends(&self) -> Option<Time> {
        let pair = self.current.pair.read().unwrap_or_else(PoisonError::into_inner).0.clone();
        pair.end_entity_cert().ok().and_then(|certificate| validity::ends(certificate))
    }

    /// What a login may be bound to on this connection. `tls-exporter` is offered with TLS 1.3 alone: before it, the
    /// binding is safe only with an extension that cannot be asked for here (RFC 9266 §4.2).
    pub fn bindings(&self, connection: &ServerConnection) -> ChannelBindings {
        let is_new = connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        let exported = || connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok();
        let pair = self.current.pair.read().unwrap_or_else(PoisonError::into_inner).0.clone();
        ChannelBindings {
            exporter: is_new.then(exported).flatten(),
            end_point: pair.end_entity_cert().ok().and_then(|certificate| end_point(certificate)),
        }
    }

    /// Reads the pair again if the certificate's file has changed. Says whether it has. A pair that cannot
    /// be read leaves the one in use.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn refresh(&self) -> Result<bool, String> {
        let now = changed(&self.current.certificate);
        if self.current.pair.read().unwrap_or_else(PoisonError::into_inner).1 == now {
            return Ok(false);
        }
        let fresh = load(&self.current.certificate, &self.current.key)?;
        *self.current.pair.write().unwrap_or_else(PoisonError::into_inner) = (fresh, now);
        Ok(true)
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair.read().unwrap_or_else(PoisonError::into_inner).0.clone())
    }
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|about| about.modified()).ok()
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, String> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("the certificate {} cannot be read: {error}", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| format!("the private key {} cannot be read: {error}", key.display()))?;
    let pair = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider())
        .map_err(|error| format!("{} and {} are not a pair: {error}", certificate.display(), key.display()))?;
    Ok(Arc::new(pair))
}

/// The box's own pair in `directory`, made when it is not there.
fn self_signed(directory: &Path, hostname: &str) -> Result<(PathBuf, PathBuf), String> {
    let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let wrong =
        |error: &dyn std::fmt::Display| format!("a certificate cannot be made in {}: {error}", directory.display());
    let names = vec![hostname.to_string(), "localhost".into(), "127.0.0.1".into(), "::1".into()];
    let pair = rcgen::generate_simple_self_signed(names).map_err(|error| wrong(&error))?;
    fs::create_dir_all(directory).map_err(|error| wrong(&error))?;
    write_private(&key, pair.signing_key.serialize_pem().as_bytes()).map_err(|error| wrong(&error))?;
    write_private(&certificate, pair.cert.pem().as_bytes()).map_err(|error| wrong(&error))?;
    Ok((certificate, key))
}

fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut opened = options.open(file)?;
    opened.write_all(bytes)?;
    opened.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_made_once_and_read_again_when_it_changes() {
        let data = tempfile::tempdir().expect("directory");
        let settings = TlsSettings::default();
        let certificates = Certificates::open(&settings, data.path(), "mx.example.test").expect("made");
        let file = data.path().join("tls/certificate.pem");
        let first = fs::read(&file).expect("there");
        assert_eq!(certificates.refresh(), Ok(false));
        Certificates::open(&settings, data.path(), "mx.example.test").expect("read");
        assert_eq!(fs::read(&file).expect("there"), first);
        fs::remove_file(&file).expect("removed");
        self_signed(&data.path().join("tls"), "other.example.test").expect("made anew");
        assert_eq!(certificates.refresh(), Ok(true));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let data = tempfile::tempdir().expect("directory");
        let half = TlsSettings { certificate: "a.pem".into(), ..TlsSettings::default() };
        let both = TlsSettings { certificate: "a.pem".into(), key: "b.pem".into() };
        for (settings, says) in [(half, "belong together"), (both, "a.pem cannot be read")] {
            let error = Certificates::open(&settings, data.path(), "mx").err().expect("refused");
            assert!(error.contains(says), "{error}");
        }
    }
}
