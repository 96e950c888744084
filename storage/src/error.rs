//! All that can go wrong with what is kept, in a few words that each protocol
//! maps to its own replies in one place.

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The thing named does not exist (any more).
    NotFound,
    /// A thing of that name exists already.
    Exists,
    /// The name or value is not allowed.
    Invalid,
    /// A mailbox has mailboxes below it, or may not be removed or renamed.
    NotAllowed,
    /// Who asks has not the right to do it.
    Denied,
    /// The account's quota would be exceeded.
    OverQuota,
    /// A named limit was reached (keywords of a mailbox, mailboxes of an account, …).
    Limit,
    /// The disk has less free space than the reserve.
    DiskFull,
    /// Stored data does not read as what was written.
    Corrupt,
    /// The store was written by a newer version.
    Newer,
    /// Another process has the store open.
    Locked,
    /// The operating system refused a read or write.
    Io,
    /// The store is closing.
    Closed,
}

/// An error: a word for the program, a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What went wrong, for the caller to act on.
    pub word: Word,
    /// What happened and to which thing, for a person.
    pub detail: String,
}

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of this word, told in this sentence.
    pub fn new(word: Word, detail: impl Into<String>) -> Error {
        Error { word, detail: detail.into() }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}
