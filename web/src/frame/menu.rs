//! The menu: one list of entries, each with who may use it.

use crate::door::{Access, Caller};
use crate::texts::Key;

/// Entries that belong together.
struct Group {
    label: Key,
    entries: &'static [Entry],
}

/// A page that is reached from everywhere.
struct Entry {
    access: Access,
    path: &'static str,
    label: Key,
    /// Is it there for this caller, whose role is high enough?
    shown: fn(&Caller) -> bool,
}

const fn entry(access: Access, path: &'static str, label: Key) -> Entry {
    Entry { access, path, label, shown: |_| true }
}

/// The menu of a person who may do everything. A page that is to be in it is a line here.
const GROUPS: &[Group] = &[
    Group {
        label: Key("mail"),
        entries: &[
            entry(Access::SystemAdmin, "/dashboard", Key("dashboard")),
            entry(Access::DomainAdmin, "/spool", Key("spool")),
            entry(Access::DomainAdmin, "/trace", Key("message-trace")),
            Entry { shown: Caller::sees_archive, ..entry(Access::DomainAdmin, "/archive", Key("archive")) },
        ],
    },
    Group {
        label: Key("people"),
        entries: &[
            entry(Access::DomainAdmin, "/users", Key("users")),
            entry(Access::DomainAdmin, "/domains", Key("domains")),
            entry(Access::DomainAdmin, "/aliases", Key("aliases")),
            entry(Access::DomainAdmin, "/shared", Key("shared-mailboxes")),
            entry(Access::DomainAdmin, "/online", Key("online-users")),
            entry(Access::DomainAdmin, "/inactive", Key("inactive-users")),
            entry(Access::SystemAdmin, "/messages", Key("mass-messaging")),
        ],
    },
    Group {
        label: Key("safety"),
        entries: &[
            entry(Access::SystemAdmin, "/connections", Key("current-connections")),
            entry(Access::SystemAdmin, "/blocks", Key("current-blocks")),
            entry(Access::SystemAdmin, "/rules", Key("abuse-detection")),
            entry(Access::SystemAdmin, "/networks", Key("black-and-allowlist")),
        ],
    },
    Group {
        label: Key("system"),
        entries: &[
            entry(Access::SystemAdmin, "/services", Key("services")),
            entry(Access::SystemAdmin, "/indexing", Key("indexing")),
            entry(Access::SystemAdmin, "/logs", Key("logs")),
            entry(Access::SystemAdmin, "/audit", Key("audit-log")),
            entry(Access::SystemAdmin, "/settings", Key("settings")),
            entry(Access::DomainAdmin, "/password-policy", Key("password-policy")),
            entry(Access::DomainAdmin, "/compliance", Key("password-compliance")),
        ],
    },
    Group {
        label: Key("my-mailbox"),
        entries: &[
            entry(Access::User, "/me", Key("my-account")),
            entry(Access::User, "/me/mail", Key("mail-rules")),
            entry(Access::User, "/me/search", Key("search")),
            entry(Access::User, "/me/visits", Key("who-opened-it")),
            entry(Access::User, "/api", Key("api")),
        ],
    },
];

/// A group as a page shows it.
pub(crate) struct MenuGroup {
    pub(crate) label: Key,
    pub(crate) entries: Vec<MenuEntry>,
}

/// An entry as a page shows it.
pub(crate) struct MenuEntry {
    pub(crate) path: &'static str,
    pub(crate) label: Key,
    pub(crate) current: bool,
}

/// What this caller may use, which is nothing with a password that is too old; the entry of `section` is the current one.
pub(super) fn of(caller: &Caller, section: &str) -> Vec<MenuGroup> {
    let is_shown = |entry: &&Entry| entry.access <= caller.role() && !caller.has_expired() && (entry.shown)(caller);
    let row = |entry: &Entry| MenuEntry { path: entry.path, label: entry.label, current: entry.path == section };
    let groups = GROUPS.iter().map(|group| MenuGroup {
        label: group.label,
        entries: group.entries.iter().filter(is_shown).map(row).collect(),
    });
    groups.filter(|group| !group.entries.is_empty()).collect()
}
