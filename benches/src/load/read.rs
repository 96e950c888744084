//! What people do with a mailbox, by IMAP: a mix of commands on mailboxes that have been filled before.

use std::rc::Rc;
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};

use super::{pop3, sessions};
use crate::client::imap::{Answer, Imap, login};
use crate::figures::{Acts, per, round};
use crate::messages::{Messages, SENDERS, TOPICS};
use crate::options::{Choice, Server};
use crate::progress::Progress;
use crate::random::Random;
use crate::server::{Meter, Metered};
use crate::trouble::{Result, Trouble};

/// Where COPY and MOVE put messages.
const FOLDER: &str = "Bench";
const LISTED: u64 = 50;
const BODIES_PER_ROUND: u64 = 10;

/// Options of `read`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    /// IMAP: a mix of commands; POP3: each user's maildrop is fetched
    #[arg(long, value_enum, default_value = "imap")]
    by: Reader,
    /// Sessions at once
    #[arg(long, short = 'c', value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    sessions: u64,
    /// Logins of each session (IMAP)
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    logins: u64,
    /// Rounds of commands after each login (IMAP)
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    rounds: u64,
    /// Most messages fetched after a login (POP3)
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    fetched_max: u64,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    metered: Metered,
}

/// How mail is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Reader {
    /// IMAP
    Imap,
    /// POP3
    Pop3,
}

/// What the sessions share.
struct Reading {
    server: Server,
    rounds: u64,
    messages: Rc<Messages>,
    progress: Progress,
}

/// Runs it.
///
/// # Errors
/// `Unfit`, or trouble while the folder is made; what the server refuses later is counted instead.
pub async fn run(options: Options) -> Result<Value> {
    if options.by == Reader::Pop3 {
        return pop3::run(options.server, options.sessions, options.fetched_max, &options.metered).await;
    }
    for user in 0..options.sessions.min(options.server.users) {
        let mut imap = Imap::login(&options.server, &options.server.user(user)).await?;
        match imap.command(&format!("CREATE {FOLDER}")).await {
            // It may be there from the last time.
            Err(trouble) if !trouble.is_refusal() => return Err(trouble),
            _ => drop(imap.command("LOGOUT").await),
        }
    }
    let reading = Rc::new(Reading {
        messages: options.choice.messages()?,
        server: options.server,
        rounds: options.rounds,
        progress: Progress::new("read", 0),
    });
    let meter = Meter::start(&options.metered);
    let all = sessions(options.sessions, |session| {
        let reading = Rc::clone(&reading);
        async move {
            let mut acts = Acts::default();
            let mut bytes = 0;
            for login in 0..options.logins {
                let mut random = Random::new(session, login);
                match reading.session(session, &mut random, &mut acts).await {
                    Ok(read) => bytes += read,
                    Err(trouble) => acts.failures.add(&trouble),
                }
            }
            (acts, bytes)
        }
    });
    let (mut acts, mut bytes) = (Acts::default(), 0);
    for (more, read) in all.await {
        acts.merge(more);
        bytes += read;
    }
    let done = meter.now();
    let quiet = meter.quiet().await;
    let commands = acts.count(None);
    Ok(json!({
        "load": "read",
        "commands": commands,
        "seconds": round(done.seconds),
        "commands_per_second": per(commands as f64, done.seconds),
        "mb_per_second": per(bytes as f64 / 1e6, done.seconds),
        "acts": acts.json(),
        "failures": acts.failures.json(),
        "server": meter.finish(quiet, commands, 0),
    }))
}

impl Reading {
    /// From login to logout. Gives the bytes read.
    async fn session(&self, number: u64, random: &mut Random, acts: &mut Acts) -> Result<u64> {
        let user = self.server.user(number);
        let mut imap = Imap::connect(&self.server).await?;
        let mut bytes = self.act("LOGIN", &mut imap, &login(&self.server, &user), acts).await?;
        bytes += self.act("SELECT", &mut imap, "SELECT INBOX", acts).await?;
        for _ in 0..self.rounds {
            if imap.count.exists == 0 {
                return Err(Trouble::Unfit(format!("the INBOX of {user} is empty: run deliver or fill before")));
            }
            for (name, command) in commands(imap.count.exists, random) {
                bytes += self.act(name, &mut imap, &command, acts).await?;
            }
            let message = self.messages.message(random.below(1 << 40), &user);
            let begin = Instant::now();
            let appended = imap.append("INBOX", &message).await;
            bytes += self.note("APPEND", begin, appended, acts)?;
            for (name, command) in [("COPY", "COPY"), ("MOVE", "MOVE")] {
                let command = format!("{command} {} {FOLDER}", pick(imap.count.exists, random));
                bytes += self.act(name, &mut imap, &command, acts).await?;
            }
            bytes += self.act("NOOP", &mut imap, "NOOP", acts).await?;
        }
        Ok(bytes + self.act("LOGOUT", &mut imap, "LOGOUT", acts).await?)
    }

    async fn act(&self, name: &'static str, imap: &mut Imap, command: &str, acts: &mut Acts) -> Result<u64> {
        let begin = Instant::now();
        let outcome = imap.command(command).await;
        self.note(name, begin, outcome, acts)
    }

    fn note(&self, name: &'static str, begin: Instant, outcome: Result<Answer>, acts: &mut Acts) -> Result<u64> {
        self.progress.step();
        Ok(acts.note(name, begin, outcome)?.map_or(0, |answer| answer.bytes))
    }
}

/// The number of some message.
fn pick(exists: u64, random: &mut Random) -> u64 {
    1 + random.below(exists)
}

/// What one round reads and marks.
fn commands(exists: u64, random: &mut Random) -> Vec<(&'static str, String)> {
    let newest = exists.saturating_sub(LISTED - 1).max(1);
    let mut commands =
        vec![("FETCH list", format!("FETCH {newest}:{exists} (FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)"))];
    commands
        .extend((0..BODIES_PER_ROUND).map(|_| ("FETCH body", format!("FETCH {} BODY.PEEK[]", pick(exists, random)))));
    let marked = pick(exists, random);
    commands.push(("STORE", format!("STORE {marked} +FLAGS (\\Seen \\Flagged)")));
    commands.push(("STORE", format!("STORE {marked} -FLAGS (\\Flagged)")));
    commands.push(("SEARCH FROM", format!("SEARCH FROM sender{:03}", random.below(SENDERS))));
    commands.push(("SEARCH SUBJECT", format!("SEARCH SUBJECT topic{:03}", random.below(TOPICS))));
    commands.push(("SEARCH UNSEEN", "SEARCH UNSEEN".to_owned()));
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_messages_that_exist() {
        for exists in [1, 2, 50, 1000] {
            let commands = commands(exists, &mut Random::new(exists, 0));
            let list = commands.iter().find(|(name, _)| *name == "FETCH list").unwrap();
            let (first, last) = list.1.split(' ').nth(1).unwrap().split_once(':').unwrap();
            assert!((1..=exists).contains(&first.parse().unwrap()) && last == exists.to_string(), "{}", list.1);
            for (_, command) in commands.iter().filter(|(name, _)| *name == "FETCH body" || *name == "STORE") {
                let number = command.split(' ').nth(1).unwrap().parse().unwrap();
                assert!((1..=exists).contains(&number), "{command}");
            }
        }
    }
}
