//! An SMTP client that a server says anything to.

use std::sync::Arc;
use std::time::Duration;

use mailstead_core::net::Input;
use mailstead_core::protocol::smtp::client::{ClientSession, Credentials, Mail, Patience, Rcpt, Terms, Tls, Turn};
use mailstead_storage::{BodyKind, Notify};

/// The first bytes say what the client wants and how the bytes are cut.
const DICE: usize = 8;

/// Runs one case.
pub fn run(data: &[u8]) {
    let Some((dice, mut wire)) = data.split_at_checked(DICE) else { return };
    let mut dice = dice.iter().copied().cycle();
    let mut roll = move || dice.next().unwrap_or_default();
    let mut session = ClientSession::new(Arc::new(terms(roll())));
    let (mut input, mut out, mut pieces) = (Input::default(), Vec::new(), 0);
    loop {
        let turn = session.turn(&mut input, &mut out);
        out.clear();
        match turn {
            Turn::Read { .. } if wire.is_empty() => {
                if let Some(report) = session.lost("it is gone") {
                    assert_eq!(report.answers.len(), RECIPIENTS);
                }
                return;
            }
            Turn::Read { .. } => {
                let (heard, rest) = wire.split_at(wire.len().min(usize::from(roll()) + 1));
                input.push(heard);
                wire = rest;
            }
            Turn::StartTls => {
                input.clear();
                session.secured(&mut out);
            }
            Turn::Piece => {
                pieces += 1;
                session.piece(b".\r\nx", pieces == PIECES_MAX || roll() % 2 == 0, &mut out);
            }
            Turn::Ready if session.begin(mail(), &mut out).is_err() => return,
            Turn::Ready => pieces = 0,
            Turn::Done(report) => {
                assert_eq!(report.answers.len(), RECIPIENTS);
                assert!(report.answers.iter().all(|answer| answer.starts_with(['2', '4', '5'])));
                if report.is_over {
                    return;
                }
            }
            Turn::Failed(failure) => return assert!(failure.answer().starts_with(['4', '5'])),
        }
    }
}

const RECIPIENTS: usize = 2;

/// Whatever the dice say, a message ends.
const PIECES_MAX: usize = 8;

fn terms(roll: u8) -> Terms {
    let second = Duration::from_secs(1);
    let tls = [Tls::Off, Tls::IfOffered, Tls::Required, Tls::Implicit][usize::from(roll % 4)];
    let credentials = (roll >= 128).then(|| Credentials { user: "u".into(), password: "p".into() });
    let patience = Patience { greeting: second, command: second, data: second, end: second };
    Terms { hello: "me.test".into(), tls, credentials, patience }
}

fn mail() -> Mail {
    let recipient = |address: &str| Rcpt { address: address.into(), notify: Notify::DEFAULT, original: None };
    Mail {
        reverse_path: String::new(),
        recipients: ["a@x", "b@x"].map(recipient).to_vec(),
        size: 4,
        body: BodyKind::SevenBit,
        smtputf8: false,
        require_tls: false,
        ret: None,
        envelope_id: None,
    }
}
