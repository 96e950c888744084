//! MAIL (RFC 5321 §4.1.1.2).

use crate::net::Turn;
use crate::people::Address;
use crate::protocol::smtp::question::Question;
use crate::protocol::smtp::replies::{self, Reply};
use crate::protocol::smtp::session::{Next, Phase, SmtpSession, Transaction};
use crate::protocol::smtp::wire::{self, MailParameters, Path};

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    match read(session, argument) {
        Ok((address, parameters)) => {
            let reverse_path = address.as_ref().map(Address::to_string).unwrap_or_default();
            let size = parameters.size.unwrap_or(0);
            session.phase = Phase::Sender(Box::new(Transaction::new(reverse_path, parameters)));
            let account = session.login.as_ref().map(|login| login.account);
            Some(Turn::Ask(Question::Sender { address, account, size }))
        }
        Err(reply) => {
            session.say(reply, out);
            None
        }
    }
}

/// The house has said whether the sender may.
pub fn answered(session: &mut SmtpSession, transaction: Transaction, answer: Result<(), Reply>, out: &mut Vec<u8>) {
    if answer.is_ok() {
        session.transaction = Some(transaction);
    }
    session.say(answer.err().unwrap_or(replies::SENDER_OK), out);
}

fn read(session: &SmtpSession, argument: &str) -> Result<(Option<Address>, MailParameters), Reply> {
    if session.transaction.is_some() {
        return Err(replies::MAIL_TWICE);
    }
    let path = wire::after("FROM:", argument).ok_or(replies::WRONG_SENDER)?;
    let (path, parameters) = wire::path(path).ok_or(replies::WRONG_SENDER)?;
    let parameters = MailParameters::parse(parameters)?;
    if parameters.require_tls && session.tls.is_none() {
        return Err(replies::TLS_REQUIRED);
    }
    let address = match path {
        Path::Null => None,
        Path::Mailbox(address) if address.domain.is_empty() => return Err(replies::WRONG_SENDER),
        Path::Mailbox(address) => Some(address),
    };
    if address.as_ref().is_some_and(|address| !super::is_ascii(address)) && !parameters.smtputf8 {
        return Err(replies::UTF8_NEEDS_PARAMETER);
    }
    if parameters.size.is_some_and(|size| size > session.rules.message_bytes_max) {
        return Err(replies::TOO_BIG);
    }
    Ok((address, parameters))
}
