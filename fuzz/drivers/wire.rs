//! What the drivers of sessions share: the loop in which a session hears anything, cut anyhow, and is
//! answered anything.

use mailstead_core::clock::Time;
use mailstead_core::net::{Input, Session, Turn};
use mailstead_core::people::sasl::ChannelBindings;

/// The first bytes of a case say how the rest is cut and what the house answers.
const DICE: usize = 16;

/// Falls as the first bytes of a case say, again and again.
pub struct Dice<'a>(std::iter::Cycle<std::slice::Iter<'a, u8>>);

impl Dice<'_> {
    /// The dice and the wire of a case; none when it is too short.
    pub fn and_wire(case: &[u8]) -> Option<(Dice<'_>, &[u8])> {
        let (dice, wire) = case.split_at_checked(DICE)?;
        Some((Dice(dice.iter().cycle()), wire))
    }

    /// The next number.
    pub fn roll(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }
}

/// Runs a session that has heard `input` until `wire` is at its end or it hangs up. It may have no more
/// than `out_bytes_max` waiting to be sent.
pub fn run<S: Session>(
    mut session: S,
    mut input: Input,
    mut wire: &[u8],
    dice: &mut Dice<'_>,
    out_bytes_max: usize,
    mut answer: impl FnMut(S::Question, u8) -> S::Answer,
) {
    let mut out = Vec::new();
    loop {
        match session.turn(&mut input, &mut out, Time(0)) {
            Turn::Ask(question) => {
                let answer = answer(question, dice.roll());
                session.answer(answer, &mut out, Time(0));
            }
            Turn::Flush => out.clear(),
            Turn::StartTls => {
                input.clear();
                session.bound(ChannelBindings { exporter: Some([7; 32]), end_point: Some(vec![9; 32]) });
                session.secured("TLSv1.3");
            }
            // What is compressed comes to a session as it was before.
            Turn::Compress => {}
            turn @ (Turn::Read { .. } | Turn::Idle { .. }) => {
                out.clear();
                if matches!(turn, Turn::Idle { .. }) && dice.roll().is_multiple_of(2) {
                    session.rang();
                }
                if input.is_closed() {
                    return;
                }
                if wire.is_empty() {
                    input.close();
                    continue;
                }
                assert!(input.room() > 0, "a session that reads has taken what it could");
                let (now, later) = wire.split_at(wire.len().min(usize::from(dice.roll()) + 1).min(input.room()));
                input.push(now);
                wire = later;
            }
            Turn::HangUp => return,
        }
        assert!(out.len() < out_bytes_max);
        let _ = session.status();
    }
}
