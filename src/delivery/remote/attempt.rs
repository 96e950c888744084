//! One attempt to hand one message to all the servers that are next for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mailstead_storage::{BodyKind, Leased, RecipientState, Settlement, State, Told};
use tokio::task::JoinSet;

use super::Inner;
use super::body::Body;
use super::connection::{Connection, Sent};
use super::pool::Kind;
use super::route::{Hop, hop};
use crate::log::{self, Event, Level};
use crate::message::Outline;
use crate::protocol::smtp::client::{Mail, Rcpt, Report, answer};
use crate::work;

/// An attempt. While it lives it takes room of its message's queue.
pub(in super::super) struct Attempt {
    inner: Arc<Inner>,
    leased: Arc<Leased>,
    _place: Place,
}

/// What came of it.
pub(in super::super) struct Tried {
    /// The message as it was leased.
    pub leased: Arc<Leased>,
    /// The recipients' states now.
    pub recipients: Vec<RecipientState>,
    /// A queue that had no room, and whose recipients were not tried.
    pub skipped: Option<String>,
}

/// Room that is taken in a queue.
struct Place {
    inner: Arc<Inner>,
    queue: String,
}

/// The recipients that one destination is next for.
struct Group {
    hop: Hop,
    /// Which recipient of the envelope, and where it is to go.
    parts: Vec<(usize, String)>,
}

/// What a destination said to one of them.
struct Heard {
    recipient: usize,
    address: String,
    answer: String,
    server: String,
    dsn: bool,
}

impl Place {
    fn take(inner: &Arc<Inner>, queue: &str) -> Place {
        inner.destinations.enter(queue, inner.parts.clock.now());
        Place { inner: inner.clone(), queue: queue.to_string() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.inner.destinations.leave(&self.queue);
    }
}

impl Attempt {
    pub(super) fn begin(inner: Arc<Inner>, leased: Leased) -> Attempt {
        let place = Place::take(&inner, &leased.queue);
        Attempt { inner, leased: Arc::new(leased), _place: place }
    }

    /// Tries all destinations side by side. What one has taken is written down before the others have answered.
    pub async fn run(self) -> Tried {
        let Attempt { inner, leased, _place } = &self;
        let mut recipients = leased.recipients.clone();
        let signed = sign(inner, leased).await;
        let prefix = match signed {
            Ok(prefix) => Arc::new(prefix),
            Err(why) => {
                let pending = recipients.iter_mut().filter(|recipient| recipient.state == State::Pending);
                pending.for_each(|recipient| recipient.answer = answer(451, "4.3.0", &why));
                return Tried { leased: leased.clone(), recipients, skipped: None };
            }
        };
        let (mut skipped, mut running) = (None, JoinSet::new());
        for (queue, group) in groups(inner, leased) {
            let now = inner.parts.clock.now();
            let place = match queue == leased.queue {
                true => None,
                false if inner.destinations.room(&queue, &inner.parts.settings, now) == 0 => {
                    skipped = Some(queue);
                    continue;
                }
                false => Some(Place::take(inner, &queue)),
            };
            let (inner, leased, prefix) = (inner.clone(), leased.clone(), prefix.clone());
            running.spawn(async move {
                let _place = place;
                deliver(&inner, &leased, &group, &prefix).await
            });
        }
        while let Some(told) = running.join_next().await {
            for told in told.unwrap_or_default() {
                note(&mut recipients[told.recipient], &told);
            }
            if !running.is_empty() {
                self.progress(&recipients).await;
            }
        }
        Tried { leased: leased.clone(), recipients, skipped }
    }

    /// Writes down what is known so far. Should that fail, the end of the attempt tries again.
    async fn progress(&self, recipients: &[RecipientState]) {
        let leased = &self.leased;
        let settlement = Settlement {
            id: leased.id,
            deliveries: Vec::new(),
            recipients: recipients.to_vec(),
            next_attempt: Some(self.inner.parts.clock.now()),
            attempts: leased.attempts,
            memories: Vec::new(),
            queue: leased.queue.clone(),
        };
        let _ = self.inner.parts.store.progress(settlement).await;
    }
}

async fn sign(inner: &Arc<Inner>, leased: &Arc<Leased>) -> Result<Vec<u8>, String> {
    let Some(signer) = inner.parts.signer.clone() else { return Ok(Vec::new()) };
    let leased = leased.clone();
    work::compute(move || signer.sign(&leased)).await.map_err(|error| format!("the message cannot be signed: {error}"))
}

/// The recipients that are still to go somewhere, by destination.
fn groups(inner: &Inner, leased: &Leased) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (index, state) in leased.recipients.iter().enumerate().filter(|(_, state)| state.state == State::Pending) {
        for address in &state.remaining {
            let Some(hop) = hop(&inner.parts.settings, address) else { continue };
            let group = groups.entry(hop.queue.clone()).or_insert_with(|| Group { hop, parts: Vec::new() });
            group.parts.push((index, address.clone()));
        }
    }
    groups
}

/// Takes down what a server said of one address of a recipient. An alias may have led to several: a refusal of one
/// stands in its answer until all have been tried.
fn note(state: &mut RecipientState, told: &Heard) {
    let is_final = !told.answer.starts_with('4');
    if is_final {
        state.remaining.retain(|address| *address != told.address);
    }
    if !state.answer.starts_with('5') {
        (state.answer, state.server) = (told.answer.clone(), told.server.clone());
    }
    if state.remaining.is_empty() {
        state.state = if state.answer.starts_with('5') { State::Failed } else { State::Delivered };
        // The next server tells of success, if anybody does (RFC 3461 §5.2.2).
        if told.dsn && state.state == State::Delivered {
            state.told = Told::Outcome;
        }
    }
}

/// Hands the message to one destination, for as many recipients at once as it may be asked to take.
async fn deliver(inner: &Arc<Inner>, leased: &Leased, group: &Group, prefix: &[u8]) -> Vec<Heard> {
    let (queue, now) = (&group.hop.queue, inner.parts.clock.now());
    if let Some(answer) = inner.destinations.broken(queue, now) {
        return group.tell(&group.parts, vec![answer; group.parts.len()], "", false);
    }
    let kind = Kind { queue: queue.clone(), required: leased.arrival.envelope.require_tls };
    let mut told = Vec::new();
    while told.len() < group.parts.len() {
        let connection = match inner.pool.take(&kind) {
            Some(connection) => connection,
            None => match inner.reach(&group.hop, kind.required).await {
                Ok(connection) => {
                    inner.destinations.works(queue);
                    connection
                }
                Err(answer) => {
                    if answer.starts_with('4') && !kind.required {
                        inner.destinations.breaks(queue, &answer, &inner.parts.settings, inner.parts.clock.now());
                    }
                    let rest = &group.parts[told.len()..];
                    inner.log(leased, queue, "", &answer, rest.len());
                    told.extend(group.tell(rest, vec![answer; rest.len()], "", false));
                    return told;
                }
            },
        };
        told.extend(transact(inner, leased, group, &kind, connection, (prefix, told.len())).await);
    }
    told
}

/// One transaction, for the recipients from `begin` on. Says nothing of any when the connection was stale.
async fn transact(
    inner: &Arc<Inner>,
    leased: &Leased,
    group: &Group,
    kind: &Kind,
    mut connection: Connection,
    (prefix, begin): (&[u8], usize),
) -> Vec<Heard> {
    let settings = &inner.parts.settings;
    let max =
        connection.extensions().recipients_max.unwrap_or(usize::MAX).min(settings.transaction_recipients_max.max(1));
    let parts = &group.parts[begin..(begin + max).min(group.parts.len())];
    let server = connection.host.clone();
    let body = Body::of(&inner.parts.store, leased, prefix);
    let mail = match mail(inner, leased, parts, body.bytes(), &connection).await {
        Ok(mail) => mail,
        Err(answer) => {
            inner.pool.put(kind.clone(), connection);
            return group.tell(parts, vec![answer; parts.len()], &server, false);
        }
    };
    let Sent::Report(Report { answers, dsn, is_over }) = connection.send(mail, body).await else { return Vec::new() };
    if let Some(first) = answers.iter().find(|answer| !answer.starts_with('2')).or(answers.first()) {
        inner.log(leased, &group.hop.queue, &connection.described(), first, parts.len());
    }
    if is_over || connection.messages >= settings.connection_messages_max {
        if !is_over {
            tokio::spawn(connection.quit());
        }
    } else {
        inner.pool.put(kind.clone(), connection);
    }
    group.tell(parts, answers, &server, dsn)
}

/// The envelope for these recipients.
///
/// # Errors
/// The answer for them when the message cannot be made to fit this server.
async fn mail(
    inner: &Inner,
    leased: &Leased,
    parts: &[(usize, String)],
    size: u64,
    connection: &Connection,
) -> Result<Mail, String> {
    let (envelope, extensions) = (&leased.arrival.envelope, connection.extensions());
    let unreadable = |error| answer(451, "4.3.0", &format!("the message cannot be read: {error}"));
    let mut body = envelope.body;
    let can = match body {
        BodyKind::SevenBit => true,
        BodyKind::EightBit => extensions.eight_bit,
        BodyKind::Binary => extensions.binary && extensions.chunking,
    };
    if !can {
        // Many say 8BITMIME of mail that has no such byte.
        if body == BodyKind::Binary || Body::has_eight_bit(&inner.parts.store, leased).await.map_err(unreadable)? {
            let text = "the next server takes no 8-bit text, and changing the message would break its signatures";
            return Err(answer(554, "5.6.3", text));
        }
        body = BodyKind::SevenBit;
    }
    let rcpt = |(index, address): &(usize, String)| {
        let of = &envelope.recipients[*index];
        Rcpt { address: address.clone(), notify: of.notify, original: of.original.clone() }
    };
    let recipients: Vec<Rcpt> = parts.iter().map(rcpt).collect();
    let is_ascii = envelope.reverse_path.is_ascii() && recipients.iter().all(|rcpt| rcpt.address.is_ascii());
    let smtputf8 = !is_ascii || envelope.smtputf8 && (extensions.utf8 || has_utf8_header(inner, leased).await);
    Ok(Mail {
        reverse_path: envelope.reverse_path.clone(),
        recipients,
        size,
        body,
        smtputf8,
        require_tls: envelope.require_tls,
        ret: envelope.ret,
        envelope_id: envelope.envelope_id.clone(),
    })
}

/// Does the header itself need SMTPUTF8? One that cannot be read counts as if it did.
async fn has_utf8_header(inner: &Inner, leased: &Leased) -> bool {
    let Some(outline) = Outline::decode(&leased.arrival.outline) else { return true };
    let (store, id, length) = (inner.parts.store.clone(), leased.id, outline.root.header.end as usize);
    work::read(move || store.read(id, 0, length)).await.map_or(true, |header| !header.is_ascii())
}

impl Group {
    fn tell(&self, parts: &[(usize, String)], answers: Vec<String>, server: &str, dsn: bool) -> Vec<Heard> {
        let told = |((recipient, address), answer): (&(usize, String), String)| Heard {
            recipient: *recipient,
            address: address.clone(),
            answer,
            server: server.to_string(),
            dsn,
        };
        parts.iter().zip(answers).map(told).collect()
    }
}

impl Inner {
    /// One line for each transaction.
    fn log(&self, leased: &Leased, destination: &str, host: &str, answer: &str, recipients: usize) {
        let what = match answer.as_bytes().first() {
            Some(b'2') => "handed over",
            Some(b'5') => "refused by the next server",
            _ => "the next server could not take it",
        };
        let event = Event::new(log::Kind::Delivery, Level::Info, what)
            .message(leased.id)
            .with("destination", destination.to_string())
            .with("host", host.to_string())
            .with("recipients", recipients as u64)
            .with("answer", answer.to_string());
        self.parts.log.write(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_with_several_ends_waits_for_all_and_remembers_a_refusal() {
        let check = |answers: &[(&str, &str)], state: State, answer: &str| {
            let remaining = vec!["a@x".into(), "b@y".into()];
            let (told, server) = (Told::Nothing, String::new());
            let mut recipient = RecipientState {
                state: State::Pending,
                answer: String::new(),
                server,
                told,
                remaining,
                errands: Vec::new(),
            };
            for (address, answer) in answers {
                let (address, answer, server) = ((*address).into(), (*answer).into(), "mx".into());
                note(&mut recipient, &Heard { recipient: 0, address, answer, server, dsn: false });
            }
            assert_eq!((recipient.state, recipient.answer.as_str()), (state, answer), "{answers:?}");
        };
        check(&[("a@x", "250 a")], State::Pending, "250 a");
        check(&[("a@x", "250 a"), ("b@y", "250 b")], State::Delivered, "250 b");
        check(&[("a@x", "550 a"), ("b@y", "451 b")], State::Pending, "550 a");
        check(&[("a@x", "550 a"), ("b@y", "250 b")], State::Failed, "550 a");
        check(&[("a@x", "451 a"), ("b@y", "250 b"), ("a@x", "250 a")], State::Delivered, "250 a");
    }
}
