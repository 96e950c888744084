//! When to try again (RFC 5321 §4.5.4.1).

use mailstead_storage::RecipientState;

use super::DeliverySettings;
use super::remote::Route;
use crate::clock::Time;

/// What the calendar says after an attempt that left somebody pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Try again then.
    At(Time),
    /// It has taken too long.
    GiveUp,
}

/// The attempts of a message for one recipient: as set for all, or for the domain that is next.
pub(super) struct Calendar<'a> {
    retry_minutes: &'a [u32],
    delay_notice_hours: u32,
    give_up_hours: u32,
    since: Time,
}

impl Calendar<'_> {
    /// The calendar for a recipient of a message that waits since `since`.
    pub fn of<'a>(settings: &'a DeliverySettings, recipient: &RecipientState, since: Time) -> Calendar<'a> {
        let route = recipient.remaining.first().and_then(|address| Route::of(settings, address));
        Calendar {
            retry_minutes: route.and_then(|route| route.retry_minutes.as_deref()).unwrap_or(&settings.retry_minutes),
            delay_notice_hours: route.and_then(|route| route.delay_notice_hours).unwrap_or(settings.delay_notice_hours),
            give_up_hours: route.and_then(|route| route.give_up_hours).unwrap_or(settings.give_up_hours),
            since,
        }
    }

    /// The next attempt after `attempts`, the last of them at `now`.
    pub fn next(&self, attempts: u32, now: Time) -> Next {
        let give_up = self.gives_up_at();
        if now >= give_up {
            return Next::GiveUp;
        }
        let last = self.retry_minutes.len().saturating_sub(1);
        let wait = self.retry_minutes.get((attempts.max(1) as usize - 1).min(last)).copied().unwrap_or(1).max(1);
        // The last attempt is made when the time is up, not one wait later.
        Next::At(now.plus_seconds(u64::from(wait) * 60).min(give_up))
    }

    /// When the recipient is given up.
    pub fn gives_up_at(&self) -> Time {
        self.since.plus_seconds(u64::from(self.give_up_hours) * 3600)
    }

    /// Has the message waited so long that its sender should know?
    pub fn is_delayed(&self, now: Time) -> bool {
        now >= self.since.plus_seconds(u64::from(self.delay_notice_hours) * 3600)
    }
}

#[cfg(test)]
mod tests {
    use mailstead_storage::{State, Told};

    use super::*;

    fn recipient(remaining: &str) -> RecipientState {
        RecipientState {
            state: State::Pending,
            answer: String::new(),
            server: String::new(),
            told: Told::Nothing,
            remaining: vec![remaining.into()],
            errands: Vec::new(),
        }
    }

    fn minute(minutes: u64) -> Time {
        Time(minutes * 60_000)
    }

    #[test]
    fn waits_grow_and_end() {
        let settings = DeliverySettings::default();
        let calendar = Calendar::of(&settings, &recipient("x@remote.test"), minute(0));
        let check = |attempts, at, expected| {
            assert_eq!(calendar.next(attempts, minute(at)), expected, "{attempts} attempts, minute {at}");
        };
        check(1, 0, Next::At(minute(5)));
        check(2, 5, Next::At(minute(15)));
        check(8, 600, Next::At(minute(960)));
        check(99, 1000, Next::At(minute(1360)));
        check(40, 7100, Next::At(minute(7200)));
        check(41, 7200, Next::GiveUp);
        assert!(!calendar.is_delayed(minute(239)));
        assert!(calendar.is_delayed(minute(240)));
    }

    #[test]
    fn a_domain_may_have_its_own() {
        let mut settings = DeliverySettings::default();
        let own = Route { retry_minutes: Some(vec![1]), give_up_hours: Some(1), ..Route::default() };
        settings.domains.insert("slow.test".into(), own);
        let calendar = Calendar::of(&settings, &recipient("x@slow.test"), minute(10));
        assert_eq!(calendar.next(7, minute(20)), Next::At(minute(21)));
        assert_eq!(calendar.next(7, minute(70)), Next::GiveUp);
        assert!(!calendar.is_delayed(minute(70)));
        let calendar = Calendar::of(&settings, &recipient("x@other.test"), minute(10));
        assert_eq!(calendar.next(1, minute(70)), Next::At(minute(75)));
    }
}
