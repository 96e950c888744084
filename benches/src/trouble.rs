//! What can go wrong between the load generator and a server.

use std::fmt;
use std::io;

/// Why an act of the load failed.
#[derive(Debug)]
pub enum Trouble {
    /// The server said no: the reply's code (`452`, `NO`, `-ERR`) and its line.
    Refused {
        /// What failures are counted by.
        code: String,
        /// The reply.
        line: String,
    },
    /// The server closed the connection.
    Closed,
    /// The server did not answer in time.
    TimedOut,
    /// The server said what the protocol does not allow.
    Nonsense(String),
    /// The network, or a file.
    Io(io::Error),
    /// The load cannot be run as asked for.
    Unfit(String),
}

/// A result of the load generator.
pub type Result<T> = std::result::Result<T, Trouble>;

impl Trouble {
    /// What failures of this sort are counted under.
    pub fn code(&self) -> &str {
        match self {
            Trouble::Refused { code, .. } => code,
            Trouble::Closed => "closed",
            Trouble::TimedOut => "timeout",
            Trouble::Nonsense(_) => "nonsense",
            Trouble::Io(_) => "io",
            Trouble::Unfit(_) => "unfit",
        }
    }

    /// Is the connection still good after it?
    pub fn is_refusal(&self) -> bool {
        matches!(self, Trouble::Refused { .. })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Refused { line, .. } => write!(f, "refused: {line}"),
            Trouble::Closed => f.write_str("the server closed the connection"),
            Trouble::TimedOut => f.write_str("the server did not answer in time"),
            Trouble::Nonsense(line) => write!(f, "not understood: {line}"),
            Trouble::Io(error) => error.fmt(f),
            Trouble::Unfit(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

impl From<tokio::time::error::Elapsed> for Trouble {
    fn from(_: tokio::time::error::Elapsed) -> Trouble {
        Trouble::TimedOut
    }
}
