//! Who is this: accounts, aliases, passwords, SASL; live sessions and last logins.

mod login;
mod resolve;
pub mod sasl;
pub mod sessions;

pub use login::{Denied, Login, People, PlaintextAuth};
pub use resolve::{Address, Destination};
