//! Several clients change the same two mailboxes at the same time, their sessions' turns taken in any order. What
//! each is told must always make sense to it, and in the end all know what storage knows.

mod line;
mod mirror;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use mailstead_storage::{MailboxId, Store, UidRange, UidSet};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use line::{Line, Place, Style};
use mirror::{Flags, Mirror};

use crate::protocol::imap::wire::{print_flags, print_uids};

/// The clients.
const STYLES: [Style; 4] = [Style::Rev1, Style::Qresync, Style::UidOnly, Style::Rev2];

/// What a client remembers of a mailbox, to come back with.
struct Memory {
    mailbox: usize,
    mirror: Mirror,
}

/// One play: clients and the two mailboxes that they share.
struct Play {
    store: Store,
    names: [String; 2],
    ids: [MailboxId; 2],
    lines: Vec<Line>,
    /// Which mailbox each client has selected.
    selected: Vec<usize>,
    memories: Vec<Memory>,
    /// What storage has counted, to see that it only rises: UIDVALIDITY, UIDNEXT, modseq.
    counted: [(u32, u64, u64); 2],
}

impl Play {
    async fn begin(place: &Place) -> Play {
        static PLAYS: AtomicU32 = AtomicU32::new(0);
        let play = PLAYS.fetch_add(1, Ordering::Relaxed);
        let names = [format!("a{play}"), format!("b{play}")];
        let mut lines = Vec::new();
        for style in STYLES {
            lines.push(Line::open(&place.house, style).await);
        }
        for name in &names {
            lines[0].obey(&format!("CREATE {name}")).await;
        }
        let store = place.house.store.clone();
        let account = store.directory().by_address["alice@example.test"].id;
        let id = |name: &String| store.mailbox(account, name).expect("readable").expect("made").id;
        let ids = [id(&names[0]), id(&names[1])];
        for line in &mut lines {
            line.obey(&format!("SELECT {}", names[0])).await;
        }
        let selected = vec![0; lines.len()];
        Play { store, names, ids, lines, selected, memories: Vec::new(), counted: [(0, 0, 0); 2] }
    }

    /// One step of a client: it goes on with its command, or begins one that the dice say.
    async fn act(&mut self, who: usize, deed: u8, which: u8) {
        let line = &mut self.lines[who];
        if line.idling && deed.is_multiple_of(4) {
            line.done();
        }
        if line.is_busy() {
            line.step().await;
            self.count();
            return;
        }
        self.command(who, deed, which);
        self.lines[who].step().await;
    }

    fn command(&mut self, who: usize, deed: u8, which: u8) {
        let line = &mut self.lines[who];
        let (own, other) = (self.selected[who], 1 - self.selected[who]);
        let by_uid = line.style == Style::UidOnly || which >= 128;
        let place = usize::from(which) % line.mirror.messages.len().max(1);
        let Some(message) = line.mirror.messages.get_mut(place) else {
            return match deed % 4 {
                0 => line.begin("NOOP", true),
                1 => line.begin("IDLE", true),
                _ => line.begin(&format!("APPEND {} (\\Draft) {{3+}}\r\nabc", self.names[own]), true),
            };
        };
        let (uid, number) = match (by_uid, message.uid) {
            (true, Some(uid)) => ("UID ", uid),
            // UIDs that are not known yet are asked for.
            (true, None) => return line.begin("UID FETCH 1:* FLAGS", true),
            (false, _) => ("", place as u32 + 1),
        };
        let flag = ["\\Seen", "\\Flagged", "\\Deleted", "Work"][usize::from(which / 8 % 4)];
        let mut store = |sign: &str, silent: bool| {
            if let Some(flags) = message.flags.as_mut().filter(|_| silent) {
                // Who asks for silence knows what comes of it.
                if sign == "+" {
                    flags.insert(flag.to_string())
                } else {
                    flags.remove(flag)
                };
            }
            format!("{uid}STORE {number} {sign}FLAGS{} ({flag})", if silent { ".SILENT" } else { "" })
        };
        let command = match deed % 18 {
            0 => store("+", false),
            1 => store("-", false),
            2 | 3 => store("+", true),
            4 => store("-", true),
            5 => format!("{uid}FETCH {number} (FLAGS)"),
            6 => format!("{uid}FETCH {number} (BODY[5])"),
            7 => format!("{uid}SEARCH DELETED"),
            8 => format!("{uid}COPY {number} {}", self.names[other]),
            9 => format!("{uid}MOVE {number} {}", self.names[other]),
            10 => "EXPUNGE".into(),
            11 | 12 => format!("APPEND {} {{3+}}\r\nabc", self.names[own]),
            13 => "NOOP".into(),
            14 => "IDLE".into(),
            15 => format!("{uid}REPLACE {number} {} {{3+}}\r\nabc", self.names[own]),
            16 if line.style == Style::Qresync => {
                format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {} VANISHED)", line.mirror.modseq.max(2) / 2)
            }
            16 => format!("{uid}FETCH {number}:* (UID FLAGS)"),
            _ => {
                self.selected[who] = other;
                line.mirror = Mirror::default();
                format!("SELECT {}", self.names[other])
            }
        };
        // Sequence numbers must not change under a command that uses them (RFC 3501 §7.4.1).
        let uses_numbers = ["FETCH", "STORE", "SEARCH"].iter().any(|name| command.starts_with(name));
        line.begin(&command, !uses_numbers);
    }

    /// What storage counts only rises, and every change raises the modseq.
    fn count(&mut self) {
        for (id, counted) in self.ids.iter().zip(&mut self.counted) {
            let counters = self.store.counters(*id).expect("readable");
            let now = (counters.uid_validity, u64::from(counters.uid_next), counters.modseq);
            assert!(counted.0 == 0 || counted.0 == now.0, "UIDVALIDITY has changed");
            assert!(now.1 >= counted.1 && now.2 >= counted.2, "{now:?} after {counted:?}");
            assert!(now.1 == counted.1 || now.2 > counted.2, "a message came without a modseq");
            *counted = now;
        }
    }

    /// A client hears all there is, and what it knows is what storage knows.
    async fn settle(&mut self, who: usize) {
        self.lines[who].finish().await;
        self.lines[who].obey("NOOP").await;
        let (line, mailbox) = (&self.lines[who], self.selected[who]);
        let truth = self.truth(mailbox);
        let told = &line.mirror.messages;
        assert_eq!(told.len(), truth.len(), "{:?}: {told:?} of {truth:?}", line.style);
        for (message, uid) in told.iter().zip(truth.keys()) {
            let uid = message.uid.filter(|_| line.style == Style::UidOnly).unwrap_or(*uid);
            assert!(message.uid.is_none_or(|known| known == uid), "{:?}: {message:?} is {uid}", line.style);
            let (flags, modseq) = truth.get(&uid).unwrap_or_else(|| panic!("{:?}: {message:?} is gone", line.style));
            assert!(
                message.flags.as_ref().is_none_or(|known| known == flags),
                "{:?}: {message:?}: {flags:?}",
                line.style
            );
            assert!(message.modseq == 0 || message.modseq == *modseq, "{:?}: {message:?}: {modseq}", line.style);
        }
        let mirror = line.mirror.clone();
        if line.style == Style::Qresync && mirror.modseq > 0 {
            self.memories.push(Memory { mailbox, mirror });
        }
    }

    /// UIDs with flags and modseqs, as they are stored.
    fn truth(&self, mailbox: usize) -> BTreeMap<u32, (Flags, u64)> {
        let opened = self.store.open_mailbox(self.ids[mailbox]).expect("readable");
        let all = UidSet(vec![UidRange { first: 1, last: u32::MAX }]);
        let records = self.store.records(self.ids[mailbox], &all, usize::MAX).expect("readable");
        let flags = |flags| {
            let mut text = Vec::new();
            print_flags(flags, false, &opened.keywords, &mut text);
            let text = String::from_utf8(text).expect("names");
            text.trim_matches(['(', ')']).split(' ').filter(|name| !name.is_empty()).map(str::to_string).collect()
        };
        records.into_iter().map(|record| (record.uid, (flags(record.flags), record.modseq))).collect()
    }

    /// Who comes back from any earlier state is told all that has happened since (RFC 7162 §3.2.5).
    async fn come_back(&self, place: &Place, memory: &Memory, names_uids: bool) {
        let mut line = Line::open(&place.house, Style::Qresync).await;
        let known = memory.mirror.by_uid();
        let uids: UidSet = known.keys().copied().collect();
        let mut parameter = format!("{} {}", memory.mirror.uid_validity, memory.mirror.modseq).into_bytes();
        if names_uids && !uids.is_empty() {
            parameter.push(b' ');
            print_uids(&uids, &mut parameter);
        }
        let parameter = String::from_utf8(parameter).expect("numbers");
        let name = &self.names[memory.mailbox];
        // EXISTS comes first: room is made for all, then the memory is laid over it by UID.
        let mut pictured: BTreeMap<u32, Option<Flags>> = known;
        line.obey(&format!("SELECT {name} (QRESYNC ({parameter}))")).await;
        let truth = self.truth(memory.mailbox);
        pictured.retain(|uid, _| !line.vanished.contains(uid));
        for (uid, flags) in line.mirror.by_uid() {
            if flags.is_some() && (pictured.contains_key(&uid) || !names_uids) {
                pictured.insert(uid, flags);
            }
        }
        for (uid, flags) in &pictured {
            let (stored, _) = truth.get(uid).unwrap_or_else(|| panic!("{uid} is gone, {parameter}"));
            assert!(
                flags.as_ref().is_none_or(|known| known == stored),
                "{uid}: {flags:?}, not {stored:?}, {parameter}"
            );
        }
        if !names_uids {
            let missing: Vec<_> = truth.keys().filter(|uid| !pictured.contains_key(uid)).collect();
            // Those that the client never learnt the UID of are no news.
            let unknown = memory.mirror.messages.iter().filter(|message| message.uid.is_none()).count();
            assert!(missing.len() <= unknown, "{missing:?} were not told, {parameter}");
        }
    }
}

/// The place where all plays are: made once.
fn place() -> &'static (Runtime, Place) {
    static PLACE: OnceLock<(Runtime, Place)> = OnceLock::new();
    PLACE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let place = runtime.block_on(Place::new());
        (runtime, place)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn all_clients_agree_with_storage(
        deeds in prop::collection::vec((0usize..STYLES.len(), any::<u8>(), any::<u8>()), 1..250),
        settles in 1usize..60,
    ) {
        let (runtime, place) = place();
        runtime.block_on(async {
            let mut play = Play::begin(place).await;
            for (at, (who, deed, which)) in deeds.into_iter().enumerate() {
                play.act(who, deed, which).await;
                if at % settles == settles - 1 {
                    play.settle(who).await;
                }
            }
            for who in 0..STYLES.len() {
                play.settle(who).await;
            }
            for (at, memory) in play.memories.iter().enumerate().rev().take(6) {
                play.come_back(place, memory, at % 2 == 0).await;
            }
        });
    }
}
