//! A message's bytes on their way out: the signatures, then what is stored, in pieces.

use mailstead_storage::{BlobId, Error, Leased, Store};

use crate::work;

/// Bytes of a piece.
const PIECE_BYTES: usize = 64 * 1024;

/// Reads a message from its first byte to its last.
pub(super) struct Body {
    store: Store,
    id: BlobId,
    prefix: Vec<u8>,
    at: u64,
    end: u64,
}

impl Body {
    /// The message as it goes to other servers: `prefix`, then all behind its Return-Path (RFC 5321 §4.4).
    pub fn of(store: &Store, leased: &Leased, prefix: &[u8]) -> Body {
        let at = u64::from(leased.arrival.return_path_bytes);
        Body { store: store.clone(), id: leased.id, prefix: prefix.to_vec(), at, end: leased.size.max(at) }
    }

    /// Bytes that are left.
    pub fn bytes(&self) -> u64 {
        self.prefix.len() as u64 + self.end - self.at
    }

    /// The next piece, and whether it is the last.
    ///
    /// # Errors
    /// As storage says.
    pub async fn next(&mut self) -> Result<(Vec<u8>, bool), Error> {
        let mut piece = std::mem::take(&mut self.prefix);
        let length = (self.end - self.at).min(PIECE_BYTES as u64);
        if length > 0 {
            let (store, id, at) = (self.store.clone(), self.id, self.at);
            let bytes = work::read(move || store.read(id, at, length as usize)).await?;
            self.at += length;
            if piece.is_empty() {
                piece = bytes;
            } else {
                piece.extend_from_slice(&bytes);
            }
        }
        Ok((piece, self.at == self.end))
    }

    /// Is there a byte beyond ASCII in what is stored?
    ///
    /// # Errors
    /// As storage says.
    pub async fn has_eight_bit(store: &Store, leased: &Leased) -> Result<bool, Error> {
        let mut body = Body::of(store, leased, &[]);
        loop {
            let (piece, is_last) = body.next().await?;
            if !piece.is_ascii() {
                return Ok(true);
            }
            if is_last {
                return Ok(false);
            }
        }
    }
}
