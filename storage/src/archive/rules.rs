//! Which copies of a message the archive takes. Looked at once, when the message is accepted; a box without rules asks
//! for nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{ReadTransaction, ReadableTable};

use super::{ARCHIVE_HOLDS_MAX, ARCHIVE_RULES_MAX, ArchiveDirection, ArchiveHold, ArchiveRule};
use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{Arrival, Directory, Error, Provenance, Result, Time, Word};

/// Name of the number that is another one after every change of holds.
const HOLDS_CHANGED: &str = "archive_holds_changed";

/// A copy that the archive of a domain takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveCopy {
    pub(crate) domain: String,
    pub(crate) direction: ArchiveDirection,
    pub(crate) rules: Vec<u32>,
}

/// The rules that take copies, in memory.
#[derive(Default)]
pub(crate) struct Rules(RwLock<Arc<[ArchiveRule]>>);

impl Rules {
    /// Takes over what the table says.
    pub(crate) fn set(&self, rules: Vec<ArchiveRule>) {
        let active = rules.into_iter().filter(|rule| rule.ended.is_none()).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = active;
    }

    /// The rules that take copies now.
    pub(crate) fn active(&self) -> Arc<[ArchiveRule]> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The copies to take of a message. `directory` is asked only when there are rules.
    pub(crate) fn copies(&self, directory: impl FnOnce() -> Arc<Directory>, arrival: &Arrival) -> Vec<ArchiveCopy> {
        let rules = self.active();
        if rules.is_empty() {
            return Vec::new();
        }
        copies(&rules, &directory(), arrival)
    }
}

fn copies(rules: &[ArchiveRule], directory: &Directory, arrival: &Arrival) -> Vec<ArchiveCopy> {
    let mut copies = Vec::new();
    for (domain, direction) in ways(directory, arrival) {
        let covers = |rule: &&ArchiveRule| {
            rule.domain.as_ref().is_none_or(|of| *of == domain) && rule.direction.covers(direction)
        };
        let rules: Vec<u32> = rules.iter().filter(covers).map(|rule| rule.id).collect();
        if !rules.is_empty() {
            copies.push(ArchiveCopy { domain, direction, rules });
        }
    }
    copies
}

/// The domains of this box that a message concerns, and how. What is sent concerns the domain of the user who sends it,
/// whatever sender is named, and the domain of the sender that is named.
fn ways(directory: &Directory, arrival: &Arrival) -> BTreeMap<String, ArchiveDirection> {
    let mut ways: BTreeMap<String, ArchiveDirection> = BTreeMap::new();
    let mut add = |address: &str, direction: ArchiveDirection| {
        let domain = address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default();
        if directory.domains.contains_key(&domain) {
            ways.entry(domain).and_modify(|way| *way = way.plus(direction)).or_insert(direction);
        }
    };
    for recipient in &arrival.envelope.recipients {
        add(&recipient.address, ArchiveDirection::Incoming);
    }
    if arrival.provenance != Provenance::Received {
        add(&arrival.envelope.reverse_path, ArchiveDirection::Outgoing);
    }
    if let Provenance::Submitted(account) = arrival.provenance
        && let Some(account) = directory.accounts.get(&account)
    {
        add(&account.address, ArchiveDirection::Outgoing);
    }
    ways
}

/// All rules, ended ones included, by number.
pub(crate) fn list(transaction: &ReadTransaction) -> Result<Vec<ArchiveRule>> {
    let table = transaction.open_table(meta::ARCHIVE_RULE)?;
    table.iter()?.map(|row| decode_json("archive rule", row?.1.value())).collect()
}

/// Makes a rule; its number is given here.
///
/// # Errors
/// `NotFound` (the domain), `Limit`.
pub(crate) fn add(tables: &mut Tables, mut rule: ArchiveRule) -> Result<u32> {
    if let Some(domain) = &rule.domain
        && tables.domain.get(domain.as_str())?.is_none()
    {
        return Err(Error::new(Word::NotFound, format!("there is no domain {domain:?}")));
    }
    if tables.archive_rule.len()? >= ARCHIVE_RULES_MAX as u64 {
        return Err(Error::new(Word::Limit, format!("there are {ARCHIVE_RULES_MAX} archive rules already")));
    }
    rule.id = tables.next_id("archive_rule_next")?;
    tables.archive_rule.insert(rule.id, encode_json(&rule).as_slice())?;
    Ok(rule.id)
}

fn one(tables: &Tables, id: u32) -> Result<ArchiveRule> {
    let row = tables.archive_rule.get(id)?.map(|row| decode_json("archive rule", row.value())).transpose()?;
    row.ok_or_else(|| Error::new(Word::NotFound, format!("there is no archive rule {id}")))
}

/// Changes a rule.
///
/// # Errors
/// `NotFound`.
pub(crate) fn change(tables: &mut Tables, id: u32, change: impl FnOnce(&mut ArchiveRule)) -> Result<()> {
    let mut rule = one(tables, id)?;
    change(&mut rule);
    tables.begin_writing();
    tables.archive_rule.insert(id, encode_json(&rule).as_slice())?;
    Ok(())
}

/// Has a rule take no more copies; the first end counts.
///
/// # Errors
/// `NotFound`.
pub(crate) fn end(tables: &mut Tables, id: u32, now: Time) -> Result<()> {
    change(tables, id, |rule| rule.ended = rule.ended.or(Some(now)))
}

/// Forgets a rule that has ended.
///
/// # Errors
/// `NotFound`, `NotAllowed` (it has not ended).
pub(crate) fn forget(tables: &mut Tables, id: u32) -> Result<()> {
    if one(tables, id)?.ended.is_none() {
        return Err(Error::new(Word::NotAllowed, format!("archive rule {id} takes copies")));
    }
    tables.begin_writing();
    tables.archive_rule.remove(id)?;
    Ok(())
}

/// All holds, by number.
pub(crate) fn holds(transaction: &ReadTransaction) -> Result<Vec<ArchiveHold>> {
    let table = transaction.open_table(meta::ARCHIVE_HOLD)?;
    table.iter()?.map(|row| decode_json("archive hold", row?.1.value())).collect()
}

/// Makes a hold; its number is given here.
///
/// # Errors
/// `Limit`.
pub(crate) fn add_hold(tables: &mut Tables, mut hold: ArchiveHold) -> Result<u32> {
    if tables.archive_hold.len()? >= ARCHIVE_HOLDS_MAX as u64 {
        return Err(Error::new(Word::Limit, format!("there are {ARCHIVE_HOLDS_MAX} legal holds already")));
    }
    hold.id = tables.next_id("archive_hold_next")?;
    tables.archive_hold.insert(hold.id, encode_json(&hold).as_slice())?;
    holds_change(tables)?;
    Ok(hold.id)
}

/// Ends a hold.
///
/// # Errors
/// `NotFound`.
pub(crate) fn remove_hold(tables: &mut Tables, id: u32) -> Result<()> {
    if tables.archive_hold.get(id)?.is_none() {
        return Err(Error::new(Word::NotFound, format!("there is no legal hold {id}")));
    }
    tables.begin_writing();
    tables.archive_hold.remove(id)?;
    holds_change(tables)
}

fn holds_change(tables: &mut Tables) -> Result<()> {
    let changed = tables.state(HOLDS_CHANGED)?;
    tables.set_state(HOLDS_CHANGED, changed + 1)
}

/// A number that is another one after every change of holds.
pub(crate) fn holds_changed(state: &impl ReadableTable<&'static str, u64>) -> Result<u64> {
    Ok(state.get(HOLDS_CHANGED)?.map_or(0, |value| value.value()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, Domain, Envelope, EnvelopeRecipient, Notify, Priority, Verdict};

    fn directory() -> Directory {
        let mut directory = Directory::default();
        for name in ["a.test", "b.test"] {
            let domain = serde_json::json!({ "name": name, "mailboxes": 9, "created": 1 });
            let domain: Domain = serde_json::from_value(domain).expect("a domain");
            directory.domains.insert(name.into(), Arc::new(domain));
        }
        let new = serde_json::json!({ "id": 1, "address": "ann@a.test", "enabled": true, "created": 1 });
        let account: Arc<crate::Account> = Arc::new(serde_json::from_value(new).expect("an account"));
        directory.accounts.insert(account.id, account);
        directory
    }

    fn rule(id: u32, domain: Option<&str>, direction: ArchiveDirection) -> ArchiveRule {
        let domain = domain.map(str::to_owned);
        ArchiveRule { id, domain, direction, keep_days: None, created: Time(1), by: String::new(), ended: None }
    }

    fn arrival(from: &str, to: &[&str], provenance: Provenance) -> Arrival {
        let recipient = |address: &&str| EnvelopeRecipient::new(*address, Notify::DEFAULT);
        let envelope = Envelope::new(from, to.iter().map(recipient).collect());
        Arrival {
            envelope,
            provenance,
            received: Time(1),
            priority: Priority::Normal,
            return_path_bytes: 0,
            verdict: Verdict::Welcome,
            outline: Arc::default(),
        }
    }

    #[test]
    fn rules_cover_what_they_say() {
        use ArchiveDirection::{Both, Incoming, Outgoing};
        let directory = directory();
        let check = |rules: &[ArchiveRule], from: &str, to: &[&str], provenance: Provenance, expected: &[&str]| {
            let copies = copies(rules, &directory, &arrival(from, to, provenance.clone()));
            let told = |copy: &ArchiveCopy| format!("{} {:?} {:?}", copy.domain, copy.direction, copy.rules);
            assert_eq!(copies.iter().map(told).collect::<Vec<_>>(), expected, "{from} → {to:?} {provenance:?}");
        };
        let submitted = || Provenance::Submitted(AccountId(1));
        let (all_in, a_out, a_both) =
            (rule(1, None, Incoming), rule(2, Some("a.test"), Outgoing), rule(3, Some("a.test"), Both));
        let x = "x@elsewhere.test";
        check(std::slice::from_ref(&all_in), x, &["ann@a.test"], Provenance::Received, &["a.test Incoming [1]"]);
        check(
            std::slice::from_ref(&all_in),
            x,
            &["ann@a.test", "Bob@b.test", "c@a.test"],
            Provenance::Received,
            &["a.test Incoming [1]", "b.test Incoming [1]"],
        );
        // Whoever claims to be of the domain does not speak for it.
        check(std::slice::from_ref(&a_out), "ann@a.test", &[x], Provenance::Received, &[]);
        check(std::slice::from_ref(&a_out), "ann@A.test", &[x], submitted(), &["a.test Outgoing [2]"]);
        check(std::slice::from_ref(&a_out), "", &[x], submitted(), &["a.test Outgoing [2]"]);
        check(std::slice::from_ref(&a_out), "me@elsewhere.test", &[x], submitted(), &["a.test Outgoing [2]"]);
        check(std::slice::from_ref(&a_out), x, &["ann@a.test"], Provenance::Received, &[]);
        check(
            &[all_in.clone(), a_out.clone(), a_both],
            "ann@a.test",
            &["c@a.test", "d@b.test"],
            submitted(),
            &["a.test Both [1, 2, 3]", "b.test Incoming [1]"],
        );
        check(std::slice::from_ref(&all_in), "ann@a.test", &[x], submitted(), &[]);
        check(&[a_out], "ann@a.test", &[x], Provenance::Box, &["a.test Outgoing [2]"]);
        check(&[], x, &["ann@a.test"], Provenance::Received, &[]);
    }
}
