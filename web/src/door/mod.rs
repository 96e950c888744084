//! Who may do what. Every route is a row of one table that says who may use it ([`Route`]); every request
//! comes with a [`Caller`], who may see and change what lies in the caller's [`Scope`].
//!
//! A route without an access cannot be written, and a request without a caller reaches no handler.

mod access;
mod caller;
mod route;
mod scope;

pub use access::Access;
pub use caller::{Caller, Means};
pub use route::{Operation, Payload, Route};
pub use scope::Scope;

/// Every address that answers without a login, as the table of routes has it. None of them changes
/// anything: a test holds them against the router.
pub const ANONYMOUS: [&str; 6] = ["/", "/healthz", "/readyz", "/style.css", "/frame/style.css", "/frame/script.js"];
