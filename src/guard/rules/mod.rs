//! The rules: one file for each, and this list of them. A rule says what is counted, and what comes of too much of it;
//! its numbers may be changed at any time.

mod bad_sessions;
mod bounces;
mod brute_force;
mod brute_force_account;
mod counters;
mod denial_of_service;
mod harvesting;
mod internal_spammer;

use mailstead_storage::{Error, Result, Word};
use serde::{Deserialize, Serialize};

pub(super) use self::counters::Counters;
use super::blocks::Scope;
use super::windows::Measure;

/// Most that a threshold may be.
pub const THRESHOLD_MAX: u32 = 10_000;
/// Longest time frame, and longest block: 30 days.
pub const SECONDS_MAX: u32 = 30 * 24 * 60 * 60;

/// What clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// SMTP and submission.
    Smtp,
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// ManageSieve.
    Sieve,
    /// HTTP.
    Web,
}

/// A rule. What is counted for each protocol by itself is a rule for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// See [`denial_of_service`].
    DenialOfService(Protocol),
    /// See [`brute_force`].
    BruteForce(Protocol),
    /// See [`brute_force_account`].
    BruteForceAccount,
    /// See [`harvesting`].
    Harvesting,
    /// See [`bad_sessions`].
    BadSessions,
    /// See [`internal_spammer`].
    InternalSpammer,
    /// See [`bounces`].
    Bounces,
}

/// What comes of too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// Where it comes from is shut out for a while.
    Block,
    /// What the user sends is held, and the system administrators get mail.
    Hold,
    /// The system administrators get mail.
    Notify,
}

/// What a rule is.
#[derive(Debug)]
pub struct Definition {
    /// Its name, before that of the protocol if it is for one.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it counts and what it does, for a person.
    pub description: &'static str,
    /// What is counted, as the unit of the threshold.
    pub unit: &'static str,
    /// What comes of too much.
    pub consequence: Consequence,
    /// Its numbers as long as nobody changes them.
    pub defaults: Numbers,
}

/// The numbers of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// Is it in force?
    pub enabled: bool,
    /// So much is too much.
    pub threshold: u32,
    /// Counted over so many seconds.
    pub window_seconds: u32,
    /// Blocked for so many seconds; 0 for rules that do not block.
    pub block_seconds: u32,
}

/// A rule as a list shows it.
#[derive(Debug, Clone, Copy)]
pub struct RuleRow {
    /// Which.
    pub rule: Rule,
    /// Its numbers now.
    pub numbers: Numbers,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Protocol; 5] = [Protocol::Smtp, Protocol::Imap, Protocol::Pop3, Protocol::Sieve, Protocol::Web];

    /// Its name, as logs and logins call it.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Smtp => "smtp",
            Protocol::Imap => "imap",
            Protocol::Pop3 => "pop3",
            Protocol::Sieve => "sieve",
            Protocol::Web => "web",
        }
    }

    /// Its name for a person.
    pub fn title(self) -> &'static str {
        match self {
            Protocol::Smtp => "SMTP",
            Protocol::Imap => "IMAP",
            Protocol::Pop3 => "POP",
            Protocol::Sieve => "ManageSieve",
            Protocol::Web => "Web",
        }
    }

    /// By its name.
    pub fn by_name(name: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// What a service of this name speaks.
    pub fn of_service(service: &str) -> Option<Protocol> {
        match service {
            "submission" | "submissions" => Some(Protocol::Smtp),
            "imaps" => Some(Protocol::Imap),
            "pop3s" => Some(Protocol::Pop3),
            "webs" | "https" => Some(Protocol::Web),
            name => Protocol::by_name(name),
        }
    }
}

impl Rule {
    /// All rules, in the order of lists; each stands at its [index](Rule::index).
    pub const ALL: [Rule; 15] = [
        Rule::DenialOfService(Protocol::Smtp),
        Rule::DenialOfService(Protocol::Imap),
        Rule::DenialOfService(Protocol::Pop3),
        Rule::DenialOfService(Protocol::Sieve),
        Rule::DenialOfService(Protocol::Web),
        Rule::BruteForce(Protocol::Smtp),
        Rule::BruteForce(Protocol::Imap),
        Rule::BruteForce(Protocol::Pop3),
        Rule::BruteForce(Protocol::Sieve),
        Rule::BruteForce(Protocol::Web),
        Rule::BruteForceAccount,
        Rule::Harvesting,
        Rule::BadSessions,
        Rule::InternalSpammer,
        Rule::Bounces,
    ];

    fn index(self) -> usize {
        match self {
            Rule::DenialOfService(protocol) => protocol as usize,
            Rule::BruteForce(protocol) => Protocol::ALL.len() + protocol as usize,
            Rule::BruteForceAccount => 10,
            Rule::Harvesting => 11,
            Rule::BadSessions => 12,
            Rule::InternalSpammer => 13,
            Rule::Bounces => 14,
        }
    }

    /// What it is.
    pub fn definition(self) -> &'static Definition {
        match self {
            Rule::DenialOfService(_) => &denial_of_service::RULE,
            Rule::BruteForce(_) => &brute_force::RULE,
            Rule::BruteForceAccount => &brute_force_account::RULE,
            Rule::Harvesting => &harvesting::RULE,
            Rule::BadSessions => &bad_sessions::RULE,
            Rule::InternalSpammer => &internal_spammer::RULE,
            Rule::Bounces => &bounces::RULE,
        }
    }

    /// The protocol that it is for; none when it is not for one alone.
    pub fn protocol(self) -> Option<Protocol> {
        match self {
            Rule::DenialOfService(protocol) | Rule::BruteForce(protocol) => Some(protocol),
            _ => None,
        }
    }

    /// Its name: `denial-of-service.smtp`, `harvesting`.
    pub fn name(self) -> String {
        let name = self.definition().name;
        self.protocol().map_or_else(|| name.to_owned(), |protocol| format!("{name}.{}", protocol.name()))
    }

    /// By its name.
    pub fn by_name(name: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// From what it shuts out.
    pub fn scope(self) -> Scope {
        match self {
            Rule::DenialOfService(protocol) | Rule::BruteForce(protocol) => Scope::One(protocol),
            Rule::Harvesting | Rule::BadSessions => Scope::One(Protocol::Smtp),
            _ => Scope::All,
        }
    }

    /// The name of the setting that keeps its numbers.
    pub(super) fn setting(self) -> String {
        format!("guard/rule/{}", self.name())
    }
}

impl Numbers {
    /// # Errors
    /// `Invalid` with the number that is out of bounds.
    pub(super) fn check(&self) -> Result<()> {
        let check = |what, number, least, most| match (least..=most).contains(&number) {
            true => Ok(()),
            false => Err(Error::new(Word::Invalid, format!("{what} is from {least} to {most}, not {number}"))),
        };
        check("the threshold", self.threshold, 1, THRESHOLD_MAX)?;
        check("the time frame in seconds", self.window_seconds, 1, SECONDS_MAX)?;
        check("the block time in seconds", self.block_seconds, 0, SECONDS_MAX)
    }

    /// As the setting keeps them: not at all when they are the rule's own.
    pub(super) fn kept(&self, rule: Rule) -> Option<String> {
        (*self != rule.definition().defaults)
            .then(|| serde_json::to_string(self).expect("numbers are JSON, and memory does not fail"))
    }

    fn measure(&self) -> Measure {
        Measure { seconds: self.window_seconds, threshold: self.threshold }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_at_its_index_and_is_found_by_its_name() {
        for (index, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule.index(), index);
            assert_eq!(Rule::by_name(&rule.name()), Some(rule));
            let Definition { defaults, consequence, .. } = rule.definition();
            assert_eq!(defaults.check(), Ok(()));
            assert_eq!(defaults.block_seconds > 0, *consequence == Consequence::Block);
            assert_eq!(defaults.kept(rule), None);
        }
        assert_eq!(Rule::DenialOfService(Protocol::Smtp).name(), "denial-of-service.smtp");
        assert_eq!(Rule::by_name("denial-of-service"), None);
        let services = ["submissions", "imaps", "pop3", "sieve", "web", "spool"];
        let spoken = services.map(|service| Protocol::of_service(service).map_or("-", Protocol::name));
        assert_eq!(spoken, ["smtp", "imap", "pop3", "sieve", "web", "-"]);
    }

    #[test]
    fn numbers_have_bounds() {
        let good = harvesting::RULE.defaults;
        for bad in [
            Numbers { threshold: 0, ..good },
            Numbers { threshold: THRESHOLD_MAX + 1, ..good },
            Numbers { window_seconds: 0, ..good },
            Numbers { window_seconds: SECONDS_MAX + 1, ..good },
            Numbers { block_seconds: SECONDS_MAX + 1, ..good },
        ] {
            assert_eq!(bad.check().expect_err("out of bounds").word, Word::Invalid);
        }
    }
}
