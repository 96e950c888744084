//! Mailboxes as names: making, removing, renaming and subscribing to them.

use crate::mailbox::{change, sharing};
use crate::rows::MailboxRow;
use crate::write::Tables;
use crate::{
    AccountId, Counters, Error, Mailbox, MailboxId, OTHER_USERS, Result, SHARED, SpecialUse, Time, Word, directory,
};

/// Most bytes of a mailbox's full name.
pub(crate) const NAME_BYTES_MAX: usize = 1000;
/// Most levels of a mailbox's name.
pub(crate) const LEVELS_MAX: usize = 20;
/// Most names that an account can subscribe to.
pub(crate) const SUBSCRIPTIONS_MAX: usize = 10_000;
/// Most mailboxes of an account.
pub(crate) const MAILBOXES_MAX: usize = 10_000;

const INBOX: &str = "INBOX";

/// The name as it is stored: `INBOX` in upper case where it is the first level.
///
/// # Errors
/// `Invalid`.
pub(crate) fn normal(name: &str) -> Result<String> {
    let wrong = |why| Err(Error::new(Word::Invalid, format!("the mailbox name {why}")));
    if name.len() > NAME_BYTES_MAX {
        return wrong("is too long");
    }
    if name.split('/').count() > LEVELS_MAX {
        return wrong("has too many levels");
    }
    if name.split('/').any(str::is_empty) {
        return wrong("has an empty level");
    }
    if name.chars().any(char::is_control) {
        return wrong("has a control character");
    }
    let (first, rest) = name.split_at(name.find('/').unwrap_or(name.len()));
    Ok(if first.eq_ignore_ascii_case(INBOX) { format!("{INBOX}{rest}") } else { name.to_owned() })
}

/// # Errors
/// `Invalid` for names under which the mailboxes of others are seen.
fn check_own(name: &str) -> Result<()> {
    match name.split('/').next() {
        Some(OTHER_USERS | SHARED) => {
            Err(Error::new(Word::Invalid, "under this name stand the mailboxes of others; choose another one"))
        }
        _ => Ok(()),
    }
}

/// The names above this one, outermost first.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}

fn find(tables: &Tables, account: AccountId, name: &str) -> Result<Option<MailboxId>> {
    Ok(tables.mailbox_name.get((account.0, name))?.map(|id| MailboxId(id.value())))
}

/// # Errors
/// `NotFound`.
fn expect(tables: &Tables, account: AccountId, name: &str) -> Result<MailboxId> {
    find(tables, account, name)?.ok_or_else(|| Error::new(Word::NotFound, format!("there is no mailbox {name:?}")))
}

/// The account's names that begin with `prefix`, and their mailboxes.
fn below(tables: &Tables, account: AccountId, prefix: &str) -> Result<Vec<(String, MailboxId)>> {
    let mut found = Vec::new();
    for row in tables.mailbox_name.range((account.0, prefix)..(account.0 + 1, ""))? {
        let (key, id) = row?;
        let (_, name) = key.value();
        if !name.starts_with(prefix) {
            break;
        }
        found.push((name.to_owned(), MailboxId(id.value())));
    }
    Ok(found)
}

/// Those of `name` and its parents that are missing.
fn missing<'n>(tables: &Tables, account: AccountId, name: &'n str) -> Result<Vec<&'n str>> {
    let mut missing = Vec::new();
    for name in parents(name).chain([name]) {
        if find(tables, account, name)?.is_none() {
            missing.push(name);
        }
    }
    if missing.len() + below(tables, account, "")?.len() > MAILBOXES_MAX {
        return Err(Error::new(Word::Limit, format!("an account can have {MAILBOXES_MAX} mailboxes at most")));
    }
    Ok(missing)
}

fn make(tables: &mut Tables, account: AccountId, name: &str, special_use: Option<SpecialUse>) -> Result<Mailbox> {
    let id = MailboxId(tables.next_id("mailbox_next")?);
    let uid_validity = (tables.state("uid_validity")? + 1).max(Time::now().seconds());
    tables.set_state("uid_validity", uid_validity)?;
    let counters =
        Counters { uid_validity: uid_validity as u32, uid_next: 1, recent_from: 1, modseq: 1, ..Counters::default() };
    let row = MailboxRow { account, special_use, counters, vanished_rows: 0, name: name.to_owned() };
    tables.mailbox_name.insert((account.0, name), id.0)?;
    tables.put_mailbox(id, row.clone());
    if let Some((above, _)) = name.rsplit_once('/')
        && let Some(above) = find(tables, account, above)?
    {
        sharing::inherit(tables, above, id)?;
    }
    Ok(row.mailbox(id))
}

pub(crate) fn create(
    tables: &mut Tables,
    account: AccountId,
    name: &str,
    special_use: Option<SpecialUse>,
) -> Result<Mailbox> {
    let name = normal(name)?;
    check_own(&name)?;
    if !directory::rows::is_owner(tables, account)? {
        return Err(Error::new(Word::NotFound, "the account does not exist"));
    }
    if find(tables, account, &name)?.is_some() {
        return Err(Error::new(Word::Exists, format!("there is a mailbox {name:?} already")));
    }
    for parent in missing(tables, account, &name)?.into_iter().filter(|missing| *missing != name) {
        make(tables, account, parent, None)?;
    }
    make(tables, account, &name, special_use)
}

pub(crate) fn delete(tables: &mut Tables, account: AccountId, name: &str) -> Result<MailboxId> {
    let name = normal(name)?;
    if name == INBOX {
        return Err(Error::new(Word::NotAllowed, "INBOX cannot be removed"));
    }
    let id = expect(tables, account, &name)?;
    tables.doom_mailbox(id)?;
    Ok(id)
}

/// Has this owner any mailboxes?
pub(crate) fn has_any(tables: &Tables, owner: AccountId) -> Result<bool> {
    Ok(tables.mailbox_name.range((owner.0, "")..(owner.0 + 1, ""))?.next().is_some())
}

/// Removes all mailboxes of an account.
pub(crate) fn delete_all(tables: &mut Tables, account: AccountId) -> Result<()> {
    for (_, id) in below(tables, account, "")? {
        tables.doom_mailbox(id)?;
    }
    tables.subscription.retain_in((account.0, "")..(account.0 + 1, ""), |_, ()| false)?;
    Ok(())
}

pub(crate) fn rename(tables: &mut Tables, account: AccountId, from: &str, to: &str) -> Result<()> {
    let (from, to) = (normal(from)?, normal(to)?);
    check_own(&to)?;
    let id = expect(tables, account, &from)?;
    if find(tables, account, &to)?.is_some() {
        return Err(Error::new(Word::Exists, format!("there is a mailbox {to:?} already")));
    }
    if from == INBOX {
        let to = create(tables, account, &to, None)?;
        return change::move_all(tables, id, to.id, Time::now());
    }
    let inside = format!("{from}/");
    if to.starts_with(&inside) {
        return Err(Error::new(Word::Invalid, "a mailbox cannot be moved below itself"));
    }
    let mut renamed = vec![(from.clone(), to.clone(), id)];
    for (old, id) in below(tables, account, &inside)? {
        let new = normal(&format!("{to}{}", &old[from.len()..]))?;
        if find(tables, account, &new)?.is_some() {
            return Err(Error::new(Word::Exists, format!("there is a mailbox {new:?} already")));
        }
        renamed.push((old, new, id));
    }
    for parent in missing(tables, account, &to)?.into_iter().filter(|missing| *missing != to) {
        make(tables, account, parent, None)?;
    }
    for (old, new, id) in renamed {
        tables.mailbox_name.remove((account.0, old.as_str()))?;
        tables.mailbox_name.insert((account.0, new.as_str()), id.0)?;
        let row = MailboxRow { name: new, ..tables.mailbox(id)? };
        tables.put_mailbox(id, row);
    }
    Ok(())
}

pub(crate) fn subscribe(tables: &mut Tables, account: AccountId, name: &str, subscribed: bool) -> Result<()> {
    let name = normal(name)?;
    if subscribed && tables.subscription.range((account.0, "")..(account.0 + 1, ""))?.count() >= SUBSCRIPTIONS_MAX {
        return Err(Error::new(Word::Limit, format!("an account can have {SUBSCRIPTIONS_MAX} subscriptions at most")));
    }
    tables.begin_writing();
    if subscribed {
        tables.subscription.insert((account.0, name.as_str()), ())?;
    } else {
        tables.subscription.remove((account.0, name.as_str()))?;
    }
    tables.touch_account(account);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        fn check(name: &str, expected: Option<&str>) {
            assert_eq!(normal(name).ok().as_deref(), expected, "{name:?}");
        }
        check("inbox", Some("INBOX"));
        check("Inbox/Work", Some("INBOX/Work"));
        check("Work/inbox", Some("Work/inbox"));
        check("inboxes", Some("inboxes"));
        check("Größe/ß", Some("Größe/ß"));
        check("", None);
        check("/a", None);
        check("a/", None);
        check("a//b", None);
        check("a\0b", None);
        check("a\u{7f}", None);
        check(&"a/".repeat(19), None);
        check(&format!("{}a", "a/".repeat(19)), Some(&format!("{}a", "a/".repeat(19))));
        check(&format!("{}a", "a/".repeat(20)), None);
        check(&"a".repeat(1001), None);
    }
}
