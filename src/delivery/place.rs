//! Mailboxes by what rules and addresses call them.

use mailstead_storage::{AccountId, Error, Mailbox, MailboxId, SpecialUse, Store, Word};

/// The mailboxes of one account.
pub(super) struct Places<'a> {
    pub store: &'a Store,
    pub account: AccountId,
}

impl Places<'_> {
    /// INBOX.
    ///
    /// # Errors
    /// `NotFound`, and those of storage.
    pub(super) fn inbox(&self) -> Result<MailboxId, Error> {
        let inbox = self.store.mailbox(self.account, "INBOX")?;
        inbox.map(|mailbox| mailbox.id).ok_or_else(|| Error::new(Word::NotFound, "an account has no INBOX"))
    }

    /// The mailbox that a subaddress names. Addresses are often written in lower case whatever the mailbox's name.
    pub(super) fn subaddressed(&self, name: &str) -> Result<Option<MailboxId>, Error> {
        let exact = self.store.mailbox(self.account, name)?;
        let found = match exact {
            None => self.without_case(name)?,
            exact => exact,
        };
        Ok(found.map(|mailbox| mailbox.id))
    }

    fn without_case(&self, name: &str) -> Result<Option<Mailbox>, Error> {
        let name = name.to_lowercase();
        Ok(self.store.mailboxes(self.account)?.into_iter().find(|mailbox| mailbox.name.to_lowercase() == name))
    }

    /// The mailbox that a `fileinto` means. One that has to be made is made and subscribed to now, because a message can
    /// only be settled into a mailbox that exists.
    pub(super) fn find_or_make(
        &self,
        name: &str,
        create: bool,
        use_name: Option<&str>,
    ) -> Result<Option<MailboxId>, Error> {
        let wanted = use_name.and_then(special_use);
        if let Some(wanted) = wanted
            && let Some(mailbox) = self.store.mailbox_for(self.account, wanted)?
        {
            return Ok(Some(mailbox.id));
        }
        let found = self.store.mailbox(self.account, name)?;
        if found.is_some() || !create {
            return Ok(found.map(|mailbox| mailbox.id));
        }
        match self.store.create_mailbox(self.account, name, wanted).wait() {
            Ok(mailbox) => {
                drop(self.store.subscribe(self.account, name, true));
                Ok(Some(mailbox.id))
            }
            // Somebody else was first.
            Err(error) if error.word == Word::Exists => {
                Ok(self.store.mailbox(self.account, name)?.map(|mailbox| mailbox.id))
            }
            Err(error) if matches!(error.word, Word::Invalid | Word::Limit) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A special use by its name with its backslash (RFC 6154 §2).
pub(super) fn special_use(name: &str) -> Option<SpecialUse> {
    Some(match name.to_ascii_lowercase().as_str() {
        "\\drafts" => SpecialUse::Drafts,
        "\\sent" => SpecialUse::Sent,
        "\\junk" => SpecialUse::Junk,
        "\\trash" => SpecialUse::Trash,
        "\\archive" => SpecialUse::Archive,
        "\\flagged" => SpecialUse::Flagged,
        "\\all" => SpecialUse::All,
        _ => return None,
    })
}
