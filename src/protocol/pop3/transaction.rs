//! The TRANSACTION state (RFC 1939 §5): a maildrop, and what is being sent of it.

use std::io::Write as _;
use std::sync::Arc;

use mailstead_storage::{BlobId, PIECE_BYTES_MAX};

use super::maildrop::{Entry, Maildrop, Missing};
use super::session::Question;
use super::wire::{Code, Stuffing, Top, err, list_end, ok};
use crate::net::{OUTPUT_BYTES, Turn};

/// Bytes of one read for RETR: one piece as it is stored.
const RETR_READ_BYTES: usize = PIECE_BYTES_MAX;
/// Bytes of one read for TOP: nearly every header fits.
const TOP_READ_BYTES: usize = 16 * 1024;
/// Most messages that are read ahead. All together they are no larger than one piece.
const AHEAD_MESSAGES_MAX: usize = 32;

/// Someone is logged in.
pub(super) struct Transaction {
    pub(super) address: Arc<str>,
    pub(super) maildrop: Maildrop,
    sending: Option<Sending>,
    /// The number that RETR named last.
    retrieved: usize,
}

/// A multi-line response that is not complete yet.
enum Sending {
    Listing { listing: Listing, next: usize },
    Message(Transfer),
}

/// What a listing says of each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// LIST: its size.
    Scan,
    /// UIDL: its unique-id.
    UniqueId,
}

/// A message on its way out.
struct Transfer {
    entry: Entry,
    /// Has `+OK` been said?
    begun: bool,
    /// Bytes of the message that were read.
    read: u64,
    /// What was read last.
    piece: Vec<u8>,
    /// How much of it is sent.
    sent: usize,
    stuffing: Stuffing,
    top: Option<Top>,
    number: usize,
}

/// The message broke off: the only honest end is to close.
#[derive(Debug)]
pub(super) struct BrokenOff;

impl Transaction {
    pub(super) fn new(address: Arc<str>, maildrop: Maildrop) -> Transaction {
        Transaction { address, maildrop, sending: None, retrieved: 0 }
    }

    /// Is a response not complete yet?
    pub(super) fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// In a word, for the list of sessions.
    pub(super) fn status(&self) -> &'static str {
        match &self.sending {
            None => "transaction",
            Some(Sending::Listing { .. }) => "listing",
            Some(Sending::Message(_)) => "sending",
        }
    }

    /// Begins to list all messages.
    pub(super) fn begin_listing(&mut self, listing: Listing, out: &mut Vec<u8>) {
        ok(out, &format!("{} messages ({} octets)", self.maildrop.count(), self.maildrop.bytes()));
        self.sending = Some(Sending::Listing { listing, next: 1 });
    }

    /// Begins to send a message, or its top.
    pub(super) fn begin_message(&mut self, number: usize, top: Option<Top>, out: &mut Vec<u8>) {
        match self.maildrop.get(number) {
            Ok(entry) => {
                let (piece, stuffing) = (Vec::new(), Stuffing::new());
                let transfer = Transfer { entry, begun: false, read: 0, piece, sent: 0, stuffing, top, number };
                self.sending = Some(Sending::Message(transfer));
            }
            Err(missing) => no_message(number, missing, out),
        }
    }

    /// Says what a listing says of one message.
    pub(super) fn list_one(&self, listing: Listing, number: usize, entry: &Entry, out: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = match listing {
            Listing::Scan => write!(out, "{number} {}\r\n", entry.size),
            Listing::UniqueId => write!(out, "{number} {}.{}\r\n", self.maildrop.uid_validity(), entry.uid),
        };
    }

    /// Sends the next part of the response.
    pub(super) fn send(&mut self, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        match self.sending.take()? {
            Sending::Listing { listing, next } => self.send_listing(listing, next, out),
            Sending::Message(transfer) => return self.send_message(transfer, out),
        }
        None
    }

    /// Hears the bytes that [`Question::Read`] asked for.
    pub(super) fn heard(&mut self, bytes: Option<Vec<u8>>, out: &mut Vec<u8>) -> Result<(), BrokenOff> {
        let Some(Sending::Message(transfer)) = &mut self.sending else { return Ok(()) };
        match bytes.filter(|bytes| !bytes.is_empty() || transfer.entry.size == 0) {
            Some(bytes) => {
                transfer.begin(out);
                transfer.read += bytes.len() as u64;
                transfer.sent = 0;
                transfer.piece = bytes;
                Ok(())
            }
            None if !transfer.begun => {
                err(out, Code::SysTemp, "The message cannot be read now");
                self.sending = None;
                Ok(())
            }
            None => Err(BrokenOff),
        }
    }

    fn send_listing(&mut self, listing: Listing, next: usize, out: &mut Vec<u8>) {
        for (number, entry) in self.maildrop.from(next) {
            if out.len() >= OUTPUT_BYTES {
                self.sending = Some(Sending::Listing { listing, next: number });
                return;
            }
            self.list_one(listing, number, &entry, out);
        }
        list_end(out);
    }

    fn send_message(&mut self, mut transfer: Transfer, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        if transfer.sent < transfer.piece.len() {
            transfer.send_piece(out);
        }
        if transfer.is_over() {
            if transfer.top.is_none() {
                self.retrieved = transfer.number;
            }
            transfer.stuffing.finish(out);
            return None;
        }
        let question = (transfer.sent == transfer.piece.len()).then(|| self.read(&transfer));
        self.sending = Some(Sending::Message(transfer));
        question.map(Turn::Ask)
    }

    fn read(&self, transfer: &Transfer) -> Question {
        let (blob, from) = (transfer.entry.blob, transfer.read);
        let length = if transfer.top.is_some() { TOP_READ_BYTES } else { RETR_READ_BYTES };
        let in_order = transfer.top.is_none() && from == 0 && transfer.number == self.retrieved + 1;
        let ahead = if in_order { self.ahead(transfer) } else { Vec::new() };
        Question::Read { blob, from, length, ahead }
    }

    /// The messages after this one, as many as fit into one piece together with it.
    fn ahead(&self, transfer: &Transfer) -> Vec<BlobId> {
        let mut room = RETR_READ_BYTES.saturating_sub(transfer.entry.size as usize);
        let fits = |(_, entry): &(usize, Entry)| {
            let size = entry.size as usize;
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        };
        let next = self.maildrop.from(transfer.number + 1).take(AHEAD_MESSAGES_MAX);
        next.take_while(fits).map(|(_, entry)| entry.blob).collect()
    }
}

impl Transfer {
    fn begin(&mut self, out: &mut Vec<u8>) {
        match self.top {
            _ if self.begun => {}
            Some(_) => ok(out, "Top of the message follows"),
            None => ok(out, &format!("{} octets", self.entry.size)),
        }
        self.begun = true;
    }

    fn send_piece(&mut self, out: &mut Vec<u8>) {
        let end = self.piece.len().min(self.sent + OUTPUT_BYTES);
        let part = &self.piece[self.sent..end];
        let shown = self.top.as_mut().map_or(part.len(), |top| top.shown(part));
        self.stuffing.push(&part[..shown], out);
        self.sent = end;
    }

    /// Is all sent that is to be sent?
    fn is_over(&self) -> bool {
        let all_sent = self.read >= u64::from(self.entry.size) && self.sent == self.piece.len();
        self.begun && (all_sent || self.top.as_ref().is_some_and(Top::is_over))
    }
}

/// Refuses a number that names nothing.
pub(super) fn no_message(number: usize, missing: Missing, out: &mut Vec<u8>) {
    let text = match missing {
        Missing::None => format!("There is no message {number}"),
        Missing::Marked => format!("Message {number} is deleted"),
    };
    err(out, Code::Plain, &text);
}
