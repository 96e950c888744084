//! One attempt to hand one message to all the servers that are next for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mailstead_storage::{BodyKind, Leased, RecipientState, Settlement, State, Told};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::body::Body;
use super::connection::{Connection, Sent};
use super::forms::{Form, Forms};
use super::pool::Kind;
use super::route::{self, Hop, hop};
use super::{Inner, Parts};
use crate::delivery::UNWRITTEN_MAX;
use crate::log::{self, Event, Level};
use crate::message::Outline;
use crate::protocol::smtp::client::{Extensions, Mail, Rcpt, Report};
use crate::work;

/// Recipients of a transaction that the log names.
const LOGGED_RECIPIENTS_MAX: usize = 20;

/// An attempt. While it lives it takes room of its message's queue.
pub(in super::super) struct Attempt {
    inner: Arc<Inner>,
    leased: Arc<Leased>,
    place: Place,
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
    /// The answer for all while the destination is broken; no room is taken then.
    told: Option<String>,
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
        let told = inner.destinations.enter(queue, inner.parts.clock.now()).err();
        Place { inner: inner.clone(), queue: queue.to_string(), told }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.told.is_none() {
            self.inner.destinations.leave(&self.queue);
        }
    }
}

impl Attempt {
    pub(super) fn begin(inner: Arc<Inner>, leased: Leased) -> Attempt {
        let place = Place::take(&inner, &leased.queue);
        Attempt { inner, leased: Arc::new(leased), place }
    }

    /// What came of it, when that is known without a try: its one destination is broken.
    pub fn told(self) -> Result<Tried, Attempt> {
        let Some(answer) = &self.place.told else { return Err(self) };
        let groups = groups(&self.inner, &self.leased);
        if groups.keys().any(|queue| *queue != self.leased.queue) {
            return Err(self);
        }
        let mut recipients = self.leased.recipients.clone();
        for told in groups.values().flat_map(|group| group.tell_all(&group.parts, answer, "")) {
            note(&mut recipients[told.recipient], &told);
        }
        Ok(Tried { leased: self.leased.clone(), recipients, skipped: None })
    }

    /// Tries all destinations side by side. What one has taken is written down before the others have answered.
    pub async fn run(self) -> Tried {
        let Attempt { inner, leased, place } = &self;
        let mut recipients = leased.recipients.clone();
        let Parts { store, signer, .. } = &inner.parts;
        let forms = Arc::new(Forms::of(store.clone(), signer.clone(), leased.clone()));
        let (mut skipped, mut running) = (None, JoinSet::new());
        for (queue, group) in groups(inner, leased) {
            let (own, told) = match queue == leased.queue {
                true => (None, place.told.clone()),
                false if !inner.has_room(&queue) => {
                    skipped = Some(queue);
                    continue;
                }
                false => {
                    let own = Place::take(inner, &queue);
                    let told = own.told.clone();
                    (Some(own), told)
                }
            };
            let (inner, leased, forms) = (inner.clone(), leased.clone(), forms.clone());
            running.spawn(async move {
                let _own = own;
                match told {
                    Some(answer) => group.tell_all(&group.parts, &answer, ""),
                    None => deliver(&inner, &leased, &group, &forms).await,
                }
            });
        }
        let mut is_written = !leased.fresh;
        let write_by = Instant::now() + UNWRITTEN_MAX;
        loop {
            let told = tokio::select! {
                told = running.join_next() => told,
                () = tokio::time::sleep_until(write_by), if !is_written => {
                    self.progress(&recipients).await;
                    is_written = true;
                    continue;
                }
            };
            let Some(told) = told else { break };
            for told in told.unwrap_or_default() {
                note(&mut recipients[told.recipient], &told);
            }
            if !running.is_empty() {
                self.progress(&recipients).await;
                is_written = true;
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

/// The recipients that are still to go somewhere, by destination.
fn groups(inner: &Inner, leased: &Leased) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let settings = inner.parts.settings.get();
    for (index, state) in leased.recipients.iter().enumerate().filter(|(_, state)| state.state == State::Pending) {
        for address in &state.remaining {
            let Some(hop) = hop(&settings, address) else { continue };
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
async fn deliver(inner: &Arc<Inner>, leased: &Leased, group: &Group, forms: &Forms) -> Vec<Heard> {
    let queue = &group.hop.queue;
    let kind = Kind { hop: group.hop.clone(), required: leased.arrival.envelope.require_tls };
    let mut told = Vec::new();
    while told.len() < group.parts.len() {
        let connection = match inner.pool.take(&kind) {
            Some(connection) => connection,
            None => match inner.reach(&group.hop, kind.required).await {
                Ok(connection) => {
                    inner.destinations.works(queue, inner.parts.clock.now());
                    connection
                }
                Err(answer) => {
                    if answer.starts_with('4') && !kind.required {
                        inner.destinations.breaks(queue, &answer, &inner.parts.settings.get(), inner.parts.clock.now());
                    }
                    let rest = &group.parts[told.len()..];
                    inner.log(leased, queue, "", &answer, rest);
                    told.extend(group.tell_all(rest, &answer, ""));
                    return told;
                }
            },
        };
        told.extend(transact(inner, leased, group, &kind, connection, (forms, told.len())).await);
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
    (forms, begin): (&Forms, usize),
) -> Vec<Heard> {
    let settings = inner.parts.settings.get();
    let max =
        connection.extensions().recipients_max.unwrap_or(usize::MAX).min(settings.transaction_recipients_max.max(1));
    let parts = &group.parts[begin..(begin + max).min(group.parts.len())];
    let server = connection.host.clone();
    let (mail, form) = match mail(inner, leased, parts, forms, connection.extensions()).await {
        Ok(fitting) => fitting,
        Err(answer) => {
            inner.pool.put(kind.clone(), connection);
            return group.tell_all(parts, &answer, &server);
        }
    };
    let body = Body::of(forms.stored(), &form);
    let Sent::Report(Report { answers, dsn, is_over }) = connection.send(mail, body).await else { return Vec::new() };
    if let Some(first) = answers.iter().find(|answer| !answer.starts_with('2')).or(answers.first()) {
        inner.log(leased, &group.hop.queue, &connection.described(), first, parts);
    }
    if !is_over {
        inner.destinations.works(&group.hop.queue, inner.parts.clock.now());
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

/// The envelope for these recipients, and the form of the message that goes with it.
///
/// # Errors
/// The answer for them when the message cannot be made to fit this server.
async fn mail(
    inner: &Inner,
    leased: &Leased,
    parts: &[(usize, String)],
    forms: &Forms,
    extensions: &Extensions,
) -> Result<(Mail, Form), String> {
    let envelope = &leased.arrival.envelope;
    let (body, form) = match envelope.body {
        BodyKind::EightBit if !extensions.eight_bit => (BodyKind::SevenBit, forms.seven_bit().await?),
        BodyKind::Binary if !extensions.binary || !extensions.chunking => {
            (BodyKind::SevenBit, forms.seven_bit().await?)
        }
        body => (body, forms.as_stored().await?),
    };
    let rcpt = |(index, address): &(usize, String)| {
        let of = &envelope.recipients[*index];
        Rcpt { address: route::on_the_wire(address), notify: of.notify, original: of.original.clone() }
    };
    let reverse_path = route::on_the_wire(&envelope.reverse_path);
    let recipients: Vec<Rcpt> = parts.iter().map(rcpt).collect();
    let is_ascii = reverse_path.is_ascii() && recipients.iter().all(|rcpt| rcpt.address.is_ascii());
    let smtputf8 = !is_ascii || envelope.smtputf8 && (extensions.utf8 || has_utf8_header(inner, leased).await);
    let mail = Mail {
        reverse_path,
        recipients,
        size: form.bytes,
        body,
        smtputf8,
        require_tls: envelope.require_tls,
        ret: envelope.ret,
        envelope_id: envelope.envelope_id.clone(),
    };
    Ok((mail, form))
}

/// Does the header itself need SMTPUTF8? One that cannot be read counts as if it did.
async fn has_utf8_header(inner: &Inner, leased: &Leased) -> bool {
    let Some(outline) = Outline::decode(&leased.arrival.outline) else { return true };
    let (store, id, length) = (inner.parts.store.clone(), leased.id, outline.root.header.end as usize);
    work::read(move || store.read(id, 0, length)).await.map_or(true, |header| !header.is_ascii())
}

impl Group {
    /// The same answer for all.
    fn tell_all(&self, parts: &[(usize, String)], answer: &str, server: &str) -> Vec<Heard> {
        self.tell(parts, vec![answer.to_string(); parts.len()], server, false)
    }

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
    /// May another message go there, whatever else is on its way?
    fn has_room(&self, queue: &str) -> bool {
        let Parts { settings, clock, .. } = &self.parts;
        self.destinations.rooms(&settings.get(), clock.now(), usize::MAX).has(queue)
    }

    /// One line for each transaction.
    fn log(&self, leased: &Leased, destination: &str, host: &str, answer: &str, parts: &[(usize, String)]) {
        let what = match answer.as_bytes().first() {
            Some(b'2') => "handed over",
            Some(b'5') => "refused by the next server",
            _ => "the next server could not take it",
        };
        let to: Vec<&str> = parts.iter().take(LOGGED_RECIPIENTS_MAX).map(|(_, address)| address.as_str()).collect();
        let to = to.join(", ");
        let event = Event::new(log::Kind::Delivery, Level::Info, what)
            .message(leased.id)
            .with("destination", destination.to_string())
            .with("host", host.to_string())
            .with("recipients", parts.len() as u64)
            .with("to", to)
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
