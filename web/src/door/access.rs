//! Who may use a route.

use mailstead_storage::Role;

/// Who may use a route. A higher one may do all that a lower one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Everybody, without a login.
    Anonymous,
    /// Whoever has a mailbox.
    User,
    /// Who administers a domain.
    DomainAdmin,
    /// Who administers the whole box.
    SystemAdmin,
}

impl From<Role> for Access {
    fn from(role: Role) -> Access {
        match role {
            Role::User => Access::User,
            Role::DomainAdministrator => Access::DomainAdmin,
            Role::SystemAdministrator => Access::SystemAdmin,
        }
    }
}
