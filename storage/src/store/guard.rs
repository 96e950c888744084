//! Who is shut out, who is on a list, whose messages are held, what was sent to many.

use super::Store;
use crate::*;

impl Store {
    /// Remembers that a network is shut out; takes the place of an earlier block of the same network and protocol.
    pub fn put_block(&self, block: BlockedNetwork) -> Pending<()> {
        self.write(move |tables| guard::put_block(tables, &block))
    }

    /// Forgets blocks, by network and protocol. Those that are not there are passed over.
    pub fn remove_blocks(&self, keys: Vec<(String, String)>) -> Pending<()> {
        self.write(move |tables| guard::remove_blocks(tables, &keys))
    }

    /// All blocks, those that have ended included.
    pub fn blocks(&self) -> Result<Vec<BlockedNetwork>> {
        self.0.shared.look(guard::blocks)
    }

    /// Puts a network on a list, or changes its entry.
    pub fn put_listed(&self, list: NetworkList, entry: ListedNetwork) -> Pending<()> {
        self.write(move |tables| guard::put_listed(tables, list, &entry))
    }

    /// Takes a network off a list.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_listed(&self, list: NetworkList, network: &str) -> Pending<()> {
        let network = network.to_owned();
        self.write(move |tables| guard::remove_listed(tables, list, &network))
    }

    /// The entries of a list, those that have ended included.
    pub fn listed(&self, list: NetworkList) -> Result<Vec<ListedNetwork>> {
        self.0.shared.look(|transaction| guard::listed(transaction, list))
    }

    /// Remembers that the messages of an account are held.
    ///
    /// # Errors
    /// `NotFound` (the account).
    pub fn put_hold(&self, hold: Hold) -> Pending<()> {
        self.write(move |tables| guard::put_hold(tables, &hold))
    }

    /// Forgets that the messages of an account are held.
    pub fn remove_hold(&self, account: AccountId) -> Pending<()> {
        self.write(move |tables| guard::remove_hold(tables, account))
    }

    /// The accounts whose messages are held.
    pub fn holds(&self) -> Result<Vec<Hold>> {
        self.0.shared.look(guard::holds)
    }
}
