//! A message's bytes on their way out: the signatures, then what is stored, in pieces, recoded where a server takes no
//! 8-bit text.

use std::sync::Arc;

use mailstead_storage::{BlobId, Error, Leased, Store};

use super::forms::Form;
use crate::message::seven_bit::{Recoder, Recoding};
use crate::work;

/// Bytes of a piece.
const PIECE_BYTES: usize = 64 * 1024;

/// The message as it goes to other servers, without signatures: all behind its Return-Path (RFC 5321 §4.4).
pub(in super::super) struct Recoded {
    id: BlobId,
    at: u64,
    end: u64,
    recoder: Option<Recoder>,
}

impl Recoded {
    /// From its first byte.
    pub fn of(leased: &Leased, recoding: Option<&Arc<Recoding>>) -> Recoded {
        let at = leased.arrival.return_path_bytes;
        let recoder = recoding.map(|recoding| Recoder::new(recoding.clone(), at));
        Recoded { id: leased.id, at: at.into(), end: leased.size.max(at.into()), recoder }
    }

    /// Reads all of it, so many stored bytes at once.
    ///
    /// # Errors
    /// As storage says.
    pub fn read(mut self, bytes: usize, store: &Store, mut hear: impl FnMut(&[u8])) -> Result<(), Error> {
        while let Some(length) = self.next_length(bytes) {
            let stored = store.read(self.id, self.at, length)?;
            hear(&self.recode(stored));
        }
        Ok(())
    }

    /// How many stored bytes are to be read next; `None` when there are no more.
    fn next_length(&self, bytes: usize) -> Option<usize> {
        let left = self.end - self.at;
        (left > 0).then(|| left.min(bytes as u64) as usize)
    }

    fn recode(&mut self, stored: Vec<u8>) -> Vec<u8> {
        self.at = if stored.is_empty() { self.end } else { self.at + stored.len() as u64 };
        let Some(recoder) = &mut self.recoder else { return stored };
        let mut recoded = Vec::with_capacity(stored.len() * 5 / 4);
        recoder.push(&stored, &mut recoded);
        if self.at == self.end
            && let Some(recoder) = self.recoder.take()
        {
            recoder.finish(&mut recoded);
        }
        recoded
    }
}

/// Reads a message in one of its forms from its first byte to its last.
pub(super) struct Body {
    store: Store,
    prefix: Vec<u8>,
    rest: Recoded,
}

impl Body {
    /// At its first byte.
    pub fn of(store: &Store, leased: &Leased, form: &Form) -> Body {
        let rest = Recoded::of(leased, form.recoding.as_ref());
        Body { store: store.clone(), prefix: form.signatures.to_vec(), rest }
    }

    /// The next piece, and whether it is the last.
    ///
    /// # Errors
    /// As storage says.
    pub async fn next(&mut self) -> Result<(Vec<u8>, bool), Error> {
        let mut piece = std::mem::take(&mut self.prefix);
        if let Some(length) = self.rest.next_length(PIECE_BYTES) {
            let (store, id, at) = (self.store.clone(), self.rest.id, self.rest.at);
            let stored = work::read(move || store.read(id, at, length)).await?;
            let bytes = self.rest.recode(stored);
            if piece.is_empty() {
                piece = bytes;
            } else {
                piece.extend_from_slice(&bytes);
            }
        }
        Ok((piece, self.rest.at == self.rest.end))
    }
}
