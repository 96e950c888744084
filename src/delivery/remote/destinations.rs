//! What is known of each destination while the box runs: how many messages are on their way, how fast they may go, and
//! whether it is broken. All messages for it share that. Nothing of it is kept: after a restart it is found out again.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Time;
use crate::delivery::DeliverySettings;

/// Messages on their way to a destination that has not answered lately: what accepts connections and says nothing then
/// holds so many places, not as many as a destination may have.
const TRIALS_OF_ONE_MAX: usize = 1;
/// All destinations that have not answered lately have one place in so many, and never take those of the others.
const TRIALS_SHARE: usize = 2;
/// A destination that rests is known to answer for so long.
const LATELY_SECONDS: u64 = 600;
/// Messages for broken destinations that are told so, without another try, in [`TOLD_MILLIS`]: to write that down for
/// very many at once would take the box's time from those that can go.
const TOLD_MAX: usize = 10;
const TOLD_MILLIS: u64 = 100;
const MINUTE_MILLIS: u64 = 60_000;
/// Destinations that are remembered; beyond it those with nothing to say are forgotten.
const DESTINATIONS_MAX: usize = 10_000;

/// All destinations.
#[derive(Default)]
pub(super) struct Destinations(Mutex<Known>);

#[derive(Default)]
struct Known {
    destinations: HashMap<String, Destination>,
    /// Messages on their way to those that have not answered lately.
    trials: usize,
    /// Messages that were told that their destination is broken.
    told: Window,
}

#[derive(Default)]
struct Destination {
    active: usize,
    /// When it answered last, unless it broke since.
    answered: Option<Time>,
    failures: u32,
    /// The answer that all get until then.
    broken: Option<(Time, String)>,
    /// Messages of this minute.
    sent: Window,
}

/// What is counted in a span of time.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    began: Time,
    count: usize,
}

/// What may begin now.
pub(in super::super) struct Rooms<'a> {
    destinations: &'a Destinations,
    settings: &'a DeliverySettings,
    now: Time,
    places: Cell<usize>,
    trials: Cell<usize>,
    told: Cell<usize>,
}

impl Rooms<'_> {
    /// How many more messages may go there now. What is said is taken from what all have.
    pub fn take(&self, queue: &str) -> usize {
        let (room, budgets) = self.of(queue);
        budgets.iter().flatten().for_each(|budget| budget.set(budget.get() - room));
        room
    }

    /// Whether one more message may go there now. If so, it is taken from what all have.
    pub fn take_one(&self, queue: &str) -> bool {
        let (room, budgets) = self.of(queue);
        if room > 0 {
            budgets.iter().flatten().for_each(|budget| budget.set(budget.get() - 1));
        }
        room > 0
    }

    /// Whether a message may go there now.
    pub fn has(&self, queue: &str) -> bool {
        self.of(queue).0 > 0
    }

    /// The room of a destination, and whose it is.
    fn of(&self, queue: &str) -> (usize, [Option<&Cell<usize>>; 2]) {
        let known = self.destinations.lock();
        let unknown = Destination::default();
        let destination = known.destinations.get(queue).unwrap_or(&unknown);
        // To be told that it is broken takes no place.
        let (room, budgets) = match destination.is_broken(self.now) {
            true => (usize::MAX, [Some(&self.told), None]),
            false if destination.answers() => (destination.room(self.settings, self.now), [Some(&self.places), None]),
            false => (destination.room(self.settings, self.now), [Some(&self.places), Some(&self.trials)]),
        };
        (budgets.iter().flatten().fold(room, |room, budget| room.min(budget.get())), budgets)
    }
}

impl Destinations {
    /// What may begin now, when so many messages may be on their way to other servers beside those that are.
    pub fn rooms<'a>(&'a self, settings: &'a DeliverySettings, now: Time, places: usize) -> Rooms<'a> {
        let known = self.lock();
        let trials_max = (settings.remote_deliveries_max / TRIALS_SHARE).max(1);
        Rooms {
            destinations: self,
            settings,
            now,
            places: Cell::new(places),
            trials: Cell::new(trials_max.saturating_sub(known.trials)),
            told: Cell::new(known.told.left(TOLD_MAX, TOLD_MILLIS, now)),
        }
    }

    /// When some destination that has no room now may have some, without a message there coming to its end.
    pub fn next_room(&self, settings: &DeliverySettings, now: Time) -> Option<Time> {
        let known = self.lock();
        let told =
            (known.told.left(TOLD_MAX, TOLD_MILLIS, now) == 0).then(|| known.told.began.plus_millis(TOLD_MILLIS));
        if settings.destination_messages_per_minute_max == 0 {
            return told;
        }
        let minutes = known.destinations.values().map(|destination| destination.sent).filter(|sent| sent.count > 0);
        let ends = minutes.map(|sent| sent.began.plus_millis(MINUTE_MILLIS)).filter(|end| *end > now);
        ends.chain(told).min()
    }

    /// A message is on its way there; or it is not, and this is why nothing can go there now.
    pub fn enter(&self, queue: &str, now: Time) -> Result<(), String> {
        let mut known = self.lock();
        if known.destinations.len() >= DESTINATIONS_MAX {
            known.destinations.retain(|_, destination| !destination.is_idle(now));
        }
        let known = &mut *known;
        let destination = known.destinations.entry(queue.to_string()).or_default();
        if let Some((_, answer)) = destination.broken.as_ref().filter(|(until, _)| *until > now) {
            known.told.add(TOLD_MILLIS, now);
            return Err(answer.clone());
        }
        let is_long_ago = |at: &Time| now >= at.plus_seconds(LATELY_SECONDS);
        if destination.active == 0 && destination.answered.as_ref().is_some_and(is_long_ago) {
            destination.answered = None;
        }
        destination.active += 1;
        known.trials += usize::from(!destination.answers());
        destination.sent.add(MINUTE_MILLIS, now);
        Ok(())
    }

    /// A message that was on its way there has come to its end.
    pub fn leave(&self, queue: &str) {
        let mut known = self.lock();
        let known = &mut *known;
        if let Some(destination) = known.destinations.get_mut(queue) {
            known.trials -= usize::from(!destination.answers());
            destination.active -= 1;
        }
    }

    /// It answers.
    pub fn works(&self, queue: &str, now: Time) {
        let mut known = self.lock();
        let known = &mut *known;
        if let Some(destination) = known.destinations.get_mut(queue) {
            known.trials -= if destination.answers() { 0 } else { destination.active };
            (destination.answered, destination.failures, destination.broken) = (Some(now), 0, None);
        }
    }

    /// It does not answer: nobody tries again for a while, each time twice as long.
    pub fn breaks(&self, queue: &str, answer: &str, settings: &DeliverySettings, now: Time) {
        let mut known = self.lock();
        let known = &mut *known;
        let destination = known.destinations.entry(queue.to_string()).or_default();
        // Attempts that ran side by side fail once.
        if destination.is_broken(now) {
            return;
        }
        known.trials += if destination.answers() { destination.active } else { 0 };
        let wait = settings.backoff_seconds.saturating_mul(1 << destination.failures.min(20));
        destination.answered = None;
        destination.failures = destination.failures.saturating_add(1);
        destination.broken = Some((now.plus_seconds(wait.min(settings.backoff_seconds_max)), answer.to_string()));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Destination {
    fn answers(&self) -> bool {
        self.answered.is_some()
    }

    fn is_broken(&self, now: Time) -> bool {
        self.broken.as_ref().is_some_and(|(until, _)| *until > now)
    }

    /// How many more messages may go there, whatever the others do.
    fn room(&self, settings: &DeliverySettings, now: Time) -> usize {
        let connections = if self.answers() { settings.destination_connections_max.max(1) } else { TRIALS_OF_ONE_MAX };
        let rate = match settings.destination_messages_per_minute_max {
            0 => usize::MAX,
            max => self.sent.left(max as usize, MINUTE_MILLIS, now),
        };
        connections.saturating_sub(self.active).min(rate)
    }

    fn is_idle(&self, now: Time) -> bool {
        self.active == 0 && self.failures == 0 && self.sent.left(1, MINUTE_MILLIS, now) > 0
    }
}

impl Window {
    /// What is left of `max`.
    fn left(self, max: usize, millis: u64, now: Time) -> usize {
        if now < self.began.plus_millis(millis) { max.saturating_sub(self.count) } else { max }
    }

    fn add(&mut self, millis: u64, now: Time) {
        if now >= self.began.plus_millis(millis) {
            *self = Window { began: now, count: 0 };
        }
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_000_000);

    fn room(destinations: &Destinations, queue: &str, settings: &DeliverySettings, now: Time) -> usize {
        destinations.rooms(settings, now, usize::MAX).take(queue)
    }

    fn enter(destinations: &Destinations, queue: &str, now: Time) {
        assert_eq!(destinations.enter(queue, now), Ok(()), "{queue}");
    }

    #[test]
    fn a_destination_has_bounds() {
        let settings = DeliverySettings {
            destination_connections_max: 2,
            destination_messages_per_minute_max: 3,
            ..DeliverySettings::default()
        };
        let destinations = Destinations::default();
        let room = |now| room(&destinations, "a", &settings, now);
        assert_eq!(room(NOW), 1, "nobody knows whether it answers");
        enter(&destinations, "a", NOW);
        assert_eq!(room(NOW), 0);
        destinations.works("a", NOW);
        assert_eq!(room(NOW), 1, "it does");
        enter(&destinations, "a", NOW);
        assert_eq!(room(NOW), 0);
        destinations.leave("a");
        destinations.leave("a");
        assert_eq!(room(NOW), 1, "three in a minute");
        assert_eq!(destinations.next_room(&settings, NOW), Some(NOW.plus_seconds(60)));
        assert_eq!(room(NOW.plus_seconds(60)), 2);
        let later = NOW.plus_seconds(LATELY_SECONDS);
        enter(&destinations, "a", later);
        assert_eq!(room(later), 0, "it has to prove itself again");
    }

    #[test]
    fn all_share_what_one_has_found_out() {
        let settings = DeliverySettings::default();
        let destinations = Destinations::default();
        for (failures, wait) in [60, 120, 240].into_iter().enumerate() {
            let now = NOW.plus_seconds(10_000 * failures as u64);
            enter(&destinations, "a", now);
            destinations.breaks("a", "451 4.4.1 dead", &settings, now);
            destinations.breaks("a", "451 4.4.1 dead as well", &settings, now);
            destinations.leave("a");
            let last = now.plus_seconds(wait - 1);
            assert_eq!(destinations.enter("a", last), Err("451 4.4.1 dead".into()));
            assert!(room(&destinations, "a", &settings, last) > 1, "told at once");
            assert_eq!(room(&destinations, "a", &settings, now.plus_seconds(wait)), 1, "one looks");
        }
        destinations.works("a", NOW);
        assert_eq!(room(&destinations, "a", &settings, NOW), 10);
        destinations.breaks("a", "451 4.4.1 dead again", &settings, NOW);
        enter(&destinations, "a", NOW.plus_seconds(60));
        assert_eq!(room(&destinations, "a", &settings, NOW.plus_seconds(60)), 0, "the others wait for it");
        destinations.leave("a");
        assert_eq!(destinations.lock().trials, 0);
    }

    #[test]
    fn those_that_are_silent_never_take_all_places() {
        let settings = DeliverySettings { remote_deliveries_max: 6, ..DeliverySettings::default() };
        let destinations = Destinations::default();
        enter(&destinations, "good", NOW);
        destinations.works("good", NOW);
        destinations.leave("good");
        let rooms = destinations.rooms(&settings, NOW, 6);
        let of: Vec<usize> = ["a", "b", "c", "d", "good"].iter().map(|queue| rooms.take(queue)).collect();
        assert_eq!(of, [1, 1, 1, 0, 3]);
        ["a", "b", "c"].iter().for_each(|queue| enter(&destinations, queue, NOW));
        assert!(!destinations.rooms(&settings, NOW, 3).has("d"));
        assert_eq!(destinations.rooms(&settings, NOW, 3).take("good"), 3);
        destinations.works("b", NOW);
        assert!(destinations.rooms(&settings, NOW, 3).has("d"), "b is one of the others now");
        destinations.breaks("b", "451 4.4.1 dead", &settings, NOW);
        assert!(!destinations.rooms(&settings, NOW, 3).has("d"), "and now it is not");
        assert!(!destinations.rooms(&settings, NOW, 0).has("good"));
    }

    #[test]
    fn those_that_are_told_have_a_pace() {
        let settings = DeliverySettings::default();
        let destinations = Destinations::default();
        destinations.breaks("a", "451 4.4.1 dead", &settings, NOW);
        let rooms = destinations.rooms(&settings, NOW, 0);
        assert_eq!((rooms.take("a"), rooms.take("a")), (TOLD_MAX, 0));
        (0..TOLD_MAX).for_each(|_| assert!(destinations.enter("a", NOW).is_err()));
        assert_eq!(room(&destinations, "a", &settings, NOW), 0);
        let next = NOW.plus_millis(TOLD_MILLIS);
        assert_eq!(destinations.next_room(&settings, NOW), Some(next));
        assert_eq!(
            (room(&destinations, "a", &settings, next), destinations.next_room(&settings, next)),
            (TOLD_MAX, None)
        );
    }
}
