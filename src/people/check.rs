//! The check of a password: against the account's own, and those of programs.

use std::net::IpAddr;
use std::sync::Arc;

use mailstead_storage::{Account, CredentialId};

use super::login::{Denied, People};
use super::{app_password, password};
use crate::work;

/// The protocol of those who sign in to the web. It alone can ask for a second factor, and takes no app password.
pub(super) const WEB: &str = "web";

/// Which password was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proven {
    /// The account's own.
    Own,
    /// That of a program. It has no end.
    App,
}

/// What is kept of a password, and what is said to be it.
pub(super) struct Credential {
    /// Which app password; none for the account's own password.
    pub(super) app: Option<CredentialId>,
    /// Argon2id hash in PHC form.
    pub(super) hash: String,
    /// What the client sent, in the form that was hashed.
    pub(super) secret: String,
}

impl Credential {
    fn kind(&self) -> Proven {
        if self.app.is_none() { Proven::Own } else { Proven::App }
    }
}

impl People {
    /// Is this a password of the account for this protocol? One full check (Argon2id) of a few at a time, or the proof
    /// of a recent one. It costs the same when there is no such account.
    pub(super) async fn prove(
        &self,
        account: Option<Arc<Account>>,
        password: &str,
        protocol: &str,
        from: IpAddr,
    ) -> Result<Proven, Denied> {
        let claimed = account.as_ref().map_or_else(Vec::new, |account| claimed(account, password, protocol));
        let mut turn = None;
        let mut proven = self.proven_lately(account.as_deref(), &claimed);
        if proven.is_none() {
            turn = Some(self.turns().take(Some(from)).await.ok_or(Denied::Unavailable)?);
            // A client that opens many connections at once pays for one.
            proven = self.proven_lately(account.as_deref(), &claimed);
        }
        if let Some(proven) = proven {
            self.used(proven, from).await;
            return Ok(proven.kind());
        }
        let (people, password) = (self.clone(), password.to_string());
        let right = work::compute(move || {
            let _turn = turn;
            let right = people.right_one(claimed, &password);
            if let (Some(account), Some(right)) = (&account, &right) {
                people.proofs().keep(account.id, right, people.now());
                if right.app.is_none() {
                    people.judge(account, &right.secret);
                }
            }
            right
        });
        let right = right.await;
        self.rest_later();
        let right = right.ok_or(Denied::Wrong)?;
        self.used(&right, from).await;
        Ok(right.kind())
    }

    fn proven_lately<'c>(&self, account: Option<&Account>, claimed: &'c [Credential]) -> Option<&'c Credential> {
        let (id, proofs, now) = (account?.id, self.proofs(), self.now());
        claimed.iter().find(|claimed| proofs.holds(id, claimed, now))
    }

    fn right_one(&self, claimed: Vec<Credential>, password: &str) -> Option<Credential> {
        if claimed.is_empty() {
            password::is_right(password, None, self.memory());
        }
        let is_right = |claimed: &Credential| password::is_right(&claimed.secret, Some(&claimed.hash), self.memory());
        claimed.into_iter().find(is_right)
    }

    /// Notes when an app password was used.
    async fn used(&self, credential: &Credential, from: IpAddr) {
        let Some(app) = credential.app else { return };
        let store = self.store().clone();
        let last = work::read(move || store.last_use(app)).await.ok().flatten();
        self.note_use(app, last.as_ref(), from);
    }
}

/// The credentials of an account that this may be.
fn claimed(account: &Account, password: &str, protocol: &str) -> Vec<Credential> {
    let mut claimed = Vec::new();
    if protocol != WEB
        && let Some(letters) = app_password::letters(password)
    {
        let fitting = account.app_passwords.iter().filter(|app| app_password::may_be(app, &letters, protocol));
        claimed.extend(fitting.map(|app| Credential {
            app: Some(app.id),
            hash: app.hash.clone(),
            secret: letters.clone(),
        }));
    }
    if protocol == WEB || account.second_factor.is_none() {
        claimed.push(Credential { app: None, hash: account.password.clone(), secret: password.into() });
    }
    claimed
}

#[cfg(test)]
mod tests {
    use super::super::resolve::tests::account;
    use super::*;
    use mailstead_storage::{SecondFactor, Time};

    #[test]
    fn with_a_second_factor_programs_need_their_own_password() {
        let text = app_password::made();
        let mut alice = account(1, "alice@example.test");
        alice.app_passwords = vec![app_password::kept(&text, "phone".into(), vec!["imap".into()], Time(0))];
        let kinds = |account: &Account, password: &str, protocol| {
            claimed(account, password, protocol).iter().map(|claimed| claimed.app.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&alice, &text, "imap"), [true, false]);
        assert_eq!(kinds(&alice, &text, "smtp"), [false], "not for this protocol");
        assert_eq!(kinds(&alice, "secret", "imap"), [false]);
        alice.second_factor =
            Some(SecondFactor { sealed: Vec::new(), last_step: 0, recovery: Vec::new(), since: Time(0) });
        assert_eq!(kinds(&alice, &text, "imap"), [true]);
        assert!(kinds(&alice, "secret", "imap").is_empty());
        assert_eq!((kinds(&alice, "secret", WEB), kinds(&alice, &text, WEB)), (vec![false], vec![false]));
    }
}
