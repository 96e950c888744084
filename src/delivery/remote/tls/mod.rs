//! TLS to other servers: what a destination asks for (DANE, MTA-STS, the settings), and the configurations of a
//! handshake that obey it.

mod dane;
mod outcome;
mod policy;
mod sts;
mod verifier;

pub use outcome::{PolicyKind, TlsFailure, TlsOutcome, TlsOutcomes};
pub(super) use policy::{Known, Policy, of_host};
pub(super) use sts::{FetchFailures, Sts, StsRules};
pub use sts::{PublishedPolicies, PublishedPolicy};
pub(super) use verifier::{Configs, failure};
