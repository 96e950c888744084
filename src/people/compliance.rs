//! Whether passwords are as the policy wants them: judged when one is set or used to log in, because only then it is there
//! to be judged. What is kept is the verdict, never the password.

use std::sync::{Arc, PoisonError};

use mailstead_storage::{Account, AccountId, Error, PasswordRecord, Result, Word};

use super::password;
use super::policy::{FORMER_MAX, Policies, Policy, Rule};
use super::{Denied, People};
use crate::clock::{Time, timestamp};
use crate::work;

/// The setting that keeps the policies, as JSON.
const POLICIES: &str = "people.password_policies";

/// Longest password that can be asked for.
const LENGTH_MAX: u32 = 128;

/// Longest life of a password that can be asked for, months.
const MONTHS_MAX: u32 = 120;

/// How an account's password stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The rules it breaks; `None` while it was not seen since the policy was made.
    pub broken: Option<Vec<Rule>>,
    /// When it was set, as far as known.
    pub since: Option<Time>,
    /// When it has to be changed.
    pub ends: Option<Time>,
}

impl People {
    /// What passwords have to be like. Read from storage the first time only.
    ///
    /// # Errors
    /// Those of storage.
    pub fn password_policies(&self) -> Result<Arc<Policies>> {
        if let Some(known) = self.policies_cell().read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Ok(Arc::clone(known));
        }
        let kept = self.store().setting(POLICIES)?.filter(|kept| !kept.is_empty());
        let read = kept.map_or_else(|| Ok(Policies::default()), |kept| serde_json::from_str(&kept));
        let read = read.map_err(|error| Error::new(Word::Corrupt, format!("{POLICIES}: {error}")))?;
        Ok(self.know_policies(read))
    }

    fn know_policies(&self, policies: Policies) -> Arc<Policies> {
        let known = Arc::new(policies);
        *self.policies_cell().write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        known
    }

    /// Changes what passwords have to be like. The passwords there are stay as they are, and are judged when they are used.
    ///
    /// # Errors
    /// `Invalid` when too much is asked for.
    pub async fn set_password_policies(&self, policies: Policies) -> Result<()> {
        for policy in policies.domains.values().chain([&policies.standard]) {
            check(policy)?;
        }
        let text = serde_json::to_string(&policies).map_err(|error| Error::new(Word::Invalid, error.to_string()))?;
        self.store().set_setting(POLICIES, Some(text)).await?;
        self.know_policies(policies);
        Ok(())
    }

    /// Is the account's own password too old for its policy? Costs a read only where passwords have an end.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn is_password_expired(&self, account: &Account) -> Result<bool> {
        let policies = self.password_policies()?;
        let policy = policies.of(&account.address);
        if policy.months_max == 0 {
            return Ok(false);
        }
        let (store, id) = (self.store().clone(), account.id);
        let record = work::read(move || store.password_record(id)).await?;
        let ends = People::password_standing(policy, record.as_ref(), self.now()).ends;
        if ends.is_none() {
            // When it was set is not known: its time begins when it is first seen.
            self.store().begin_password_age(id, self.now()).await?;
        }
        Ok(ends.is_some_and(|ends| ends <= self.now()))
    }

    /// Refuses to let in with a password that is too old.
    pub(super) async fn must_be_current(&self, account: &Account) -> std::result::Result<(), Denied> {
        match self.is_password_expired(account).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(Denied::Expired),
            Err(_) => Err(Denied::Unavailable),
        }
    }

    /// How an account's password stands at `now`.
    pub fn password_standing(policy: &Policy, record: Option<&PasswordRecord>, now: Time) -> Standing {
        let since = record.and_then(|record| record.since);
        let ends = since.filter(|_| policy.months_max > 0).map(|since| months_after(since, policy.months_max));
        let judged = record.filter(|record| record.judged_by == policy.fingerprint());
        let broken = match judged {
            None if *policy == Policy::default() => Some(Vec::new()),
            None => None,
            Some(record) => Some(record.broken.iter().filter_map(|name| Rule::by_name(name)).collect()),
        };
        let broken = broken.map(|mut broken: Vec<Rule>| {
            broken.extend(ends.is_some_and(|ends| ends <= now).then_some(Rule::Expired));
            broken
        });
        Standing { broken, since, ends }
    }

    /// Is this password good enough for a new account?
    ///
    /// # Errors
    /// `Invalid`, in a sentence for a person.
    pub fn must_be_good(&self, address: &str, new: &str) -> Result<()> {
        let policies = self.password_policies()?;
        let policy = policies.of(address);
        refuse(policy, &policy.broken(new, address))
    }

    /// Is this password good enough to take the place of the account's own? Those before it are compared with as well.
    pub(super) async fn must_be_better(&self, account: &Account, new: &str) -> Result<()> {
        let (people, account, new) = (self.clone(), account.clone(), new.to_owned());
        work::compute(move || {
            let policies = people.password_policies()?;
            let policy = policies.of(&account.address);
            let mut broken = policy.broken(&new, &account.address);
            if policy.former > 0 {
                let mut former = people.store().password_record(account.id)?.unwrap_or_default().former;
                former.insert(0, account.password);
                let mut former = former.iter().take(policy.former as usize);
                let used = former.any(|hash| password::is_right(&new, Some(hash), people.memory()));
                broken.extend(used.then_some(Rule::Former));
            }
            refuse(policy, &broken)
        })
        .await
    }

    /// Remembers that an account has a new password, which is as the policy wants it. `old` is what it had before.
    pub(super) async fn remember_new_password(&self, account: AccountId, old: String) -> Result<()> {
        let people = self.clone();
        let record = work::read(move || {
            let policies = people.password_policies()?;
            let address = people.store().directory().accounts.get(&account).map(|account| account.address.clone());
            let judged_by = policies.of(&address.unwrap_or_default()).fingerprint();
            let mut former = people.store().password_record(account)?.unwrap_or_default().former;
            former.splice(..0, Some(old).filter(|old| !old.is_empty()));
            former.truncate(FORMER_MAX as usize);
            let since = Some(people.now());
            Ok::<_, Error>(PasswordRecord { since, judged_by, former, ..PasswordRecord::default() })
        });
        self.store().put_password_record(account, record.await?).await
    }

    /// Judges a password that has just been used to log in, once for each policy. Nobody waits for what is written.
    pub(super) fn judge(&self, account: &Account, password: &str) {
        let Ok(policies) = self.password_policies() else { return };
        let policy = policies.of(&account.address);
        if *policy == Policy::default() {
            return;
        }
        let Ok(known) = self.store().password_record(account.id) else { return };
        let (known, judged_by) = (known.unwrap_or_default(), policy.fingerprint());
        if known.judged_by != judged_by {
            let broken = policy.broken(password, &account.address).into_iter().map(|rule| rule.name().into()).collect();
            // When it was set is not known: its time begins when it is first seen.
            let since = known.since.or(Some(self.now()));
            drop(self.store().put_password_record(account.id, PasswordRecord { since, judged_by, broken, ..known }));
        }
    }
}

fn check(policy: &Policy) -> Result<()> {
    for (value, most, what) in [
        (policy.length_min, LENGTH_MAX, "characters"),
        (policy.months_max, MONTHS_MAX, "months"),
        (policy.former, FORMER_MAX, "former passwords"),
    ] {
        if value > most {
            return Err(Error::new(
                Word::Invalid,
                format!("{value} {what} are too many; {most} at most can be asked for"),
            ));
        }
    }
    Ok(())
}

fn refuse(policy: &Policy, broken: &[Rule]) -> Result<()> {
    if broken.is_empty() {
        return Ok(());
    }
    let told: Vec<&str> = broken.iter().map(|rule| rule.told()).collect();
    Err(Error::new(Word::Invalid, format!("This password is {}. {}", told.join(", "), policy.told())))
}

fn months_after(since: Time, months: u32) -> Time {
    let begin = timestamp(since).to_zoned(jiff::tz::TimeZone::UTC);
    let end = begin.checked_add(jiff::Span::new().months(i64::from(months)));
    end.map_or(Time(u64::MAX), |end| Time(u64::try_from(end.timestamp().as_millisecond()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_counts_for_its_policy_only_and_time_ends_it() {
        let policy = Policy { length_min: 8, months_max: 6, ..Policy::default() };
        let set = Time(1_057_056_757_123);
        let judged = |by: &Policy, broken: &[&str]| PasswordRecord {
            since: Some(set),
            judged_by: by.fingerprint(),
            broken: broken.iter().map(ToString::to_string).collect(),
            ..PasswordRecord::default()
        };
        let broken = |record: Option<&PasswordRecord>, now| People::password_standing(&policy, record, now).broken;
        assert_eq!(broken(None, set), None);
        assert_eq!(broken(Some(&judged(&Policy::default(), &[])), set), None);
        assert_eq!(broken(Some(&judged(&policy, &["length"])), set), Some(vec![Rule::Length]));
        let good = judged(&policy, &[]);
        assert_eq!(broken(Some(&good), set), Some(Vec::new()));
        let ends = People::password_standing(&policy, Some(&good), set).ends.expect("an end");
        assert_eq!(crate::clock::rfc3339(ends), "2004-01-01T10:52:37.123Z");
        assert_eq!(broken(Some(&good), ends), Some(vec![Rule::Expired]));
        assert_eq!(People::password_standing(&Policy::default(), None, set).broken, Some(Vec::new()));
    }

    #[test]
    fn too_much_is_refused() {
        assert!(check(&Policy { length_min: 128, months_max: 120, former: 10, ..Policy::default() }).is_ok());
        assert!(check(&Policy { length_min: 129, ..Policy::default() }).is_err());
        assert!(check(&Policy { former: 11, ..Policy::default() }).is_err());
    }
}
