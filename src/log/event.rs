//! What is logged.

use std::borrow::Cow;

use mailstead_storage::BlobId;

use crate::people::sessions::SessionId;

/// Which part of the house speaks. Each has its own level and is searched by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// SMTP and submission sessions.
    Smtp,
    /// IMAP sessions.
    Imap,
    /// POP3 sessions.
    Pop3,
    /// ManageSieve sessions.
    Sieve,
    /// HTTP.
    Web,
    /// The spool's attempts.
    Delivery,
    /// Acts of an administrator.
    Audit,
    /// The box itself.
    System,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// For who looks for a fault.
    Debug,
    /// What happened.
    Info,
    /// Somebody should look at it some day.
    Warning,
    /// Somebody should look at it now.
    Error,
}

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(Cow<'static, str>),
    /// A number.
    Number(u64),
    /// Yes or no.
    Truth(bool),
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Which part speaks.
    pub kind: Kind,
    /// How much it matters.
    pub level: Level,
    /// What happened, always the same words for the same thing.
    pub what: &'static str,
    /// In which session.
    pub session: Option<SessionId>,
    /// To which message.
    pub message: Option<BlobId>,
    /// The particulars.
    pub fields: Vec<(&'static str, Value)>,
}

impl Event {
    /// An event of that kind and level.
    pub fn new(kind: Kind, level: Level, what: &'static str) -> Event {
        Event { kind, level, what, session: None, message: None, fields: Vec::new() }
    }

    /// In this session.
    pub fn session(mut self, session: SessionId) -> Event {
        self.session = Some(session);
        self
    }

    /// About this message.
    pub fn message(mut self, message: BlobId) -> Event {
        self.message = Some(message);
        self
    }

    /// With this particular.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Event {
        self.fields.push((name, value.into()));
        self
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(Cow::Owned(text))
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Value {
        Value::Text(Cow::Borrowed(text))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Truth(truth)
    }
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 8] =
        [Kind::Smtp, Kind::Imap, Kind::Pop3, Kind::Sieve, Kind::Web, Kind::Delivery, Kind::Audit, Kind::System];

    /// By its name.
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name in files and settings.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Smtp => "smtp",
            Kind::Imap => "imap",
            Kind::Pop3 => "pop3",
            Kind::Sieve => "sieve",
            Kind::Web => "web",
            Kind::Delivery => "delivery",
            Kind::Audit => "audit",
            Kind::System => "system",
        }
    }
}

impl Level {
    /// All levels, the least first.
    pub const ALL: [Level; 4] = [Level::Debug, Level::Info, Level::Warning, Level::Error];

    /// Its name in files and settings.
    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }

    /// By its name.
    pub fn by_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}
