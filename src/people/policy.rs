//! What passwords have to be like. Pure: judges a password that it is shown and keeps nothing of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Words that passwords are made of too often, without the digits and signs that are put around them.
const COMMON: &str = include_str!("common_passwords.txt");

/// What a password has to be like. Without any requirement by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "PasswordPolicy")]
pub struct Policy {
    /// Fewest characters.
    pub length_min: u32,
    /// With a digit.
    pub number: bool,
    /// With a capital letter.
    pub capital: bool,
    /// With a small letter.
    pub lower: bool,
    /// With a character that is neither letter nor digit.
    pub symbol: bool,
    /// Without the user's name in it.
    pub not_user_name: bool,
    /// Not a common one.
    pub not_common: bool,
    /// Not one of so many before it.
    pub former: u32,
    /// Not older than so many months; 0 is without an end.
    pub months_max: u32,
}

/// The policy of the box, and those of the domains that have their own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "PasswordPolicies")]
pub struct Policies {
    /// For all domains without their own.
    pub standard: Policy,
    /// By domain.
    pub domains: BTreeMap<String, Policy>,
}

/// A requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It is too short.
    Length,
    /// It has no digit.
    Number,
    /// It has no capital letter.
    Capital,
    /// It has no small letter.
    Lower,
    /// It has no sign.
    Symbol,
    /// The user's name is in it.
    UserName,
    /// It is common.
    Common,
    /// It was used before.
    Former,
    /// It is too old.
    Expired,
}

/// Most former passwords that are compared with: each costs as much as a login.
pub const FORMER_MAX: u32 = 10;

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 9] = [
        Rule::Length,
        Rule::Number,
        Rule::Capital,
        Rule::Lower,
        Rule::Symbol,
        Rule::UserName,
        Rule::Common,
        Rule::Former,
        Rule::Expired,
    ];

    /// Its name in storage and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Length => "length",
            Rule::Number => "number",
            Rule::Capital => "capital",
            Rule::Lower => "lower",
            Rule::Symbol => "symbol",
            Rule::UserName => "user_name",
            Rule::Common => "common",
            Rule::Former => "former",
            Rule::Expired => "expired",
        }
    }

    /// By its name.
    pub fn by_name(name: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// What is wrong with a password that breaks it, in words.
    pub fn told(self) -> &'static str {
        match self {
            Rule::Length => "too short",
            Rule::Number => "without a number",
            Rule::Capital => "without a capital letter",
            Rule::Lower => "without a small letter",
            Rule::Symbol => "without a symbol",
            Rule::UserName => "with the user name in it",
            Rule::Common => "a common one",
            Rule::Former => "used before",
            Rule::Expired => "too old",
        }
    }
}

impl Policies {
    /// The policy for the user with this address.
    pub fn of(&self, address: &str) -> &Policy {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.domains.get(domain).unwrap_or(&self.standard)
    }
}

impl Policy {
    /// The rules that a password breaks, all but those that need to know of time and of former ones.
    pub fn broken(&self, password: &str, address: &str) -> Vec<Rule> {
        let has = |is: fn(char) -> bool| password.chars().any(is);
        let rules = [
            (Rule::Length, (password.chars().count() as u64) < u64::from(self.length_min)),
            (Rule::Number, self.number && !has(|c| c.is_numeric())),
            (Rule::Capital, self.capital && !has(char::is_uppercase)),
            (Rule::Lower, self.lower && !has(char::is_lowercase)),
            (Rule::Symbol, self.symbol && !has(|c| !c.is_alphanumeric())),
            (Rule::UserName, self.not_user_name && has_name(password, address)),
            (Rule::Common, self.not_common && is_common(password)),
        ];
        rules.into_iter().filter(|(_, broken)| *broken).map(|(rule, _)| rule).collect()
    }

    /// What a password has to be like, in a sentence; empty when it may be like anything.
    pub fn told(&self) -> String {
        let length = format!("at least {} characters", self.length_min);
        let former = format!("be none of the last {}", self.former);
        let has: Vec<&str> = [
            (self.length_min > 0, length.as_str()),
            (self.number, "a number"),
            (self.capital, "a capital letter"),
            (self.lower, "a small letter"),
            (self.symbol, "a symbol"),
        ]
        .into_iter()
        .filter_map(|(wanted, words)| wanted.then_some(words))
        .collect();
        let has = if has.is_empty() { String::new() } else { format!("have {}", has.join(", ")) };
        let be: Vec<&str> = [
            (!has.is_empty(), has.as_str()),
            (self.not_user_name, "not hold your name"),
            (self.not_common, "not be a common one"),
            (self.former > 0, former.as_str()),
        ]
        .into_iter()
        .filter_map(|(wanted, words)| wanted.then_some(words))
        .collect();
        if be.is_empty() { String::new() } else { format!("A password has to {}.", be.join("; ")) }
    }

    /// Says no more than whether a policy has changed.
    pub fn fingerprint(&self) -> String {
        let hash = blake3::hash(&serde_json::to_vec(self).unwrap_or_default());
        hash.to_hex()[..16].to_owned()
    }
}

/// Is the local part, or a longer word of it, in the password?
fn has_name(password: &str, address: &str) -> bool {
    let (password, address) = (password.to_lowercase(), address.to_lowercase());
    let local = address.split('@').next().unwrap_or_default();
    let words = local.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 4);
    std::iter::once(local).chain(words).any(|word| !word.is_empty() && password.contains(word))
}

/// Is it a common word, whatever digits and signs stand around it; or a run of neighbours, or one thing again and again?
fn is_common(password: &str) -> bool {
    let lower = plain(password);
    let word = lower.trim_matches(|c: char| !c.is_alphabetic());
    let again = lower.chars().all(|c| lower.starts_with(c));
    let digits_only = lower.chars().all(|c| c.is_ascii_digit()) && lower.len() <= 8;
    again || digits_only || COMMON.lines().any(|common| common == lower || common == word)
}

/// In small letters, with the digits and signs that stand for letters as these.
fn plain(password: &str) -> String {
    let lower = password.to_lowercase();
    let core = lower.trim_end_matches(|c: char| !c.is_alphabetic());
    let letters: String = core
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect();
    if core.chars().any(char::is_alphabetic) { letters } else { lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Policy = Policy {
        length_min: 8,
        number: true,
        capital: true,
        lower: true,
        symbol: true,
        not_user_name: true,
        not_common: true,
        former: 3,
        months_max: 6,
    };

    #[test]
    fn rules_that_are_broken() {
        use Rule::*;
        let check = |password, expected: &[Rule]| {
            assert_eq!(STRICT.broken(password, "ann.miller@example.test"), expected, "{password:?}");
        };
        check("Tr0ub4dor&3x", &[]);
        check("short-1A", &[]);
        check("Sh-1", &[Length]);
        check("correct horse battery", &[Number, Capital]);
        check("12345678", &[Capital, Lower, Symbol, Common]);
        check("P@ssw0rd1!", &[Common]);
        check("QWERTZ-11a", &[]);
        check("aaaaaaaa", &[Number, Capital, Symbol, Common]);
        check("Miller-2026", &[UserName]);
        check("xANN.MILLERx1", &[UserName]);
        check("ÄÖÜäöü-1", &[]);
        assert_eq!(Policy::default().broken("", "a@b"), []);
    }

    #[test]
    fn a_domain_may_have_its_own() {
        let domains = [("strict.test".to_string(), STRICT)].into();
        let policies = Policies { domains, ..Policies::default() };
        assert_eq!(policies.of("a@strict.test").length_min, 8);
        assert_eq!(policies.of("a@other.test"), &Policy::default());
        assert_ne!(STRICT.fingerprint(), Policy::default().fingerprint());
        assert_eq!(Policy::default().told(), "");
        assert!(
            STRICT.told().starts_with("A password has to have at least 8 characters, a number, "),
            "{}",
            STRICT.told()
        );
        for rule in Rule::ALL {
            assert_eq!(Rule::by_name(rule.name()), Some(rule));
        }
    }
}
