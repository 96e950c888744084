//! Acts of a load by name: how long they took and how they failed.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use super::Latencies;
use crate::trouble::{Result, Trouble};

/// Failures by reply code, each with its first example.
#[derive(Debug, Default, Clone)]
pub struct Failures(BTreeMap<String, (u64, String)>);

impl Failures {
    /// Counts one.
    pub fn add(&mut self, trouble: &Trouble) {
        let entry = self.0.entry(trouble.code().to_owned()).or_insert_with(|| (0, trouble.to_string()));
        entry.0 += 1;
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Failures) {
        for (code, (count, example)) in other.0 {
            self.0.entry(code).or_insert((0, example)).0 += count;
        }
    }

    /// Count and first example of each code.
    pub fn json(&self) -> Value {
        self.0.iter().map(|(code, (count, first))| (code.clone(), json!({ "count": count, "first": first }))).collect()
    }
}

/// All acts of one load.
#[derive(Debug, Default)]
pub struct Acts {
    latencies: BTreeMap<&'static str, Latencies>,
    /// What failed.
    pub failures: Failures,
}

impl Acts {
    /// Notes an act that began at `begin` and has ended now. A refusal is counted and becomes `None`;
    /// anything else ends the connection and is given back.
    ///
    /// # Errors
    /// Trouble that is no refusal.
    pub fn note<T>(&mut self, name: &'static str, begin: Instant, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => {
                self.took(name, begin);
                Ok(Some(value))
            }
            Err(trouble) if trouble.is_refusal() => {
                self.failures.add(&trouble);
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Notes how long an act that has ended now took.
    pub fn took(&mut self, name: &'static str, begin: Instant) {
        self.latencies.entry(name).or_default().add(begin.elapsed());
    }

    /// The acts that went well: all, or those of one name.
    pub fn count(&self, name: Option<&str>) -> u64 {
        let wanted = self.latencies.iter().filter(|(of, _)| name.is_none_or(|name| name == **of));
        wanted.map(|(_, latencies)| latencies.count()).sum()
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Acts) {
        for (name, latencies) in other.latencies {
            self.latencies.entry(name).or_default().merge(&latencies);
        }
        self.failures.merge(other.failures);
    }

    /// The latencies of each act.
    pub fn json(&self) -> Value {
        self.latencies.iter().map(|(name, latencies)| ((*name).to_owned(), latencies.json())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_code_and_other_trouble_is_given_back() {
        let mut acts = Acts::default();
        let refused = |code: &str| Err(Trouble::Refused { code: code.into(), line: format!("{code} no") });
        let begin = Instant::now();
        assert!(matches!(acts.note("A", begin, Ok(7)), Ok(Some(7))));
        assert!(matches!(acts.note::<()>("A", begin, refused("452")), Ok(None)));
        assert!(matches!(acts.note::<()>("A", begin, refused("452")), Ok(None)));
        assert!(matches!(acts.note::<()>("B", begin, refused("NO")), Ok(None)));
        assert!(matches!(acts.note::<()>("B", begin, Err(Trouble::Closed)), Err(Trouble::Closed)));
        assert_eq!((acts.count(None), acts.count(Some("A")), acts.count(Some("B"))), (1, 1, 0));
        let expected = json!({
            "452": { "count": 2, "first": "refused: 452 no" },
            "NO": { "count": 1, "first": "refused: NO no" },
        });
        assert_eq!(acts.failures.json(), expected);
    }
}
