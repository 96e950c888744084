//! The forms of one message that servers may need: as it is stored, and 7-bit. Each is made, signed and measured when the
//! first server needs it, and once for all of them.

use std::sync::Arc;

use mailstead_storage::{Error, Leased, Store, Word};
use tokio::sync::OnceCell;

use super::Signer;
use super::body::{Recoded, Stored};
use crate::message::Outline;
use crate::message::seven_bit::{Recoding, Survey};
use crate::protocol::smtp::client::answer;
use crate::work;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 256 * 1024;

/// A message as some servers take it.
#[derive(Clone)]
pub(super) struct Form {
    /// The fields ahead of it.
    pub signatures: Arc<[u8]>,
    /// How the rest differs from what is stored.
    pub recoding: Option<Arc<Recoding>>,
    /// All bytes of it.
    pub bytes: u64,
}

/// A form, or the answer for the recipients when there is none.
type Made = Result<Form, String>;

/// The forms of one message.
pub(super) struct Forms {
    stored: Arc<Stored>,
    signer: Option<Arc<dyn Signer>>,
    leased: Arc<Leased>,
    as_stored: OnceCell<Made>,
    seven_bit: OnceCell<Made>,
}

impl Forms {
    /// None is made yet.
    pub fn of(store: Store, signer: Option<Arc<dyn Signer>>, leased: Arc<Leased>) -> Forms {
        let stored = Arc::new(Stored::of(store, &leased));
        Forms { stored, signer, leased, as_stored: OnceCell::new(), seven_bit: OnceCell::new() }
    }

    /// What is stored of it.
    pub fn stored(&self) -> &Arc<Stored> {
        &self.stored
    }

    /// As it is stored.
    ///
    /// # Errors
    /// The answer for the recipients.
    pub async fn as_stored(&self) -> Made {
        let made = self.as_stored.get_or_init(|| async { self.signed(None, self.stored.bytes()).await });
        made.await.clone()
    }

    /// 7-bit; as it is stored when that is.
    ///
    /// # Errors
    /// The answer for the recipients.
    pub async fn seven_bit(&self) -> Made {
        let made = self.seven_bit.get_or_init(|| async {
            let (stored, leased) = (self.stored.clone(), self.leased.clone());
            match work::read_long(move || recoding(&stored, &leased)).await? {
                None => self.as_stored().await,
                Some((recoding, bytes)) => self.signed(Some(recoding), bytes).await,
            }
        });
        made.await.clone()
    }

    async fn signed(&self, recoding: Option<Arc<Recoding>>, bytes: u64) -> Made {
        let signatures: Arc<[u8]> = match self.signer.clone() {
            None => Arc::default(),
            Some(signer) => {
                let (leased, recoded) = (self.leased.clone(), Recoded::of(&self.stored, recoding.as_ref()));
                let signed = work::compute(move || signer.sign(&leased, recoded)).await;
                let signed = signed.map_err(|error| format!("the message cannot be signed: {error}"));
                signed.map_err(|why| answer(451, "4.3.0", &why))?.into()
            }
        };
        Ok(Form { bytes: bytes + signatures.len() as u64, signatures, recoding })
    }
}

/// How a message becomes 7-bit, and its bytes then; `None` when it is.
fn recoding(stored: &Arc<Stored>, leased: &Leased) -> Result<Option<(Arc<Recoding>, u64)>, String> {
    let unreadable = |error: Error| answer(451, "4.3.0", &format!("the message cannot be read: {error}"));
    let outline = Outline::decode(&leased.arrival.outline)
        .ok_or_else(|| unreadable(Error::new(Word::Corrupt, "its outline makes no sense")))?;
    let mut survey = Survey::new(&outline, leased.arrival.return_path_bytes);
    Recoded::of(stored, None).read(PIECE_BYTES, |piece| survey.push(piece)).map_err(unreadable)?;
    survey.finish();
    let planned = Recoding::plan(&outline, &survey).map_err(|unfit| {
        let text = format!("the next server takes no 8-bit text, and the message cannot be changed for it: {unfit}");
        answer(554, "5.6.3", &text)
    })?;
    let Some(recoding) = planned.map(Arc::new) else { return Ok(None) };
    let mut bytes = 0;
    let count = |piece: &[u8]| bytes += piece.len() as u64;
    Recoded::of(stored, Some(&recoding)).read(PIECE_BYTES, count).map_err(unreadable)?;
    Ok(Some((recoding, bytes)))
}
