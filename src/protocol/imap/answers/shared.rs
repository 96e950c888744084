//! Answers about rights and quotas.

use mailstead_storage::{AccountId, Error, Owner, Quota as Limits, Result, Rights, RightsChange, Store, Usage, Word};

use super::place::Asker;
use super::{ImapAnswers, Told};
use crate::log::Level;
use crate::protocol::imap::question::{Quota, QuotaOf};
use crate::work;

impl ImapAnswers {
    pub(super) async fn set_rights(
        &self,
        account: AccountId,
        name: String,
        identifier: String,
        change: RightsChange,
    ) -> Told<()> {
        let store = self.house.store.clone();
        let found = work::read(move || {
            let asker = Asker::new(&store, account)?;
            let mailbox = asker.find(&name, Rights::ADMINISTER)?.mailbox.id;
            Ok((mailbox, asker.identifier(&identifier)?))
        });
        let (mailbox, identifier) = self.told(found.await)?;
        self.told(self.house.store.set_rights(mailbox, &identifier, change).await)?;
        let event = self.event(Level::Info, "rights set").with("mailbox", u64::from(mailbox.0));
        self.house.log.write(event.with("identifier", identifier).with("change", format!("{change:?}")));
        Ok(())
    }

    pub(super) async fn set_quota(&self, account: AccountId, root: String, limits: Limits) -> Told<Option<Quota>> {
        let store = self.house.store.clone();
        let owner = work::read(move || {
            let asker = Asker::new(&store, account)?;
            let owner = asker.quota_root(&root)?;
            match asker.may_set_quota(&root) {
                true => Ok(owner),
                false => Err(Error::new(Word::Denied, "only administrators set quotas")),
            }
        });
        let owner = self.told(owner.await)?;
        self.told(self.house.store.set_quota(owner, limits).await)?;
        let event = self.event(Level::Info, "quota set").with("owner", u64::from(owner.0));
        self.house.log.write(event.with("bytes", limits.bytes).with("messages", limits.messages));
        let store = self.house.store.clone();
        self.told(work::read(move || quota_of(&store, owner)).await)
    }
}

/// The entries of a mailbox's list, that of its owner included.
pub fn acl(store: &Store, account: AccountId, name: &str) -> Result<Vec<(String, Rights)>> {
    let asker = Asker::new(store, account)?;
    let mailbox = asker.find(name, Rights::ADMINISTER)?.mailbox;
    let (_, acl) = store.acl(mailbox.id)?;
    match asker.owner_address(&mailbox) {
        Some(owner) if acl.is_empty() => Ok(vec![(owner.to_owned(), Rights::ALL)]),
        _ => Ok(acl.entries().map(|(identifier, rights)| (identifier.to_owned(), rights)).collect()),
    }
}

/// The rights that an identifier always has on a mailbox.
pub fn required_rights(store: &Store, account: AccountId, name: &str, identifier: &str) -> Result<Rights> {
    let asker = Asker::new(store, account)?;
    let mailbox = asker.find(name, Rights::ADMINISTER)?.mailbox;
    let identifier = asker.identifier(identifier)?;
    let is_owner = asker.owner_address(&mailbox) == Some(&identifier);
    Ok(if is_owner { Rights::OWNER } else { Rights::NONE })
}

/// What the user may do with a mailbox.
pub fn my_rights(store: &Store, account: AccountId, name: &str) -> Result<Rights> {
    Ok(Asker::new(store, account)?.find(name, Rights::LOOKUP)?.rights)
}

/// A quota that the user may see; none where there is no limit.
pub fn quota(store: &Store, account: AccountId, of: &QuotaOf) -> Result<Option<Quota>> {
    let asker = Asker::new(store, account)?;
    let owner = match of {
        QuotaOf::Root(root) => asker.quota_root(root)?,
        QuotaOf::Mailbox(name) => asker.find(name, Rights::READ)?.mailbox.account,
    };
    quota_of(store, owner)
}

fn quota_of(store: &Store, owner: AccountId) -> Result<Option<Quota>> {
    let directory = store.directory();
    let (root, limits) = match directory.owner(owner) {
        Some(Owner::Account(account)) => (account.address.clone(), account.quota()),
        Some(Owner::Domain(domain)) => (domain.name.clone(), domain.quota()),
        None => return Ok(None),
    };
    if limits.is_unlimited() {
        return Ok(None);
    }
    Ok(Some(Quota { root, used: store.usage(owner)?, limits }))
}

/// # Errors
/// `OverQuota` when so much more would go over the owner's quota.
pub fn check_quota(store: &Store, owner: AccountId, more: Usage) -> Result<()> {
    let directory = store.directory();
    let limits = directory.owner(owner).map_or(Limits::default(), Owner::quota);
    if limits.is_unlimited() || limits.allows(store.usage(owner)?.plus(more)) {
        return Ok(());
    }
    Err(Error::new(Word::OverQuota, "the message would go over the quota"))
}
