//! Which of a domain's keys sign. There are two places for a set of keys, each with its own selectors, so that a new
//! set can be published before it signs, and the old one stays published while mail signed with it is under way.
//!
//! Never touches a key itself.

use mailstead_storage::{KeyAlgorithm, KeyState, SigningKey};

/// A set: one key of each kind.
pub const SET: [(KeyAlgorithm, &str); 2] = [(KeyAlgorithm::Rsa, "rsa"), (KeyAlgorithm::Ed25519, "ed25519")];

/// The place that a new set takes: 1, or 2 when the keys that sign are in the first.
pub fn free_place(keys: &[SigningKey]) -> u8 {
    let in_first = keys.iter().any(|key| key.state == KeyState::Active && key.selector.starts_with(&prefix(1)));
    if in_first { 2 } else { 1 }
}

/// The selector of a kind of key in a place.
pub fn selector(place: u8, name: &str) -> String {
    format!("{}{name}", prefix(place))
}

fn prefix(place: u8) -> String {
    format!("mail{place}-")
}

/// The keys once a new set has come. The first set of a domain signs at once; a later one waits. A set that waited
/// before, or has retired, is gone.
pub fn with_new(keys: Vec<SigningKey>, new: Vec<SigningKey>) -> Vec<SigningKey> {
    let mut keys: Vec<_> = keys.into_iter().filter(|key| key.state == KeyState::Active).collect();
    let state = if keys.is_empty() { KeyState::Active } else { KeyState::Next };
    keys.extend(new.into_iter().map(|key| SigningKey { state, ..key }));
    keys
}

/// The keys once the set that waited signs. `None` when none waits.
pub fn activated(mut keys: Vec<SigningKey>) -> Option<Vec<SigningKey>> {
    if keys.iter().all(|key| key.state != KeyState::Next) {
        return None;
    }
    keys.retain(|key| key.state != KeyState::Retired);
    for key in &mut keys {
        key.state = match key.state {
            KeyState::Next => KeyState::Active,
            KeyState::Active | KeyState::Retired => KeyState::Retired,
        };
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use mailstead_storage::Time;

    use super::*;

    fn set(place: u8) -> Vec<SigningKey> {
        let key = |(algorithm, name)| SigningKey {
            selector: selector(place, name),
            algorithm,
            state: KeyState::Next,
            public: String::new(),
            sealed: Vec::new(),
            created: Time(0),
        };
        SET.into_iter().map(key).collect()
    }

    fn told(keys: &[SigningKey]) -> Vec<(&str, KeyState)> {
        keys.iter().map(|key| (key.selector.as_str(), key.state)).collect()
    }

    #[test]
    fn two_places_take_turns() {
        use KeyState::{Active, Next, Retired};
        assert_eq!(free_place(&[]), 1);
        let keys = with_new(Vec::new(), set(1));
        assert_eq!(told(&keys), [("mail1-rsa", Active), ("mail1-ed25519", Active)]);
        assert_eq!((activated(keys.clone()), free_place(&keys)), (None, 2));
        let keys = with_new(keys, set(2));
        assert_eq!(told(&keys)[2..], [("mail2-rsa", Next), ("mail2-ed25519", Next)]);
        assert_eq!(free_place(&keys), 2, "a set that waits makes room for a newer one");
        assert_eq!(with_new(keys.clone(), set(2)).len(), 4);
        let keys = activated(keys).expect("one waits");
        assert_eq!(told(&keys)[0], ("mail1-rsa", Retired));
        assert_eq!(told(&keys)[3], ("mail2-ed25519", Active));
        let keys = with_new(keys.clone(), set(free_place(&keys)));
        assert_eq!(told(&keys)[0], ("mail2-rsa", Active));
        assert_eq!(told(&keys)[2], ("mail1-rsa", Next));
    }
}
