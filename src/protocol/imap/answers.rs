//! Answers the session's questions: the only file here with handles to the house. Decides nothing of the
//! protocol, and logs what came of it.

mod looked_at;
mod metadata;
mod place;
mod shared;
mod urls;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use mailstead_storage::{
    AccessKey, AccountId, Append, Appended, Attributes, BlobId, Bundle, Changes, Copied, Error, Expunged, Flags,
    Mailbox, MailboxId, Modseq, NewMessage, Record, Result, Rights, RightsChange, SpecialUse, Store, Time, Uid, UidSet,
    Usage, Word,
};

use self::looked_at::{Ask, Filter, LookedAt};
use self::place::{Asker, Place, Room};
use super::House;
use super::arrange::{Arrangement, Row};
use super::question::{
    Answer, Fetched, Found, Known, Listing, Looked, Looks, MailboxStatus, OpenMailbox, Question, Span,
};
use super::search::{Needs, Program};
use super::session::ImapSession;
use super::uids::take_first;
use super::wire::{FlagList, Reply};
use crate::intake::{Incoming, KeptMessage, Refusal, Trace};
use crate::log::{Event, Kind, Level};
use crate::message::{Outline, Range};
use crate::net::{Answers, Peer};
use crate::people::sessions::SessionId;
use crate::people::{Denied, Login, random};
use crate::search::Search;
use crate::work;

/// The name under which logins are noted.
const PROTOCOL: &str = "imap";

/// Records read in one transaction.
const RECORDS_AT_ONCE: usize = 16 * 1024;

/// Outlines read in one transaction.
const OUTLINES_AT_ONCE: usize = 64;

/// Once so many bytes of outlines are read, the session gets them before more are read.
const OUTLINES_BYTES_MAX: usize = 512 * 1024;

/// Answers one session.
pub struct ImapAnswers {
    house: House,
    session: SessionId,
    client: IpAddr,
    /// Mailboxes of other users that this session has opened.
    visited: BTreeSet<MailboxId>,
    /// The message that is being appended.
    incoming: Option<Appending>,
    /// Those of the same APPEND before it.
    kept: Vec<NewMessage>,
}

/// A message that is being appended, and where to.
struct Appending {
    incoming: Incoming,
    target: Target,
}

/// A mailbox that messages go to.
#[derive(Clone, Copy)]
struct Target {
    owner: AccountId,
    mailbox: MailboxId,
    rights: Rights,
}

impl Answers<ImapSession> for ImapAnswers {
    async fn answer(&mut self, question: Question) -> Answer {
        let store = self.house.store.clone();
        match question {
            Question::LogIn { user, password } => {
                let login = self.house.people.log_in(&user, &password, PROTOCOL, self.client).await;
                Answer::Login(self.logged_in(&user, login))
            }
            Question::Token { user, token } => {
                let (people, claimed) = (&self.house.people, user.as_deref());
                let login = people.log_in_with_token(claimed, &token, PROTOCOL, self.client).await;
                Answer::Login(self.logged_in(claimed.unwrap_or_default(), login))
            }
            Question::Verifier(user) => Answer::Verifier(self.house.people.scram_verifier(&user)),
            Question::Admit(user) => {
                let login = self.house.people.admit_by_scram(&user, PROTOCOL, self.client).await;
                Answer::Login(self.logged_in(&user, login))
            }
            Question::ProofWrong(user) => {
                self.house.people.proof_was_wrong(&user, PROTOCOL, self.client);
                Answer::Login(self.logged_in(&user, Err(Denied::Wrong)))
            }
            Question::Open { account, name, takes_recent, known } => {
                Answer::Opened(self.open(account, name, takes_recent, known).await)
            }
            Question::Changes { mailbox, since, takes_recent } => {
                let changes = work::read(move || changes(&store, mailbox, since, takes_recent)).await;
                Answer::Changes(self.told(changes))
            }
            Question::Fetch { mailbox, uids, outlines, ahead } => {
                let fetch = move || {
                    let mut fetched = fetch(&store, mailbox, &uids, outlines)?;
                    fetched.ahead = ahead.map(|range| read_ahead(&store, &fetched, range)).transpose()?.flatten();
                    Ok(fetched)
                };
                Answer::Fetched(self.told(work::read(fetch).await))
            }
            Question::Read(spans) => Answer::Bytes(self.told(work::read(move || read(&store, &spans)).await)),
            Question::Store { mailbox, uids, change, unchanged_since } => {
                let stored = store.store_flags(mailbox, uids, change, unchanged_since).await;
                Answer::Stored(self.told(stored.map(Box::new)))
            }
            Question::Expunge { mailbox, uids } => Answer::Expunged(self.expunge(mailbox, uids).await),
            Question::Copy { from, uids, account, to, moved } => {
                Answer::Copied(self.copy(from, uids, (account, to), moved).await)
            }
            Question::Search { mailbox, uids, program } => {
                let reads_bytes = program.needs() == Needs::Bytes;
                let index = self.house.search.clone();
                let look = move || search(&store, &index, mailbox, &uids, &program);
                Answer::Found(self.told(if reads_bytes { work::read_long(look).await } else { work::read(look).await }))
            }
            Question::Rows { mailbox, uids, arrangement } => {
                Answer::Rows(self.told(work::read(move || rows(&store, mailbox, uids, &arrangement)).await))
            }
            Question::Arrange { rows, arrangement } => {
                Answer::Arranged(work::compute(move || arrangement.arrange(rows)).await)
            }
            Question::Create { account, name, special_use } => {
                Answer::Mailbox(self.create(account, name, special_use).await)
            }
            Question::Delete { account, name } => Answer::Mailbox(self.delete(account, name).await),
            Question::Rename { account, from, to } => Answer::Done(self.rename(account, from, to).await),
            Question::Subscribe { account, name, subscribed } => {
                Answer::Done(self.told(store.subscribe(account, &name, subscribed).await))
            }
            Question::List { account, looks } => {
                Answer::Listing(self.told(work::read(move || list(&store, account, looks)).await))
            }
            Question::Status { account, name, looks } => {
                let status = work::read(move || status(&store, account, &name, looks)).await;
                Answer::Status(self.told(status.map(Box::new)))
            }
            Question::Quota { account, of } => {
                Answer::Quota(self.told(work::read(move || shared::quota(&store, account, &of)).await))
            }
            Question::SetQuota { account, root, limits } => Answer::Quota(self.set_quota(account, root, limits).await),
            Question::Rights { account, mailbox } => {
                let rights = work::read(move || Asker::new(&store, account)?.rights_on(mailbox)).await;
                Answer::Rights(self.told(rights))
            }
            Question::MyRights { account, name } => {
                Answer::Rights(self.told(work::read(move || shared::my_rights(&store, account, &name)).await))
            }
            Question::RequiredRights { account, name, identifier } => {
                let rights = work::read(move || shared::required_rights(&store, account, &name, &identifier)).await;
                Answer::Rights(self.told(rights))
            }
            Question::Acl { account, name } => {
                Answer::Acl(self.told(work::read(move || shared::acl(&store, account, &name)).await))
            }
            Question::Metadata { account, name, wanted } => {
                let found = work::read(move || metadata::metadata(&store, account, &name, &wanted)).await;
                Answer::Metadata(self.told(found))
            }
            Question::ListedMetadata { account, mailboxes, wanted } => {
                let found = work::read(move || metadata::listed(&store, account, &mailboxes, &wanted)).await;
                Answer::ListedMetadata(self.told(found))
            }
            Question::SetMetadata { account, name, changes } => {
                Answer::Done(self.set_metadata(account, name, changes).await)
            }
            Question::SetRights { account, name, identifier, change } => {
                Answer::Done(self.set_rights(account, name, identifier, change).await)
            }
            Question::AppendBegin { account, name, size } => Answer::Done(self.append_begin(account, name, size).await),
            Question::AppendBytes(bytes) => Answer::Done(self.append_bytes(bytes).await),
            Question::AppendNext { flags, date, size } => Answer::Done(self.append_next(flags, date, size).await),
            Question::AppendEnd { flags, date, replaces } => {
                Answer::Appended(self.append_end(flags, date, replaces).await)
            }
            Question::AppendDrop => {
                self.append_drop();
                Answer::Done(Ok(()))
            }
            Question::Locate { owner, mailbox, uid_validity, uid } => {
                let locate = move || urls::locate(&store, &owner, &mailbox, uid_validity, uid);
                Answer::Located(self.told(work::read(locate).await))
            }
            Question::Watch(accounts) => Answer::Watch(self.house.bell.watch_accounts(&accounts)),
            Question::Marks { account, mailboxes, server } => {
                let marks = work::read(move || metadata::marks(&store, account, &mailboxes, server)).await;
                Answer::Marks(self.told(marks))
            }
            Question::AccessKey { account, mailbox } => Answer::AccessKey(self.access_key(account, mailbox).await),
            Question::ResetKeys { account, mailbox } => Answer::Done(self.reset_keys(account, mailbox).await),
        }
    }
}

type Told<T> = std::result::Result<T, Reply>;

impl ImapAnswers {
    pub(super) fn new(house: House, peer: &Peer) -> ImapAnswers {
        ImapAnswers {
            house,
            session: peer.id,
            client: peer.address.ip().to_canonical(),
            visited: BTreeSet::new(),
            incoming: None,
            kept: Vec::new(),
        }
    }

    fn logged_in(&self, user: &str, login: std::result::Result<Login, Denied>) -> Told<Login> {
        let event = match &login {
            Ok(login) => self.event(Level::Info, "logged in").with("user", login.address.to_string()),
            Err(denied) => {
                let event = self.event(Level::Warning, "login failed").with("user", user.to_owned());
                event.with("client", self.client.to_string()).with("why", format!("{denied:?}"))
            }
        };
        self.house.log.write(event);
        login.map_err(Reply::from)
    }

    async fn open(
        &mut self,
        account: AccountId,
        name: String,
        takes_recent: bool,
        known: Option<Known>,
    ) -> Told<Box<OpenMailbox>> {
        let (store, bell) = (self.house.store.clone(), self.house.bell.clone());
        let opened = work::read(move || {
            let asker = Asker::new(&store, account)?;
            let mut place = asker.find(&name, Rights::READ)?;
            let (id, owned) = (place.mailbox.id, asker.owns(&place.mailbox));
            // First the watch, then the look: no change falls between.
            let watch = bell.watch(&[id]);
            if !owned {
                place = asker.find(&name, Rights::READ)?;
            }
            let mut opened = store.open_mailbox(id)?;
            if takes_recent && place.rights.has_any(Rights::CHANGING) {
                store.note_recent(id, opened.mailbox.counters.uid_next);
            }
            opened.mailbox.name = place.name;
            let (rights, visit) = (place.rights, asker.visit(&place.mailbox));
            let known = known.filter(|known| known.uid_validity == opened.mailbox.counters.uid_validity);
            let missed = known.map(|known| store.changes(id, known.modseq)).transpose()?;
            Ok((Box::new(OpenMailbox { opened, rights, owned, missed, watch }), visit))
        });
        let (opened, visit) = self.told(opened.await)?;
        if let Some((on, guest)) = visit.filter(|_| self.visited.insert(opened.opened.mailbox.id)) {
            let event = Event::new(Kind::Audit, Level::Info, "mailbox opened").with("on", on).with("by", guest);
            self.house.log.write(event.with("from", self.client.to_string()));
        }
        Ok(opened)
    }

    async fn create(&self, account: AccountId, name: String, special_use: Option<SpecialUse>) -> Told<MailboxId> {
        let store = self.house.store.clone();
        let found = work::read(move || {
            let room = Asker::new(&store, account)?.room(&name)?;
            let taken = match special_use {
                Some(special_use) => room.owner != account || store.mailbox_for(account, special_use)?.is_some(),
                None => false,
            };
            Ok((room, taken))
        });
        let (Room { owner, name, maker }, taken) = self.told(found.await)?;
        if taken {
            return Err(Reply::no("USEATTR", "Another mailbox has this use, or it is not yours"));
        }
        let made = self.told(self.house.store.create_mailbox(owner, &name, special_use).await)?.id;
        if let Some(maker) = maker {
            let all = RightsChange::Replace(Rights::ALL);
            self.told(self.house.store.set_rights(made, &maker, all).await)?;
        }
        Ok(made)
    }

    async fn delete(&self, account: AccountId, name: String) -> Told<MailboxId> {
        let store = self.house.store.clone();
        let mailbox = work::read(move || find(&store, account, &name, Rights::DELETE_MAILBOX)).await;
        let mailbox = self.told(mailbox)?;
        self.told(self.house.store.delete_mailbox(mailbox.account, &mailbox.name).await)
    }

    async fn rename(&self, account: AccountId, from: String, to: String) -> Told<()> {
        let store = self.house.store.clone();
        let found = work::read(move || {
            let asker = Asker::new(&store, account)?;
            let mailbox = asker.find(&from, Rights::DELETE_MAILBOX)?.mailbox;
            let room = asker.room(&to)?;
            if room.owner != mailbox.account {
                return Err(Error::new(Word::NotAllowed, "a mailbox cannot go to another owner"));
            }
            Ok((mailbox, room.name))
        });
        let (mailbox, to) = self.told(found.await)?;
        self.told(self.house.store.rename_mailbox(mailbox.account, &mailbox.name, &to).await)
    }

    async fn expunge(&self, mailbox: MailboxId, uids: Option<UidSet>) -> Told<Expunged> {
        let expunged = self.told(self.house.store.expunge(mailbox, uids, true).await)?;
        self.house.log.write(self.event(Level::Debug, "expunged").with("messages", expunged.uids.count()));
        Ok(expunged)
    }

    async fn copy(&self, from: MailboxId, uids: UidSet, to: (AccountId, String), moved: bool) -> Told<Copied> {
        let store = self.house.store.clone();
        let target = self.told(work::read(move || target(&store, to.0, &to.1)).await)?;
        let (kept, now) = (target.rights.flags(), self.house.clock.now());
        self.told(self.house.store.transfer(from, uids, target.mailbox, moved, kept, now).await)
    }

    async fn access_key(&self, account: AccountId, mailbox: String) -> Told<AccessKey> {
        let store = self.house.store.clone();
        let found = work::read(move || find(&store, account, &mailbox, Rights::READ).map(|mailbox| mailbox.id));
        let id = self.told(found.await)?;
        self.told(self.house.store.give_access_key(id, random()).await)
    }

    async fn reset_keys(&self, account: AccountId, mailbox: Option<String>) -> Told<()> {
        let store = self.house.store.clone();
        let mailboxes = work::read(move || match mailbox {
            Some(name) => find(&store, account, &name, Rights::ADMINISTER).map(|mailbox| vec![mailbox.id]),
            None => Ok(store.mailboxes(account)?.into_iter().map(|mailbox| mailbox.id).collect()),
        });
        let mailboxes = self.told(mailboxes.await)?;
        self.told(self.house.store.take_access_keys(mailboxes).await)
    }

    async fn append_begin(&mut self, account: AccountId, name: String, size: u64) -> Told<()> {
        self.append_drop();
        let (store, more) = (self.house.store.clone(), self.with_one_more(size));
        let target = work::read(move || {
            let target = target(&store, account, &name)?;
            shared::check_quota(&store, target.owner, more)?;
            Ok(target)
        });
        let target = self.told(target.await)?;
        self.append_one(target)
    }

    /// What the messages of the APPEND add up to with another one.
    fn with_one_more(&self, size: u64) -> Usage {
        let bytes = size + self.kept.iter().map(|message| message.kept.size).sum::<u64>();
        Usage { bytes, messages: self.kept.len() as u64 + 1 }
    }

    fn append_one(&mut self, target: Target) -> Told<()> {
        let incoming = self.house.intake.begin(Trace::None).map_err(|refusal| self.refused(&refusal))?;
        self.incoming = Some(Appending { incoming, target });
        Ok(())
    }

    async fn append_bytes(&mut self, bytes: Vec<u8>) -> Told<()> {
        let Some(Appending { incoming, .. }) = &mut self.incoming else { return Err(nothing_begun()) };
        if let Err(refusal) = incoming.push(bytes).await {
            self.append_drop();
            return Err(self.refused(&refusal));
        }
        Ok(())
    }

    /// What is said of a message whose outline is yet to come. Flags that may not be set are left out (RFC 4314 §4).
    fn attributes(&self, target: Target, flags: FlagList, date: Option<Time>) -> Attributes {
        let internal_date = date.unwrap_or_else(|| self.house.clock.now());
        let FlagList { system, mut keywords } = flags;
        let flags = Flags(system.0 & target.rights.flags().0);
        if !target.rights.has(Rights::WRITE) {
            keywords.clear();
        }
        Attributes { outline: Arc::default(), flags, keywords, internal_date }
    }

    /// Keeps the message's bytes until all messages are there, and begins the next one.
    async fn append_next(&mut self, flags: FlagList, date: Option<Time>, size: u64) -> Told<()> {
        let Appending { incoming, target } = self.incoming.take().ok_or_else(nothing_begun)?;
        let KeptMessage { kept, outline } = incoming.keep().await.map_err(|refusal| self.refused(&refusal))?;
        let attributes = Attributes { outline, ..self.attributes(target, flags, date) };
        self.kept.push(NewMessage { kept, attributes });
        let (store, more) = (self.house.store.clone(), self.with_one_more(size));
        self.told(work::read(move || shared::check_quota(&store, target.owner, more)).await)?;
        self.append_one(target)
    }

    async fn append_end(
        &mut self,
        flags: FlagList,
        date: Option<Time>,
        replaces: Option<(MailboxId, Uid)>,
    ) -> Told<Appended> {
        let Appending { incoming, target } = self.incoming.take().ok_or_else(nothing_begun)?;
        let before = std::mem::take(&mut self.kept);
        let mut told: Vec<_> = before.iter().map(|message| (message.kept.id, message.kept.size)).collect();
        told.push((incoming.id(), incoming.size()));
        let (attributes, now) = (self.attributes(target, flags, date), self.house.clock.now());
        let mailbox = target.mailbox;
        let append = move |outline| {
            let attributes = Attributes { outline, ..attributes };
            Append { mailbox, before, attributes, replaces, now }
        };
        let appended = incoming.append(append).await.map_err(|refusal| self.refused(&refusal))?;
        let appended = self.told(appended)?;
        for (id, size) in told {
            self.house.log.write(self.event(Level::Info, "message appended").message(id).with("size", size));
        }
        Ok(appended)
    }

    fn append_drop(&mut self) {
        self.incoming = None;
        self.kept.clear();
    }

    /// Makes a reply of what storage refused; its own faults are logged.
    fn told<T>(&self, result: Result<T>) -> Told<T> {
        result.map_err(|error| {
            if matches!(error.word, Word::Corrupt | Word::Io | Word::Newer | Word::Locked) {
                self.house.log.write(self.event(Level::Error, "storage failed").with("why", error.detail.clone()));
            }
            Reply::from(&error)
        })
    }

    fn refused(&self, refusal: &Refusal) -> Reply {
        if let Refusal::Failed(why) = refusal {
            self.house.log.write(self.event(Level::Error, "message failed").with("why", why.clone()));
        }
        Reply::from(refusal)
    }

    fn event(&self, level: Level, what: &'static str) -> Event {
        Event::new(Kind::Imap, level, what).session(self.session)
    }
}

fn nothing_begun() -> Reply {
    Reply::no("SERVERBUG", "No message was begun")
}

/// The mailbox of that name, when messages may be put into it.
fn target(store: &Store, account: AccountId, name: &str) -> Result<Target> {
    let place = Asker::new(store, account)?.find(name, Rights::INSERT)?;
    Ok(Target { owner: place.mailbox.account, mailbox: place.mailbox.id, rights: place.rights })
}

/// The mailbox of that name as its owner names it, when the user has these rights.
fn find(store: &Store, account: AccountId, name: &str, needed: Rights) -> Result<Mailbox> {
    Ok(Asker::new(store, account)?.find(name, needed)?.mailbox)
}

fn changes(store: &Store, mailbox: MailboxId, since: Modseq, takes_recent: bool) -> Result<Box<Changes>> {
    let changes = store.changes(mailbox, since)?;
    if takes_recent && changes.counters.recent_from < changes.counters.uid_next {
        store.note_recent(mailbox, changes.counters.uid_next);
    }
    Ok(Box::new(changes))
}

/// Reads records, and their outlines as long as those are not too long together. A message that goes in between
/// is as if it had gone before.
fn fetch(store: &Store, mailbox: MailboxId, uids: &UidSet, outlines: bool) -> Result<Fetched> {
    let found = store.records(mailbox, uids, usize::try_from(uids.count()).unwrap_or(usize::MAX))?;
    if !outlines {
        return Ok(Fetched { records: found, ..Fetched::default() });
    }
    let (mut records, mut outlines, mut bytes) = (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()), 0);
    let mut chunks = found.chunks(OUTLINES_AT_ONCE);
    for chunk in chunks.by_ref() {
        let read = store.outlines(&blobs_of(chunk))?;
        for (record, outline) in chunk.iter().zip(read.iter()) {
            let Some(outline) = outline else { continue };
            bytes += outline.len();
            records.push(*record);
            outlines.push(outline.into());
        }
        if bytes >= OUTLINES_BYTES_MAX {
            break;
        }
    }
    let rest = chunks.flatten().map(|record| record.uid).collect();
    Ok(Fetched { records, outlines, rest, ahead: None })
}

/// Reads of a message that was fetched alone what will be asked for next.
fn read_ahead(store: &Store, fetched: &Fetched, range: Range) -> Result<Option<Vec<u8>>> {
    let [record] = fetched.records.as_slice() else { return Ok(None) };
    let range = Range { start: range.start, end: range.end.min(record.size) };
    if range.start >= range.end {
        return Ok(None);
    }
    let mut bytes = store.read(record.blob, u64::from(range.start), range.len())?;
    // The literal's size is that of the record.
    bytes.resize(range.len(), b' ');
    Ok(Some(bytes))
}

fn read(store: &Store, spans: &[Span]) -> Result<Vec<Vec<u8>>> {
    let bytes = |span: &Span| {
        let length = (span.range.end - span.range.start) as usize;
        store.read(span.blob, u64::from(span.range.start), length)
    };
    spans.iter().map(bytes).collect()
}

fn search(store: &Store, index: &Search, mailbox: MailboxId, uids: &UidSet, program: &Program) -> Result<Found> {
    let ask = |query: &_| index.ranked(store.acl(mailbox)?.0.account, query);
    let mut found = Found::default();
    for records in store.records(mailbox, uids, usize::MAX)?.chunks(OUTLINES_AT_ONCE) {
        look_at(store, &ask, records, program, &mut found)?;
    }
    Ok(found)
}

/// Adds what matches of these messages to what was found.
fn look_at(store: &Store, ask: &Ask, records: &[Record], program: &Program, found: &mut Found) -> Result<()> {
    let blobs = blobs_of(records);
    let filters = if program.has(Needs::Bytes) { store.text_filters(&blobs)? } else { Bundle::default() };
    // Where filters decide, few outlines are needed.
    let outlined = program.has(Needs::Outline) || filters.iter().any(|filter| filter.is_none());
    let outlines = if outlined { store.outlines(&blobs)? } else { Bundle::default() };
    let mut made = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let outline = outlines.get(index);
        if outlined && outline.is_none() {
            continue;
        }
        let mut message = LookedAt::new(store, ask, *record, outline, filters.get(index));
        let matches = program.matches(&mut message);
        if matches && program.is_fuzzy() {
            found.scores.push(record.uid, program.relevancy(&mut message));
        }
        if let Filter::Made(filter) = message.finish()? {
            made.push((record.blob, filter));
        }
        if matches {
            found.uids.push(record.uid);
            found.modseq = found.modseq.max(record.modseq);
        }
    }
    store.put_text_filters(made);
    Ok(())
}

fn blobs_of(records: &[Record]) -> Vec<BlobId> {
    records.iter().map(|record| record.blob).collect()
}

fn rows(store: &Store, mailbox: MailboxId, mut uids: UidSet, arrangement: &Arrangement) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    while !uids.is_empty() {
        let fetched = fetch(store, mailbox, &uids, arrangement.needs_outline())?;
        let mut outlines = fetched.outlines.iter();
        rows.extend(fetched.records.iter().map(|record| {
            let outline = outlines.next().and_then(|outline| Outline::decode(outline));
            arrangement.row(record, outline.as_ref())
        }));
        uids = fetched.rest;
    }
    Ok(rows)
}

fn list(store: &Store, account: AccountId, looks: Looks) -> Result<Listing> {
    let asker = Asker::new(store, account)?;
    let mut mailboxes = store.mailboxes(account)?;
    let others = asker.others()?;
    let mut looked = Vec::new();
    if looks != Looks::default() {
        for (mailbox, rights) in mailboxes.iter().zip(asker.own_rights(&mailboxes)?) {
            looked.push(look(store, mailbox, rights, looks)?);
        }
        for place in &others {
            looked.push(look(store, &place.mailbox, place.rights, looks)?);
        }
    }
    mailboxes.extend(others.into_iter().map(Place::told));
    Ok(Listing { mailboxes, looked, subscriptions: store.subscriptions(account)? })
}

fn status(store: &Store, account: AccountId, name: &str, looks: Looks) -> Result<MailboxStatus> {
    let place = Asker::new(store, account)?.find(name, Rights::READ)?;
    let looked = look(store, &place.mailbox, place.rights, looks)?;
    Ok(MailboxStatus { mailbox: place.told(), looked })
}

fn look(store: &Store, mailbox: &Mailbox, rights: Rights, looks: Looks) -> Result<Looked> {
    let recent = if looks.recent { recent_messages(store, mailbox)? } else { 0 };
    let deleted_bytes = if looks.deleted_bytes { deleted_bytes(store, mailbox)? } else { 0 };
    Ok(Looked { recent, deleted_bytes, rights })
}

/// Bytes of the messages with `\Deleted`.
fn deleted_bytes(store: &Store, mailbox: &Mailbox) -> Result<u64> {
    if mailbox.counters.deleted == 0 {
        return Ok(0);
    }
    let (mut uids, mut bytes) = (store.open_mailbox(mailbox.id)?.uids, 0);
    while !uids.is_empty() {
        let records = store.records(mailbox.id, &take_first(&mut uids, RECORDS_AT_ONCE), RECORDS_AT_ONCE)?;
        let deleted = records.iter().filter(|record| record.flags.has(Flags::DELETED));
        bytes += deleted.map(|record| u64::from(record.size)).sum::<u64>();
    }
    Ok(bytes)
}

/// The messages that no session has been told of.
fn recent_messages(store: &Store, mailbox: &Mailbox) -> Result<u32> {
    let opened = store.open_mailbox(mailbox.id)?;
    let from = opened.mailbox.counters.recent_from;
    let new = opened.uids.0.iter().filter(|range| range.last >= from);
    Ok(new.map(|range| range.last - range.first.max(from) + 1).sum())
}
