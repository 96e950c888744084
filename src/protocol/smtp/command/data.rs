//! DATA (RFC 5321 §4.1.1.4), and the end of a message however it came.

use mailstead_storage::{BlobId, Priority, Provenance};

use super::received;
use crate::intake::{Acceptance, Refusal, Trace};
use crate::net::{Input, Turn};
use crate::protocol::smtp::body::Unstuffer;
use crate::protocol::smtp::question::Question;
use crate::protocol::smtp::replies::{self, Reply};
use crate::protocol::smtp::session::{Next, Phase, SmtpSession};

/// A message that is being heard.
pub struct Data {
    unstuffer: Unstuffer,
    ended: bool,
    refused: Option<Reply>,
}

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    let reply = match &session.transaction {
        _ if !argument.is_empty() => replies::NO_ARGUMENT,
        None => replies::MAIL_FIRST,
        Some(transaction) if transaction.begun => replies::CHUNKS_BEGUN,
        Some(transaction) if transaction.is_binary() => replies::BINARY_NEEDS_BDAT,
        Some(transaction) if !transaction.envelope.recipients.is_empty() => {
            session.phase = Phase::Begin;
            return Some(Turn::Ask(begin(session)));
        }
        Some(transaction) if transaction.refused_any => replies::NO_RECIPIENTS,
        Some(_) => replies::RCPT_FIRST,
    };
    session.say(reply, out);
    None
}

/// The question that begins the message of the transaction.
pub(super) fn begin(session: &SmtpSession) -> Question {
    let reverse_path = session.transaction.as_ref().map(|transaction| transaction.envelope.reverse_path.clone());
    let trace = Trace::Fields {
        reverse_path: reverse_path.unwrap_or_default(),
        received: received::field(session),
        complete_as: session.login.is_some().then(|| session.rules.hostname.clone()),
    };
    let hello = session.hello.as_ref().filter(|_| session.login.is_none());
    Question::Begin { trace: Box::new(trace), hello: hello.map(|hello| hello.name.clone()) }
}

/// The house has begun the message, or not.
pub fn begun(session: &mut SmtpSession, answer: Result<(), Refusal>, out: &mut Vec<u8>) {
    match answer {
        Ok(()) => {
            if let Some(transaction) = &mut session.transaction {
                transaction.begun = true;
            }
            session.phase = Phase::Data(Data { unstuffer: Unstuffer::new(), ended: false, refused: None });
            replies::SEND_MESSAGE.write(out);
        }
        Err(refusal) => {
            session.transaction = None;
            session.say(replies::refusal(&refusal), out);
        }
    }
}

/// Hears the message. One that is refused is heard to its end all the same.
pub fn hear(session: &mut SmtpSession, mut data: Data, input: &mut Input, out: &mut Vec<u8>) -> Next {
    if data.ended {
        return match data.refused {
            Some(reply) => session.refuse_message(reply, out),
            None => accept(session),
        };
    }
    let mut message = Vec::new();
    let wanted = data.refused.is_none();
    if wanted {
        message.reserve_exact(input.bytes().len());
    }
    let result = data.unstuffer.next(input.bytes(), wanted.then_some(&mut message));
    input.take(result.taken);
    data.ended = result.ended;
    if data.refused.is_none() && data.unstuffer.is_broken() {
        data.refused = Some(replies::BARE_IN_MESSAGE);
    }
    let asks = data.refused.is_none() && !message.is_empty();
    let ended = data.ended;
    session.phase = Phase::Data(data);
    match (asks, ended) {
        (true, _) => Some(Turn::Ask(Question::Body(message))),
        (false, true) => None,
        (false, false) => session.read(),
    }
}

/// The house has taken the bytes, or not.
pub fn taken(session: &mut SmtpSession, mut data: Data, answer: Result<(), Refusal>) {
    data.refused = answer.err().map(|refusal| replies::refusal(&refusal));
    session.phase = Phase::Data(data);
}

/// The message of the transaction is complete.
pub(super) fn accept(session: &mut SmtpSession) -> Next {
    let transaction = session.transaction.take()?;
    let provenance = match &session.login {
        Some(login) => Provenance::Submitted(login.account),
        None => Provenance::Received,
    };
    session.phase = Phase::Accept;
    let acceptance = Acceptance { envelope: transaction.envelope, provenance, priority: Priority::Normal };
    Some(Turn::Ask(Question::Accept(Box::new(acceptance))))
}

/// The message is durable, or refused.
pub fn accepted(session: &mut SmtpSession, answer: Result<BlobId, Reply>, out: &mut Vec<u8>) {
    match answer {
        Ok(id) => {
            session.forgive();
            replies::write_queued(out, id);
        }
        Err(reply) => session.say(reply, out),
    }
}
