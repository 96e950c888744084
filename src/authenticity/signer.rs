//! DKIM signatures on what goes out (RFC 6376, RFC 8463): relaxed/relaxed, one for each active key of the domain.
//!
//! Signing computes; it belongs on the rayon pool. A message is heard in pieces, and only its header is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Digest, SHA256};
use mail_auth::crypto::{Algorithm, DkimKey, HashOutput, Sha256};
use mail_auth::dkim::{DkimSigner, DkimSigningStream};
use mail_auth::headers::{HeaderWriter as _, Writable};
use mail_auth::signer::Ready;
use mailstead_storage::{KeyState, SigningKey, Store};
use memchr::memmem;

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

/// The end of a header.
const END: &[u8] = b"\r\n\r\n";

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
        let signer = Signer::new(domain, &keys, &self.0.key)?.map(Arc::new);
        ready.insert(domain.into(), Prepared { keys: row.signing_keys.clone(), signer: signer.clone() });
        Ok(signer)
    }
}

/// Signs for one domain.
pub struct Signer {
    /// Its domain, as the fields have it.
    domain: String,
    /// For the first key, which hears the whole message: ordinary messages, and those that have fields of mailing lists.
    plain: DkimSigner<Shared, Ready>,
    of_lists: DkimSigner<Shared, Ready>,
    /// The other keys. The hash of the body is the same for all.
    others: Vec<(String, Shared)>,
}

impl Signer {
    /// `None` without a key.
    fn new(domain: &str, keys: &[&SigningKey], key: &BoxKey) -> Result<Option<Signer>, String> {
        let open = |signing: &&SigningKey| {
            Ok((signing.selector.clone(), Shared(Arc::new(key_pair::open(domain, signing, key)?))))
        };
        let mut keys = keys.iter().map(open).collect::<Result<Vec<_>, String>>()?.into_iter();
        let Some((selector, first)) = keys.next() else { return Ok(None) };
        let domain = ascii_domain(domain);
        let signer = |of_list| ready(first.clone(), &domain, &selector, of_list);
        let (plain, of_lists, others) = (signer(false), signer(true), keys.collect());
        Ok(Some(Signer { domain, plain, of_lists, others }))
    }

    /// Begins a message.
    pub fn begin(&self) -> Signing<'_> {
        Signing { signer: self, header: Header::default(), first: None }
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
    header: Header,
    first: Option<First<'a>>,
}

/// The first key's signature, for which the whole message is heard.
struct First<'a> {
    stream: DkimSigningStream<'a, Shared>,
    is_of_list: bool,
}

impl Signing<'_> {
    /// Hears the next piece of the message as it will be sent, lines ended by CRLF. The first piece should hold the
    /// whole header.
    pub fn hear(&mut self, piece: &[u8]) {
        let signer = self.signer;
        let First { stream, .. } = self.first.get_or_insert_with(|| {
            let is_of_list = OF_LISTS.iter().any(|name| headers::has(piece, name));
            let stream = if is_of_list { signer.of_lists.sign_streaming() } else { signer.plain.sign_streaming() };
            First { stream, is_of_list }
        });
        // By themselves, because the library copies what it is given with the header's last byte.
        let (header, body) = piece.split_at(self.header.take(piece));
        stream.write(header);
        stream.write(body);
    }

    /// The DKIM-Signature fields, complete with their line ends, to be sent ahead of the message.
    ///
    /// # Errors
    /// A message without any header field that is signed, or a fault of the library.
    pub fn finish(self) -> Result<String, String> {
        let fault = |error: mail_auth::Error| format!("a message could not be signed: {error}");
        let Some(First { stream, is_of_list }) = self.first else { return Ok(String::new()) };
        let first = stream.finish().map_err(fault)?;
        let mut fields = first.to_header();
        for (selector, key) in &self.signer.others {
            let body = Digest::import_less_safe(&first.bh, &SHA256).map_err(|error| error.to_string())?;
            let key = WithBody { key, body: HashOutput::Digest(body) };
            let signature = ready(key, &self.signer.domain, selector, is_of_list).sign(&self.header.bytes);
            fields.push_str(&signature.map_err(fault)?.to_header());
        }
        Ok(fields)
    }
}

/// A message's header, as far as it was heard.
#[derive(Default)]
struct Header {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Header {
    /// Takes what of the piece belongs to it, the empty line included; returns how many bytes.
    fn take(&mut self, piece: &[u8]) -> usize {
        if self.is_whole {
            return 0;
        }
        let before = self.bytes.len();
        let end = match before {
            0 => memmem::find(piece, END).map(|at| at + END.len()),
            _ => None,
        };
        self.bytes.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
        if end.is_none() {
            let from = before.saturating_sub(END.len() - 1);
            let Some(at) = memmem::find(&self.bytes[from..], END) else { return piece.len() };
            self.bytes.truncate(from + at + END.len());
        }
        self.is_whole = true;
        self.bytes.len() - before
    }
}

/// A signer that is ready for messages of one of the two kinds.
fn ready<K: mail_auth::crypto::SigningKey>(
    key: K,
    domain: &str,
    selector: &str,
    is_of_list: bool,
) -> DkimSigner<K, Ready> {
    let of_lists: &[&str] = if is_of_list { &OF_LISTS } else { &[] };
    let fields = SIGNED.iter().chain(&SEALED).chain(of_lists);
    DkimSigner::from_key(key).domain(domain).selector(selector).headers(fields.copied())
}

/// A key, and the hash of a body that was heard before.
struct WithBody<'a> {
    key: &'a Shared,
    body: HashOutput,
}

impl mail_auth::crypto::SigningKey for WithBody<'_> {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        self.key.sign(input)
    }

    /// Whatever is asked: it is asked of the body only.
    fn hash(&self, _: impl Writable) -> HashOutput {
        self.body.clone()
    }

    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
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
