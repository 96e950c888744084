//! Mail to the system administrators when a user of the box looks like a spammer.

use mailstead_storage::{AccountId, Priority, Role};

use super::{Consequence, Guard, Rule};
use crate::clock::{Time, rfc5322};
use crate::intake::{Format, Letter, Person};
use crate::log::{Event, Kind, Level};

impl Guard {
    /// Tells the system administrators that this rule has seen too much of this user.
    pub(super) fn alarm(&self, rule: Rule, account: AccountId, now: Time) {
        let directory = self.0.parts.store.directory();
        let Some(user) = directory.accounts.get(&account).map(|account| account.address.clone()) else { return };
        let event = Event::new(Kind::System, Level::Warning, "user looks like a spammer");
        self.0.parts.log.write(event.with("user", user.clone()).with("rule", rule.name()));
        let chiefs =
            directory.accounts.values().filter(|chief| chief.role == Role::SystemAdministrator && chief.enabled);
        let chiefs: Vec<String> = chiefs.map(|chief| chief.address.clone()).collect();
        let (guard, text) = (self.clone(), self.text(rule, &user, now));
        tokio::spawn(async move {
            for chief in chiefs {
                guard.tell(chief, &user, &text).await;
            }
        });
    }

    async fn tell(&self, chief: String, user: &str, text: &str) {
        let host = &self.0.parts.hostname;
        let domain = chief.rsplit_once('@').map_or(host.as_str(), |(_, domain)| domain);
        let letter = Letter {
            from: Person { name: format!("Mailstead on {host}"), address: format!("postmaster@{domain}") },
            to: Person::nameless(chief),
            subject: format!("{user} looks like a spammer"),
            text: text.to_owned(),
            format: Format::Plain,
        };
        if let Err(refusal) = self.0.parts.intake.send(&letter, host, Priority::High).await {
            let event = Event::new(Kind::System, Level::Error, "administrator could not be told");
            self.0.parts.log.write(event.with("why", format!("{refusal:?}")));
        }
    }

    fn text(&self, rule: Rule, user: &str, now: Time) -> String {
        let (definition, numbers) = (rule.definition(), self.numbers(rule));
        let (threshold, unit, minutes) = (numbers.threshold, definition.unit, numbers.window_seconds.div_ceil(60));
        let when = rfc5322(now);
        let then = match definition.consequence {
            Consequence::Hold => format!(
                "What {user} sends is held in the spool from now on. If the messages are wanted, release them:\n\n    \
                 mailstead block release {user}\n\nor on the page of current blocks. If not, disable the user and delete the \
                 messages from the spool."
            ),
            _ => format!(
                "Nothing is held. If {user} did not send these messages, change the password or disable the user."
            ),
        };
        format!(
            "{title}: {user} has reached {threshold} {unit} within {minutes} minutes on {when}.\n\nThis often means that \
             somebody else has the user's password.\n\n{then}\n",
            title = definition.title,
        )
    }
}
