//! BDAT (RFC 3030). Whatever is wrong, the announced bytes are heard, so that they are never taken for
//! commands.

use super::data;
use crate::intake::Refusal;
use crate::net::{Input, Turn};
use crate::protocol::smtp::question::Question;
use crate::protocol::smtp::replies::{self, Reply};
use crate::protocol::smtp::session::{Next, Phase, SmtpSession};
use crate::protocol::smtp::wire;

/// A chunk that is being heard.
pub struct Chunk {
    /// Bytes still to come.
    left: u64,
    last: bool,
    refused: Option<Reply>,
}

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    let Some((left, last)) = read(argument) else {
        session.say(replies::WRONG_CHUNK, out);
        return None;
    };
    let refused = obstacle(session);
    let chunk = Chunk { left, last, refused };
    match &session.transaction {
        Some(transaction) if refused.is_none() && !transaction.begun => {
            session.phase = Phase::BeginChunk(chunk);
            Some(Turn::Ask(data::begin(session)))
        }
        _ => {
            session.phase = Phase::Chunk(chunk);
            None
        }
    }
}

/// The house has begun the message, or not.
pub fn begun(session: &mut SmtpSession, mut chunk: Chunk, answer: Result<(), Refusal>) {
    if let Some(transaction) = &mut session.transaction {
        transaction.begun = answer.is_ok();
    }
    chunk.refused = answer.err().map(|refusal| replies::refusal(&refusal));
    session.phase = Phase::Chunk(chunk);
}

/// Hears the chunk.
pub fn hear(session: &mut SmtpSession, mut chunk: Chunk, input: &mut Input, out: &mut Vec<u8>) -> Next {
    if chunk.left == 0 {
        return finish(session, &chunk, out);
    }
    let count = input.bytes().len().min(usize::try_from(chunk.left).unwrap_or(usize::MAX));
    let bytes = &input.bytes()[..count];
    chunk.left -= count as u64;
    check_line_ends(session, &mut chunk, bytes);
    let body = (chunk.refused.is_none() && count > 0).then(|| bytes.to_vec());
    input.take(count);
    session.phase = Phase::Chunk(chunk);
    match body {
        Some(body) => Some(Turn::Ask(Question::Body(body))),
        None if count > 0 => None,
        None => session.read(),
    }
}

/// The house has taken the bytes, or not.
pub fn taken(session: &mut SmtpSession, mut chunk: Chunk, answer: Result<(), Refusal>) {
    chunk.refused = answer.err().map(|refusal| replies::refusal(&refusal));
    session.phase = Phase::Chunk(chunk);
}

fn finish(session: &mut SmtpSession, chunk: &Chunk, out: &mut Vec<u8>) -> Next {
    session.phase = Phase::Command;
    let cut = session
        .transaction
        .as_ref()
        .is_some_and(|transaction| !transaction.is_binary() && transaction.line_ends.are_broken_at_end());
    match chunk.refused {
        Some(reply) => session.refuse_message(reply, out),
        None if chunk.last && cut => session.refuse_message(replies::BARE_IN_MESSAGE, out),
        None if chunk.last => data::accept(session),
        None => {
            session.say(replies::CHUNK_OK, out);
            None
        }
    }
}

/// Why the chunk cannot be taken, if so.
fn obstacle(session: &SmtpSession) -> Option<Reply> {
    match &session.transaction {
        _ if session.hello.is_none() => Some(replies::HELLO_FIRST),
        _ if super::lacks_login(session) => Some(replies::LOG_IN_FIRST),
        None => Some(replies::MAIL_FIRST),
        Some(transaction) if !transaction.envelope.recipients.is_empty() => None,
        Some(transaction) if transaction.refused_any => Some(replies::NO_RECIPIENTS),
        Some(_) => Some(replies::RCPT_FIRST),
    }
}

fn check_line_ends(session: &mut SmtpSession, chunk: &mut Chunk, bytes: &[u8]) {
    let Some(transaction) = session.transaction.as_mut().filter(|transaction| !transaction.is_binary()) else { return };
    if chunk.refused.is_none() {
        transaction.line_ends.hear(bytes);
        chunk.refused = transaction.line_ends.are_broken().then_some(replies::BARE_IN_MESSAGE);
    }
}

/// `bytes [LAST]`
fn read(argument: &str) -> Option<(u64, bool)> {
    match argument.split_once(' ') {
        None => Some((wire::number(argument)?, false)),
        Some((bytes, last)) if last.trim().eq_ignore_ascii_case("LAST") => Some((wire::number(bytes)?, true)),
        Some(_) => None,
    }
}
