//! Many connections from one address, for each protocol by itself.

use super::{Consequence, Definition, Numbers};

pub(super) const RULE: Definition = Definition {
    name: "denial-of-service",
    title: "Denial of service",
    description: "Connections from one address. It is shut out from the protocol.",
    unit: "connections",
    consequence: Consequence::Block,
    defaults: Numbers { enabled: true, threshold: 50, window_seconds: 5 * 60, block_seconds: 5 * 60 },
};
