//! DKIM signatures on what goes out (RFC 6376, RFC 8463): relaxed/relaxed, one for each active key of the domain.
//!
//! Signing computes; it belongs on the rayon pool. A message is heard in pieces, and only its header is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mail_auth::crypto::{Algorithm, DkimKey, Sha256};
use mail_auth::dkim::{DkimSigner, DkimSigningStream};
use mail_auth::headers::{HeaderWriter as _, Writable};
use mail_auth::signer::Ready;
use mailstead_storage::{KeyState, SigningKey, Store};

use super::{BoxKey, ascii_domain, key_pair};
use crate::message::headers;

/// The fields that are signed, present or not: one of these added on the way breaks the signature.
const SIGNED: [&str; 14] = [
    "From",
    "Reply-To",
    "Subject",
    "Date",
    "To",
    "Cc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-Description",
];

/// Those that must not even be added a second time (RFC 6376 §8.15).
const SEALED: [&str; 10] = [
    "From",
    "Reply-To",
    "Subject",
    "Date",
    "To",
    "Cc",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Signed only where they stand: mailing lists add them. RFC 8058 §4 asks for these signatures.
const OF_LISTS: [&str; 3] = ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"];

/// The signers of all domains of the box. Cheap to clone.
#[derive(Clone)]
pub struct Signers(Arc<Inner>);

struct Inner {
    store: Store,
    key: BoxKey,
    ready: Mutex<HashMap<String, Prepared>>,
}

/// A domain's signer, and the keys it was made of.
struct Prepared {
    keys: Vec<SigningKey>,
    signer: Option<Arc<Signer>>,
}

impl Signers {
    /// The signers of the domains in this store, whose keys the box's key opens.
    pub fn new(store: Store, key: BoxKey) -> Signers {
        Signers(Arc::new(Inner { store, key, ready: Mutex::default() }))
    }

    /// Who signs a message with this reverse-path, which its sender had to prove; for one without, who signs for its
    /// author's domain (that of From, in the form of the directory). `None` when the domain has no active key.
    ///
    /// # Errors
    /// When the box's key does not open the domain's keys.
    pub fn of(&self, author: &str, reverse_path: &str) -> Result<Option<Arc<Signer>>, String> {
        let domain = reverse_path.rsplit_once('@').map_or(author, |(_, domain)| domain);
        self.of_domain(&domain.to_lowercase())
    }

    fn of_domain(&self, domain: &str) -> Result<Option<Arc<Signer>>, String> {
        let directory = self.0.store.directory();
        let Some(row) = directory.domains.get(domain) else { return Ok(None) };
        let active = |key: &&SigningKey| key.state == KeyState::Active;
        let mut ready = self.0.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = ready.get(domain).filter(|prepared| prepared.keys == row.signing_keys) {
            return Ok(prepared.signer.clone());
        }
        let keys: Vec<_> = row.signing_keys.iter().filter(active).collect();
        let signer = if keys.is_empty() { None } else { Some(Arc::new(Signer::new(domain, &keys, &self.0.key)?)) };
        ready.insert(domain.into(), Prepared { keys: row.signing_keys.clone(), signer: signer.clone() });
        Ok(signer)
    }
}

/// Signs for one domain.
pub struct Signer {
    /// One for each key, for ordinary messages.
    plain: Vec<DkimSigner<Shared, Ready>>,
    /// The same for messages that have fields of mailing lists.
    of_lists: Vec<DkimSigner<Shared, Ready>>,
}

impl Signer {
    fn new(domain: &str, keys: &[&SigningKey], key: &BoxKey) -> Result<Signer, String> {
        let (mut plain, mut of_lists) = (Vec::new(), Vec::new());
        for signing in keys {
            let private = Shared(Arc::new(key_pair::open(domain, signing, key)?));
            let signer =
                || DkimSigner::from_key(private.clone()).domain(ascii_domain(domain)).selector(&signing.selector);
            plain.push(signer().headers(SIGNED.into_iter().chain(SEALED)));
            of_lists.push(signer().headers(SIGNED.into_iter().chain(SEALED).chain(OF_LISTS)));
        }
        Ok(Signer { plain, of_lists })
    }

    /// Begins a message.
    pub fn begin(&self) -> Signing<'_> {
        Signing { signer: self, streams: Vec::new() }
    }

    /// Signs a message that is there as a whole: the DKIM-Signature fields that go ahead of it.
    ///
    /// # Errors
    /// As [`Signing::finish`].
    pub fn sign(&self, message: &[u8]) -> Result<String, String> {
        let mut signing = self.begin();
        signing.hear(message);
        signing.finish()
    }
}

/// A message that is being signed.
pub struct Signing<'a> {
    signer: &'a Signer,
    streams: Vec<DkimSigningStream<'a, Shared>>,
}

impl Signing<'_> {
    /// Hears the next piece of the message as it will be sent, lines ended by CRLF. The first piece should hold the
    /// whole header.
    pub fn hear(&mut self, piece: &[u8]) {
        if self.streams.is_empty() {
            let of_list = OF_LISTS.iter().any(|name| headers::has(piece, name));
            let signers = if of_list { &self.signer.of_lists } else { &self.signer.plain };
            self.streams = signers.iter().map(DkimSigner::sign_streaming).collect();
        }
        self.streams.iter_mut().for_each(|stream| stream.write(piece));
    }

    /// The DKIM-Signature fields, complete with their line ends, to be sent ahead of the message.
    ///
    /// # Errors
    /// A message without any header field that is signed, or a fault of the library.
    pub fn finish(self) -> Result<String, String> {
        let mut fields = String::new();
        for stream in self.streams {
            let signature = stream.finish().map_err(|error| format!("a message could not be signed: {error}"))?;
            fields.push_str(&signature.to_header());
        }
        Ok(fields)
    }
}

/// One key for several signers.
#[derive(Clone)]
struct Shared(Arc<DkimKey>);

impl mail_auth::crypto::SigningKey for Shared {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        self.0.sign(input)
    }

    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }
}
