//! Rights on mailboxes, the mailboxes of others, quotas and annotations.

use super::Store;
use crate::*;

impl Store {
    /// The mailbox of that exact name (`INBOX` in any case), with its list of rights.
    pub fn mailbox_and_acl(&self, owner: AccountId, name: &str) -> Result<Option<(Mailbox, Acl)>> {
        let Ok(name) = mailbox::names::normal(name) else { return Ok(None) };
        self.0.shared.look(|transaction| mailbox::sharing::by_name(transaction, owner, &name))
    }

    /// A mailbox with its list of rights.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn acl(&self, mailbox: MailboxId) -> Result<(Mailbox, Acl)> {
        self.0.shared.look(|transaction| mailbox::sharing::by_id(transaction, mailbox))
    }

    /// Lists of rights of many mailboxes, in their order (one read transaction).
    pub fn acls(&self, mailboxes: &[MailboxId]) -> Result<Vec<Acl>> {
        self.0.shared.look(|transaction| mailbox::sharing::all(transaction, mailboxes))
    }

    /// The mailboxes, whoever owns them, whose list names this address or [`ANYONE`].
    pub fn mailboxes_naming(&self, address: &str) -> Result<Vec<(Mailbox, Acl)>> {
        self.0.shared.look(|transaction| mailbox::sharing::naming(transaction, address))
    }

    /// Changes the rights of an identifier (see [`Acl`]) on a mailbox, and wakes who watches it. The owner of the
    /// mailbox keeps [`Rights::OWNER`].
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Limit`.
    pub fn set_rights(&self, mailbox: MailboxId, identifier: &str, change: RightsChange) -> Pending<()> {
        let identifier = identifier.to_owned();
        self.write(move |tables| mailbox::sharing::set_rights(tables, mailbox, &identifier, change))
    }

    /// Sets what an account's mailboxes, or a domain's shared ones, may hold.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn set_quota(&self, owner: AccountId, quota: Quota) -> Pending<()> {
        self.write(move |tables| directory::rows::set_quota(tables, owner, quota))
    }

    /// Annotations (RFC 5464) of a mailbox, or of the server, that `wanted` wants by their names: those that the
    /// account has for itself and those that are shared.
    pub fn metadata(
        &self,
        mailbox: Option<MailboxId>,
        account: AccountId,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Annotation>> {
        self.0.shared.look(|transaction| mailbox::metadata::read(transaction, mailbox, account, wanted))
    }

    /// Sets annotations; those without a value are removed. All or nothing. Names are in lower case.
    ///
    /// # Errors
    /// `NotFound`, `Limit` (too many), `Invalid` (a name or a value is too long).
    pub fn set_metadata(
        &self,
        mailbox: Option<MailboxId>,
        account: AccountId,
        changes: Vec<(String, Option<Vec<u8>>)>,
    ) -> Pending<()> {
        self.write(move |tables| mailbox::metadata::write(tables, mailbox, account, &changes))
    }
}
