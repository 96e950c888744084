//! When to try again (RFC 5321 §4.5.4.1).

use super::DeliverySettings;
use crate::clock::Time;

/// What the calendar says after an attempt that left somebody pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Try again then.
    At(Time),
    /// It has taken too long.
    GiveUp,
}

/// The next attempt of a message whose calendar began at `since`, of which `attempts` were made, the last at `now`.
pub(super) fn next(settings: &DeliverySettings, since: Time, attempts: u32, now: Time) -> Next {
    let give_up = gives_up_at(settings, since);
    if now >= give_up {
        return Next::GiveUp;
    }
    let last = settings.retry_minutes.len().saturating_sub(1);
    let wait = settings.retry_minutes.get((attempts.max(1) as usize - 1).min(last)).copied().unwrap_or(1).max(1);
    // The last attempt is made when the time is up, not one wait later.
    Next::At(now.plus_seconds(u64::from(wait) * 60).min(give_up))
}

/// When a message whose calendar began at `since` is given up.
pub(super) fn gives_up_at(settings: &DeliverySettings, since: Time) -> Time {
    since.plus_seconds(u64::from(settings.give_up_hours) * 3600)
}

/// Has the message waited so long that its sender should know?
pub(super) fn is_delayed(settings: &DeliverySettings, since: Time, now: Time) -> bool {
    now >= since.plus_seconds(u64::from(settings.delay_notice_hours) * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let settings = DeliverySettings::default();
        let minute = |minutes: u64| Time(minutes * 60_000);
        let check = |attempts, at, expected| {
            assert_eq!(next(&settings, minute(0), attempts, minute(at)), expected, "{attempts} attempts, minute {at}");
        };
        check(1, 0, Next::At(minute(5)));
        check(2, 5, Next::At(minute(15)));
        check(8, 600, Next::At(minute(960)));
        check(99, 1000, Next::At(minute(1360)));
        check(40, 7100, Next::At(minute(7200)));
        check(41, 7200, Next::GiveUp);
        assert!(!is_delayed(&settings, minute(0), minute(239)));
        assert!(is_delayed(&settings, minute(0), minute(240)));
    }
}
