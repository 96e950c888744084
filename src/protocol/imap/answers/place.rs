//! Mailboxes as one user sees them: which a name means, and what the user may do there (RFC 2342, RFC 4314).

use std::sync::Arc;

use mailstead_storage::{
    ANYONE, Account, AccountId, Acl, Directory, Error, Mailbox, MailboxId, Owner, Result, Rights, Role, Store, Word,
};

use crate::protocol::imap::namespace::{Named, name_among, named};

/// The user who asks.
pub struct Asker<'a> {
    store: &'a Store,
    directory: Arc<Directory>,
    account: Arc<Account>,
}

/// A mailbox that the user sees.
pub struct Place {
    /// The mailbox, by the name that its owner gives it.
    pub mailbox: Mailbox,
    /// The name by which the user sees it.
    pub name: String,
    /// What the user may do there.
    pub rights: Rights,
}

/// Where a mailbox can be made.
pub struct Room {
    /// Whose it will be.
    pub owner: AccountId,
    /// Its name among the owner's.
    pub name: String,
    /// It stands at the top of a domain's and takes over no rights: its maker, of this address, gets all.
    pub maker: Option<String>,
}

impl Place {
    /// The mailbox, by the name by which the user sees it.
    pub fn told(self) -> Mailbox {
        Mailbox { name: self.name, ..self.mailbox }
    }
}

fn denied() -> Error {
    Error::new(Word::Denied, "you have not the right to do this")
}

fn missing(name: &str) -> Error {
    Error::new(Word::NotFound, format!("no mailbox {name:?}"))
}

impl<'a> Asker<'a> {
    /// The user with this account.
    ///
    /// # Errors
    /// `Denied` when the account is gone.
    pub fn new(store: &'a Store, account: AccountId) -> Result<Asker<'a>> {
        let directory = store.directory();
        let account = directory.accounts.get(&account).cloned().ok_or_else(denied)?;
        Ok(Asker { store, directory, account })
    }

    /// The mailbox of that name, when the user has these rights on it. One that is not visible looks as if it
    /// did not exist.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub fn find(&self, name: &str, needed: Rights) -> Result<Place> {
        let (owner, inner) = self.owner(name).ok_or_else(|| missing(name))?;
        let (mailbox, acl) = self.store.mailbox_and_acl(owner, inner)?.ok_or_else(|| missing(name))?;
        let rights = self.rights(owner, &acl);
        if !rights.has(Rights::LOOKUP) {
            return Err(missing(name));
        }
        if !rights.has(needed) {
            return Err(denied());
        }
        let name = format!("{}{}", &name[..name.len() - inner.len()], mailbox.name);
        Ok(Place { mailbox, name, rights })
    }

    /// What the user may do with a mailbox.
    ///
    /// # Errors
    /// `NotFound`, also when the mailbox may not be read (any more).
    pub fn rights_on(&self, mailbox: MailboxId) -> Result<Rights> {
        let (mailbox, acl) = self.store.acl(mailbox)?;
        let rights = self.rights(mailbox.account, &acl);
        if rights.has(Rights::LOOKUP.with(Rights::READ)) { Ok(rights) } else { Err(missing(&mailbox.name)) }
    }

    /// What the user may do with these mailboxes of their own, in their order.
    pub fn own_rights(&self, mailboxes: &[Mailbox]) -> Result<Vec<Rights>> {
        let ids: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.id).collect();
        Ok(self.store.acls(&ids)?.iter().map(|acl| self.rights(self.account.id, acl)).collect())
    }

    /// The mailboxes of others that the user sees.
    pub fn others(&self) -> Result<Vec<Place>> {
        let mut found = self.store.mailboxes_naming(&self.account.address)?;
        if self.account.role != Role::User {
            found.extend(self.administered()?);
            found.sort_by_key(|(mailbox, _)| mailbox.id);
            found.dedup_by_key(|(mailbox, _)| mailbox.id);
        }
        let foreign = found.into_iter().filter(|(mailbox, _)| mailbox.account != self.account.id);
        let places = foreign.filter_map(|(mailbox, acl)| {
            // What it is for, it is for its owner (RFC 6154 §2).
            let mailbox = Mailbox { special_use: None, ..mailbox };
            let rights = self.rights(mailbox.account, &acl);
            let name = name_among(self.directory.owner(mailbox.account)?, &mailbox.name);
            rights.has(Rights::LOOKUP).then_some(Place { mailbox, name, rights })
        });
        Ok(places.collect())
    }

    /// The mailboxes of the domains that the user administers.
    fn administered(&self) -> Result<Vec<(Mailbox, Acl)>> {
        let mut found = Vec::new();
        for domain in self.directory.domains.values().filter(|domain| self.account.administers(&domain.name)) {
            let mailboxes = self.store.mailboxes(domain.mailboxes)?;
            let ids: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.id).collect();
            found.extend(mailboxes.into_iter().zip(self.store.acls(&ids)?));
        }
        Ok(found)
    }

    /// Where a mailbox of that name can be made: at the top of what the user owns or administers, or below a
    /// mailbox that gives the right to it.
    ///
    /// # Errors
    /// `Denied`, `Invalid` when the name means no mailbox.
    pub fn room(&self, name: &str) -> Result<Room> {
        if named(name) == Named::Level {
            return Err(Error::new(Word::Invalid, "under this name stand the mailboxes of others"));
        }
        let (owner, inner) = self.owner(name).ok_or_else(denied)?;
        let room = Room { owner, name: inner.to_owned(), maker: None };
        for (end, _) in inner.rmatch_indices('/') {
            if let Some((_, acl)) = self.store.mailbox_and_acl(owner, &inner[..end])? {
                let may = self.rights(owner, &acl).has(Rights::LOOKUP.with(Rights::CREATE));
                return if may { Ok(room) } else { Err(denied()) };
            }
        }
        match self.directory.owner(owner) {
            Some(Owner::Account(account)) if account.id == self.account.id => Ok(room),
            Some(Owner::Domain(domain)) if self.account.administers(&domain.name) => {
                Ok(Room { maker: Some(self.account.address.clone()), ..room })
            }
            _ => Err(denied()),
        }
    }

    /// An identifier as lists of rights have it: an account's address (the domain may be left out when it is the
    /// user's own) or `anyone`, perhaps with `-` before it.
    ///
    /// # Errors
    /// `Invalid` when there is no such user.
    pub fn identifier(&self, text: &str) -> Result<String> {
        let text = text.to_lowercase();
        let (sign, who) = text.strip_prefix('-').map_or(("", text.as_str()), |who| ("-", who));
        let domain = self.account.address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let who = if who.contains('@') || who == ANYONE { who.to_owned() } else { format!("{who}@{domain}") };
        if who == ANYONE || self.directory.by_address.contains_key(&who) {
            return Ok(format!("{sign}{who}"));
        }
        Err(Error::new(Word::Invalid, "there is no such user"))
    }

    /// The address of the account that a mailbox belongs to; none has a domain's.
    pub fn owner_address(&self, mailbox: &Mailbox) -> Option<&str> {
        self.directory.accounts.get(&mailbox.account).map(|account| account.address.as_str())
    }

    /// The number of an owner by the name that is its quota root: an address, or a domain.
    ///
    /// # Errors
    /// `NotFound`, also when the root is not the user's and of no domain that the user administers.
    pub fn quota_root(&self, name: &str) -> Result<AccountId> {
        let domain = name.rsplit_once('@').map_or(name, |(_, domain)| domain);
        let account = self.directory.by_address.get(name).map(|account| account.id);
        let found = account.or_else(|| self.directory.domains.get(name).map(|domain| domain.mailboxes));
        let known = found.filter(|id| *id == self.account.id || self.account.administers(domain));
        known.ok_or_else(|| Error::new(Word::NotFound, format!("no quota root {name:?}")))
    }

    /// May the user set the quota of this root?
    pub fn may_set_quota(&self, name: &str) -> bool {
        self.account.administers(name.rsplit_once('@').map_or(name, |(_, domain)| domain))
    }

    /// Is it a mailbox of the user's own?
    pub fn owns(&self, mailbox: &Mailbox) -> bool {
        mailbox.account == self.account.id
    }

    /// What its owner is told of who opens this mailbox: the owner's address with the mailbox's name, and who asks; none
    /// when it is the user's own or a domain's.
    pub fn visit(&self, mailbox: &Mailbox) -> Option<(String, String)> {
        let owner = self.directory.accounts.get(&mailbox.account).filter(|_| !self.owns(mailbox))?;
        Some((format!("{} {}", owner.address, mailbox.name), self.account.address.clone()))
    }

    /// May the user change the server's shared annotations?
    pub fn administers_all(&self) -> bool {
        self.account.role == Role::SystemAdministrator
    }

    /// Whose mailbox a name means, and its name among theirs.
    fn owner<'n>(&self, name: &'n str) -> Option<(AccountId, &'n str)> {
        match named(name) {
            Named::Own(name) => Some((self.account.id, name)),
            Named::OfUser(address, name) => Some((self.directory.by_address.get(address)?.id, name)),
            Named::OfDomain(domain, name) => Some((self.directory.domains.get(domain)?.mailboxes, name)),
            Named::Level => None,
        }
    }

    fn rights(&self, owner: AccountId, acl: &Acl) -> Rights {
        let address = &self.account.address;
        if owner == self.account.id {
            return acl.owner_rights(address);
        }
        match self.directory.owner(owner) {
            Some(Owner::Domain(domain)) if self.account.administers(&domain.name) => {
                acl.granted(address).with(Rights::ADMINISTRATOR)
            }
            _ => acl.granted(address),
        }
    }
}
