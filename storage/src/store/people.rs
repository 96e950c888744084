//! Domains, accounts, aliases, and who logged in when.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use redb::ReadableTable as _;

use super::Store;
use crate::tables::meta;
use crate::*;

impl Store {
    /// Everyone, as of now. Costs no read.
    pub fn directory(&self) -> Arc<Directory> {
        self.0.shared.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a domain.
    ///
    /// # Errors
    /// `Exists`.
    pub fn add_domain(&self, name: &str, now: Time) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| directory::rows::add_domain(tables, name, now))
    }

    /// Changes a domain's row.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn update_domain(&self, domain: Domain) -> Pending<()> {
        self.write(move |tables| directory::rows::update_domain(tables, &domain))
    }

    /// Removes a domain that has neither accounts nor aliases nor shared mailboxes.
    ///
    /// # Errors
    /// `NotFound`, `NotAllowed`.
    pub fn remove_domain(&self, name: &str) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| directory::rows::remove_domain(tables, &name))
    }

    /// Adds an account with INBOX and the special-use mailboxes Drafts, Sent, Junk, Trash and
    /// Archive, all subscribed.
    ///
    /// # Errors
    /// `Exists`, `NotFound` (the domain).
    pub fn add_account(&self, account: NewAccount, now: Time) -> Pending<AccountId> {
        self.write(move |tables| directory::rows::add_account(tables, account, now))
    }

    /// Changes an account's row; `id` and `address` must be those of the row.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn update_account(&self, account: Account) -> Pending<()> {
        self.write(move |tables| directory::rows::update_account(tables, &account))
    }

    /// Removes an account with all its mailboxes and messages.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_account(&self, account: AccountId) -> Pending<()> {
        self.write(move |tables| directory::rows::remove_account(tables, account))
    }

    /// Adds an alias, or replaces the targets of one that is there.
    ///
    /// # Errors
    /// `Exists` when an account has the address, `NotFound` (the domain).
    pub fn put_alias(&self, address: &str, targets: Vec<String>, now: Time) -> Pending<()> {
        let address = address.to_owned();
        self.write(move |tables| directory::rows::put_alias(tables, address, targets, now))
    }

    /// Removes an alias.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_alias(&self, address: &str) -> Pending<()> {
        let address = address.to_owned();
        self.write(move |tables| directory::rows::remove_alias(tables, &address))
    }

    /// What an account holds.
    pub fn usage(&self, account: AccountId) -> Result<Usage> {
        self.0.shared.look(|transaction| {
            let row = transaction.open_table(meta::USAGE)?.get(account.0)?;
            row.map_or(Ok(Usage::default()), |row| rows::decode_usage(row.value()))
        })
    }

    /// Notes a login; rides along with the next commit and never causes a sync of its own.
    pub fn note_login(&self, account: AccountId, login: LastLogin) {
        self.0.shared.meta.note(|notes| {
            notes.sources.insert((account, login.from.clone()), login.clone());
            notes.logins.insert(account, login);
        });
    }

    /// The last login of an account, one not yet durable included.
    pub fn last_login(&self, account: AccountId) -> Result<Option<LastLogin>> {
        if let Some(login) = self.0.shared.meta.noted(|notes| notes.logins.get(&account).cloned()) {
            return Ok(Some(login));
        }
        self.0.shared.look(|transaction| directory::rows::last_login(transaction, account))
    }

    /// When each account has last logged in; those that never have are absent.
    pub fn last_logins(&self) -> Result<HashMap<AccountId, Time>> {
        let noted = self.0.shared.meta.noted(|notes| notes.logins.clone());
        let mut logins = self.0.shared.look(directory::rows::last_logins)?;
        logins.extend(noted.into_iter().map(|(account, login)| (account, login.at)));
        Ok(logins)
    }

    /// What each account's mailboxes hold; those that never held anything may be absent.
    pub fn usages(&self) -> Result<HashMap<AccountId, Usage>> {
        self.0.shared.look(|transaction| {
            let table = transaction.open_table(meta::USAGE)?;
            let rows = table.iter()?.map(|row| {
                let (account, row) = row?;
                Ok((AccountId(account.value()), rows::decode_usage(row.value())?))
            });
            rows.collect()
        })
    }

    /// The last login of an account from each address, the latest first, those not yet durable included;
    /// [`LOGINS_MAX`] at most.
    pub fn logins(&self, account: AccountId) -> Result<Vec<LastLogin>> {
        let noted: Vec<LastLogin> = self.0.shared.meta.noted(|notes| {
            let own = notes.sources.iter().filter(|((owner, _), _)| *owner == account);
            own.map(|(_, login)| login.clone()).collect()
        });
        let mut logins = self.0.shared.look(|transaction| directory::rows::sources(transaction, account))?;
        logins.retain(|login| noted.iter().all(|fresher| fresher.from != login.from));
        logins.extend(noted);
        logins.sort_by_key(|login| std::cmp::Reverse(login.at));
        logins.truncate(LOGINS_MAX);
        Ok(logins)
    }
}
