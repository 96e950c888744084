//! The ManageSieve server: `sieve` (port 4190, RFC 5804).
//!
//! Speaks STARTTLS, AUTHENTICATE with PLAIN and SCRAM-SHA-256, CAPABILITY, HAVESPACE, PUTSCRIPT, LISTSCRIPTS, SETACTIVE,
//! GETSCRIPT, DELETESCRIPT, RENAMESCRIPT, CHECKSCRIPT, NOOP, UNAUTHENTICATE and LOGOUT.
//!
//! Promises:
//! - A script is stored only if it can be run; what is wrong with it is told by line and column.
//! - `OK` to a change is said only when it is durable. The active script is replaced as a whole.
//! - A session holds one script at most, whatever is announced.
//! - No password is asked for where others could read it, except as `plaintext_auth` says.

mod answers;
mod command;
mod frame;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use mailstead_storage::Store;

pub use answers::ManageSieveAnswers;
pub use session::{Answer, ManageSieveSession, No, Question, Secret, Why};
pub use settings::ManageSieveSettings;

use crate::log::{Kind, Log};
use crate::net::{Encryption, Peer, Protocol};
use crate::people::People;
use crate::settings::Live;

/// Its name in the settings, in logs and in lists of sessions.
pub const SERVICE: &str = "sieve";

/// How its connections begin.
pub const ENCRYPTION: Encryption = Encryption::StartTls;

/// What the service uses of the house. Cheap to clone.
#[derive(Clone)]
pub struct House {
    /// Where the scripts are.
    pub store: Store,
    /// Who may log in.
    pub people: People,
    /// Where logins and changes are logged.
    pub log: Log,
    /// The name in the greeting.
    pub hostname: Arc<str>,
}

/// Makes the sessions of the service.
pub struct ManageSieve {
    settings: Live<ManageSieveSettings>,
    house: House,
}

impl ManageSieve {
    /// The service with these settings.
    pub fn new(settings: impl Into<Live<ManageSieveSettings>>, house: House) -> ManageSieve {
        ManageSieve { settings: settings.into(), house }
    }
}

impl Protocol for ManageSieve {
    type Session = ManageSieveSession;
    type Answers = ManageSieveAnswers;

    fn service(&self) -> &'static str {
        SERVICE
    }

    fn description(&self) -> &'static str {
        "Rules for mail, edited by ManageSieve"
    }

    fn kind(&self) -> Kind {
        Kind::Sieve
    }

    fn open(&self, peer: &Peer) -> (ManageSieveSession, ManageSieveAnswers) {
        let (settings, hostname) = (self.settings.get(), Arc::clone(&self.house.hostname));
        let session = ManageSieveSession::new(settings, hostname, peer.address.ip(), peer.tls.is_some());
        (session, ManageSieveAnswers::new(self.house.clone(), peer))
    }
}
