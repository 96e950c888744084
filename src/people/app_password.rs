//! Passwords for single programs: sixteen random letters in four groups, told once. Where a second factor is set, mail
//! programs need one, because they cannot ask for a code.

use mailstead_storage::{AppPassword, CredentialId, Time};

use super::password;

/// Most app passwords of one account.
pub const APP_PASSWORDS_MAX: usize = 32;

/// Letters of one; 20 kinds of them are 69 bits.
const LETTERS: usize = 16;
/// Letters of a group.
const GROUP: usize = 4;
/// Consonants only: neither words nor letters that look alike come of them.
const ALPHABET: &[u8; 20] = b"bcdfghjkmnpqrstvwxyz";

/// The protocols that an app password may be for.
pub const APP_PROTOCOLS: [&str; 4] = ["imap", "pop3", "smtp", "sieve"];

/// An app password, as its owner is told it.
pub fn made() -> String {
    let mut text = String::with_capacity(LETTERS + LETTERS / GROUP);
    let mut letters = 0;
    while letters < LETTERS {
        for byte in password::random::<LETTERS>() {
            // The same number of bytes for each letter: what is over is thrown away.
            let limit = u8::MAX - u8::MAX % ALPHABET.len() as u8;
            if byte >= limit || letters == LETTERS {
                continue;
            }
            if letters > 0 && letters % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            letters += 1;
        }
    }
    text
}

/// What is kept of an app password. Takes some 50 ms of one core.
pub fn kept(text: &str, name: String, protocols: Vec<String>, now: Time) -> AppPassword {
    let letters = letters(text).unwrap_or_default();
    let id = CredentialId(u64::from_le_bytes(password::random()));
    AppPassword { id, name, hash: password::hash(&letters), hint: hint(&letters), protocols, created: now }
}

/// The letters of what may be an app password, however it is grouped.
pub(super) fn letters(text: &str) -> Option<String> {
    let letters: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_lowercase()).collect();
    let is_one = letters.len() == LETTERS && letters.bytes().all(|letter| ALPHABET.contains(&letter));
    is_one.then_some(letters)
}

/// May `letters` be this app password, for this protocol?
pub(super) fn may_be(app: &AppPassword, letters: &str, protocol: &str) -> bool {
    let is_for = app.protocols.is_empty() || app.protocols.iter().any(|of| of == protocol);
    is_for && app.hint == hint(letters)
}

fn hint(letters: &str) -> u8 {
    blake3::hash(letters.as_bytes()).as_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_recognised() {
        let text = made();
        assert_eq!((text.len(), text.matches('-').count()), (19, 3), "{text}");
        let plain = letters(&text).expect("letters");
        for same in [text.to_uppercase(), text.replace('-', " "), text.replace('-', "")] {
            assert_eq!(letters(&same).as_deref(), Some(plain.as_str()));
        }
        for other in ["", "secret", "bcdf-ghjk-mnpq", "bcdf-ghjk-mnpq-rsta", "bcdf-ghjk-mnpq-rsté"] {
            assert_eq!(letters(other), None, "{other}");
        }
        let app = kept(&text, "phone".into(), vec!["imap".into()], Time(0));
        assert!(may_be(&app, &plain, "imap") && !may_be(&app, &plain, "smtp"));
        assert!(password::is_right(&plain, Some(&app.hash), &password::Memory::default()));
    }
}
