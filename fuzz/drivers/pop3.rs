//! A POP3 session that hears anything and is answered anything.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use mailstead_core::clock::Time;
use mailstead_core::net::{Input, OUTPUT_BYTES, Session, Turn};
use mailstead_core::people::PlaintextAuth;
use mailstead_core::protocol::pop3::{Answer, Entry, Maildrop, Opened, Pop3Session, Pop3Settings, Question, Refused};
use mailstead_storage::{BlobId, ScramVerifier};

/// The first bytes say how the bytes are cut and what the house answers.
const DICE: usize = 16;
/// Sizes of the messages in the maildrop.
const SIZES: [u32; 4] = [0, 1, 300, 200_000];
/// What the messages are made of.
const TEXT: &[u8] = b"A: b\n.\r\n\r\n..\r.\n\r\ntext of a line\r\n";
/// It with a long line behind it, again and again, longer than the longest message.
static LONG_TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| [TEXT, &[b'x'; 2000]].concat().repeat(120));

/// Runs one case.
pub fn run(data: &[u8]) {
    let Some((dice, wire)) = data.split_at_checked(DICE) else { return };
    let mut dice = dice.iter().copied().cycle();
    let mut roll = move || dice.next().unwrap_or_default();
    let mut session = session(roll().is_multiple_of(2));
    let (mut input, mut out, mut wire) = (Input::default(), Vec::new(), wire);
    loop {
        match session.turn(&mut input, &mut out, Time(0)) {
            Turn::Ask(question) => {
                let answer = answer(&question, roll());
                session.answer(answer, &mut out, Time(0));
            }
            Turn::Flush => out.clear(),
            Turn::StartTls => {
                input.clear();
                session.secured("TLSv1.3");
            }
            Turn::Compress => unreachable!("POP3 knows no compression"),
            Turn::Read { .. } | Turn::Idle { .. } => {
                out.clear();
                if input.is_closed() {
                    return;
                }
                if wire.is_empty() {
                    input.close();
                    continue;
                }
                assert!(input.room() > 0, "a session that reads has taken what it could");
                let (now, later) = wire.split_at(wire.len().min(usize::from(roll()) + 1).min(input.room()));
                input.push(now);
                wire = later;
            }
            Turn::HangUp => return,
        }
        assert!(out.len() < 3 * OUTPUT_BYTES);
        let _ = session.status();
    }
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
