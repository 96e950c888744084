//! Letters to users whose passwords end soon: 28, 14, 7, 3, 2 and 1 days before, once each. The letter goes through the
//! intake like any mail; that it was sent is written down after it was accepted.
//!
//! Never ends a password itself.

use std::time::Duration;

use mailstead_storage::{AccountId, PasswordRecord, Priority, Result, Store};

use crate::clock::{Clock, Time, rfc3339};
use crate::intake::{Format, Intake, Letter, Person};
use crate::log::{Event, Kind, Level, Log};
use crate::people::People;
use crate::service::Stop;
use crate::work;

/// So many days before the end a letter goes out.
const DAYS: [u32; 6] = [28, 14, 7, 3, 2, 1];

/// How often it is looked whether one is due.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// What reminders are made of.
pub struct Reminders {
    /// Keeps who was told.
    pub store: Store,
    /// Knows whose passwords end.
    pub people: People,
    /// The way in for the letters.
    pub intake: Intake,
    /// The time.
    pub clock: Clock,
    /// Where it is noted.
    pub log: Log,
    /// This host's name.
    pub hostname: String,
}

/// A letter that is due.
struct Due {
    account: AccountId,
    address: String,
    record: PasswordRecord,
    days: u32,
    ends: Time,
}

impl Reminders {
    /// Sends what is due, now and every hour until `stop`.
    pub async fn run(self, mut stop: Stop) {
        loop {
            if let Err(error) = self.remind().await {
                let event = Event::new(Kind::System, Level::Error, "users were not reminded of their passwords");
                self.log.write(event.with("error", error.to_string()));
            }
            if tokio::time::timeout(PERIOD, stop.asked()).await.is_ok() {
                return;
            }
        }
    }

    async fn remind(&self) -> Result<()> {
        let (store, people, now) = (self.store.clone(), self.people.clone(), self.clock.now());
        for due in work::read(move || due(&store, &people, now)).await? {
            let Due { account, address, record, days, ends } = due;
            let letter = letter(&self.hostname, &address, days, ends);
            let event = match self.intake.send(&letter, &self.hostname, Priority::Low).await {
                Ok(_) => {
                    self.store.put_password_record(account, PasswordRecord { told_days: Some(days), ..record }).await?;
                    Event::new(Kind::System, Level::Info, "user was reminded of the password's end")
                }
                Err(refusal) => Event::new(Kind::System, Level::Error, "user was not reminded of the password's end")
                    .with("why", format!("{refusal:?}")),
            };
            self.log.write(event.with("user", address).with("days", u64::from(days)));
        }
        Ok(())
    }
}

fn due(store: &Store, people: &People, now: Time) -> Result<Vec<Due>> {
    let policies = people.password_policies()?;
    if policies.domains.values().chain([&policies.standard]).all(|policy| policy.months_max == 0) {
        return Ok(Vec::new());
    }
    let directory = store.directory();
    let mut found = Vec::new();
    for (account, record) in store.password_records()? {
        let Some(user) = directory.accounts.get(&account).filter(|user| user.enabled) else { continue };
        let Some(ends) = People::password_standing(policies.of(&user.address), Some(&record), now).ends else {
            continue;
        };
        if let Some(days) = next(ends.0.saturating_sub(now.0), record.told_days) {
            found.push(Due { account, address: user.address.clone(), record, days, ends });
        }
    }
    Ok(found)
}

/// The letter that is due with so many milliseconds left, if the last one was that of so many days.
fn next(millis_left: u64, told: Option<u32>) -> Option<u32> {
    let left = millis_left.div_ceil(DAY);
    let days = DAYS.into_iter().rev().find(|days| u64::from(*days) >= left)?;
    (millis_left > 0 && told.is_none_or(|told| told > days)).then_some(days)
}

fn letter(hostname: &str, address: &str, days: u32, ends: Time) -> Letter {
    let domain = address.rsplit_once('@').map_or(hostname, |(_, domain)| domain);
    let (day, left) = (&rfc3339(ends)[..10], if days == 1 { "1 day".into() } else { format!("{days} days") });
    let text = format!(
        "The password of {address} has to be changed by {day}, within {left}.\n\nPlease sign in to the console of {hostname} and \
         choose a new one. Afterwards enter it in your mail programs as well.\n"
    );
    Letter {
        from: Person { name: "System Administrator".into(), address: format!("postmaster@{domain}") },
        to: Person::nameless(address),
        subject: format!("Your password has to be changed within {left}"),
        text,
        format: Format::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_goes_once_and_in_time() {
        for (left, told, expected) in [
            (29 * DAY, None, None),
            (28 * DAY, None, Some(28)),
            (28 * DAY, Some(28), None),
            (20 * DAY, None, Some(28)),
            (14 * DAY, Some(28), Some(14)),
            (13 * DAY + 1, Some(14), None),
            (3 * DAY, Some(7), Some(3)),
            (DAY + 1, Some(3), Some(2)),
            (1, Some(2), Some(1)),
            (1, Some(1), None),
            (0, None, None),
        ] {
            assert_eq!(next(left, told), expected, "{left} {told:?}");
        }
    }
}
