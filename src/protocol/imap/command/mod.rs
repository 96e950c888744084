//! The commands: one file each, and one table that says when each is allowed and what it may tell.
//! Adding a command is one file and one line in [`TABLE`].

mod acl;
mod append;
mod arranged;
mod authenticate;
mod cancelupdate;
mod capability;
mod close;
mod compress;
mod copy;
mod create;
mod delete;
mod enable;
mod esearch;
mod expunge;
mod fetch;
mod finding;
mod genurlauth;
mod id;
mod idle;
mod list;
mod login;
mod logout;
mod lsub;
mod metadata;
mod namespace;
mod noop;
mod notify;
mod observe;
mod progress;
mod quota;
mod refresh;
mod rename;
mod replace;
mod resetkey;
mod returns;
mod rights;
mod run;
mod search;
mod select;
mod sort;
mod starttls;
mod status;
mod store;
mod subscribe;
mod tell;
mod thread;
mod unauthenticate;
mod unselect;
mod update;
mod urlfetch;

use mailstead_storage::Rights;

pub use list::attribute;
pub use run::{Desk, Next, Run};
use run::{now, once};
pub use tell::Tell;
pub use urlfetch::Metadata;

use super::frame::Literal;
use super::session::Core;
use super::wire::{Parsed, Parser, Reply, Syntax};

/// In which states a command is allowed (RFC 3501 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum States {
    /// In each.
    Any,
    /// Before the login only.
    NotAuthenticated,
    /// After the login, with or without a mailbox selected.
    Authenticated,
    /// With a mailbox selected.
    Selected,
    /// With a mailbox selected that may be changed.
    Writable,
}

/// What a command may tell of what others have done (RFC 3501 §5.2, §7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Nothing.
    Nothing,
    /// All but expunges: the client may be using sequence numbers.
    NoExpunges,
    /// All.
    All,
}

/// Makes the command from its arguments; the parser stands behind its name.
type Begin = fn(&mut Parser<'_>, &mut Core) -> Parsed<Box<dyn Run>>;

/// What is known of one command.
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// In which states it is allowed.
    pub states: States,
    /// What it may tell.
    pub tells: Tells,
    /// The rights on the selected mailbox without which it fails (RFC 4314 §4).
    pub needs: Rights,
    begin: Begin,
}

const fn row(name: &'static str, states: States, tells: Tells, begin: Begin) -> Row {
    Row { name, states, tells, needs: Rights::NONE, begin }
}

impl Row {
    const fn needing(self, needs: Rights) -> Row {
        Row { needs, ..self }
    }

    /// Does it take messages, which stream?
    pub fn takes_messages(&self) -> bool {
        ["APPEND", "REPLACE", "UID REPLACE"].contains(&self.name)
    }

    /// Does it name messages by sequence numbers?
    fn takes_numbers(&self) -> bool {
        ["SEARCH", "SORT", "THREAD", "FETCH", "STORE", "COPY", "MOVE", "REPLACE"].contains(&self.name)
    }
}

/// What takes a message out of a mailbox for good.
const REMOVE: Rights = Rights::DELETE_MESSAGES.with(Rights::EXPUNGE);

/// All commands.
const TABLE: &[Row] = {
    use States::{Any, Authenticated, NotAuthenticated, Selected, Writable};
    use Tells::{All, NoExpunges, Nothing};
    &[
        row("CAPABILITY", Any, All, capability::begin),
        row("NOOP", Any, All, noop::begin),
        row("LOGOUT", Any, Nothing, logout::begin),
        row("ID", Any, All, id::begin),
        row("STARTTLS", NotAuthenticated, Nothing, starttls::begin),
        row("LOGIN", NotAuthenticated, Nothing, login::begin),
        row("AUTHENTICATE", NotAuthenticated, Nothing, authenticate::begin),
        row("UNAUTHENTICATE", Authenticated, Nothing, unauthenticate::begin),
        row("COMPRESS", Authenticated, Nothing, compress::begin),
        row("ENABLE", Authenticated, All, enable::begin),
        row("SELECT", Authenticated, Nothing, select::begin),
        row("EXAMINE", Authenticated, Nothing, select::begin_examine),
        row("CREATE", Authenticated, All, create::begin),
        row("DELETE", Authenticated, All, delete::begin),
        row("RENAME", Authenticated, All, rename::begin),
        row("SUBSCRIBE", Authenticated, All, subscribe::begin),
        row("UNSUBSCRIBE", Authenticated, All, subscribe::begin_unsubscribe),
        row("LIST", Authenticated, All, list::begin),
        row("LSUB", Authenticated, All, lsub::begin),
        row("NAMESPACE", Authenticated, All, namespace::begin),
        row("STATUS", Authenticated, All, status::begin),
        row("GETQUOTA", Authenticated, All, quota::begin),
        row("GETQUOTAROOT", Authenticated, All, quota::begin_root),
        row("SETQUOTA", Authenticated, All, quota::begin_set),
        row("GETACL", Authenticated, All, acl::begin_get),
        row("SETACL", Authenticated, All, acl::begin_set),
        row("DELETEACL", Authenticated, All, acl::begin_delete),
        row("LISTRIGHTS", Authenticated, All, rights::begin_list),
        row("MYRIGHTS", Authenticated, All, rights::begin_my),
        row("GETMETADATA", Authenticated, All, metadata::begin_get),
        row("SETMETADATA", Authenticated, All, metadata::begin_set),
        row("APPEND", Authenticated, All, append::begin),
        row("GENURLAUTH", Authenticated, All, genurlauth::begin),
        row("RESETKEY", Authenticated, All, resetkey::begin),
        row("URLFETCH", Authenticated, All, urlfetch::begin),
        row("NOTIFY", Authenticated, All, notify::begin),
        row("ESEARCH", Authenticated, All, esearch::begin),
        row("IDLE", Authenticated, All, idle::begin),
        row("CHECK", Selected, All, noop::begin),
        row("CLOSE", Selected, Nothing, close::begin),
        row("UNSELECT", Selected, Nothing, unselect::begin),
        row("CANCELUPDATE", Selected, All, cancelupdate::begin),
        row("EXPUNGE", Writable, All, expunge::begin).needing(Rights::EXPUNGE),
        row("SEARCH", Selected, NoExpunges, search::begin),
        row("SORT", Selected, NoExpunges, sort::begin),
        row("THREAD", Selected, NoExpunges, thread::begin),
        row("FETCH", Selected, NoExpunges, fetch::begin),
        row("STORE", Writable, NoExpunges, store::begin),
        row("COPY", Selected, All, copy::begin),
        row("MOVE", Writable, All, copy::begin_move).needing(REMOVE),
        row("REPLACE", Writable, All, replace::begin).needing(REMOVE),
        row("UID REPLACE", Writable, All, replace::begin_uid).needing(REMOVE),
        row("UID EXPUNGE", Writable, All, expunge::begin_uid).needing(Rights::EXPUNGE),
        row("UID SEARCH", Selected, All, search::begin_uid),
        row("UID SORT", Selected, All, sort::begin_uid),
        row("UID THREAD", Selected, All, thread::begin_uid),
        row("UID FETCH", Selected, All, fetch::begin_uid),
        row("UID STORE", Writable, All, store::begin_uid),
        row("UID COPY", Selected, All, copy::begin_uid),
        row("UID MOVE", Writable, All, copy::begin_uid_move).needing(REMOVE),
    ]
};

/// Stands for a command while something is told that no command asks for.
pub const TELLING: Row = row("notified", States::Any, Tells::Nothing, noop::begin);

/// A command with its tag and its row.
pub type Begun = (Box<str>, &'static Row, Box<dyn Run>);

/// Begins the command in `text`.
///
/// # Errors
/// The reply that says why it cannot be begun.
pub fn begin(text: &[u8], core: &mut Core) -> Result<Begun, Reply> {
    let mut parser = Parser::new(text).with_names_in(core.enabled.utf8());
    let (tag, row) = head(&mut parser)?;
    allowed(row, core)?;
    let run = (row.begin)(&mut parser, core)?;
    Ok((tag.into(), row, run))
}

/// Begins the command in `text` when the literal announced at its end is a message that streams.
pub fn begin_streamed(text: &[u8], literal: Literal, core: &mut Core) -> Option<Begun> {
    let mut parser = Parser::new(text).with_names_in(core.enabled.utf8());
    let (tag, row) = head(&mut parser).ok().filter(|(_, row)| row.takes_messages())?;
    allowed(row, core).ok()?;
    let run = match row.name {
        "APPEND" => append::begin_streamed(&mut parser, literal, None, core)?,
        name => replace::begin_streamed(&mut parser, literal, name == "UID REPLACE", core)?,
    };
    Some((tag.into(), row, run))
}

/// Reads tag and name.
fn head<'a>(parser: &mut Parser<'a>) -> Parsed<(&'a str, &'static Row)> {
    let tag = parser.tag()?;
    parser.byte(b' ', "Missing command")?;
    let mut name = parser.atom().map_err(|_| Syntax("Missing command"))?.to_ascii_uppercase();
    if name == "UID" {
        parser.space()?;
        name = format!("UID {}", parser.atom()?.to_ascii_uppercase());
    }
    let row = TABLE.iter().find(|row| row.name == name).ok_or(Syntax("Unknown command"))?;
    Ok((tag, row))
}

/// Is the command allowed in this state?
fn allowed(row: &Row, core: &Core) -> Result<(), Reply> {
    match (row.states, &core.login, &core.selected) {
        (States::NotAuthenticated, Some(_), _) => Err(Reply::bad("Already logged in")),
        (States::Any | States::NotAuthenticated, _, _) => Ok(()),
        (_, None, _) => Err(Reply::bad("Log in first")),
        (States::Authenticated, _, _) => Ok(()),
        _ if core.enabled.uid_only && row.takes_numbers() => Err(Reply::uid_required()),
        (_, _, None) => Err(Reply::bad("Select a mailbox first")),
        (_, _, Some(mailbox)) if !mailbox.rights.has(row.needs) => {
            Err(Reply::no("NOPERM", "You have not the right to do this here"))
        }
        (States::Writable, _, Some(mailbox)) if mailbox.read_only => {
            Err(Reply::no(if mailbox.examined { "CANNOT" } else { "NOPERM" }, "Mailbox is read-only"))
        }
        _ => Ok(()),
    }
}
