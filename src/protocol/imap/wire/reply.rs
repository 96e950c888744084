//! Status responses: OK, NO, BAD with their codes, and the one place where what went wrong in the
//! house becomes words of IMAP (RFC 5530).

use std::borrow::Cow;

use mailstead_storage::{Error, Word};

use super::Syntax;
use crate::intake::Refusal;
use crate::people::Denied;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was done.
    Ok,
    /// It was not done.
    No,
    /// It was not understood or not allowed now.
    Bad,
}

/// A status response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// How the command ended.
    pub status: Status,
    /// The response code, without brackets.
    pub code: Option<Cow<'static, str>>,
    /// For a person.
    pub text: Cow<'static, str>,
}

impl Reply {
    /// `OK`
    pub fn ok(text: &'static str) -> Reply {
        Reply { status: Status::Ok, code: None, text: text.into() }
    }

    /// `NO [code]`
    pub fn no(code: &'static str, text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { status: Status::No, code: Some(code.into()), text: text.into() }
    }

    /// `BAD`
    pub fn bad(text: &'static str) -> Reply {
        Reply { status: Status::Bad, code: None, text: text.into() }
    }

    /// `BAD` for a sequence number of a client that has renounced them (RFC 9586 §3).
    pub fn uid_required() -> Reply {
        Reply::bad("Only UIDs are in use here").code("UIDREQUIRED")
    }

    /// With this code.
    pub fn code(mut self, code: impl Into<Cow<'static, str>>) -> Reply {
        self.code = Some(code.into());
        self
    }

    /// A mailbox that a message was to go to is missing: the client may make it (RFC 3501 §7.1).
    pub fn or_try_create(self) -> Reply {
        if self.code.as_deref() == Some("NONEXISTENT") { self.code("TRYCREATE") } else { self }
    }

    /// Writes the line. `tag` is `*` when the response is untagged.
    pub fn print(&self, tag: &str, out: &mut Vec<u8>) {
        let status = match self.status {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
        };
        for text in [tag, " ", status, " "] {
            out.extend_from_slice(text.as_bytes());
        }
        if let Some(code) = &self.code {
            out.push(b'[');
            out.extend_from_slice(code.as_bytes());
            out.extend_from_slice(b"] ");
        }
        // `resp-text` is ASCII without line breaks; names of mailboxes may hold more.
        out.extend(
            self.text.chars().map(|character| if matches!(character, ' '..='~') { character as u8 } else { b'?' }),
        );
        out.extend_from_slice(b"\r\n");
    }
}

impl From<Syntax> for Reply {
    fn from(syntax: Syntax) -> Reply {
        Reply::bad(syntax.0)
    }
}

impl From<&Error> for Reply {
    fn from(error: &Error) -> Reply {
        match error.word {
            Word::NotFound => Reply::no("NONEXISTENT", "No such mailbox"),
            Word::Exists => Reply::no("ALREADYEXISTS", "Mailbox exists already"),
            Word::Invalid => Reply::no("CANNOT", error.detail.clone()),
            Word::NotAllowed => Reply::no("CANNOT", error.detail.clone()),
            Word::Denied => Reply::no("NOPERM", "You have not the right to do this"),
            Word::OverQuota => Reply::no("OVERQUOTA", "Quota exceeded"),
            Word::Limit => Reply::no("LIMIT", error.detail.clone()),
            Word::DiskFull => Reply::no("UNAVAILABLE", "No space left, try again later"),
            Word::Corrupt => Reply::no("CORRUPTION", "Stored data is damaged"),
            Word::Newer | Word::Locked | Word::Io => Reply::no("SERVERBUG", "Internal error, see the server's log"),
            Word::Closed => Reply::no("UNAVAILABLE", "Service is stopping"),
        }
    }
}

impl From<&Refusal> for Reply {
    fn from(refusal: &Refusal) -> Reply {
        match refusal {
            Refusal::DiskFull => Reply::no("UNAVAILABLE", "No space left, try again later"),
            Refusal::TooBig => Reply::no("TOOBIG", "Message is too big"),
            Refusal::Loop => Reply::no("CANNOT", "Message has passed too many servers"),
            Refusal::Failed(_) => Reply::no("SERVERBUG", "Internal error, see the server's log"),
        }
    }
}

impl From<Denied> for Reply {
    fn from(denied: Denied) -> Reply {
        match denied {
            Denied::Wrong => Reply::no("AUTHENTICATIONFAILED", "User or password is wrong"),
            Denied::Disabled => Reply::no("AUTHORIZATIONFAILED", "Account is disabled"),
            Denied::Expired => Reply::no("EXPIRED", "Password has expired, sign in on the web and change it"),
            Denied::Unavailable => Reply::no("UNAVAILABLE", "Cannot check passwords now, try again later"),
        }
    }
}
