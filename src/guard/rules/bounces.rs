//! A user of this box whose messages come back: often somebody else who has the password.

use super::{Consequence, Definition, Numbers};

pub(super) const RULE: Definition = Definition {
    name: "bounces",
    title: "Bounces indicate spammer",
    description: "Messages of one user that could not be delivered. The system administrators get mail.",
    unit: "failures",
    consequence: Consequence::Notify,
    defaults: Numbers { enabled: true, threshold: 50, window_seconds: 60 * 60, block_seconds: 0 },
};
