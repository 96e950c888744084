//! One user's day in small: a turn is a message that comes, is seen, read and marked, and now and then what
//! else people do.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::client::imap::{Imap, login};
use crate::client::pop3::Pop3;
use crate::client::smtp::Smtp;
use crate::figures::Acts;
use crate::messages::Messages;
use crate::options::Server;
use crate::trouble::Result;

/// Longest wait for a message to show.
const NEWS_SECONDS_MAX: Duration = Duration::from_secs(30);
/// After trouble.
const REST: Duration = Duration::from_millis(200);
const TURNS_PER_CONNECTION: u64 = 25;
const TURNS_PER_LIST: u64 = 5;
const TURNS_PER_APPEND: u64 = 20;
const TURNS_PER_POP3: u64 = 40;
const FOLDER: &str = "Soak";

/// What all workers share.
pub struct Shared {
    pub server: Server,
    messages: Rc<Messages>,
    kept: u64,
    next: Cell<u64>,
    turns: Cell<u64>,
}

impl Shared {
    /// Of this server; `kept` messages stay in a mailbox.
    pub fn new(server: Server, messages: Rc<Messages>, kept: u64) -> Shared {
        Shared { server, messages, kept, next: Cell::new(0), turns: Cell::new(0) }
    }

    /// Turns that went well so far.
    pub fn turns(&self) -> u64 {
        self.turns.get()
    }

    fn message(&self, user: &str) -> (String, Vec<u8>) {
        let number = self.next.replace(self.next.get() + 1);
        (self.messages.sender(number), self.messages.message(number, user))
    }
}

/// Works for one user.
pub struct Worker {
    shared: Rc<Shared>,
    user: String,
    turns: u64,
    open: Option<(Smtp, Imap)>,
    acts: Acts,
}

impl Worker {
    /// Of this user.
    pub fn new(shared: Rc<Shared>, number: u64) -> Worker {
        // The workers' rare acts do not all fall into one moment.
        let turns = number * 7;
        Worker { user: shared.server.user(number), shared, turns, open: None, acts: Acts::default() }
    }

    /// Takes a turn. Trouble is counted, and the next turn connects anew.
    pub async fn turn(&mut self) {
        let begin = Instant::now();
        self.turns += 1;
        match self.try_turn().await {
            Ok(()) => {
                self.acts.took("turn", begin);
                self.shared.turns.set(self.shared.turns() + 1);
            }
            Err(trouble) => {
                self.acts.failures.add(&trouble);
                self.open = None;
                sleep(REST).await;
            }
        }
    }

    /// Ends, and gives what was done.
    pub async fn end(mut self) -> Acts {
        if let Err(trouble) = self.hang_up().await {
            self.acts.failures.add(&trouble);
        }
        self.acts
    }

    async fn try_turn(&mut self) -> Result<()> {
        if self.turns.is_multiple_of(TURNS_PER_CONNECTION) {
            self.hang_up().await?;
        }
        let (mut smtp, mut imap) = match self.open.take() {
            Some(open) => open,
            None => self.connect().await?,
        };
        self.receive(&mut smtp, &mut imap).await?;
        self.read(&mut imap).await?;
        if imap.count.exists > self.shared.kept {
            self.delete(&mut imap).await?;
        }
        if self.turns.is_multiple_of(TURNS_PER_LIST) {
            self.list(&mut imap).await?;
        }
        if self.turns.is_multiple_of(TURNS_PER_APPEND) {
            self.file(&mut imap).await?;
        }
        if self.turns.is_multiple_of(TURNS_PER_POP3) {
            self.fetch().await?;
        }
        self.open = Some((smtp, imap));
        Ok(())
    }

    async fn connect(&mut self) -> Result<(Smtp, Imap)> {
        let begin = Instant::now();
        let mut imap = Imap::connect(&self.shared.server).await?;
        imap.command(&login(&self.shared.server, &self.user)).await?;
        self.acts.took("LOGIN", begin);
        match imap.command(&format!("CREATE {FOLDER}")).await {
            // It is there from the last time.
            Err(trouble) if !trouble.is_refusal() => return Err(trouble),
            _ => {}
        }
        self.act("SELECT", &mut imap, "SELECT INBOX").await?;
        Ok((Smtp::connect(&self.shared.server).await?, imap))
    }

    async fn hang_up(&mut self) -> Result<()> {
        if let Some((smtp, mut imap)) = self.open.take() {
            smtp.quit().await?;
            imap.command("LOGOUT").await?;
        }
        Ok(())
    }

    /// A message comes while the user's client idles.
    async fn receive(&mut self, smtp: &mut Smtp, imap: &mut Imap) -> Result<()> {
        self.act("NOOP", imap, "NOOP").await?;
        imap.idle().await?;
        let before = imap.count.arrived;
        let (sender, message) = self.shared.message(&self.user);
        let sent = smtp.send(&sender, &self.user, &message).await?;
        self.acts.took("accept", sent);
        while imap.count.arrived == before {
            imap.wait_for_news(NEWS_SECONDS_MAX).await?;
        }
        self.acts.took("news", sent);
        imap.done().await
    }

    async fn read(&mut self, imap: &mut Imap) -> Result<()> {
        let newest = imap.count.exists;
        self.act("FETCH envelope", imap, &format!("FETCH {newest} (UID FLAGS ENVELOPE)")).await?;
        self.act("FETCH body", imap, &format!("FETCH {newest} BODY.PEEK[]")).await?;
        self.act("STORE", imap, &format!("STORE {newest} +FLAGS (\\Seen)")).await
    }

    /// The oldest tenth of the mailbox goes.
    async fn delete(&mut self, imap: &mut Imap) -> Result<()> {
        let oldest = (imap.count.exists / 10).max(1);
        self.act("STORE deleted", imap, &format!("STORE 1:{oldest} +FLAGS.SILENT (\\Deleted)")).await?;
        self.act("EXPUNGE", imap, "EXPUNGE").await
    }

    async fn list(&mut self, imap: &mut Imap) -> Result<()> {
        self.act("FETCH list", imap, "FETCH 1:* (FLAGS ENVELOPE)").await?;
        self.act("SEARCH", imap, "SEARCH UNSEEN SUBJECT topic").await
    }

    /// A draft is appended, moved, and the folder is emptied.
    async fn file(&mut self, imap: &mut Imap) -> Result<()> {
        let (_, message) = self.shared.message(&self.user);
        let begin = Instant::now();
        imap.append("INBOX", &message).await?;
        self.acts.took("APPEND", begin);
        self.act("NOOP", imap, "NOOP").await?;
        self.act("COPY", imap, &format!("COPY 1 {FOLDER}")).await?;
        let newest = imap.count.exists;
        self.act("MOVE", imap, &format!("MOVE {newest} {FOLDER}")).await?;
        self.act("SELECT", imap, &format!("SELECT {FOLDER}")).await?;
        self.act("STORE deleted", imap, "STORE 1:* +FLAGS.SILENT (\\Deleted)").await?;
        self.act("EXPUNGE", imap, "EXPUNGE").await?;
        self.act("SELECT", imap, "SELECT INBOX").await
    }

    /// The oldest message is fetched and deleted by POP3.
    async fn fetch(&mut self) -> Result<()> {
        let begin = Instant::now();
        let mut pop3 = Pop3::connect(&self.shared.server).await?;
        pop3.login(&self.shared.server, &self.user).await?;
        pop3.lines("UIDL").await?;
        pop3.lines("RETR 1").await?;
        pop3.command("DELE 1").await?;
        pop3.command("QUIT").await?;
        self.acts.took("POP3", begin);
        Ok(())
    }

    async fn act(&mut self, name: &'static str, imap: &mut Imap, command: &str) -> Result<()> {
        let begin = Instant::now();
        imap.command(command).await?;
        self.acts.took(name, begin);
        Ok(())
    }
}
