//! What the guard remembers: who is shut out and why, who is always or never let in, who may send nothing for now.
//! What rules and networks mean is not known here.

use redb::{ReadTransaction, ReadableTable};
use serde::{Deserialize, Serialize};

use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{AccountId, Error, Result, Time, Word};

/// Most logins kept of one account, one for each address; the oldest go first.
pub const LOGINS_MAX: usize = 32;

/// A network that is shut out for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedNetwork {
    /// Who.
    pub network: String,
    /// From which protocol; empty for all.
    #[serde(default)]
    pub protocol: String,
    /// The rule that did it.
    pub rule: String,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub until: Time,
}

/// One of the two lists of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkList {
    /// Never let in.
    Blacklist,
    /// Never shut out.
    Allowlist,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedNetwork {
    /// Who.
    pub network: String,
    /// Why, in somebody's words.
    #[serde(default)]
    pub note: String,
    /// Until when; for good without.
    #[serde(default)]
    pub until: Option<Time>,
    /// When it was added.
    pub added: Time,
}

/// An account whose messages wait until an administrator lets them go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Whose.
    pub account: AccountId,
    /// Since when.
    pub since: Time,
    /// Why, for a person.
    pub why: String,
}

impl NetworkList {
    /// Both.
    pub const ALL: [NetworkList; 2] = [NetworkList::Blacklist, NetworkList::Allowlist];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            NetworkList::Blacklist => "blacklist",
            NetworkList::Allowlist => "allowlist",
        }
    }
}

pub(crate) fn put_block(tables: &mut Tables, block: &BlockedNetwork) -> Result<()> {
    tables.begin_writing();
    let key = (block.network.as_str(), block.protocol.as_str());
    tables.block.insert(key, encode_json(block).as_slice())?;
    Ok(())
}

pub(crate) fn remove_blocks(tables: &mut Tables, keys: &[(String, String)]) -> Result<()> {
    tables.begin_writing();
    for (network, protocol) in keys {
        tables.block.remove((network.as_str(), protocol.as_str()))?;
    }
    Ok(())
}

pub(crate) fn blocks(transaction: &ReadTransaction) -> Result<Vec<BlockedNetwork>> {
    transaction.open_table(meta::BLOCK)?.iter()?.map(|row| decode_json("block", row?.1.value())).collect()
}

pub(crate) fn put_listed(tables: &mut Tables, list: NetworkList, entry: &ListedNetwork) -> Result<()> {
    tables.begin_writing();
    tables.listed.insert((list.name(), entry.network.as_str()), encode_json(entry).as_slice())?;
    Ok(())
}

/// # Errors
/// `NotFound`.
pub(crate) fn remove_listed(tables: &mut Tables, list: NetworkList, network: &str) -> Result<()> {
    if tables.listed.get((list.name(), network))?.is_none() {
        return Err(Error::new(Word::NotFound, format!("{network} is not on the {}", list.name())));
    }
    tables.begin_writing();
    tables.listed.remove((list.name(), network))?;
    Ok(())
}

pub(crate) fn listed(transaction: &ReadTransaction, list: NetworkList) -> Result<Vec<ListedNetwork>> {
    let table = transaction.open_table(meta::LISTED)?;
    let rows = table.range((list.name(), "")..)?.map(|row| {
        let (key, value) = row?;
        (key.value().0 == list.name()).then(|| decode_json("listed", value.value())).transpose()
    });
    rows.map_while(Result::transpose).collect()
}

pub(crate) fn put_hold(tables: &mut Tables, hold: &Hold) -> Result<()> {
    if tables.account.get(hold.account.0)?.is_none() {
        return Err(Error::new(Word::NotFound, "there is no such account"));
    }
    tables.begin_writing();
    tables.hold.insert(hold.account.0, encode_json(hold).as_slice())?;
    Ok(())
}

pub(crate) fn remove_hold(tables: &mut Tables, account: AccountId) -> Result<()> {
    tables.begin_writing();
    tables.hold.remove(account.0)?;
    Ok(())
}

pub(crate) fn holds(transaction: &ReadTransaction) -> Result<Vec<Hold>> {
    transaction.open_table(meta::HOLD)?.iter()?.map(|row| decode_json("hold", row?.1.value())).collect()
}

/// Forgets what is remembered of an account.
pub(crate) fn forget_account(tables: &mut Tables, account: AccountId) -> Result<()> {
    remove_hold(tables, account)?;
    tables.login_from.retain_in((account.0, "")..(account.0 + 1, ""), |_, _| false)?;
    Ok(())
}
