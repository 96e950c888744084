//! Who uses the box: users who are online, with their sessions, and users who have not been here for long.

pub mod inactive;
pub mod online;

use crate::door::Route;

pub(crate) fn routes() -> Vec<Route> {
    [online::routes(), inactive::routes()].into_iter().flatten().collect()
}
