//! The sample messages, in the order in which they are sent. Always the same.

mod attached;
mod automatic;
mod threads;
mod worldwide;

use super::mime::{Mail, Person};

pub(super) const ALICE: Person = ("Alice Arden", "alice@example.test");
pub(super) const BOB: Person = ("Bob Brandt", "bob@example.test");
pub(super) const ADMIN: Person = ("", "admin@example.test");

/// The domain of the people who write from within.
const OWN_DOMAIN: &str = "@example.test";

/// By which door a message comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// From another server, by SMTP.
    Outside,
    /// From a user who has logged in, by submission.
    Submission(&'static str),
}

/// A message to send.
pub struct Sample {
    /// By which door.
    pub door: Door,
    /// The reverse-path.
    pub reverse_path: &'static str,
    /// The recipients here.
    pub recipients: Vec<&'static str>,
    /// The message.
    pub message: String,
}

/// All of them.
pub fn all() -> Vec<Sample> {
    let mut mails = threads::mails();
    mails.extend(worldwide::mails());
    mails.extend(attached::mails());
    mails.extend(automatic::mails());
    mails.sort_by_key(|mail| mail.hour);
    mails.iter().map(Sample::of).collect()
}

impl Sample {
    fn of(mail: &Mail) -> Sample {
        let author = mail.from.1;
        let everyone = mail.to.iter().chain(&mail.cc).map(|person| person.1);
        let door = if author.ends_with(OWN_DOMAIN) { Door::Submission(author) } else { Door::Outside };
        // Notifications have the null reverse-path (RFC 5321 §4.5.5).
        let reverse_path = if author.starts_with("mailer-daemon@") { "" } else { author };
        Sample {
            door,
            reverse_path,
            recipients: everyone.filter(|address| address.ends_with(OWN_DOMAIN)).collect(),
            message: mail.text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn samples_are_well_formed_and_each_has_its_own_id() {
        let samples = all();
        assert!(samples.len() >= 36, "{}", samples.len());
        let mut ids = HashSet::new();
        for sample in &samples {
            let (head, _) = sample.message.split_once("\r\n\r\n").expect("a header");
            assert!(head.is_ascii() && head.lines().all(|line| line.len() <= 200), "{head}");
            let id = head.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("an id");
            assert!(ids.insert(id.to_string()), "{id} twice");
            assert!(!sample.recipients.is_empty(), "{id}");
            assert!(!sample.message.replace("\r\n", "").contains(['\r', '\n']), "{id} has bare line ends");
            assert!(sample.message.split("\r\n").all(|line| line.len() <= 998), "{id}");
        }
        assert!(samples.iter().any(|sample| sample.message.len() > 5 << 20));
        assert!(samples.iter().any(|sample| matches!(sample.door, Door::Submission(_))));
    }
}
