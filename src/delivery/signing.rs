//! DKIM signatures on what leaves the box, by the keys of its domains.

use mailstead_storage::{Error, Leased, Provenance, Store, Word};

use super::remote::{Recoded, Signer};
use crate::authenticity::Signers;
use crate::message::Outline;

/// Bytes of a message that are read at once. The first of them hold the header of all but the strangest messages.
const PIECE_BYTES: usize = 128 * 1024;

/// Signs what was submitted by a person of this box, or made by the box itself. What only passes through keeps the
/// signatures it has.
pub struct Signing {
    store: Store,
    signers: Signers,
}

impl Signing {
    /// Signs messages of this store.
    pub fn new(store: Store, signers: Signers) -> Signing {
        Signing { store, signers }
    }

    /// The domain of From.
    fn author(&self, leased: &Leased) -> Result<String, Error> {
        let outline = self.store.outline(leased.id)?;
        let outline = Outline::decode(&outline).ok_or_else(|| unreadable(leased))?;
        let host = outline.envelope.from.first().and_then(|address| address.host.as_deref());
        Ok(host.map_or_else(String::new, |host| String::from_utf8_lossy(host).to_lowercase()))
    }
}

impl Signer for Signing {
    fn sign(&self, leased: &Leased, message: Recoded) -> Result<Vec<u8>, Error> {
        if leased.arrival.provenance == Provenance::Received {
            return Ok(Vec::new());
        }
        let fault = |why| Error::new(Word::Invalid, why);
        let reverse_path = &leased.arrival.envelope.reverse_path;
        let author = if reverse_path.is_empty() { self.author(leased)? } else { String::new() };
        let Some(signer) = self.signers.of(&author, reverse_path).map_err(fault)? else { return Ok(Vec::new()) };
        let mut signing = signer.begin();
        message.read(PIECE_BYTES, |piece| signing.hear(piece))?;
        signing.finish().map(String::into_bytes).map_err(fault)
    }
}

fn unreadable(leased: &Leased) -> Error {
    Error::new(Word::Corrupt, format!("the outline of {} cannot be read", leased.id))
}
