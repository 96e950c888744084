//! The menu: one list of entries, each with who may use it.

use crate::door::{Access, Caller};

/// Entries that belong together.
struct Group {
    label: &'static str,
    entries: &'static [Entry],
}

/// A page that is reached from everywhere.
struct Entry {
    access: Access,
    path: &'static str,
    label: &'static str,
    /// Is it there for this caller, whose role is high enough?
    shown: fn(&Caller) -> bool,
}

const fn entry(access: Access, path: &'static str, label: &'static str) -> Entry {
    Entry { access, path, label, shown: |_| true }
}

/// The menu of a person who may do everything. A page that is to be in it is a line here.
const GROUPS: &[Group] = &[
    Group {
        label: "Mail",
        entries: &[
            entry(Access::SystemAdmin, "/dashboard", "Dashboard"),
            entry(Access::DomainAdmin, "/spool", "Spool"),
            entry(Access::DomainAdmin, "/trace", "Message trace"),
            Entry { shown: Caller::sees_archive, ..entry(Access::DomainAdmin, "/archive", "Archive") },
        ],
    },
    Group {
        label: "People",
        entries: &[
            entry(Access::DomainAdmin, "/users", "Users"),
            entry(Access::DomainAdmin, "/domains", "Domains"),
            entry(Access::DomainAdmin, "/aliases", "Aliases"),
            entry(Access::DomainAdmin, "/shared", "Shared mailboxes"),
            entry(Access::DomainAdmin, "/online", "Online users"),
            entry(Access::DomainAdmin, "/inactive", "Inactive users"),
            entry(Access::SystemAdmin, "/messages", "Mass messaging"),
        ],
    },
    Group {
        label: "Safety",
        entries: &[
            entry(Access::SystemAdmin, "/connections", "Current connections"),
            entry(Access::SystemAdmin, "/blocks", "Current blocks"),
            entry(Access::SystemAdmin, "/rules", "Abuse detection"),
            entry(Access::SystemAdmin, "/networks", "Black- and allowlist"),
        ],
    },
    Group {
        label: "System",
        entries: &[
            entry(Access::SystemAdmin, "/services", "Services"),
            entry(Access::SystemAdmin, "/logs", "Logs"),
            entry(Access::SystemAdmin, "/audit", "Audit log"),
            entry(Access::SystemAdmin, "/settings", "Settings"),
            entry(Access::DomainAdmin, "/password-policy", "Password policy"),
            entry(Access::DomainAdmin, "/compliance", "Password compliance"),
        ],
    },
    Group {
        label: "My mailbox",
        entries: &[
            entry(Access::User, "/me", "My account"),
            entry(Access::User, "/me/mail", "Mail rules"),
            entry(Access::User, "/api", "API"),
        ],
    },
];

/// A group as a page shows it.
pub(crate) struct MenuGroup {
    pub(crate) label: &'static str,
    pub(crate) entries: Vec<MenuEntry>,
}

/// An entry as a page shows it.
pub(crate) struct MenuEntry {
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
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
