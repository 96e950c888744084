//! What a caller may see and change.

use std::collections::BTreeSet;

/// The part of the box that somebody may see and change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole box.
    Everything,
    /// These domains and all that is in them.
    Domains(BTreeSet<String>),
    /// The account with this main address.
    Own(String),
    /// Nothing: who has not signed in.
    Nothing,
}

impl Scope {
    /// The whole box?
    pub fn is_everything(&self) -> bool {
        *self == Scope::Everything
    }

    /// Does this domain lie in it?
    pub fn covers_domain(&self, domain: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Domains(domains) => domains.contains(domain),
            Scope::Own(_) | Scope::Nothing => false,
        }
    }

    /// Does this address lie in it? Addresses are compared in the form that the directory keeps.
    pub fn covers_address(&self, address: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Own(own) => own == address,
            _ => address.rsplit_once('@').is_some_and(|(_, domain)| self.covers_domain(domain)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_scope() {
        let domains = Scope::Domains(["a.test".to_string()].into());
        let own = Scope::Own("x@a.test".into());
        let check = |scope: &Scope, expected: [bool; 4]| {
            let covers = |address| scope.covers_address(address);
            assert_eq!([covers("x@a.test"), covers("y@a.test"), covers("x@b.test"), covers("")], expected, "{scope:?}");
        };
        check(&Scope::Everything, [true; 4]);
        check(&domains, [true, true, false, false]);
        check(&own, [true, false, false, false]);
        check(&Scope::Nothing, [false; 4]);
        for (scope, expected) in [(Scope::Everything, true), (domains, true), (own, false), (Scope::Nothing, false)] {
            assert_eq!(scope.covers_domain("a.test"), expected, "{scope:?}");
        }
    }
}
