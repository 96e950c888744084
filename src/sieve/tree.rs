//! The checked tree: what a compiled script consists of. Every name is known, every argument has its type.

use super::compare::Matching;
use super::fault::Position;

/// A string that may have variables in it (RFC 5229 §3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text(pub Vec<Piece>);

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Stands for itself.
    Literal(String),
    /// The value of a variable; its name in lower case.
    Variable(String),
    /// What the n-th wildcard of the last `:matches` stood for.
    Match(usize),
}

/// A command and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// Where.
    pub at: Position,
    /// What it does.
    pub action: Action,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// `if`, `elsif` … and what `else` has.
    If { branches: Vec<(Test, Vec<Command>)>, otherwise: Vec<Command> },
    /// `stop`
    Stop,
    /// `keep`
    Keep { flags: Option<Vec<Text>> },
    /// `discard`
    Discard,
    /// `fileinto`
    FileInto(Box<FileInto>),
    /// `redirect`
    Redirect { address: Text, copy: bool },
    /// `reject` and `ereject`
    Reject { reason: Text },
    /// `vacation`
    Vacation(Box<Vacation>),
    /// `setflag`, `addflag`, `removeflag`
    Flag { change: FlagChange, variable: Option<String>, flags: Vec<Text> },
    /// `set`; the modifiers in the order in which they work.
    Set { name: String, value: Text, modifiers: Vec<Modifier> },
    /// `addheader`
    AddHeader { name: Text, value: Text, last: bool },
    /// `deleteheader`
    DeleteHeader { name: Text, index: Option<Index>, matching: Matching, values: Vec<Text> },
}

/// `fileinto` (RFC 5228 §4.1, RFC 3894, 5490, 5232, 8579).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileInto {
    pub mailbox: Text,
    pub copy: bool,
    pub create: bool,
    pub flags: Option<Vec<Text>>,
    pub special_use: Option<Text>,
}

/// `vacation` (RFC 5230, 6131).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vacation {
    pub reason: Text,
    pub subject: Option<Text>,
    pub from: Option<Text>,
    pub addresses: Vec<Text>,
    pub handle: Option<Text>,
    pub mime: bool,
    /// How long nobody is answered twice; `None` is the default.
    pub seconds: Option<u64>,
}

/// How flags change (RFC 5232 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlagChange {
    Set,
    Add,
    Remove,
}

/// What `set` does to a value (RFC 5229 §4.1), by falling precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Modifier {
    Lower,
    Upper,
    LowerFirst,
    UpperFirst,
    QuoteWildcard,
    Length,
}

/// `:index` and `:last` (RFC 5260 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Index {
    /// From 1.
    pub number: usize,
    /// Counted from the end.
    pub last: bool,
}

/// A test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    True,
    False,
    Not(Box<Test>),
    AllOf(Vec<Test>),
    AnyOf(Vec<Test>),
    /// `size :over` or `:under`
    Size {
        over: bool,
        limit: u64,
    },
    Exists(Vec<Text>),
    Header {
        names: Vec<Text>,
        index: Option<Index>,
        matching: Matching,
        keys: Vec<Text>,
    },
    Address {
        names: Vec<Text>,
        index: Option<Index>,
        part: AddressPart,
        matching: Matching,
        keys: Vec<Text>,
    },
    Envelope {
        fields: Vec<Text>,
        part: AddressPart,
        matching: Matching,
        keys: Vec<Text>,
    },
    Body {
        transform: Transform,
        matching: Matching,
        keys: Vec<Text>,
    },
    HasFlag {
        variables: Option<Vec<String>>,
        matching: Matching,
        keys: Vec<Text>,
    },
    /// `string` (RFC 5229 §5)
    String {
        sources: Vec<Text>,
        matching: Matching,
        keys: Vec<Text>,
    },
    /// `date`, or `currentdate` without a header.
    Date {
        header: Option<(Text, Option<Index>)>,
        zone: Zone,
        part: Text,
        matching: Matching,
        keys: Vec<Text>,
    },
    MailboxExists(Vec<Text>),
    SpecialUseExists {
        mailbox: Option<Text>,
        uses: Vec<Text>,
    },
    Duplicate(Box<Duplicate>),
}

/// A part of an address (RFC 5228 §2.7.4, RFC 5233 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum AddressPart {
    #[default]
    All,
    LocalPart,
    Domain,
    User,
    Detail,
}

/// What `body` looks at (RFC 5173 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Transform {
    Raw,
    Content(Vec<Text>),
    Text,
}

/// In which zone `date` counts (RFC 5260 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Zone {
    /// The box's own.
    Local,
    /// That of the date itself.
    Original,
    /// `+hhmm`, in minutes.
    Offset(i32),
}

/// `duplicate` (RFC 7352).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Duplicate {
    pub handle: Option<Text>,
    /// What tells messages apart; by `Message-ID` when absent.
    pub unique: Unique,
    /// How long it is remembered; `None` is the default.
    pub seconds: Option<u64>,
    /// Each repetition begins the time anew.
    pub last: bool,
}

/// What tells messages apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unique {
    /// The first field of this name.
    Header(Text),
    /// A text.
    Id(Text),
}

impl Text {
    /// A text without variables.
    pub(super) fn literal(text: impl Into<String>) -> Text {
        Text(vec![Piece::Literal(text.into())])
    }

    /// What it says, when it has no variables.
    pub(super) fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
