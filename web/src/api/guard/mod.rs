//! What the guard does and has done: its rules, the addresses it has shut out, black- and allowlist, and whose messages it
//! holds.

pub mod blocks;
pub mod held;
pub mod lists;
pub mod rules;

use crate::door::Route;

pub(crate) fn routes() -> Vec<Route> {
    [rules::routes(), blocks::routes(), lists::routes(), held::routes()].into_iter().flatten().collect()
}
