//! A ManageSieve session that hears anything and is answered anything.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use mailstead_core::net::{Input, OUTPUT_BYTES};
use mailstead_core::people::{Denied, PlaintextAuth};
use mailstead_core::protocol::managesieve::{Answer, ManageSieveSession, ManageSieveSettings, No, Question, Why};
use mailstead_storage::{ScramVerifier, ScriptEntry};

use super::wire::{self, Dice};

/// Runs one case.
pub fn run(data: &[u8]) {
    let Some((mut dice, wire)) = Dice::and_wire(data) else { return };
    let session = session(dice.roll().is_multiple_of(2));
    wire::run(session, Input::default(), wire, &mut dice, 4 * OUTPUT_BYTES, |question, roll| answer(&question, roll));
}

fn session(encrypted: bool) -> ManageSieveSession {
    let plaintext_auth = PlaintextAuth::Never;
    let settings = ManageSieveSettings {
        errors_max: 1000,
        auth_failures_max: 1000,
        plaintext_auth,
        ..ManageSieveSettings::default()
    };
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    ManageSieveSession::new(Arc::new(settings), "mx.example.test".into(), client, encrypted)
}

fn answer(question: &Question, roll: u8) -> Answer {
    let no = || match roll % 28 {
        0 => Err(No { why: Why::Wrong, text: "line 1\r\nline 2".into() }),
        4 => Err(No { why: Why::NonExistent, text: "\"none\"".into() }),
        8 => Err(No { why: Why::TooBig, text: String::new() }),
        _ => Ok(()),
    };
    match question {
        Question::LogIn { .. } | Question::Admit { .. } => Answer::LoggedIn(match roll % 16 {
            0 => Err(Denied::Wrong),
            1 => Err(Denied::Disabled),
            2 => Err(Denied::Unavailable),
            3 => Err(Denied::Expired),
            _ => Ok("alice@example.test".into()),
        }),
        Question::ProofWrong { .. } => Answer::LoggedIn(Err(Denied::Wrong)),
        Question::Verifier { .. } => Answer::Verifier(ScramVerifier {
            salt: vec![roll; 16],
            iterations: 4096,
            stored_key: vec![roll; 32],
            server_key: vec![roll; 32],
        }),
        Question::List => Answer::Scripts(no().map(|()| {
            let entry = |number| ScriptEntry { name: "x".repeat(number), active: number == 3 };
            (1..usize::from(roll) / 8).map(entry).collect()
        })),
        Question::Get { .. } => Answer::Script(no().map(|()| "keep;\r\n".repeat(usize::from(roll) * 30))),
        _ => Answer::Done(no()),
    }
}
