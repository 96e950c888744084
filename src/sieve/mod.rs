//! Rules that users write for their mail: Sieve (RFC 5228). A script is compiled once, with every fault told by line and
//! column, and run for each message to a [`Plan`].
//!
//! Knows fileinto, envelope and encoded-character (5228), reject (5429), vacation (5230, 6131), imap4flags (5232), subaddress
//! (5233), variables (5229), body (5173), relational (5231), copy (3894), mailbox (5490), special-use (8579), date and index
//! (5260), editheader (5293), duplicate (7352).
//!
//! Pure: never delivers, sends or changes anything. Header tests work on the header that is handed over; bodies are read only
//! when a test looks at one. Every run is bounded by the [`limits`].

mod compare;
mod compile;
mod edit;
mod fault;
mod glob;
mod lex;
pub mod limits;
mod parse;
mod plan;
mod run;
mod tree;

use jiff::tz::TimeZone;
use mailstead_storage::{Result, Time};

pub use compile::EXTENSIONS;
pub use edit::{Edit, edited, encode as encode_value};
pub use fault::{Fault, Position};
pub use plan::{Filing, Memory, Place, Plan, Redirect, Vacation};
pub use run::Failure;

use crate::message::{Outline, Range};

/// A compiled script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    commands: Vec<tree::Command>,
}

/// A message as rules see it.
pub struct Mail<'m> {
    /// The envelope's reverse-path, empty for `<>`.
    pub reverse_path: &'m str,
    /// The envelope's recipient.
    pub recipient: &'m str,
    /// The raw header, as far as [`limits::HEADER_BYTES_MAX`].
    pub header: &'m [u8],
    /// The structure.
    pub outline: &'m Outline<'m>,
    /// Its size in bytes.
    pub size: u64,
    /// Now.
    pub now: Time,
    /// The zone of the box.
    pub zone: &'m TimeZone,
}

/// What rules may ask about the place they run in.
pub trait Surroundings {
    /// Bytes of the stored message.
    ///
    /// # Errors
    /// Those of storage.
    fn read(&self, range: Range) -> Result<Vec<u8>>;

    /// Can mail be filed into the mailbox of this name?
    ///
    /// # Errors
    /// Those of storage.
    fn has_mailbox(&self, name: &str) -> Result<bool>;

    /// Is there a mailbox of this special use (with its backslash), or is it this mailbox?
    ///
    /// # Errors
    /// Those of storage.
    fn has_special_use(&self, mailbox: Option<&str>, special_use: &str) -> Result<bool>;

    /// Did an earlier message of this recipient have this [`Memory`], and is it not forgotten yet?
    ///
    /// # Errors
    /// Those of storage.
    fn remembers(&self, key: &str) -> Result<bool>;
}

impl Script {
    /// Compiles a script.
    ///
    /// # Errors
    /// The first fault.
    pub fn compile(script: &str) -> std::result::Result<Script, Fault> {
        compile::compile(script)
    }

    /// What is to be done with this message.
    ///
    /// # Errors
    /// A fault of the script at this message, or of storage. The message is to be kept then.
    pub fn run<S: Surroundings>(&self, mail: &Mail<'_>, around: &S) -> std::result::Result<Plan, Failure> {
        run::run(&self.commands, mail, around)
    }
}

/// Is it one whole mail address and nothing more?
fn is_one_address(text: &str) -> bool {
    let addresses = crate::message::parse_addresses(text.as_bytes());
    let is_whole = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty());
    matches!(addresses.as_slice(), [one] if is_whole(one.mailbox.as_deref()) && is_whole(one.host.as_deref()))
}
