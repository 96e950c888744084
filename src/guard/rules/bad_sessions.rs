//! Many SMTP sessions from one address that bring no message.

use super::{Consequence, Definition, Numbers};

pub(super) const RULE: Definition = Definition {
    name: "bad-sessions",
    title: "Bad SMTP sessions",
    description: "SMTP sessions from one address that end without a message or a login. It is shut out from SMTP.",
    unit: "sessions",
    consequence: Consequence::Block,
    defaults: Numbers { enabled: true, threshold: 30, window_seconds: 10 * 60, block_seconds: 15 * 60 },
};
