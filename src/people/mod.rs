//! Who is this: accounts, aliases, passwords, tokens, SASL; live sessions and last logins.
//!
//! Never tells why a login was refused to who has not proven the password, never keeps a password or a token,
//! and never opens a socket.

mod address;
pub mod app_password;
mod check;
mod compliance;
mod forwarding;
mod login;
mod password;
pub mod policy;
mod posting;
mod proof;
mod punycode;
mod resolve;
pub mod sasl;
mod secret;
pub mod sessions;
mod token;
pub mod totp;
mod turns;
mod watch;
mod web;

pub use address::{ADDRESS_BYTES_MAX, Address, DOMAIN_BYTES_MAX, LABEL_BYTES_MAX, LOCAL_PART_BYTES_MAX};
pub use compliance::Standing;
pub use login::{Denied, Login, People, PlaintextAuth};
pub use password::{SCRAM_ITERATIONS, credentials, is_acceptable, random};
pub use posting::SHARED_LOCAL_PART;
pub use resolve::{DEPTH_MAX, Destination, EXPANSIONS_MAX};
pub use token::{TokenVerifier, Verifying};
pub use watch::LoginWatch;
pub use web::{Lifetime, NewToken};
