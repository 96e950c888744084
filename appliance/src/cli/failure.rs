//! Why a command did not do what was asked, as an exit code and a sentence.

use std::fmt;
use std::process::ExitCode;

/// Why a command failed. The sentence says what happened and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It was refused, or tried and failed.
    Refused(String),
    /// The command line or the configuration is wrong.
    Usage(String),
    /// Neither a server answers nor can the store be opened.
    Unreachable(String),
    /// The store is open in another process that does not answer (yet).
    Locked(String),
}

impl Failure {
    /// 1, 2 or 3.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Refused(_) => 1.into(),
            Failure::Usage(_) => 2.into(),
            Failure::Unreachable(_) | Failure::Locked(_) => 3.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(sentence)
            | Failure::Usage(sentence)
            | Failure::Unreachable(sentence)
            | Failure::Locked(sentence) => f.write_str(sentence),
        }
    }
}
