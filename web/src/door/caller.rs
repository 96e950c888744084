//! Who asks: an extractor of handlers. Whoever handed it out has checked the login; a handler only asks
//! what the caller may do.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use mailstead_storage::{Account, AccountId, Role};

use super::{Access, Scope};
use crate::api::Problem;

/// Who asks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    role: Access,
    scope: Scope,
    account: Option<AccountId>,
    name: String,
    ip: Option<IpAddr>,
    means: Means,
    archive: bool,
    has_expired: bool,
}

/// By what the caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// By nothing: nobody has signed in.
    Nothing,
    /// Has the files of the box.
    Owner,
    /// By the web session with this number.
    Session(u64),
    /// By the API token with this number, which may change something or only look.
    Token {
        /// Its number.
        id: u64,
        /// May it change anything?
        writes: bool,
    },
}

impl Caller {
    /// The owner of the box, who speaks through the control socket (`"control socket"`) or runs a command
    /// on the store (`"command line"`).
    pub fn owner(name: &str) -> Caller {
        Caller::new(Access::SystemAdmin, Scope::Everything, None, name.to_string(), None, Means::Owner)
    }

    /// Somebody who has not signed in.
    pub fn anonymous(ip: Option<IpAddr>) -> Caller {
        Caller::new(Access::Anonymous, Scope::Nothing, None, "anonymous".into(), ip, Means::Nothing)
    }

    /// The same, with a password that is too old: nothing is open but to change it.
    pub(super) fn expired(self) -> Caller {
        let Inner { role, account, means, ip, .. } = *self.0;
        let (scope, name) = (self.0.scope.clone(), self.0.name.clone());
        Caller(Arc::new(Inner { role, scope, account, name, ip, means, archive: false, has_expired: true }))
    }

    /// The owner of an account, with no more rights than `most`.
    pub fn user(account: &Account, most: Access, ip: Option<IpAddr>, means: Means) -> Caller {
        let role = Access::from(account.role).min(most);
        let domain = || account.address.rsplit_once('@').map(|(_, domain)| domain.to_string());
        let scope = match role {
            Access::SystemAdmin => Scope::Everything,
            Access::DomainAdmin => Scope::Domains(domain().into_iter().collect()),
            Access::User => Scope::Own(account.address.clone()),
            Access::Anonymous => Scope::Nothing,
        };
        Caller::new(role, scope, Some(account.id), account.address.clone(), ip, means)
    }

    fn new(
        role: Access,
        scope: Scope,
        account: Option<AccountId>,
        name: String,
        ip: Option<IpAddr>,
        means: Means,
    ) -> Caller {
        let (ip, archive) = (ip.map(|ip| ip.to_canonical()), scope.is_everything());
        Caller(Arc::new(Inner { role, scope, account, name, ip, means, archive, has_expired: false }))
    }

    /// The same caller, who may see the archive of one of the own domains, as `has_rule` tells of them.
    pub(super) fn with_archive(mut self, has_rule: impl Fn(&str) -> bool) -> Caller {
        if let Some(inner) = Arc::get_mut(&mut self.0)
            && let Scope::Domains(domains) = &inner.scope
        {
            inner.archive = domains.iter().any(|domain| has_rule(domain));
        }
        self
    }

    /// Is there an archive for the caller to see?
    pub fn sees_archive(&self) -> bool {
        self.0.archive
    }

    /// What routes the caller may use.
    pub fn role(&self) -> Access {
        self.0.role
    }

    /// What the caller may see and change.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// Whose account it is; the box's owner has none.
    pub fn account(&self) -> Option<AccountId> {
        self.0.account
    }

    /// The main address, or what else the audit log calls the caller.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// From where; none from this machine's control socket.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.ip
    }

    /// By what the caller is known.
    pub fn means(&self) -> Means {
        self.0.means
    }

    /// Is the password too old, so that nothing is open but to change it?
    pub fn has_expired(&self) -> bool {
        self.0.has_expired
    }

    /// Is this address out of the caller's sight?
    ///
    /// # Errors
    /// As if it did not exist.
    pub fn must_cover_address(&self, address: &str) -> Result<(), Problem> {
        match self.scope().covers_address(address) {
            true => Ok(()),
            false => Err(Problem::not_found(format!("there is no {address} here"))),
        }
    }

    /// Is this domain out of the caller's sight?
    ///
    /// # Errors
    /// As if it did not exist.
    pub fn must_cover_domain(&self, domain: &str) -> Result<(), Problem> {
        match self.scope().covers_domain(domain) {
            true => Ok(()),
            false => Err(Problem::not_found(format!("there is no domain {domain}"))),
        }
    }

    /// May the caller act on accounts of this role, or give it?
    ///
    /// # Errors
    /// `denied` when it is above the caller's own.
    pub fn must_reach(&self, role: Role) -> Result<(), Problem> {
        match Access::from(role) <= self.role() {
            true => Ok(()),
            false => Err(Problem::denied("only a system administrator may do this to a system administrator")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Infallible> {
        Ok(parts.extensions.get::<Caller>().cloned().unwrap_or_else(|| Caller::anonymous(None)))
    }
}

#[cfg(test)]
impl Caller {
    /// An administrator of these domains, without an account.
    pub(crate) fn of_domains(domains: &[&str]) -> Caller {
        let scope = Scope::Domains(domains.iter().map(ToString::to_string).collect());
        Caller::new(Access::DomainAdmin, scope, None, "domain administrator".into(), None, Means::Session(1))
    }

    /// A user with this address, without an account.
    pub(crate) fn of_address(address: &str) -> Caller {
        Caller::new(Access::User, Scope::Own(address.into()), None, address.into(), None, Means::Session(1))
    }
}
