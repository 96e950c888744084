//! The scripts of users, and what their rules remember.

use super::Store;
use crate::{rules, *};

impl Store {
    /// The scripts of an account, by name.
    pub fn scripts(&self, account: AccountId) -> Result<Vec<ScriptEntry>> {
        let active = self.directory().accounts.get(&account).and_then(|account| account.script.clone());
        let active = active.as_ref().map(|script| script.name.as_str());
        self.0.shared.look(|transaction| rules::scripts(transaction, account, active))
    }

    /// The text of a script.
    pub fn script(&self, account: AccountId, name: &str) -> Result<Option<String>> {
        self.0.shared.look(|transaction| rules::script(transaction, account, name))
    }

    /// Would there be room for a script of so many bytes?
    ///
    /// # Errors
    /// Those of [`put_script`](Store::put_script).
    pub fn check_script_room(&self, account: AccountId, name: &str, bytes: usize) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| rules::check_room(tables, account, &name, bytes))
    }

    /// Adds a script, or replaces the text of one. The active one stays active.
    ///
    /// # Errors
    /// `NotFound` (the account), `Invalid` (the name), `OverQuota` (its size), `Limit` (their number).
    pub fn put_script(&self, account: AccountId, name: &str, text: String) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| rules::put_script(tables, account, &name, &text))
    }

    /// Removes a script.
    ///
    /// # Errors
    /// `NotFound`, `NotAllowed` (the active one).
    pub fn remove_script(&self, account: AccountId, name: &str) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| rules::remove_script(tables, account, &name))
    }

    /// Renames a script. The active one stays active.
    ///
    /// # Errors
    /// `NotFound`, `Exists`, `Invalid`.
    pub fn rename_script(&self, account: AccountId, from: &str, to: &str) -> Pending<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.write(move |tables| rules::rename_script(tables, account, &from, &to))
    }

    /// Makes this script the one that runs for the account's mail, or none.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn activate_script(&self, account: AccountId, name: Option<&str>) -> Pending<()> {
        let name = name.map(str::to_owned);
        self.write(move |tables| rules::activate(tables, account, name.as_deref()))
    }

    /// Do an account's rules remember this at `now`?
    pub fn remembers(&self, account: AccountId, key: u128, now: Time) -> Result<bool> {
        self.0.shared.look(|transaction| rules::remembers(transaction, account, key, now))
    }

    /// Forgets what rules need not remember any more.
    pub fn forget_memories(&self, now: Time) -> Result<()> {
        if self.0.shared.look(|transaction| rules::can_forget(transaction, now))? {
            self.write(move |tables| rules::forget(tables, now)).wait()?;
        }
        Ok(())
    }
}
