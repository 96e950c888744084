//! What lets people in beside their password.

use super::Store;
use crate::*;

impl Store {
    /// Keeps a web session. The oldest of many makes room.
    pub fn put_web_session(&self, session: WebSession) -> Pending<()> {
        self.write(move |tables| credentials::put_web_session(tables, &session))
    }

    /// A web session, and when it was used last.
    pub fn web_session(&self, id: CredentialId) -> Result<Option<(WebSession, Option<Use>)>> {
        let session = self.0.shared.look(|transaction| credentials::web_session(transaction, id))?;
        session.map(|session| Ok((session, self.last_use(id)?))).transpose()
    }

    /// The web sessions of an account, those that have timed out included.
    pub fn web_sessions(&self, account: AccountId) -> Result<Vec<(WebSession, Option<Use>)>> {
        let found = self.0.shared.look(|transaction| credentials::web_sessions(transaction, account))?;
        let with_use = |session: WebSession| self.last_use(session.id).map(|used| (session, used));
        found.into_iter().map(with_use).collect()
    }

    /// Ends one web session of an account.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn end_web_session(&self, account: AccountId, id: CredentialId) -> Pending<()> {
        self.write(move |tables| {
            match credentials::end_web_sessions(tables, |session| session.account == account && session.id == id)? {
                0 => Err(Error::new(Word::NotFound, "there is no such session; it may have ended by itself")),
                _ => Ok(()),
            }
        })
    }

    /// Ends all web sessions of an account but one. Returns how many there were.
    pub fn end_web_sessions(&self, account: AccountId, but: Option<CredentialId>) -> Pending<usize> {
        self.write(move |tables| {
            credentials::end_web_sessions(tables, |session| session.account == account && Some(session.id) != but)
        })
    }

    /// Forgets the web sessions that began before this moment. Writes nothing when there are none.
    pub fn forget_web_sessions(&self, before: Time) -> Result<()> {
        if self.0.shared.look(|transaction| credentials::has_web_session_before(transaction, before))? {
            self.write(move |tables| credentials::end_web_sessions(tables, |of| of.created < before)).wait()?;
        }
        Ok(())
    }

    /// Keeps an API token.
    ///
    /// # Errors
    /// `Limit`.
    pub fn add_api_token(&self, token: ApiToken) -> Pending<()> {
        self.write(move |tables| credentials::add_api_token(tables, &token))
    }

    /// An API token.
    pub fn api_token(&self, id: CredentialId) -> Result<Option<ApiToken>> {
        self.0.shared.look(|transaction| credentials::api_token(transaction, id))
    }

    /// The API tokens of an account, those that have expired included, and when each was used last.
    pub fn api_tokens(&self, account: AccountId) -> Result<Vec<(ApiToken, Option<Use>)>> {
        let found = self.0.shared.look(|transaction| credentials::api_tokens(transaction, account))?;
        let with_use = |token: ApiToken| self.last_use(token.id).map(|used| (token, used));
        found.into_iter().map(with_use).collect()
    }

    /// Removes an API token of an account.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_api_token(&self, account: AccountId, id: CredentialId) -> Pending<()> {
        self.write(move |tables| credentials::remove_api_token(tables, account, id))
    }

    /// Notes that a credential was used; rides along with the next commit and never causes a sync of its own.
    pub fn note_use(&self, id: CredentialId, used: Use) {
        self.0.shared.meta.note(|notes| {
            notes.uses.insert(id, used);
        });
    }

    /// When a credential was used last, what is not yet durable included.
    pub fn last_use(&self, id: CredentialId) -> Result<Option<Use>> {
        if let Some(used) = self.0.shared.meta.noted(|notes| notes.uses.get(&id).cloned()) {
            return Ok(Some(used));
        }
        self.0.shared.look(|transaction| credentials::last_use(transaction, id))
    }
}
