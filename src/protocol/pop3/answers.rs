//! Answers a session's questions: the only part of POP3 with handles to the house.

use std::collections::VecDeque;
use std::net::IpAddr;

use mailstead_storage::{AccountId, BlobId, PIECE_BYTES_MAX, Store, UidRange, UidSet};

use super::House;
use super::maildrop::{Entry, Maildrop};
use super::maildrops::Lock;
use super::session::{Answer, Opened, Pop3Session, Question, Refused, Secret};
use crate::log::{Event, Kind, Level};
use crate::net::{Answers, Peer};
use crate::people::sessions::SessionId;
use crate::people::{Denied, Login};
use crate::work;

/// Records of one read transaction when a maildrop is opened.
const RECORDS_AT_ONCE: usize = 4_096;
/// What logs and last logins call this protocol.
const PROTOCOL: &str = "pop3";

/// What one session has open.
pub struct Pop3Answers {
    house: House,
    session: SessionId,
    client: IpAddr,
    messages_max: usize,
    lock: Option<Lock>,
    /// Whole messages that were read with the one before them.
    ahead: VecDeque<(BlobId, Vec<u8>)>,
}

impl Pop3Answers {
    pub(super) fn new(house: House, peer: &Peer, messages_max: usize) -> Pop3Answers {
        let (session, client) = (peer.id, peer.address.ip());
        Pop3Answers { house, session, client, messages_max, lock: None, ahead: VecDeque::new() }
    }

    async fn log_in(&mut self, user: String, password: Secret) -> Result<Opened, Refused> {
        let login = self.house.people.log_in(&user, &password.0, PROTOCOL, self.client).await;
        self.open(user, login).await
    }

    async fn open(&mut self, user: String, login: Result<Login, Denied>) -> Result<Opened, Refused> {
        let opened = match login {
            Ok(login) => self.open_maildrop(login).await,
            Err(denied) => Err(denied.into()),
        };
        match &opened {
            Ok(opened) => {
                let messages = opened.maildrop.count() as u64;
                self.log("logged in", |event| {
                    event.with("user", opened.address.to_string()).with("messages", messages)
                });
            }
            Err(why) => {
                let event = Event::new(Kind::Pop3, Level::Warning, "login failed").session(self.session);
                let event = event.with("user", user).with("client", self.client.to_canonical().to_string());
                self.house.log.write(event.with("why", why.words()));
            }
        }
        opened
    }

    async fn open_maildrop(&mut self, login: Login) -> Result<Opened, Refused> {
        let (house, account, messages_max) = (self.house.clone(), login.account, self.messages_max);
        let (lock, maildrop) = work::read(move || open_inbox(&house, account, messages_max)).await?;
        self.lock = Some(lock);
        Ok(Opened { address: login.address, maildrop })
    }

    async fn read(&mut self, blob: BlobId, from: u64, length: usize, ahead: Vec<BlobId>) -> Option<Vec<u8>> {
        if from == 0 && length >= PIECE_BYTES_MAX && self.ahead.front().is_some_and(|(next, _)| *next == blob) {
            return self.ahead.pop_front().map(|(_, bytes)| bytes);
        }
        self.ahead.clear();
        let store = self.house.store.clone();
        let read = work::read(move || {
            let bytes = store.read(blob, from, length)?;
            let whole = |blob: BlobId| store.read(blob, 0, PIECE_BYTES_MAX).ok().map(|bytes| (blob, bytes));
            Ok((bytes, ahead.into_iter().map_while(whole).collect()))
        });
        match read.await {
            Ok((bytes, ahead)) => {
                self.ahead = ahead;
                Some(bytes)
            }
            Err(error) => {
                self.failed("message cannot be read", &error, |event| event.message(blob));
                None
            }
        }
    }

    /// Removes messages and gives the maildrop free.
    async fn update(&mut self, uids: UidSet) -> bool {
        self.ahead.clear();
        let Some(lock) = self.lock.take() else { return false };
        if uids.is_empty() {
            return true;
        }
        match self.house.store.expunge(lock.mailbox(), Some(uids), false).await {
            Ok(expunged) => {
                self.log("messages deleted", |event| event.with("messages", expunged.uids.count()));
                true
            }
            Err(error) => {
                self.failed("messages cannot be deleted", &error, |event| event);
                false
            }
        }
    }

    fn log(&self, what: &'static str, fill: impl FnOnce(Event) -> Event) {
        if self.house.log.lets_through(Kind::Pop3, Level::Info) {
            self.house.log.write(fill(Event::new(Kind::Pop3, Level::Info, what).session(self.session)));
        }
    }

    fn failed(&self, what: &'static str, error: &mailstead_storage::Error, fill: impl FnOnce(Event) -> Event) {
        let event = Event::new(Kind::Pop3, Level::Error, what).session(self.session);
        self.house.log.write(fill(event.with("error", error.to_string())));
    }
}

impl Answers<Pop3Session> for Pop3Answers {
    async fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::LogIn { user, password } => Answer::LoggedIn(self.log_in(user, password).await),
            Question::Token { user, token } => {
                let (people, claimed) = (&self.house.people, user.as_deref());
                let login = people.log_in_with_token(claimed, &token.0, PROTOCOL, self.client).await;
                Answer::LoggedIn(self.open(user.unwrap_or_default(), login).await)
            }
            Question::Verifier { user } => Answer::Verifier(self.house.people.scram_verifier(&user)),
            Question::Admit { user } => {
                let login = self.house.people.admit_by_scram(&user, PROTOCOL, self.client).await;
                Answer::LoggedIn(self.open(user, login).await)
            }
            Question::ProofWrong { user } => {
                self.house.people.proof_was_wrong(&user, PROTOCOL, self.client);
                Answer::LoggedIn(self.open(user, Err(Denied::Wrong)).await)
            }
            Question::Read { blob, from, length, ahead } => Answer::Bytes(self.read(blob, from, length, ahead).await),
            Question::Update { uids } => Answer::Updated(self.update(uids).await),
        }
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Refused {
        match denied {
            Denied::Wrong => Refused::Wrong,
            Denied::Disabled => Refused::Disabled,
            Denied::Expired => Refused::Expired,
            Denied::Unavailable => Refused::Unavailable,
        }
    }
}

impl Refused {
    fn words(self) -> &'static str {
        match self {
            Refused::Wrong => "user or password is wrong",
            Refused::Disabled => "the account is disabled",
            Refused::Expired => "the password has expired",
            Refused::InUse => "the maildrop is in use",
            Refused::Unavailable => "unavailable",
        }
    }
}

/// Takes an account's INBOX and reads what is in it.
fn open_inbox(house: &House, account: AccountId, messages_max: usize) -> Result<(Lock, Maildrop), Refused> {
    let inbox = house.store.mailbox(account, "INBOX").ok().flatten().ok_or(Refused::Unavailable)?;
    let lock = house.maildrops.lock(inbox.id).ok_or(Refused::InUse)?;
    let entries = entries(&house.store, &lock, messages_max).map_err(|_| Refused::Unavailable)?;
    Ok((lock, Maildrop::new(inbox.counters.uid_validity, entries)))
}

/// The messages of a mailbox, read in short transactions.
fn entries(store: &Store, lock: &Lock, messages_max: usize) -> mailstead_storage::Result<Vec<Entry>> {
    let counters = store.counters(lock.mailbox())?;
    let mut entries = Vec::with_capacity(messages_max.min(counters.exists as usize));
    let mut first = 1;
    while first < counters.uid_next && entries.len() < messages_max {
        let rest = UidSet(vec![UidRange { first, last: counters.uid_next - 1 }]);
        let records = store.records(lock.mailbox(), &rest, RECORDS_AT_ONCE.min(messages_max - entries.len()))?;
        let Some(last) = records.last() else { break };
        first = last.uid + 1;
        entries.extend(records.iter().map(|record| Entry { blob: record.blob, uid: record.uid, size: record.size }));
    }
    Ok(entries)
}
