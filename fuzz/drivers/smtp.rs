//! An SMTP session that hears anything and is answered anything.

use std::sync::Arc;

use mailstead_core::intake::Refusal;
use mailstead_core::net::{Input, OUTPUT_BYTES, Peer};
use mailstead_core::people::sessions::SessionId;
use mailstead_core::people::{Denied, Login};
use mailstead_core::protocol::smtp::{
    Answer, OVER_QUOTA, Question, Rules, SENDER_NOT_YOURS, Service, SmtpSession, SmtpSettings,
};
use mailstead_storage::{AccountId, BlobId, Role, ScramVerifier};

use super::wire::{self, Dice};

/// Runs one case.
pub fn run(data: &[u8]) {
    let Some((mut dice, wire)) = Dice::and_wire(data) else { return };
    let session = session(Service::ALL[dice.roll() as usize % Service::ALL.len()]);
    wire::run(session, Input::default(), wire, &mut dice, 2 * OUTPUT_BYTES, |question, roll| answer(&question, roll));
}

fn session(service: Service) -> SmtpSession {
    let settings = SmtpSettings { errors_max: 1000, auth_failures_max: 1000, ..SmtpSettings::of(service) };
    let rules = Rules { service, hostname: "mx.example.test".into(), message_bytes_max: 1 << 20, settings };
    let address = "127.0.0.1:25".parse().expect("an address");
    let peer = Peer { id: SessionId(1), address, local: address, tls: None };
    SmtpSession::new(Arc::new(rules), peer).taking_tokens(true)
}

fn answer(question: &Question, roll: u8) -> Answer {
    let kind = !roll.is_multiple_of(8);
    let refusal = match roll / 8 % 4 {
        0 => Refusal::DiskFull,
        1 => Refusal::TooBig,
        2 => Refusal::Loop,
        _ => Refusal::Failed(String::new()),
    };
    let login = || Login { account: AccountId(1), address: "alice@example.test".into(), role: Role::User };
    match question {
        Question::Password { .. } | Question::Token { .. } | Question::Admit { .. } => {
            Answer::Login(kind.then(login).ok_or(if roll < 128 { Denied::Wrong } else { Denied::Unavailable }))
        }
        Question::Verifier { .. } => Answer::Verifier(ScramVerifier {
            salt: vec![roll; 16],
            iterations: 4096,
            stored_key: vec![roll; 32],
            server_key: vec![roll; 32],
        }),
        Question::Sender { .. } => Answer::Sender(kind.then_some(()).ok_or(SENDER_NOT_YOURS)),
        Question::Recipient { .. } => Answer::Recipient(kind.then_some(()).ok_or(OVER_QUOTA)),
        Question::Begin { .. } => Answer::Begun(kind.then_some(()).ok_or(refusal)),
        Question::Body(_) => Answer::Taken(kind.then_some(()).ok_or(refusal)),
        Question::Accept(_) => Answer::Accepted(kind.then_some(BlobId(1)).ok_or(OVER_QUOTA)),
        Question::Discard(_) | Question::ProofWrong { .. } => Answer::Noted,
    }
}
