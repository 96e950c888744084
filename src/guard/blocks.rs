//! What is blocked now, in memory: two looks into a table tell whether a connection is. Pure.

use std::collections::HashMap;

use mailstead_storage::BlockedNetwork;

use super::network::Origin;
use super::rules::{Protocol, Rule};
use crate::clock::Time;

/// Most blocks at once; what comes then is not blocked.
pub const BLOCKS_MAX: usize = 250_000;

/// From what an address is shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// From all protocols.
    All,
    /// From one.
    One(Protocol),
}

/// An address that is shut out for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Who.
    pub origin: Origin,
    /// By which rule.
    pub rule: Rule,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub until: Time,
}

/// All blocks.
#[derive(Default)]
pub(super) struct Blocks(HashMap<(Origin, Scope), Kept>);

/// A block without what is in its key.
struct Kept {
    rule: Rule,
    since: Time,
    until: Time,
}

impl Scope {
    /// Is this one of the protocols?
    pub fn covers(self, protocol: Protocol) -> bool {
        self == Scope::All || self == Scope::One(protocol)
    }

    /// The protocol's name, nothing for all.
    pub fn name(self) -> &'static str {
        match self {
            Scope::All => "",
            Scope::One(protocol) => protocol.name(),
        }
    }
}

impl Block {
    /// From what it shuts out.
    pub fn scope(&self) -> Scope {
        self.rule.scope()
    }
}

impl Blocks {
    /// What storage has kept and has not ended. What a rule that is gone has blocked is blocked no more.
    pub fn of(kept: Vec<BlockedNetwork>, now: Time) -> Blocks {
        let mut blocks = Blocks::default();
        for row in kept {
            let (Ok(origin), Some(rule)) = (row.network.parse(), Rule::by_name(&row.rule)) else { continue };
            blocks.put(&Block { origin, rule, since: row.since, until: row.until }, now);
        }
        blocks
    }

    /// Is this address blocked for this protocol?
    pub fn holds(&self, origin: Origin, protocol: Protocol, now: Time) -> bool {
        self.holds_scope(origin, Scope::One(protocol), now) || self.holds_scope(origin, Scope::All, now)
    }

    /// Is there a block of exactly this?
    pub fn holds_scope(&self, origin: Origin, scope: Scope, now: Time) -> bool {
        self.0.get(&(origin, scope)).is_some_and(|kept| kept.until > now)
    }

    /// Blocks. Says whether it was not blocked so far, and whether there was room for it.
    pub fn put(&mut self, block: &Block, now: Time) -> (bool, bool) {
        let key = (block.origin, block.scope());
        let until = self.0.get(&key).map_or(now, |kept| kept.until);
        let has_room = self.0.len() < BLOCKS_MAX || self.0.contains_key(&key);
        if has_room && block.until > until.max(now) {
            self.0.insert(key, Kept { rule: block.rule, since: block.since, until: block.until });
        }
        (until <= now, has_room)
    }

    /// Forgets all blocks of an address. Returns network and protocol of each.
    pub fn lift(&mut self, origin: Origin) -> Vec<(String, String)> {
        let scopes = Protocol::ALL.map(Scope::One).into_iter().chain([Scope::All]);
        let keys: Vec<_> = scopes.map(|scope| (origin, scope)).filter(|key| self.0.remove(key).is_some()).collect();
        keys.into_iter().map(told).collect()
    }

    /// Forgets what has ended. Returns network and protocol of each.
    pub fn take_ended(&mut self, now: Time) -> Vec<(String, String)> {
        let ended = self.0.extract_if(|_, kept| kept.until <= now);
        ended.map(|(key, _)| told(key)).collect()
    }

    /// All that hold, the latest first.
    pub fn list(&self, now: Time) -> Vec<Block> {
        let held = self.0.iter().filter(|(_, kept)| kept.until > now);
        let mut blocks: Vec<Block> = held
            .map(|((origin, _), kept)| Block { origin: *origin, rule: kept.rule, since: kept.since, until: kept.until })
            .collect();
        blocks.sort_unstable_by_key(|block| (std::cmp::Reverse(block.since), block.origin, block.rule));
        blocks
    }
}

fn told((origin, scope): (Origin, Scope)) -> (String, String) {
    (origin.to_string(), scope.name().to_owned())
}

impl From<&Block> for BlockedNetwork {
    fn from(block: &Block) -> BlockedNetwork {
        BlockedNetwork {
            network: block.origin.to_string(),
            protocol: block.scope().name().to_owned(),
            rule: block.rule.name(),
            since: block.since,
            until: block.until,
        }
    }
}
