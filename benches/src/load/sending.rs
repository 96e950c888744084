//! Messages on their way into a server, by SMTP or by APPEND, over many sessions.

use std::rc::Rc;
use std::time::Instant;

use serde_json::{Value, json};

use super::send::Destinations;
use super::sessions;
use super::supply::Supply;
use crate::client::imap::Imap;
use crate::client::smtp::Smtp;
use crate::figures::{Acts, per};
use crate::messages::Messages;
use crate::options::Server;
use crate::progress::Progress;
use crate::trouble::Result;

/// What the server took.
#[derive(Default)]
pub struct Taken {
    /// Connecting and accepting (`accept`: from the last byte sent to the reply; `APPEND`: all of it).
    pub acts: Acts,
    /// Messages taken.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Messages taken for each user.
    pub by_user: Vec<u64>,
}

/// What the sessions share.
pub struct Sending {
    pub server: Server,
    pub messages: Rc<Messages>,
    pub supply: Supply,
    pub messages_per_connection: u64,
    pub to: To,
    pub progress: Progress,
}

/// Whose mail it is.
pub enum To {
    /// Message `n` comes from elsewhere and is for user `n`.
    Users,
    /// The first user's, who logs in where that is offered, for servers elsewhere.
    Elsewhere(Destinations),
}

/// By which door messages go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Door {
    /// SMTP, to the user's address
    Smtp,
    /// IMAP APPEND, into the user's INBOX
    Append,
}

impl Sending {
    /// Sends until the supply ends.
    pub async fn run(self: &Rc<Self>, door: Door, count: u64) -> Taken {
        let all = sessions(count, |_| {
            let sending = Rc::clone(self);
            async move {
                let mut taken = Taken { by_user: vec![0; sending.server.users as usize], ..Taken::default() };
                match door {
                    Door::Smtp => sending.by_smtp(&mut taken).await,
                    Door::Append => sending.by_append(&mut taken).await,
                }
                taken
            }
        });
        let empty = Taken { by_user: vec![0; self.server.users as usize], ..Taken::default() };
        all.await.into_iter().fold(empty, Taken::plus)
    }

    async fn by_smtp(&self, taken: &mut Taken) {
        let mut open: Option<(Smtp, u64)> = None;
        while let Some(number) = self.supply.take() {
            let (smtp, sent) = match open.take() {
                Some(open) => open,
                None => match self.connected(taken, self.connect().await) {
                    Some(smtp) => (smtp, 0),
                    None => continue,
                },
            };
            let smtp = self.send_one(smtp, number, taken).await;
            match smtp {
                Some(smtp) if sent + 1 < self.messages_per_connection => open = Some((smtp, sent + 1)),
                Some(smtp) => drop(smtp.quit().await),
                None => {}
            }
        }
        if let Some((smtp, _)) = open {
            drop(smtp.quit().await);
        }
    }

    async fn connect(&self) -> Result<Smtp> {
        let mut smtp = Smtp::connect(&self.server).await?;
        if matches!(self.to, To::Elsewhere(_)) {
            smtp.login_if_offered(&self.server.user(0), &self.server.password).await?;
        }
        Ok(smtp)
    }

    /// Sender and recipient of a message.
    fn envelope(&self, number: u64) -> (String, String) {
        match &self.to {
            To::Users => (self.messages.sender(number), self.server.user(number)),
            To::Elsewhere(destinations) => (self.server.user(0), destinations.recipient(number)),
        }
    }

    /// Gives the session back unless it has ended.
    async fn send_one(&self, mut smtp: Smtp, number: u64, taken: &mut Taken) -> Option<Smtp> {
        let (sender, recipient) = self.envelope(number);
        let message = self.messages.message(number, &recipient);
        self.supply.note(message.len());
        let sent = smtp.send(&sender, &recipient, &message).await;
        self.progress.step();
        match sent {
            Ok(sent) => taken.add("accept", sent, number, message.len()),
            Err(trouble) => {
                taken.acts.failures.add(&trouble);
                return trouble.is_refusal().then_some(smtp);
            }
        }
        Some(smtp)
    }

    async fn by_append(&self, taken: &mut Taken) {
        let mut open: Option<(Imap, u64)> = None;
        while let Some(number) = self.supply.take() {
            let user = self.server.user(number);
            let place = number % self.server.users;
            let mut imap = match open.take() {
                Some((imap, of)) if of == place => imap,
                _ => match self.connected(taken, Imap::login(&self.server, &user).await) {
                    Some(imap) => imap,
                    None => continue,
                },
            };
            let message = self.messages.message(number, &user);
            self.supply.note(message.len());
            let begin = Instant::now();
            let outcome = imap.append("INBOX", &message).await;
            self.progress.step();
            match outcome {
                Ok(_) => taken.add("APPEND", begin, number, message.len()),
                Err(trouble) => {
                    taken.acts.failures.add(&trouble);
                    if !trouble.is_refusal() {
                        continue;
                    }
                }
            }
            open = Some((imap, place));
        }
    }

    fn connected<T>(&self, taken: &mut Taken, outcome: Result<T>) -> Option<T> {
        if let Err(trouble) = &outcome {
            taken.acts.failures.add(trouble);
            self.progress.step();
        }
        outcome.ok()
    }
}

impl Taken {
    fn add(&mut self, act: &'static str, begin: Instant, number: u64, bytes: usize) {
        self.acts.took(act, begin);
        self.messages += 1;
        self.bytes += bytes as u64;
        let users = self.by_user.len() as u64;
        self.by_user[(number % users) as usize] += 1;
    }

    fn plus(mut self, other: Taken) -> Taken {
        self.acts.merge(other.acts);
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.by_user.iter_mut().zip(other.by_user).for_each(|(sum, more)| *sum += more);
        self
    }

    /// The figures, of a sending that took so many seconds.
    pub fn json(&self, seconds: f64) -> Value {
        json!({
            "messages": self.messages,
            "bytes": self.bytes,
            "seconds": crate::figures::round(seconds),
            "per_second": per(self.messages as f64, seconds),
            "mb_per_second": per(self.bytes as f64 / 1e6, seconds),
            "acts": self.acts.json(),
            "failures": self.acts.failures.json(),
        })
    }
}
