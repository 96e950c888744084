//! Names that a request brings, checked and brought into the form in which the directory keeps them.

use mailstead_core::people::{self, Address};

use super::error::Problem;

/// A domain name.
pub(crate) fn domain(text: &str) -> Result<String, Problem> {
    match Address::parse(&format!("postmaster@{}", text.trim())) {
        Some(address) if !address.domain.is_empty() && !address.domain.starts_with('[') => Ok(address.domain),
        _ => Err(Problem::invalid(format!("{text:?} is not a domain name; write it like example.org"))),
    }
}

/// A mail address with a domain.
pub(crate) fn address(text: &str) -> Result<String, Problem> {
    match Address::parse(text.trim()) {
        Some(address) if !address.domain.is_empty() => Ok(address.key()),
        _ => Err(Problem::invalid(format!("{text:?} is not a mail address; write it like name@example.org"))),
    }
}

/// Refuses a password that no client could log in with.
pub(crate) fn password(text: &str) -> Result<(), Problem> {
    match people::is_acceptable(text) {
        true => Ok(()),
        false => Err(Problem::invalid("the password is empty or contains a control character; choose another one")),
    }
}
