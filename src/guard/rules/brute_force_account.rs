//! Many wrong passwords of one account, from all addresses together. Those from which its owner has logged in before do
//! not count and stay open.

use super::{Consequence, Definition, Numbers};

pub(super) const RULE: Definition = Definition {
    name: "brute-force-account",
    title: "Password guessing against one account",
    description: "Failed logins to one account from addresses that it was never used from. All of them are shut out; the account \
        stays usable from addresses that it was used from before.",
    unit: "failed logins",
    consequence: Consequence::Block,
    defaults: Numbers { enabled: true, threshold: 20, window_seconds: 10 * 60, block_seconds: 30 * 60 },
};
