//! A message's bytes on their way out: the signatures, then what is stored, in pieces, recoded where a server takes no
//! 8-bit text.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use mailstead_storage::{BlobId, Error, Leased, Store};

use super::forms::Form;
use crate::message::seven_bit::{Recoder, Recoding};
use crate::work;

/// Bytes of a piece. A message that is no longer is read once, and kept for as long as its attempt lasts.
const PIECE_BYTES: usize = 64 * 1024;

/// A message as it is stored, behind its Return-Path (RFC 5321 §4.4).
pub(super) struct Stored {
    store: Store,
    id: BlobId,
    begin: u64,
    end: u64,
    kept: OnceLock<Vec<u8>>,
}

impl Stored {
    /// Nothing of it is read yet.
    pub fn of(store: Store, leased: &Leased) -> Stored {
        let begin = leased.arrival.return_path_bytes.into();
        Stored { store, id: leased.id, begin, end: leased.size.max(begin), kept: OnceLock::new() }
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.end - self.begin
    }

    /// The bytes from the stored byte `at` on. May wait for the disk.
    ///
    /// # Errors
    /// As storage says.
    fn read(&self, at: u64, length: usize) -> Result<Cow<'_, [u8]>, Error> {
        if self.bytes() > PIECE_BYTES as u64 {
            return self.store.read(self.id, at, length).map(Cow::Owned);
        }
        if self.kept.get().is_none() {
            let whole = self.store.read(self.id, self.begin, self.bytes() as usize)?;
            let _ = self.kept.set(whole);
        }
        Ok(Cow::Borrowed(self.in_kept(at, length).unwrap_or_default()))
    }

    /// These bytes, if they were read before.
    fn in_kept(&self, at: u64, length: usize) -> Option<&[u8]> {
        let kept = self.kept.get()?;
        let from = kept.len().min((at - self.begin) as usize);
        Some(&kept[from..kept.len().min(from + length)])
    }
}

/// The message as it goes to other servers, without signatures.
pub struct Recoded {
    stored: Arc<Stored>,
    at: u64,
    recoder: Option<Recoder>,
}

impl Recoded {
    /// From its first byte.
    pub(super) fn of(stored: &Arc<Stored>, recoding: Option<&Arc<Recoding>>) -> Recoded {
        let recoder = recoding.map(|recoding| Recoder::new(recoding.clone(), stored.begin as u32));
        Recoded { stored: stored.clone(), at: stored.begin, recoder }
    }

    /// Reads all of it, so many stored bytes at once.
    ///
    /// # Errors
    /// As storage says.
    pub fn read(mut self, bytes: usize, mut hear: impl FnMut(&[u8])) -> Result<(), Error> {
        let stored = self.stored.clone();
        while let Some(length) = self.next_length(bytes) {
            let piece = stored.read(self.at, length)?;
            hear(&self.recode(piece));
        }
        Ok(())
    }

    /// How many stored bytes are to be read next; `None` when there are no more.
    fn next_length(&self, bytes: usize) -> Option<usize> {
        let left = self.stored.end - self.at;
        (left > 0).then(|| left.min(bytes as u64) as usize)
    }

    fn is_over(&self) -> bool {
        self.at == self.stored.end
    }

    fn recode<'b>(&mut self, piece: Cow<'b, [u8]>) -> Cow<'b, [u8]> {
        self.at = if piece.is_empty() { self.stored.end } else { self.at + piece.len() as u64 };
        let is_over = self.is_over();
        let Some(recoder) = &mut self.recoder else { return piece };
        let mut recoded = Vec::with_capacity(piece.len() * 5 / 4);
        recoder.push(&piece, &mut recoded);
        if is_over && let Some(recoder) = self.recoder.take() {
            recoder.finish(&mut recoded);
        }
        Cow::Owned(recoded)
    }
}

/// Reads a message in one of its forms from its first byte to its last.
pub(super) struct Body {
    signatures: Option<Arc<[u8]>>,
    rest: Recoded,
}

impl Body {
    /// At its first byte.
    pub fn of(stored: &Arc<Stored>, form: &Form) -> Body {
        Body { signatures: Some(form.signatures.clone()), rest: Recoded::of(stored, form.recoding.as_ref()) }
    }

    /// Has the next piece heard, in one part or two. Says whether it was the last.
    ///
    /// # Errors
    /// As storage says.
    pub async fn next(&mut self, mut hear: impl FnMut(&[u8])) -> Result<bool, Error> {
        if let Some(signatures) = self.signatures.take() {
            hear(&signatures);
        }
        if let Some(length) = self.rest.next_length(PIECE_BYTES) {
            let (stored, at) = (self.rest.stored.clone(), self.rest.at);
            match stored.in_kept(at, length) {
                Some(kept) => hear(&self.rest.recode(Cow::Borrowed(kept))),
                None => {
                    let reading = stored.clone();
                    let piece = work::read(move || reading.read(at, length).map(Cow::into_owned)).await?;
                    hear(&self.rest.recode(Cow::Owned(piece)));
                }
            }
        }
        Ok(self.rest.is_over())
    }
}
