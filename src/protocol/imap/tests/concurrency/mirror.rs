//! What a client knows of its mailbox, from what it is told alone.

use std::collections::{BTreeMap, BTreeSet};

/// Flags by name, `\Recent` left out.
pub type Flags = BTreeSet<String>;

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Once told.
    pub uid: Option<u32>,
    /// Once told.
    pub flags: Option<Flags>,
    /// 0 until told.
    pub modseq: u64,
}

/// A mailbox as its client knows it.
#[derive(Debug, Clone, Default)]
pub struct Mirror {
    /// By sequence number, from 1.
    pub messages: Vec<Message>,
    pub uid_validity: u32,
    pub modseq: u64,
}

impl Mirror {
    /// Takes one line of the server in. Panics at what the protocol does not allow.
    pub fn hear(&mut self, line: &str, may_expunge: bool) {
        for (code, known) in [("[UIDVALIDITY ", None), ("[HIGHESTMODSEQ ", Some(&mut self.modseq))] {
            let Some(number) = after(line, code).map(number) else { continue };
            match known {
                Some(modseq) => *modseq = number.max(*modseq),
                None => self.uid_validity = number as u32,
            }
        }
        let Some(told) = line.strip_prefix("* ") else { return };
        if let Some(set) = told.strip_prefix("VANISHED (EARLIER) ") {
            self.messages.retain(|message| !message.uid.is_some_and(|uid| numbers(set).contains(&uid)));
        } else if let Some(set) = told.strip_prefix("VANISHED ") {
            assert!(may_expunge, "expunged too early: {line}");
            numbers(set).into_iter().for_each(|uid| self.vanish(uid));
        } else if told.ends_with(" EXISTS") {
            let count = number(told) as usize;
            assert!(count >= self.messages.len(), "{line}: there were {}", self.messages.len());
            self.messages.resize(count, Message::default());
        } else if told.ends_with(" EXPUNGE") {
            assert!(may_expunge, "expunged too early: {line}");
            let at = number(told) as usize;
            assert!((1..=self.messages.len()).contains(&at), "{line}: there are {}", self.messages.len());
            self.messages.remove(at - 1);
        } else if told.contains(" UIDFETCH (") {
            let at = self.place_of(number(told) as u32).unwrap_or_else(|| panic!("{line}: no such message"));
            self.fetched(at, told);
        } else if told.contains(" FETCH (") {
            let at = (number(told) as usize).checked_sub(1).filter(|at| *at < self.messages.len());
            self.fetched(at.unwrap_or_else(|| panic!("{line}: there are {}", self.messages.len())), told);
        }
    }

    fn fetched(&mut self, at: usize, told: &str) {
        if let Some(uid) = after(told, "(UID ").or(after(told, " UID ")).map(number) {
            let known = self.messages[at].uid.replace(uid as u32);
            assert!(known.is_none_or(|known| u64::from(known) == uid), "{told}: it was {known:?}");
        }
        let message = &mut self.messages[at];
        if let Some(flags) = after(told, "FLAGS (") {
            let flags = flags.split(')').next().unwrap_or_default();
            message.flags =
                Some(flags.split(' ').filter(|flag| !matches!(*flag, "" | "\\Recent")).map(str::to_string).collect());
        }
        if let Some(modseq) = after(told, "MODSEQ (").map(number) {
            assert!(modseq >= message.modseq, "{told}: it was {}", message.modseq);
            message.modseq = modseq;
            self.modseq = self.modseq.max(modseq);
        }
    }

    fn vanish(&mut self, uid: u32) {
        let is_known = self.messages.iter().any(|message| message.uid == Some(uid));
        let at = self.place_of(uid).unwrap_or_else(|| panic!("{uid} vanished: no such message"));
        self.messages.remove(at);
        if !is_known {
            self.forget_around(at);
        }
    }

    /// Which of the messages without a UID has vanished is not told: what was known of its neighbours may be known of the
    /// wrong ones.
    fn forget_around(&mut self, at: usize) {
        let (before, after) = self.messages.split_at_mut(at);
        let is_unknown = |message: &&mut Message| message.uid.is_none();
        let unknown = before.iter_mut().rev().take_while(is_unknown).chain(after.iter_mut().take_while(is_unknown));
        unknown.for_each(|message| *message = Message::default());
    }

    /// Where the message stands, or may stand among those whose UIDs are not told. A client that knows UIDs alone
    /// knows of no order.
    fn place_of(&mut self, uid: u32) -> Option<usize> {
        let known = self.messages.iter().position(|message| message.uid == Some(uid));
        let place = known.or_else(|| {
            let before = self.messages.iter().rposition(|message| message.uid.is_some_and(|other| other < uid));
            let from = before.map_or(0, |at| at + 1);
            let fits = self.messages.get(from).is_some_and(|message| message.uid.is_none());
            if fits { Some(from) } else { self.messages.iter().position(|message| message.uid.is_none()) }
        })?;
        self.messages[place].uid = Some(uid);
        Some(place)
    }

    /// The flags that are known, by UID.
    pub fn by_uid(&self) -> BTreeMap<u32, Option<Flags>> {
        self.messages.iter().filter_map(|message| Some((message.uid?, message.flags.clone()))).collect()
    }
}

/// The messages that this line says are gone, by UID.
pub fn vanished(line: &str) -> BTreeSet<u32> {
    let set = line.strip_prefix("* VANISHED ").map(|set| set.trim_start_matches("(EARLIER) "));
    set.map(numbers).unwrap_or_default()
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

/// The number at the beginning.
fn number(text: &str) -> u64 {
    let digits = text.split(|char: char| !char.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or_else(|_| panic!("no number: {text:?}"))
}

/// `1,3:5`
fn numbers(set: &str) -> BTreeSet<u32> {
    let range = |part: &str| {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        number(first) as u32..=number(last) as u32
    };
    set.split(',').flat_map(range).collect()
}
