//! Many wrong passwords from one address, for each protocol by itself.

use super::{Consequence, Definition, Numbers};

pub(super) const RULE: Definition = Definition {
    name: "brute-force",
    title: "Password guessing from one address",
    description: "Failed logins from one address, whatever the account. It is shut out from the protocol.",
    unit: "failed logins",
    consequence: Consequence::Block,
    defaults: Numbers { enabled: true, threshold: 10, window_seconds: 10 * 60, block_seconds: 30 * 60 },
};
