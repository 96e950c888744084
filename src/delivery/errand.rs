//! Errands: messages that a recipient's rules want sent. They wait in the recipient's state in the spool, which is written in
//! the very transaction that files the message; each is sent by the way in, and struck off in the transaction that settles
//! what was sent. So each is sent once.

use mailstead_storage::{
    AccountId, BlobId, BodyKind, Envelope, EnvelopeRecipient, Error, Leased, MailboxId, Notify, PIECE_BYTES_MAX,
    Priority, Provenance, RecipientState, Word,
};
use serde::{Deserialize, Serialize};

use super::Parts;
use super::vacation::Answer;
use crate::clock::rfc5322;
use crate::intake::{Acceptance, Refusal, Trace};
use crate::message::{Outline, Range};
use crate::people::Address;
use crate::sieve::{Edit, Vacation, edited, encode_value, limits};
use crate::work;

/// Something to be sent for the rules of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Errand {
    /// Whose rules.
    pub account: AccountId,
    /// What.
    pub kind: Kind,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The message, to other addresses.
    Redirect { to: Vec<String>, edits: Vec<Edit> },
    /// A copy with another header, into mailboxes of the same account.
    File { copies: Vec<Copy>, edits: Vec<Edit> },
    /// An answer to its sender.
    Vacation(Vacation),
    /// To the owner: the script is wrong, and how.
    Trouble(String),
}

/// A mailbox that gets a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copy {
    pub mailbox: u32,
    pub flags: u64,
    pub keywords: Vec<String>,
}

impl Copy {
    /// Which mailbox.
    pub(super) fn mailbox(&self) -> MailboxId {
        MailboxId(self.mailbox)
    }
}

impl Errand {
    /// As the spool keeps it.
    pub(super) fn encode(&self) -> String {
        serde_json::to_string(self).expect("an errand has only what JSON can say")
    }

    /// The first errand of a message, and of which of its recipients.
    ///
    /// # Errors
    /// `Newer` when it cannot be read.
    pub(super) fn first(recipients: &[RecipientState]) -> Result<Option<(usize, Errand)>, Error> {
        let mut all = recipients.iter().enumerate();
        let Some((index, text)) = all.find_map(|(index, state)| Some((index, state.errands.first()?))) else {
            return Ok(None);
        };
        let unknown = |_| Error::new(Word::Newer, "what a rule wants sent cannot be read; use a newer program");
        serde_json::from_str(text).map(|errand| Some((index, errand))).map_err(unknown)
    }
}

/// A message on its way out of an errand.
pub(super) struct Letter {
    of: BlobId,
    trace: Trace,
    envelope: Envelope,
    priority: Priority,
    /// How it begins.
    head: Vec<u8>,
    /// From where the message's own bytes follow.
    rest: Option<u64>,
}

/// Writes the first errand of this message.
///
/// # Errors
/// Those of storage.
pub(super) fn write(parts: &Parts, leased: &Leased) -> Result<Option<Letter>, Error> {
    let Some((index, errand)) = Errand::first(&leased.recipients)? else { return Ok(None) };
    let directory = parts.store.directory();
    let gone = || Error::new(Word::NotFound, "the account of a rule is gone");
    let owner = directory.accounts.get(&errand.account).ok_or_else(gone)?;
    let writer = Writer { parts, leased, index, owner: &owner.address, name: &owner.name };
    Ok(Some(match &errand.kind {
        Kind::Redirect { to, edits } => writer.redirect(to, edits)?,
        Kind::File { edits, .. } => writer.file(edits)?,
        Kind::Vacation(vacation) => writer.answer(vacation)?,
        Kind::Trouble(fault) => writer.trouble(fault),
    }))
}

impl Letter {
    /// Sends it by the way in.
    ///
    /// # Errors
    /// Any refusal.
    pub(super) async fn send(self, parts: &Parts) -> Result<(), Refusal> {
        let mut incoming = parts.intake.begin(self.trace)?;
        incoming.push(self.head).await?;
        let mut rest = self.rest;
        while let Some(from) = rest {
            let (store, of) = (parts.store.clone(), self.of);
            let bytes = work::read(move || store.read(of, from, PIECE_BYTES_MAX)).await?;
            rest = (bytes.len() == PIECE_BYTES_MAX).then_some(from + PIECE_BYTES_MAX as u64);
            incoming.push(bytes).await?;
        }
        let (envelope, provenance) = (self.envelope, Provenance::Errand(self.of));
        incoming.accept(Acceptance { envelope, provenance, priority: self.priority }).await.map(drop)
    }
}

struct Writer<'a> {
    parts: &'a Parts,
    leased: &'a Leased,
    index: usize,
    /// The main address of whose rules they are.
    owner: &'a str,
    name: &'a str,
}

impl Writer<'_> {
    fn redirect(&self, to: &[String], edits: &[Edit]) -> Result<Letter, Error> {
        let original = &self.leased.arrival.envelope;
        let domain = self.owner.rsplit_once('@').map_or("", |(_, domain)| domain);
        let reverse_path = self.parts.people.forwarding_sender(&original.reverse_path, domain);
        let notify = Notify { success: false, ..original.recipients[self.index].notify };
        // What is no address by the rules of SMTP is left out; the script's own check is less strict.
        let to = to.iter().filter_map(|address| Address::parse(address)).map(|address| address.to_string());
        let recipients = to.map(|address| EnvelopeRecipient::new(address, notify)).collect();
        let mut head = format!("Delivered-To: {}\r\n", self.owner).into_bytes();
        let rest = self.own_bytes(edits, &mut head)?;
        Ok(Letter {
            of: self.leased.id,
            trace: self.trace(reverse_path.clone()),
            envelope: Envelope { reverse_path, recipients, envelope_id: None, ..original.clone() },
            priority: self.leased.arrival.priority,
            head,
            rest: Some(rest),
        })
    }

    fn file(&self, edits: &[Edit]) -> Result<Letter, Error> {
        let arrival = &self.leased.arrival;
        let mut head = self.read(0u64, arrival.return_path_bytes as usize)?;
        let rest = self.own_bytes(edits, &mut head)?;
        let recipient = EnvelopeRecipient { notify: Notify::NEVER, ..arrival.envelope.recipients[self.index].clone() };
        Ok(Letter {
            of: self.leased.id,
            trace: Trace::None,
            envelope: Envelope { recipients: vec![recipient], ..arrival.envelope.clone() },
            priority: arrival.priority,
            head,
            rest: Some(rest),
        })
    }

    fn answer(&self, vacation: &Vacation) -> Result<Letter, Error> {
        let header = self.header()?;
        let header = self.read(header.start, header.len().min(limits::HEADER_BYTES_MAX as usize))?;
        let sender = &self.leased.arrival.envelope.reverse_path;
        let from = vacation.from.as_deref().filter(|from| self.is_own(from));
        let from = from.map_or_else(|| mailbox(self.name, self.owner), str::to_owned);
        let answer = Answer {
            vacation,
            from: &from,
            to: sender,
            header: &header,
            message_id: &self.message_id("away"),
            now: self.now(),
        };
        Ok(self.own(sender, answer.write()))
    }

    fn trouble(&self, fault: &str) -> Letter {
        let text = format!(
            "From: Mail rules <postmaster@{host}>\r\nTo: <{owner}>\r\nSubject: Your mail rules have a fault\r\n\
             Date: {date}\r\nMessage-ID: {id}\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
             The active script of your mail rules could not be run:\r\n\r\n    {fault}\r\n\r\n\
             Until it is put right, mail at which this happens is kept in your INBOX as if there were no\r\n\
             rules. Nothing is lost. You are told of this only once.\r\n",
            host = self.parts.hostname,
            owner = self.owner,
            date = rfc5322(self.now()),
            id = self.message_id("rules"),
        );
        self.own(self.owner, text.into_bytes())
    }

    /// A message of our own, which nobody answers.
    fn own(&self, to: &str, head: Vec<u8>) -> Letter {
        let recipient = EnvelopeRecipient::new(to, Notify::NEVER);
        let envelope = Envelope {
            body: BodyKind::of(&head),
            smtputf8: self.leased.arrival.envelope.smtputf8,
            ..Envelope::new("", vec![recipient])
        };
        let trace = self.trace(String::new());
        Letter { of: self.leased.id, trace, envelope, priority: Priority::Normal, head, rest: None }
    }

    /// The message's own header with these changes onto `head`, if there are any. Returns where its bytes go on.
    fn own_bytes(&self, edits: &[Edit], head: &mut Vec<u8>) -> Result<u64, Error> {
        let begin = self.leased.arrival.return_path_bytes;
        let header = self.header()?;
        if edits.is_empty() || header.len() > limits::HEADER_BYTES_MAX as usize {
            return Ok(begin.into());
        }
        let own = self.read(begin, header.end.saturating_sub(begin) as usize)?;
        head.extend(edited(&own, edits));
        Ok(header.end.into())
    }

    fn header(&self) -> Result<Range, Error> {
        let stored = self.parts.store.outline(self.leased.id)?;
        let unreadable = || Error::new(Word::Corrupt, "the outline of a message cannot be read");
        Ok(Outline::decode(&stored).ok_or_else(unreadable)?.root.header)
    }

    fn read(&self, from: impl Into<u64>, length: usize) -> Result<Vec<u8>, Error> {
        self.parts.store.read(self.leased.id, from.into(), length)
    }

    fn trace(&self, reverse_path: String) -> Trace {
        let received =
            format!("Received: by {} (rules) id {{id}};\r\n\t{}\r\n", self.parts.hostname, rfc5322(self.now()));
        Trace::Fields { reverse_path, received, complete_as: None }
    }

    fn message_id(&self, what: &str) -> String {
        format!("<{what}.{}.{:x}@{}>", self.leased.id, self.now().0, self.parts.hostname)
    }

    fn now(&self) -> crate::clock::Time {
        self.parts.clock.now()
    }

    /// Is it one address of the owner, alone or with a name?
    fn is_own(&self, from: &str) -> bool {
        let addresses = crate::message::parse_addresses(from.as_bytes());
        let [address] = addresses.as_slice() else { return false };
        let part = |part: Option<&[u8]>| part.map(|part| String::from_utf8_lossy(part).into_owned());
        let parts = part(address.mailbox.as_deref()).zip(part(address.host.as_deref()));
        let text = parts.map(|(mailbox, host)| format!("{mailbox}@{host}"));
        let parsed = text.filter(|_| !from.chars().any(char::is_control)).and_then(|text| Address::parse(&text));
        let account = self.parts.store.directory().by_address.get(self.owner).map(|account| account.id);
        parsed.zip(account).is_some_and(|(address, account)| self.parts.people.may_send_as(account, &address))
    }
}

/// `Name <address>` as a From field says it.
fn mailbox(name: &str, address: &str) -> String {
    if name.is_empty() {
        return address.to_owned();
    }
    let name = encode_value(name);
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" !#$%&'*+-/=?^_`{|}~\r\n".contains(&byte));
    if is_plain { format!("{name} <{address}>") } else { format!("\"{}\" <{address}>", name.replace(['"', '\\'], "")) }
}
