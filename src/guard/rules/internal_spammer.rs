//! A user of this box who sends to very many recipients: often somebody else who has the password.

use super::{Consequence, Definition, Numbers};

pub(super) const RULE: Definition = Definition {
    name: "internal-spammer",
    title: "Internal spammer",
    description: "Recipients of what one user sends. What the user sends is held in the spool until an administrator releases it, and \
        the system administrators get mail.",
    unit: "recipients",
    consequence: Consequence::Hold,
    defaults: Numbers { enabled: true, threshold: 200, window_seconds: 10 * 60, block_seconds: 0 },
};
