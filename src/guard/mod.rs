//! The guard: counts what looks like abuse, shuts out where it comes from, and holds what a user sends who sends like a
//! spammer. Rooms tell it what happens by calls on a [`Guard`]; it answers at once, from memory.
//!
//! Blocks, lists and holds are kept in storage and outlive a restart; what is being counted lives in memory, within
//! bounds. Never shuts out this machine, an address on the allowlist, or the one that a system administrator is signed
//! in from; private networks only when it is told to. Never reads a message.

mod alarm;
mod blocks;
mod holds;
mod lists;
mod network;
mod rules;
mod watch;
mod windows;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use mailstead_storage::{AccountId, BlockedNetwork, Error, ListedNetwork, NetworkList, Result, Store, Word};

pub use blocks::{BLOCKS_MAX, Block, Scope};
pub use holds::{HELD, waits_for_release};
pub use lists::{LISTED_MAX, NOTE_CHARS_MAX};
pub use network::{Network, Origin};
pub use rules::{Consequence, Definition, Numbers, Protocol, Rule, RuleRow};

use self::blocks::Blocks;
use self::holds::Holds;
use self::lists::Lists;
use self::rules::Counters;
use self::watch::Administrators;
use crate::clock::{Clock, Time, rfc3339};
use crate::intake::Intake;
use crate::log::{Event, Kind, Level, Log};
use crate::people::sessions::{SessionRow, Sessions};

/// The setting that says whether addresses of private networks are shut out, too.
const PRIVATE_NETWORKS: &str = "guard/private_networks";

/// What the guard works with.
pub struct Parts {
    /// What is kept.
    pub store: Store,
    /// Ended when where they come from is shut out.
    pub sessions: Sessions,
    /// The way in, for mail to the administrators.
    pub intake: Intake,
    /// Tells the time.
    pub clock: Clock,
    /// Where blocks are noted.
    pub log: Log,
    /// The host name, for mail to the administrators.
    pub hostname: String,
}

/// The box's guard. Cheap to clone.
#[derive(Clone)]
pub struct Guard(Arc<Post>);

struct Post {
    parts: Parts,
    counters: Counters,
    blocks: RwLock<Blocks>,
    lists: RwLock<Lists>,
    holds: RwLock<Holds>,
    administrators: Mutex<Administrators>,
    private_networks: AtomicBool,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its address is blocked for a while.
    Blocked,
    /// Its address is on the blacklist.
    Listed,
}

impl Guard {
    /// The guard of this store. Reads all that it has kept; blocks that have ended are forgotten, and administrators who
    /// were signed in are remembered.
    ///
    /// # Errors
    /// What storage says.
    pub fn open(parts: Parts) -> Result<Guard> {
        let (store, now) = (&parts.store, parts.clock.now());
        let blocks = Blocks::of(store.blocks()?, now);
        let mut lists = Lists::default();
        for list in NetworkList::ALL {
            store.listed(list)?.iter().for_each(|entry| lists.put(list, entry));
        }
        let holds = Holds::of(store.holds()?);
        let counters = Counters::open(store)?;
        let private_networks = AtomicBool::new(store.setting(PRIVATE_NETWORKS)?.is_some());
        let (blocks, lists, holds) = (RwLock::new(blocks), RwLock::new(lists), RwLock::new(holds));
        let administrators = Mutex::new(Administrators::of(store)?);
        Ok(Guard(Arc::new(Post { parts, counters, blocks, lists, holds, administrators, private_networks })))
    }

    // ---- what happens --------------------------------------------------------------------------

    /// A client has connected. Counts it, too.
    ///
    /// # Errors
    /// Why it must be turned away.
    pub fn connection(&self, ip: IpAddr, protocol: Protocol) -> std::result::Result<(), Refused> {
        let (origin, now) = (Origin::of(ip), self.now());
        if self.admits(origin, protocol, now)? && self.count(Rule::DenialOfService(protocol), origin, now) {
            return Err(Refused::Blocked);
        }
        Ok(())
    }

    /// A client asks through a proxy, whose connections say nothing of the client's. Counts nothing.
    ///
    /// # Errors
    /// Why it must be turned away.
    pub fn request(&self, ip: IpAddr, protocol: Protocol) -> std::result::Result<(), Refused> {
        self.admits(Origin::of(ip), protocol, self.now()).map(drop)
    }

    /// Says of who is let in whether rules concern them.
    fn admits(&self, origin: Origin, protocol: Protocol, now: Time) -> std::result::Result<bool, Refused> {
        if self.is_always_welcome(origin, now) {
            return Ok(false);
        }
        if self.lists().holds(NetworkList::Blacklist, origin, now) {
            return Err(Refused::Listed);
        }
        if self.is_spared(origin) {
            return Ok(false);
        }
        if self.blocks().holds(origin, protocol, now) {
            return Err(Refused::Blocked);
        }
        Ok(true)
    }

    /// A recipient was refused because there is no such user.
    pub fn unknown_recipient(&self, ip: IpAddr) {
        self.count_unless_spared(Rule::Harvesting, ip);
    }

    /// An SMTP session has ended that brought no message and that nobody had logged in to.
    pub fn session_ended_without_message(&self, ip: IpAddr) {
        self.count_unless_spared(Rule::BadSessions, ip);
    }

    /// A user of this box hands in a message for so many recipients. When that is too much, it and what follows is
    /// [held](Guard::is_held).
    pub fn submission(&self, account: AccountId, recipients: usize) {
        let (rule, now) = (Rule::InternalSpammer, self.now());
        let weight = u32::try_from(recipients).unwrap_or(u32::MAX);
        if self.0.counters.count(rule, account.0.into(), weight, now) && !self.is_held(account) {
            self.hold(account, now);
        }
    }

    /// A message of this user could not be delivered, and the user is told.
    pub fn bounce(&self, account: AccountId) {
        let (rule, now) = (Rule::Bounces, self.now());
        if self.0.counters.count(rule, account.0.into(), 1, now) {
            self.alarm(rule, account, now);
        }
    }

    /// A password was wrong.
    fn failed_login(&self, origin: Origin, protocol: Protocol, now: Time) {
        if !self.is_always_welcome(origin, now) && !self.is_spared(origin) {
            self.count(Rule::BruteForce(protocol), origin, now);
        }
    }

    /// A password of this account was wrong, from where its owner has never logged in.
    fn failed_strange_login(&self, account: AccountId, origin: Origin, now: Time) {
        if self.is_always_welcome(origin, now) || self.is_spared(origin) {
            return;
        }
        for origin in self.0.counters.count_strange(account, origin, now) {
            if !self.blocks().holds_scope(origin, Scope::All, now) {
                self.block(origin, Rule::BruteForceAccount, now);
            }
        }
    }

    // ---- blocks ---------------------------------------------------------------------------------

    /// What is blocked now, the latest first.
    pub fn current_blocks(&self) -> Vec<Block> {
        self.blocks().list(self.now())
    }

    /// Lifts all blocks of an address. Whatever the rules have counted from there is forgotten. Returns how many blocks
    /// there were.
    ///
    /// # Errors
    /// What storage says.
    pub async fn lift(&self, origin: Origin) -> Result<usize> {
        let lifted = self.blocks_mut().lift(origin);
        self.0.counters.forget(origin);
        let count = lifted.len();
        if count > 0 {
            self.0.parts.store.remove_blocks(lifted).await?;
        }
        Ok(count)
    }

    /// Forgets blocks that have ended. To be called now and then.
    pub fn tidy(&self) {
        let now = self.now();
        let ended = self.blocks_mut().take_ended(now);
        if !ended.is_empty() {
            drop(self.0.parts.store.remove_blocks(ended));
        }
        for list in NetworkList::ALL {
            for network in self.lists_mut().take_ended(list, now) {
                drop(self.0.parts.store.remove_listed(list, &network.to_string()));
            }
        }
    }

    /// Counts for a rule; blocks and says so when it is too much.
    fn count(&self, rule: Rule, origin: Origin, now: Time) -> bool {
        let too_much = self.0.counters.count(rule, origin.key(), 1, now);
        if too_much {
            self.block(origin, rule, now);
        }
        too_much
    }

    fn count_unless_spared(&self, rule: Rule, ip: IpAddr) {
        let (origin, now) = (Origin::of(ip), self.now());
        if !self.is_always_welcome(origin, now) && !self.is_spared(origin) {
            self.count(rule, origin, now);
        }
    }

    fn block(&self, origin: Origin, rule: Rule, now: Time) {
        let block =
            Block { origin, rule, since: now, until: now.plus_seconds(self.numbers(rule).block_seconds.into()) };
        let (is_new, has_room) = self.blocks_mut().put(&block, now);
        if !has_room {
            return self.note(Level::Error, "too many blocks", &block);
        }
        if is_new {
            self.note(Level::Warning, "address blocked", &block);
        }
        drop(self.0.parts.store.put_block(BlockedNetwork::from(&block)));
        let is_hit = |row: &SessionRow| {
            row.user.is_none()
                && Origin::of(row.peer.ip()) == origin
                && Protocol::of_service(row.service).is_some_and(|protocol| block.scope().covers(protocol))
        };
        self.0.parts.sessions.end_where(&is_hit);
    }

    fn note(&self, level: Level, what: &'static str, block: &Block) {
        let event = Event::new(Kind::System, level, what).with("address", block.origin.to_string());
        let event = event.with("rule", block.rule.name()).with("until", rfc3339(block.until));
        self.0.parts.log.write(event);
    }

    // ---- lists ----------------------------------------------------------------------------------

    /// The entries of a list that hold now, by network.
    pub fn listed(&self, list: NetworkList) -> Vec<ListedNetwork> {
        self.lists().entries(list, self.now())
    }

    /// Puts a network on a list, or changes its entry. Sessions from a network that is blacklisted are ended; returns how
    /// many.
    ///
    /// # Errors
    /// `Invalid` when the note is too long, `Limit` when the list is full, and what storage says.
    pub async fn put_listed(
        &self,
        list: NetworkList,
        network: Network,
        note: &str,
        until: Option<Time>,
    ) -> Result<usize> {
        if note.chars().count() > NOTE_CHARS_MAX {
            return Err(Error::new(Word::Invalid, format!("a note has at most {NOTE_CHARS_MAX} characters")));
        }
        if !self.lists().has_room_for(list, network) {
            return Err(Error::new(Word::Limit, format!("a list has at most {LISTED_MAX} entries")));
        }
        let entry = ListedNetwork { network: network.to_string(), note: note.into(), until, added: self.now() };
        self.0.parts.store.put_listed(list, entry.clone()).await?;
        self.lists_mut().put(list, &entry);
        if list == NetworkList::Allowlist {
            return Ok(0);
        }
        let now = self.now();
        let is_hit = |row: &SessionRow| {
            let origin = Origin::of(row.peer.ip());
            network.contains(origin) && !self.is_always_welcome(origin, now)
        };
        Ok(self.0.parts.sessions.end_where(&is_hit))
    }

    /// Takes a network off a list.
    ///
    /// # Errors
    /// `NotFound`, and what storage says.
    pub async fn remove_listed(&self, list: NetworkList, network: Network) -> Result<()> {
        self.0.parts.store.remove_listed(list, &network.to_string()).await?;
        self.lists_mut().remove(list, network);
        Ok(())
    }

    // ---- rules ----------------------------------------------------------------------------------

    /// All rules with their numbers.
    pub fn rules(&self) -> Vec<RuleRow> {
        Rule::ALL.iter().map(|rule| RuleRow { rule: *rule, numbers: self.numbers(*rule) }).collect()
    }

    /// Changes a rule, for what happens from now on.
    ///
    /// # Errors
    /// `Invalid` with the number that is out of bounds, and what storage says.
    pub async fn set_rule(&self, rule: Rule, numbers: Numbers) -> Result<()> {
        numbers.check()?;
        self.0.parts.store.set_setting(&rule.setting(), numbers.kept(rule)).await?;
        self.0.counters.set(rule, numbers);
        Ok(())
    }

    /// Are addresses of private networks (RFC 1918, RFC 4193) shut out like all others?
    pub fn blocks_private_networks(&self) -> bool {
        self.0.private_networks.load(Ordering::Relaxed)
    }

    /// Says whether addresses of private networks are shut out like all others.
    ///
    /// # Errors
    /// What storage says.
    pub async fn block_private_networks(&self, block: bool) -> Result<()> {
        self.0.parts.store.set_setting(PRIVATE_NETWORKS, block.then(|| "on".into())).await?;
        self.0.private_networks.store(block, Ordering::Relaxed);
        Ok(())
    }

    fn numbers(&self, rule: Rule) -> Numbers {
        self.0.counters.numbers(rule)
    }

    // ---- who is spared --------------------------------------------------------------------------

    /// A system administrator is signed in from there: it is not shut out for some hours.
    pub fn administrator_at(&self, ip: IpAddr) {
        self.administrators().note(Origin::of(ip), self.now());
    }

    /// Is this an address that nothing shuts out, not even the blacklist?
    fn is_always_welcome(&self, origin: Origin, now: Time) -> bool {
        origin.is_loopback()
            || self.lists().holds(NetworkList::Allowlist, origin, now)
            || self.administrators().is_one_at(origin, now)
    }

    /// Is this an address that no rule shuts out?
    fn is_spared(&self, origin: Origin) -> bool {
        origin.is_private() && !self.blocks_private_networks()
    }

    // ---- what it is made of ---------------------------------------------------------------------

    fn now(&self) -> Time {
        self.0.parts.clock.now()
    }

    fn blocks(&self) -> RwLockReadGuard<'_, Blocks> {
        self.0.blocks.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn blocks_mut(&self) -> RwLockWriteGuard<'_, Blocks> {
        self.0.blocks.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn lists(&self) -> RwLockReadGuard<'_, Lists> {
        self.0.lists.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lists_mut(&self) -> RwLockWriteGuard<'_, Lists> {
        self.0.lists.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn administrators(&self) -> MutexGuard<'_, Administrators> {
        self.0.administrators.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
