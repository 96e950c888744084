//! What is known of passwords beyond their hashes.

use super::Store;
use crate::*;

impl Store {
    /// Keeps what is known of an account's password.
    pub fn put_password_record(&self, account: AccountId, record: PasswordRecord) -> Pending<()> {
        self.write(move |tables| password::put(tables, account, &record))
    }

    /// The age of an account's password counts from `now`, unless it is known already.
    pub fn begin_password_age(&self, account: AccountId, now: Time) -> Pending<()> {
        self.write(move |tables| password::begin_age(tables, account, now))
    }

    /// What is known of an account's password.
    pub fn password_record(&self, account: AccountId) -> Result<Option<PasswordRecord>> {
        self.0.shared.look(|transaction| password::record(transaction, account))
    }

    /// What is known of all passwords, by account.
    pub fn password_records(&self) -> Result<Vec<(AccountId, PasswordRecord)>> {
        self.0.shared.look(password::all)
    }
}
