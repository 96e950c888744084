//! Where events go: a file of JSON lines for each kind and day, and the console in words.
//!
//! Whoever logs never waits for the disk: events go through a bounded queue to one thread. When that
//! is full, events are dropped and the number dropped is logged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::broadcast;

use super::files::{Bounds, Files};
use super::{Event, Kind, Level, Reader, format};
use crate::clock::{Clock, Time};
use crate::settings::Wrong;

crate::settings! {
    /// The log. A line says never a password and never what a message contains.
    pub struct LogSettings {
        /// Where the log files are; relative to the data directory.
        directory: PathBuf = PathBuf::from("log"), "";
        /// The least that is logged: "debug", "info", "warning" or "error".
        level: String = "info".into(), "";
        /// Another level for some kinds, as { smtp = "debug" }; kinds are smtp, imap, pop3, sieve, web, delivery, audit, system.
        levels: BTreeMap<String, String> = BTreeMap::new(), "";
        /// What is written to standard error: "human", "json" or "off".
        console: String = "human".into(), "";
        /// A day's files are removed after so many days. They are packed once the day is over.
        keep_days: u32 = 30, "days";
        /// What all files together may take. When that is not enough, the oldest are removed, and lines of today that
        /// find no room are lost; acts of administrators always find some.
        directory_bytes_max: u64 = 8 << 30, "bytes";
    }
}

/// Events that wait for the writing thread at most.
const QUEUE_EVENTS_MAX: usize = 16 * 1024;

/// The writing thread sleeps so long between two rounds: it wakes seldom, and writes much at once.
const ROUND: Duration = Duration::from_millis(50);

/// Lines that who follows the log may be behind; further ones are missed.
const FOLLOWED_LINES_MAX: usize = 1024;

/// Lines as they are written, as JSON.
pub type Tail = broadcast::Receiver<Arc<str>>;

/// The log. Cheap to clone; writing never waits for the disk.
#[derive(Clone)]
pub struct Log(Option<Arc<Inner>>);

struct Inner {
    clock: Clock,
    directory: PathBuf,
    tail: broadcast::Sender<Arc<str>>,
    levels: [AtomicU8; Kind::ALL.len()],
    dropped: AtomicU64,
    /// `None` once the log is closed.
    writer: Mutex<Option<JoinHandle<()>>>,
    queue: SyncSender<Message>,
}

enum Message {
    Event(Time, Event),
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Console {
    Human,
    Json,
    Off,
}

impl Log {
    /// A log that keeps nothing.
    pub fn none() -> Log {
        Log(None)
    }

    /// A log as the settings say, below `data`.
    ///
    /// # Errors
    /// An unknown kind, level or console format.
    pub fn open(settings: &LogSettings, data: &Path, clock: Clock) -> Result<Log, Wrong> {
        let (levels, console) = (levels(settings)?, console(settings)?);
        let (queue, events) = sync_channel(QUEUE_EVENTS_MAX);
        let directory = data.join(&settings.directory);
        let bounds = Bounds { keep_days: settings.keep_days, bytes_max: settings.directory_bytes_max };
        let files = Files::new(directory.clone(), bounds);
        let (tail, _) = broadcast::channel(FOLLOWED_LINES_MAX);
        let sinks = Sinks { files, console, tail: tail.clone() };
        let thread = std::thread::Builder::new()
            .name("log".into())
            .spawn(move || sinks.write_all(&events))
            .map_err(|error| Wrong(format!("the log's thread cannot start: {error}")))?;
        let writer = Mutex::new(Some(thread));
        let inner = Inner { clock, directory, tail, levels, dropped: AtomicU64::new(0), writer, queue };
        Ok(Log(Some(Arc::new(inner))))
    }

    /// Would an event of this kind and level be written? Ask before putting an expensive one together.
    pub fn lets_through(&self, kind: Kind, level: Level) -> bool {
        self.0.as_ref().is_some_and(|log| level as u8 >= log.levels[kind as usize].load(Ordering::Relaxed))
    }

    /// The level of a kind: the least that is logged. `None` when nothing is kept.
    pub fn level(&self, kind: Kind) -> Option<Level> {
        let log = self.0.as_ref()?;
        let level = log.levels[kind as usize].load(Ordering::Relaxed);
        Level::ALL.into_iter().find(|known| *known as u8 == level)
    }

    /// Takes the levels that the settings say, while the box runs.
    ///
    /// # Errors
    /// An unknown kind or level; nothing changes then.
    pub fn set_levels(&self, settings: &LogSettings) -> Result<(), Wrong> {
        let levels = levels(settings)?;
        if let Some(log) = &self.0 {
            for (ours, new) in log.levels.iter().zip(levels) {
                ours.store(new.into_inner(), Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Reads what was written. `None` when nothing is kept.
    pub fn reader(&self) -> Option<Reader> {
        self.0.as_ref().map(|log| Reader::new(log.directory.clone()))
    }

    /// Lines as they are written, from now on. `None` when nothing is kept.
    pub fn follow(&self) -> Option<Tail> {
        self.0.as_ref().map(|log| log.tail.subscribe())
    }

    /// Changes the level of a kind while the box runs.
    pub fn set_level(&self, kind: Kind, level: Level) {
        if let Some(log) = &self.0 {
            log.levels[kind as usize].store(level as u8, Ordering::Relaxed);
        }
    }

    /// Writes an event, if its kind's level lets it through.
    pub fn write(&self, event: Event) {
        let Some(log) = self.0.as_ref().filter(|_| self.lets_through(event.kind, event.level)) else { return };
        let now = log.clock.now();
        let dropped = log.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let gap = Event::new(Kind::System, Level::Warning, "log lines were dropped").with("lines", dropped);
            log.send(now, gap, dropped);
        }
        log.send(now, event, 1);
    }

    /// Writes what waits and ends the thread. Later events are lost.
    pub fn close(&self) {
        let Some(log) = &self.0 else { return };
        let writer = log.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = log.queue.send(Message::End);
            let _ = writer.join();
        }
    }
}

impl Inner {
    /// Queues an event; if there is no room, `lines` more are missing.
    fn send(&self, at: Time, event: Event, lines: u64) {
        if self.queue.try_send(Message::Event(at, event)).is_err() {
            self.dropped.fetch_add(lines, Ordering::Relaxed);
        }
    }
}

impl LogSettings {
    /// Could a log be opened with them?
    ///
    /// # Errors
    /// An unknown kind, level or console format.
    pub fn check(&self) -> Result<(), Wrong> {
        levels(self)?;
        console(self).map(drop)
    }
}

fn console(settings: &LogSettings) -> Result<Console, Wrong> {
    match settings.console.as_str() {
        "human" => Ok(Console::Human),
        "json" => Ok(Console::Json),
        "off" => Ok(Console::Off),
        other => Err(Wrong(format!("log.console: {other:?} is none of \"human\", \"json\", \"off\""))),
    }
}

fn levels(settings: &LogSettings) -> Result<[AtomicU8; Kind::ALL.len()], Wrong> {
    let level = |place: &str, name: &str| {
        let wrong = || Wrong(format!("{place}: {name:?} is none of \"debug\", \"info\", \"warning\", \"error\""));
        Level::by_name(name).ok_or_else(wrong)
    };
    let all = level("log.level", &settings.level)?;
    let mut levels = std::array::from_fn(|_| AtomicU8::new(all as u8));
    for (name, value) in &settings.levels {
        let kind = Kind::by_name(name).ok_or_else(|| Wrong(format!("log.levels: there is no kind {name:?}")))?;
        *levels[kind as usize].get_mut() = level(&format!("log.levels.{name}"), value)? as u8;
    }
    Ok(levels)
}

/// What the writing thread has.
struct Sinks {
    files: Files,
    console: Console,
    tail: broadcast::Sender<Arc<str>>,
}

impl Sinks {
    /// The writing thread: takes what waits, writes it, sleeps. Meanwhile it packs old files, a piece each round.
    fn write_all(mut self, events: &Receiver<Message>) {
        let mut line = String::new();
        let mut is_tidy = false;
        loop {
            let patience = if is_tidy { Duration::MAX } else { ROUND };
            let first = match events.recv_timeout(patience) {
                Err(RecvTimeoutError::Timeout) => None,
                heard => Some(heard.unwrap_or(Message::End)),
            };
            for message in first.into_iter().chain(events.try_iter()) {
                let Message::Event(at, event) = message else {
                    return self.files.flush();
                };
                self.write(at, &event, &mut line);
            }
            self.files.flush();
            is_tidy = !self.files.tidy();
            std::thread::sleep(ROUND);
        }
    }

    fn write(&mut self, at: Time, event: &Event, line: &mut String) {
        line.clear();
        format::json(at, event, line);
        self.files.write(event.kind, at, line);
        if self.tail.receiver_count() > 0 {
            // Those who followed may have gone since.
            let _ = self.tail.send(line.trim_end().into());
        }
        match self.console {
            Console::Human => eprintln!("{}", format::human(at, event)),
            Console::Json => eprint!("{line}"),
            Console::Off => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::sessions::SessionId;

    #[test]
    fn lines_go_to_the_file_of_their_kind_and_day() {
        let data = tempfile::tempdir().expect("directory");
        let mut settings = LogSettings { console: "off".into(), ..LogSettings::default() };
        settings.levels.insert("imap".into(), "debug".into());
        let clock = Clock::standing(Time(1_057_056_757_123));
        let log = Log::open(&settings, data.path(), clock.clone()).expect("open");
        log.write(Event::new(Kind::Smtp, Level::Debug, "not this"));
        log.write(Event::new(Kind::Imap, Level::Debug, "login").session(SessionId(7)).with("user", "a\"b\n"));
        clock.set(Time(1_057_056_757_123 + 86_400_000));
        log.write(Event::new(Kind::Imap, Level::Info, "next day"));
        log.close();
        let day = std::fs::read_to_string(data.path().join("log/imap-2003-07-01.jsonl")).expect("there");
        let parsed: serde_json::Value = serde_json::from_str(&day).expect("one JSON line");
        assert_eq!(parsed["what"], "login");
        assert_eq!(parsed["user"], "a\"b\n");
        assert!(data.path().join("log/imap-2003-07-02.jsonl").exists());
        assert!(!data.path().join("log/smtp-2003-07-01.jsonl").exists());
    }

    #[test]
    fn wrong_settings_are_named() {
        let wrong = |change: fn(&mut LogSettings)| {
            let mut settings = LogSettings::default();
            change(&mut settings);
            Log::open(&settings, Path::new("/nonexistent"), Clock::system()).err().expect("wrong").0
        };
        assert!(wrong(|settings| settings.level = "loud".into()).starts_with("log.level: "));
        assert!(wrong(|settings| settings.console = "pink".into()).starts_with("log.console: "));
        assert!(wrong(|settings| drop(settings.levels.insert("x".into(), "info".into()))).contains("no kind \"x\""));
    }
}
