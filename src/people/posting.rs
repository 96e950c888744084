//! Mail straight into a mailbox: the right `p` (RFC 4314 §2.1). Who sends by SMTP is not known, so what counts is what
//! `anyone` has.

use mailstead_storage::{ANYONE, Domain, MailboxId, Owner, Result, Rights, Usage};

use super::People;

/// The local part whose subaddresses are a domain's shared mailboxes: `shared+News@example.org`.
pub const SHARED_LOCAL_PART: &str = "shared";

impl People {
    /// The shared mailbox of that name, in any case, when mail may be sent to it. Reads storage.
    ///
    /// # Errors
    /// Those of reading.
    pub fn shared_mailbox(&self, domain: &Domain, name: &str) -> Result<Option<MailboxId>> {
        let mailboxes = self.store().mailboxes(domain.mailboxes)?;
        let exact = mailboxes.iter().find(|mailbox| mailbox.name == name);
        let any_case = || mailboxes.iter().find(|mailbox| mailbox.name.to_lowercase() == name.to_lowercase());
        let Some(found) = exact.or_else(any_case) else { return Ok(None) };
        Ok(self.takes_mail(found.id)?.then_some(found.id))
    }

    /// May mail be sent to this mailbox? To a domain's, when `anyone` was given the right; to a user's own, unless
    /// it was taken from `anyone`. Reads storage.
    ///
    /// # Errors
    /// `NotFound`, and those of reading.
    pub fn takes_mail(&self, mailbox: MailboxId) -> Result<bool> {
        let (mailbox, acl) = self.store().acl(mailbox)?;
        Ok(match self.store().directory().owner(mailbox.account) {
            Some(Owner::Domain(_)) => acl.granted(ANYONE).has(Rights::POST),
            _ => !acl.entry("-anyone").has(Rights::POST),
        })
    }

    /// Would a message of `size` bytes go over what the shared mailboxes of this domain may hold? Reads storage,
    /// unless there is no limit.
    pub fn over_shared_quota(&self, domain: &Domain, size: u64) -> bool {
        let held = || self.store().usage(domain.mailboxes).unwrap_or_default();
        let quota = domain.quota();
        !quota.is_unlimited() && !quota.allows(held().plus(Usage { bytes: size, messages: 1 }))
    }
}
