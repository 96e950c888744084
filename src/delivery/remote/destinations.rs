//! What is known of each destination while the box runs: how many messages are on their way, how fast they may go, and
//! whether it is broken. All messages for it share that. Nothing of it is kept: after a restart it is found out again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Time;
use crate::delivery::DeliverySettings;

/// Messages for a broken destination that are told so at once, without it being tried again.
const TOLD_AT_ONCE: usize = 64;
/// Messages on their way to a destination that has not answered since it was last heard of: what accepts connections
/// and says nothing then holds so many places, not as many as a destination may have.
const FIRST_MAX: usize = 1;
/// Destinations that are remembered; beyond it those with nothing to say are forgotten.
const DESTINATIONS_MAX: usize = 10_000;

/// All destinations.
#[derive(Default)]
pub(super) struct Destinations(Mutex<HashMap<String, Destination>>);

#[derive(Default)]
struct Destination {
    active: usize,
    /// It has answered since it was last broken.
    answers: bool,
    failures: u32,
    /// The answer that all get until then.
    broken: Option<(Time, String)>,
    /// Messages of this minute, and when it began.
    minute: (Time, u32),
}

impl Destinations {
    /// How many more messages may go there now.
    pub fn room(&self, queue: &str, settings: &DeliverySettings, now: Time) -> usize {
        let known = self.lock();
        let Some(destination) = known.get(queue) else { return Destination::default().room(settings, now) };
        destination.room(settings, now)
    }

    /// When some destination that has no room now may have some, without a message there coming to its end.
    pub fn next_room(&self, settings: &DeliverySettings, now: Time) -> Option<Time> {
        if settings.destination_messages_per_minute_max == 0 {
            return None;
        }
        let known = self.lock();
        let minutes = known.values().map(|destination| destination.minute).filter(|(_, count)| *count > 0);
        minutes.map(|(began, _)| began.plus_seconds(60)).filter(|end| *end > now).min()
    }

    /// A message is on its way there.
    pub fn enter(&self, queue: &str, now: Time) {
        let mut known = self.lock();
        if known.len() >= DESTINATIONS_MAX {
            known.retain(|_, destination| !destination.is_idle(now));
        }
        let destination = known.entry(queue.to_string()).or_default();
        destination.active += 1;
        if now >= destination.minute.0.plus_seconds(60) {
            destination.minute = (now, 0);
        }
        destination.minute.1 += 1;
    }

    /// A message there has come to its end.
    pub fn leave(&self, queue: &str) {
        if let Some(destination) = self.lock().get_mut(queue) {
            destination.active = destination.active.saturating_sub(1);
        }
    }

    /// Why nothing can go there now, if so.
    pub fn broken(&self, queue: &str, now: Time) -> Option<String> {
        let known = self.lock();
        let (until, answer) = known.get(queue)?.broken.as_ref()?;
        (*until > now).then(|| answer.clone())
    }

    /// It answers.
    pub fn works(&self, queue: &str) {
        if let Some(destination) = self.lock().get_mut(queue) {
            (destination.answers, destination.failures, destination.broken) = (true, 0, None);
        }
    }

    /// It does not answer: nobody tries again for a while, each time twice as long.
    pub fn breaks(&self, queue: &str, answer: &str, settings: &DeliverySettings, now: Time) {
        let mut known = self.lock();
        let destination = known.entry(queue.to_string()).or_default();
        // Attempts that ran side by side fail once.
        if destination.broken.as_ref().is_some_and(|(until, _)| *until > now) {
            return;
        }
        let wait = settings.backoff_seconds.saturating_mul(1 << destination.failures.min(20));
        destination.answers = false;
        destination.failures = destination.failures.saturating_add(1);
        destination.broken = Some((now.plus_seconds(wait.min(settings.backoff_seconds_max)), answer.to_string()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Destination>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn limits(settings: &DeliverySettings) -> usize {
    settings.destination_connections_max.max(1)
}

fn rate(settings: &DeliverySettings) -> usize {
    match settings.destination_messages_per_minute_max {
        0 => usize::MAX,
        max => max as usize,
    }
}

impl Destination {
    fn room(&self, settings: &DeliverySettings, now: Time) -> usize {
        match &self.broken {
            Some((until, _)) if *until > now => return TOLD_AT_ONCE.saturating_sub(self.active),
            // One goes ahead and looks whether it works again.
            Some(_) => return FIRST_MAX.saturating_sub(self.active),
            None => {}
        }
        let connections = if self.answers { limits(settings) } else { FIRST_MAX };
        let sent = if now < self.minute.0.plus_seconds(60) { self.minute.1 as usize } else { 0 };
        connections.saturating_sub(self.active).min(rate(settings).saturating_sub(sent))
    }

    fn is_idle(&self, now: Time) -> bool {
        self.active == 0 && self.failures == 0 && now >= self.minute.0.plus_seconds(60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_has_bounds() {
        let settings = DeliverySettings {
            destination_connections_max: 2,
            destination_messages_per_minute_max: 3,
            ..DeliverySettings::default()
        };
        let (destinations, now) = (Destinations::default(), Time(1_000_000));
        let room = |now| destinations.room("a", &settings, now);
        assert_eq!(room(now), 1, "nobody knows whether it answers");
        destinations.enter("a", now);
        assert_eq!(room(now), 0);
        destinations.works("a");
        assert_eq!(room(now), 1, "it does");
        destinations.enter("a", now);
        assert_eq!(room(now), 0);
        destinations.leave("a");
        destinations.leave("a");
        assert_eq!(room(now), 1, "three in a minute");
        assert_eq!(destinations.next_room(&settings, now), Some(now.plus_seconds(60)));
        assert_eq!(room(now.plus_seconds(60)), 2);
        assert_eq!(destinations.room("b", &settings, now), 1);
    }

    #[test]
    fn all_share_what_one_has_found_out() {
        let settings = DeliverySettings::default();
        let (destinations, now) = (Destinations::default(), Time(1_000_000));
        for (failures, wait) in [60, 120, 240].into_iter().enumerate() {
            let now = now.plus_seconds(10_000 * failures as u64);
            assert_eq!(destinations.broken("a", now), None);
            destinations.breaks("a", "451 4.4.1 dead", &settings, now);
            destinations.breaks("a", "451 4.4.1 dead as well", &settings, now);
            let last = now.plus_seconds(wait - 1);
            assert_eq!(destinations.broken("a", last).as_deref(), Some("451 4.4.1 dead"));
            assert!(destinations.room("a", &settings, last) > 10, "told at once");
            assert_eq!(destinations.room("a", &settings, now.plus_seconds(wait)), 1, "one looks");
        }
        destinations.works("a");
        assert_eq!(destinations.room("a", &settings, now), 10);
        destinations.breaks("a", "451 4.4.1 dead again", &settings, now);
        destinations.enter("a", now);
        assert_eq!(destinations.room("a", &settings, now.plus_seconds(60)), 0, "one looks, and the others wait for it");
    }
}
