//! One message on its way in.

use std::sync::Arc;

use mailstead_storage::{
    Accepted, Append, Appended, Arrival, BlobId, Draft, Error, Meter, PIECE_BYTES_MAX, Pending, Provenance, Verdict,
};

use super::entry::{Entry, Titles};
use super::head::Head;
use super::{Acceptance, Door, KeptMessage, Refusal, Trace};
use crate::clock::Time;
use crate::message::Outliner;
use crate::work;

/// A tail of so many bytes is parsed and hashed where it is: that takes less than the way to another thread and back.
const SHORT_BYTES_MAX: usize = 16 * 1024;

/// Room that what a header lacks may take, bytes.
const COMPLETION_BYTES_MAX: usize = 1024;

/// A message whose bytes are coming in. Dropped, it leaves nothing.
pub struct Incoming {
    door: Arc<Door>,
    id: BlobId,
    /// The piece that is being filled.
    buffer: Vec<u8>,
    /// Bytes of the message itself so far.
    own_bytes: u64,
    return_path_bytes: u32,
    verdict: Verdict,
    /// `None` once the message is refused. Boxed: with its hasher it is 3 KB, and every future that holds an `Incoming`
    /// would be larger by it several times over.
    body: Option<Box<Body>>,
}

/// A message that has ended.
struct Ended<T> {
    /// What storage made of it.
    done: Result<T, Error>,
    outline: Arc<[u8]>,
    titles: Titles,
}

/// What only the rayon pool touches.
struct Body {
    draft: Draft,
    outliner: Outliner,
    /// Until the header is finished.
    head: Option<Head>,
}

impl Incoming {
    pub(super) fn new(door: Arc<Door>, draft: Draft, trace: Trace) -> Incoming {
        let (id, mut buffer) = (draft.id(), Vec::new());
        let head = Head::write(trace, id, &mut buffer);
        Incoming {
            door,
            id,
            buffer,
            own_bytes: 0,
            return_path_bytes: head.return_path_bytes,
            verdict: Verdict::Welcome,
            body: Some(Box::new(Body { draft, outliner: Outliner::new(), head: Some(head) })),
        }
    }

    /// The message's id.
    pub fn id(&self) -> BlobId {
        self.id
    }

    /// Bytes of the message itself so far.
    pub fn size(&self) -> u64 {
        self.own_bytes
    }

    /// Takes what the checks of the message say, before its first byte: a complete header field, which goes before
    /// Received (RFC 8601 §5), and where it belongs.
    pub fn take_findings(&mut self, field: &str, verdict: Verdict) {
        let at = self.return_path_bytes as usize;
        self.buffer.splice(at..at, field.bytes());
        self.verdict = verdict;
        if let Some(head) = self.body.as_mut().and_then(|body| body.head.as_mut()) {
            head.move_by(field.len());
        }
    }

    /// Takes the next bytes of the message, cut anywhere. Waits while storage is behind.
    ///
    /// # Errors
    /// `TooBig`, `Loop`, `Failed`; the message is lost then.
    pub async fn push(&mut self, bytes: Vec<u8>) -> Result<(), Refusal> {
        self.own_bytes += bytes.len() as u64;
        if self.own_bytes > self.door.message_bytes_max {
            self.body = None;
            self.buffer = Vec::new();
            return Err(Refusal::TooBig);
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PIECE_BYTES_MAX - self.buffer.len()));
            self.fill(now);
            rest = later;
            self.write_full_pieces().await?;
        }
        Ok(())
    }

    /// The message is complete and becomes the spool's: durable when this resolves.
    ///
    /// # Errors
    /// Any refusal; nothing is kept then.
    pub async fn accept(self, acceptance: Acceptance) -> Result<Accepted, Refusal> {
        let (received, return_path_bytes, verdict) = (self.door.clock.now(), self.return_path_bytes, self.verdict);
        let (door, by) = (Arc::clone(&self.door), acceptance.provenance.clone());
        let entry = Entry::is_wanted(&door.log).then(|| Entry::of(&acceptance));
        let ended = self
            .end(entry.is_some(), move |draft, tail, outline| {
                let Acceptance { envelope, provenance, priority } = acceptance;
                let arrival = Arrival { envelope, provenance, received, priority, verdict, return_path_bytes, outline };
                draft.accept(tail, arrival)
            })
            .await?;
        let accepted = ended.done?;
        door.store.count_traffic(received, &counts(&by, verdict, accepted.size));
        if let Some(entry) = entry {
            entry.called(ended.titles).write(&accepted, &door.log);
        }
        Ok(accepted)
    }

    /// The message is complete and goes into a mailbox; `append` says how, given the outline. Durable, and there for
    /// everyone, when this resolves.
    ///
    /// # Errors
    /// Any refusal, or inside what the mailbox has against it; nothing is kept then.
    pub async fn append(
        self,
        append: impl FnOnce(Arc<[u8]>) -> Append + Send + 'static,
    ) -> Result<Result<Appended, Error>, Refusal> {
        let ended = self.end(false, move |draft, tail, outline| draft.append(tail, append(outline))).await?;
        Ok(ended.done)
    }

    /// The message is complete and durable when this resolves; nothing refers to it yet.
    ///
    /// # Errors
    /// Any refusal; nothing is kept then.
    pub async fn keep(self) -> Result<KeptMessage, Refusal> {
        let Ended { done, outline, .. } = self.end(false, |draft, tail, _| draft.keep(tail)).await?;
        Ok(KeptMessage { kept: done?, outline })
    }

    /// Adds to the piece. It never grows beyond one.
    fn fill(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() > PIECE_BYTES_MAX / 2 {
            self.buffer.reserve_exact(PIECE_BYTES_MAX - self.buffer.len());
        }
        self.buffer.extend_from_slice(bytes);
    }

    async fn write_full_pieces(&mut self) -> Result<(), Refusal> {
        while self.buffer.len() >= PIECE_BYTES_MAX {
            let (id, now) = (self.id, self.door.clock.now());
            let (mut body, mut piece) = (self.take_body()?, std::mem::take(&mut self.buffer));
            let _flying = self.door.fly(piece.len()).await;
            let (body, rest, written) = work::compute(move || {
                body.finish_head(id, now, &mut piece)?;
                let rest = piece.split_off(PIECE_BYTES_MAX);
                body.outliner.feed(&piece);
                let written = body.draft.push(piece);
                Ok::<_, Refusal>((body, rest, written))
            })
            .await?;
            written.await?;
            (self.body, self.buffer) = (Some(body), rest);
        }
        Ok(())
    }

    /// Ends the message: for one that fits a single piece, the only visit to the rayon pool, if it is worth one.
    /// `names_titles`: does the log want to know what its header calls it?
    async fn end<T: Send + 'static>(
        mut self,
        names_titles: bool,
        submit: impl FnOnce(Draft, Vec<u8>, Arc<[u8]>) -> Pending<T> + Send + 'static,
    ) -> Result<Ended<T>, Refusal> {
        let head_is_open = self.body.as_ref().is_some_and(|body| body.head.is_some());
        if head_is_open && self.buffer.len() + COMPLETION_BYTES_MAX > PIECE_BYTES_MAX {
            self.finish_head().await?;
            self.write_full_pieces().await?;
        }
        let (id, now) = (self.id, self.door.clock.now());
        let (mut body, mut tail) = (self.take_body()?, std::mem::take(&mut self.buffer));
        let _flying = self.door.fly(tail.len()).await;
        let is_short = tail.len() <= SHORT_BYTES_MAX;
        let end = move || {
            body.finish_head(id, now, &mut tail)?;
            let Body { draft, mut outliner, .. } = *body;
            outliner.feed(&tail);
            let outline = outliner.finish();
            let titles = if names_titles { Titles::of(&outline) } else { Titles::default() };
            let outline: Arc<[u8]> = outline.encode().into();
            Ok::<_, Refusal>((titles, Arc::clone(&outline), submit(draft, tail, outline)))
        };
        let (titles, outline, durable) = if is_short { end()? } else { work::compute(end).await? };
        Ok(Ended { done: durable.await, outline, titles })
    }

    /// Finishes the header before the tail is cut: what it lacks may not fit into the piece.
    async fn finish_head(&mut self) -> Result<(), Refusal> {
        let (id, now) = (self.id, self.door.clock.now());
        let (mut body, mut buffer) = (self.take_body()?, std::mem::take(&mut self.buffer));
        let (body, buffer) = work::compute(move || {
            body.finish_head(id, now, &mut buffer)?;
            Ok::<_, Refusal>((body, buffer))
        })
        .await?;
        (self.body, self.buffer) = (Some(body), buffer);
        Ok(())
    }

    fn take_body(&mut self) -> Result<Box<Body>, Refusal> {
        self.body.take().ok_or_else(|| Refusal::Failed("the message was refused before".into()))
    }
}

/// What an accepted message adds to the traffic.
fn counts(by: &Provenance, verdict: Verdict, size: u64) -> Vec<(Meter, u64)> {
    match by {
        Provenance::Received if verdict == Verdict::Junk => {
            vec![(Meter::Received, 1), (Meter::ReceivedBytes, size), (Meter::Spam, 1)]
        }
        Provenance::Received => vec![(Meter::Received, 1), (Meter::ReceivedBytes, size)],
        Provenance::Submitted(_) => vec![(Meter::Submitted, 1), (Meter::SubmittedBytes, size)],
        Provenance::Notification(_) | Provenance::Errand(_) | Provenance::Box | Provenance::Letter { .. } => Vec::new(),
    }
}

impl Body {
    /// Once, while `buffer` still begins with the message's first byte.
    fn finish_head(&mut self, id: BlobId, now: Time, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
        self.head.take().map_or(Ok(()), |head| head.finish(id, now, buffer))
    }
}
