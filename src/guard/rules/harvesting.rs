//! Many recipients that do not exist, named by one address: somebody looks for those that do.

use super::{Consequence, Definition, Numbers};

pub(super) const RULE: Definition = Definition {
    name: "harvesting",
    title: "Email harvesting",
    description: "Recipients named by one address that do not exist here. It is shut out from SMTP.",
    unit: "unknown recipients",
    consequence: Consequence::Block,
    defaults: Numbers { enabled: true, threshold: 20, window_seconds: 5 * 60, block_seconds: 60 * 60 },
};
