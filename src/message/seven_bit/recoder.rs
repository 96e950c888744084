//! Carries a recoding out.

use std::sync::Arc;

use super::header::Header;
use super::{Act, Recoding};
use crate::message::transfer::{Base64Encoder, QuotedPrintableEncoder};

/// Recodes a message, piece by piece.
#[derive(Debug)]
pub struct Recoder {
    recoding: Arc<Recoding>,
    step: usize,
    at: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Keep,
    Mask,
    Escape,
    Header(Header),
    QuotedPrintable(QuotedPrintableEncoder),
    Base64(Base64Encoder, bool),
}

impl Recoder {
    /// At byte `from` of the message, which must lie before the end of its header.
    pub fn new(recoding: Arc<Recoding>, from: u32) -> Recoder {
        let state = recoding.steps.first().map_or(State::Keep, |step| State::new(step.act));
        Recoder { recoding, step: 0, at: from, state }
    }

    /// Recodes the next piece onto the end of `out`.
    pub fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) {
        loop {
            let end = self.recoding.steps.get(self.step).map(|step| step.end);
            let room = end.map_or(usize::MAX, |end| end.saturating_sub(self.at) as usize);
            let (now, rest) = piece.split_at(room.min(piece.len()));
            self.state.push(now, out);
            self.at += now.len() as u32;
            // What needs no more bytes ends at once, and what needs none at all has its turn.
            if now.len() < room {
                return;
            }
            self.next(out);
            piece = rest;
        }
    }

    /// The last piece was the last.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        while self.step < self.recoding.steps.len() {
            self.next(out);
        }
    }

    fn next(&mut self, out: &mut Vec<u8>) {
        self.step += 1;
        let state = self.recoding.steps.get(self.step).map_or(State::Keep, |step| State::new(step.act));
        std::mem::replace(&mut self.state, state).finish(out);
    }
}

impl State {
    fn new(act: Act) -> State {
        match act {
            Act::Keep => State::Keep,
            Act::Mask => State::Mask,
            Act::Escape => State::Escape,
            Act::Header { encoding, of_message } => State::Header(Header::new(encoding, of_message)),
            Act::QuotedPrintable => State::QuotedPrintable(QuotedPrintableEncoder::default()),
            Act::Base64 { ends_message } => State::Base64(Base64Encoder::default(), ends_message),
        }
    }

    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        match self {
            State::Keep => out.extend_from_slice(piece),
            State::Mask => out.extend(piece.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' })),
            State::Escape => piece.iter().for_each(|byte| match byte.is_ascii() {
                true => out.push(*byte),
                false => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
            }),
            State::Header(header) => header.push(piece, out),
            State::QuotedPrintable(encoder) => encoder.push(piece, out),
            State::Base64(encoder, _) => encoder.push(piece, out),
        }
    }

    fn finish(self, out: &mut Vec<u8>) {
        match self {
            State::Keep | State::Mask | State::Escape => {}
            State::Header(header) => header.finish(out),
            State::QuotedPrintable(encoder) => encoder.finish(out),
            State::Base64(encoder, ends_message) => {
                encoder.finish(out);
                if ends_message {
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
    }
}
