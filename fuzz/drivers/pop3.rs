//! A POP3 session that hears anything and is answered anything.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use mailstead_core::net::{Input, OUTPUT_BYTES};
use mailstead_core::people::PlaintextAuth;
use mailstead_core::protocol::pop3::{Answer, Entry, Maildrop, Opened, Pop3Session, Pop3Settings, Question, Refused};
use mailstead_storage::{BlobId, ScramVerifier};

use super::wire::{self, Dice};

/// Sizes of the messages in the maildrop.
const SIZES: [u32; 4] = [0, 1, 300, 200_000];
/// What the messages are made of.
const TEXT: &[u8] = b"A: b\n.\r\n\r\n..\r.\n\r\ntext of a line\r\n";
/// It with a long line behind it, again and again, longer than the longest message.
static LONG_TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| [TEXT, &[b'x'; 2000]].concat().repeat(120));

/// Runs one case.
pub fn run(data: &[u8]) {
    let Some((mut dice, wire)) = Dice::and_wire(data) else { return };
    let session = session(dice.roll().is_multiple_of(2));
    wire::run(session, Input::default(), wire, &mut dice, 3 * OUTPUT_BYTES, |question, roll| answer(&question, roll));
}

fn session(encrypted: bool) -> Pop3Session {
    let plaintext_auth = PlaintextAuth::Never;
    let settings =
        Pop3Settings { errors_max: 1000, auth_failures_max: 1000, plaintext_auth, ..Pop3Settings::default() };
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Pop3Session::new(Arc::new(settings), "mx.example.test".into(), client, encrypted).taking_tokens(true)
}

fn answer(question: &Question, roll: u8) -> Answer {
    let works = !roll.is_multiple_of(8);
    match question {
        Question::LogIn { .. } | Question::Token { .. } | Question::Admit { .. } => Answer::LoggedIn(match roll % 16 {
            0 => Err(Refused::Wrong),
            1 => Err(Refused::Disabled),
            2 => Err(Refused::InUse),
            3 => Err(Refused::Unavailable),
            _ => Ok(opened()),
        }),
        Question::Verifier { .. } => Answer::Verifier(ScramVerifier {
            salt: vec![roll; 16],
            iterations: 4096,
            stored_key: vec![roll; 32],
            server_key: vec![roll; 32],
        }),
        Question::ProofWrong { .. } => Answer::LoggedIn(Err(Refused::Wrong)),
        &Question::Read { blob, from, length, .. } => Answer::Bytes(works.then(|| {
            let left = usize::try_from(u64::from(SIZES[blob.0 as usize]) - from).unwrap_or_default();
            let from = from as usize % TEXT.len();
            LONG_TEXT[from..from + left.min(length)].to_vec()
        })),
        Question::Update { .. } => Answer::Updated(works),
    }
}

fn opened() -> Opened {
    let entry = |(index, size): (usize, &u32)| Entry { blob: BlobId(index as u64), uid: index as u32 + 1, size: *size };
    let maildrop = Maildrop::new(1, SIZES.iter().enumerate().map(entry).collect());
    Opened { address: "alice@example.test".into(), maildrop }
}
