//! RCPT (RFC 5321 §4.1.1.3).

use mailstead_storage::EnvelopeRecipient;

use crate::net::Turn;
use crate::people::Address;
use crate::protocol::smtp::question::Question;
use crate::protocol::smtp::replies::{self, Reply};
use crate::protocol::smtp::session::{Next, Phase, SmtpSession};
use crate::protocol::smtp::wire::{self, Path, RcptParameters};

/// Most memory that one message's recipients may take, bytes: long addresses lower the number of
/// recipients.
const RECIPIENTS_BYTES_MAX: usize = 192 * 1024;

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    let recipients_max = session.rules.settings.recipients_max;
    let Some(transaction) = &session.transaction else {
        session.say(replies::MAIL_FIRST, out);
        return None;
    };
    if transaction.begun {
        session.say(replies::CHUNKS_BEGUN, out);
        return None;
    }
    let (address, parameters) = match read(argument, transaction.envelope.smtputf8) {
        Ok(read) => read,
        Err(reply) => {
            refuse(session, reply, out);
            return None;
        }
    };
    let full =
        transaction.envelope.recipients.len() >= recipients_max || transaction.recipients_bytes >= RECIPIENTS_BYTES_MAX;
    if full {
        session.say_recipient_refused(replies::TOO_MANY_RECIPIENTS, out);
        return None;
    }
    let size = transaction.size;
    session.phase = Phase::Recipient(EnvelopeRecipient {
        address: address.to_string(),
        notify: parameters.notify,
        original: parameters.original,
    });
    let account = session.login.as_ref().map(|login| login.account);
    Some(Turn::Ask(Question::Recipient { address, account, size }))
}

/// The house has said whether the recipient is welcome.
pub fn answered(session: &mut SmtpSession, recipient: EnvelopeRecipient, answer: Result<(), Reply>, out: &mut Vec<u8>) {
    match (&mut session.transaction, answer) {
        (Some(transaction), Ok(())) => {
            transaction.recipients_bytes += bytes(&recipient);
            transaction.envelope.recipients.push(recipient);
            session.say(replies::RECIPIENT_OK, out);
        }
        (_, Err(reply)) => refuse(session, reply, out),
        (None, Ok(())) => session.say(replies::MAIL_FIRST, out),
    }
}

fn read(argument: &str, smtputf8: bool) -> Result<(Address, RcptParameters), Reply> {
    let path = wire::after("TO:", argument).ok_or(replies::WRONG_RECIPIENT)?;
    let Some((Path::Mailbox(address), parameters)) = wire::path(path) else {
        return Err(replies::WRONG_RECIPIENT);
    };
    let parameters = RcptParameters::parse(parameters)?;
    if !smtputf8 && !super::is_ascii(&address) {
        return Err(replies::UTF8_NEEDS_PARAMETER);
    }
    Ok((address, parameters))
}

fn refuse(session: &mut SmtpSession, reply: Reply, out: &mut Vec<u8>) {
    if let Some(transaction) = &mut session.transaction {
        transaction.refused_any = true;
    }
    session.say_recipient_refused(reply, out);
}

fn bytes(recipient: &EnvelopeRecipient) -> usize {
    let original = recipient.original.as_ref().map_or(0, String::len);
    size_of::<EnvelopeRecipient>() + recipient.address.len() + original
}
