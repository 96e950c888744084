//! Told time. Nothing above asks the operating system for the time itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub use mailstead_storage::Time;

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Set(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that stands still until it is [`set`](Clock::set), for tests.
    pub fn standing(at: Time) -> Clock {
        Clock(Source::Set(Arc::new(AtomicU64::new(at.0))))
    }

    /// The time now.
    pub fn now(&self) -> Time {
        match &self.0 {
            Source::System => {
                Time(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64))
            }
            Source::Set(at) => Time(at.load(Ordering::Relaxed)),
        }
    }

    /// Sets a standing clock; the machine's clock stays as it is.
    pub fn set(&self, at: Time) {
        if let Source::Set(cell) = &self.0 {
            cell.store(at.0, Ordering::Relaxed);
        }
    }
}

/// A moment as a mail header says it (RFC 5322 §3.3), in UTC: `Tue, 1 Jul 2003 10:52:37 +0000`.
pub fn rfc5322(at: Time) -> String {
    timestamp(at).strftime("%a, %-d %b %Y %H:%M:%S +0000").to_string()
}

/// A moment as logs and JSON say it (RFC 3339), in UTC: `2003-07-01T10:52:37.123Z`.
pub fn rfc3339(at: Time) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The moment that a person writes as RFC 3339, or as a date: that is the first moment of this day in the zone of the box.
pub fn moment(text: &str) -> Option<Time> {
    let time = |timestamp: jiff::Timestamp| u64::try_from(timestamp.as_millisecond()).ok().map(Time);
    if let Ok(timestamp) = text.trim().parse::<jiff::Timestamp>() {
        return time(timestamp);
    }
    let day: jiff::civil::Date = text.trim().parse().ok()?;
    time(day.to_zoned(jiff::tz::TimeZone::system()).ok()?.timestamp())
}

/// The same moment for calendar arithmetic.
pub fn timestamp(at: Time) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0 as i64).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_words() {
        let at = Time(1_057_056_757_123);
        assert_eq!(rfc5322(at), "Tue, 1 Jul 2003 10:52:37 +0000");
        assert_eq!(rfc3339(at), "2003-07-01T10:52:37.123Z");
        assert_eq!(moment("2003-07-01T12:52:37.123+02:00"), Some(at));
        assert!(moment("2003-07-01").is_some_and(|day| at.millis_since(day) < 48 * 3_600_000));
        assert_eq!((moment("tomorrow"), moment("2003-13-01"), moment("")), (None, None, None));
    }
}
