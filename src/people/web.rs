//! Who has signed in to the web, and the tokens of programs that speak to the API.

use std::net::IpAddr;
use std::sync::Arc;

use mailstead_storage::{Account, AccountId, ApiToken, CredentialId, Result, Role, Time, Use, WebSession};

use super::check::WEB;
use super::login::find;
use super::secret::Secret;
use super::{Denied, People};
use crate::work;

/// What stands before the secret of an API token, so that one that leaks is recognised.
const TOKEN_PREFIX: &str = "mailstead_";

/// Most bytes kept of what a browser calls itself.
const AGENT_BYTES_MAX: usize = 200;

/// A use is noted again when it is so much later, seconds.
const USE_SECONDS: u64 = 60;

/// How long a web session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Without a request, seconds.
    pub idle_seconds: u64,
    /// In all, seconds.
    pub seconds: u64,
}

/// An API token to make.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What its owner calls it.
    pub name: String,
    /// May it change anything?
    pub writes: bool,
    /// It gives no more rights than this role has.
    pub role: Role,
    /// The first moment at which it is no longer good.
    pub expires: Option<Time>,
}

impl People {
    /// Checks the password of somebody who signs in to the web. Whether a second factor is needed stands in the account;
    /// who is let in is [admitted](People::admit) then.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn prove_for_web(
        &self,
        user: &str,
        password: &str,
        from: IpAddr,
    ) -> std::result::Result<Arc<Account>, Denied> {
        let account = find(&self.store().directory(), user);
        self.prove(account.clone(), password, WEB, from).await.inspect_err(|denied| {
            if *denied == Denied::Wrong {
                self.proof_was_wrong(user, WEB, from);
            }
        })?;
        match account {
            Some(account) if account.enabled => Ok(account),
            Some(_) => Err(Denied::Disabled),
            None => Err(Denied::Wrong),
        }
    }

    /// Opens a web session for somebody who has signed in. Returns what the cookie is to hold.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open_web_session(&self, account: &Account, from: IpAddr, agent: &str) -> Result<String> {
        let secret = Secret::new();
        let session = WebSession {
            id: secret.id(),
            hash: secret.hash(),
            account: account.id,
            depends_on: depends_on(account),
            created: self.now(),
            from: from.to_canonical().to_string(),
            agent: agent.chars().take(AGENT_BYTES_MAX).filter(|c| !c.is_control()).collect(),
        };
        self.store().put_web_session(session).await?;
        Ok(secret.text())
    }

    /// Whose web session this is, and its number; none when it has ended, timed out, or its account may not log in.
    pub async fn web_session(
        &self,
        secret: &str,
        lifetime: Lifetime,
        from: IpAddr,
    ) -> Option<(Arc<Account>, CredentialId)> {
        let secret = Secret::parse(secret)?;
        let (store, id) = (self.store().clone(), secret.id());
        let (session, used) = work::read(move || store.web_session(id)).await.ok()??;
        let account = self.store().directory().accounts.get(&session.account).cloned()?;
        let is_good = secret.is(&session.hash)
            && is_alive(&session, used.as_ref(), lifetime, self.now())
            && account.enabled
            && session.depends_on == depends_on(&account);
        if is_good {
            self.note_use(id, used.as_ref(), from);
        }
        is_good.then_some((account, id))
    }

    /// The web sessions of an account that are alive.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn web_sessions(&self, id: AccountId, lifetime: Lifetime) -> Result<Vec<(WebSession, Option<Use>)>> {
        let Some(account) = self.store().directory().accounts.get(&id).cloned() else { return Ok(Vec::new()) };
        let (store, now) = (self.store().clone(), self.now());
        let mut found = work::read(move || store.web_sessions(id)).await?;
        found.retain(|(session, used)| {
            is_alive(session, used.as_ref(), lifetime, now) && session.depends_on == depends_on(&account)
        });
        Ok(found)
    }

    /// Sets an account's password and keeps one web session, that of its owner, alive.
    ///
    /// # Errors
    /// Those of [`set_password`](People::set_password).
    pub async fn change_password(&self, id: AccountId, new: &str, session: Option<CredentialId>) -> Result<()> {
        self.set_password(id, new).await?;
        let Some(account) = self.store().directory().accounts.get(&id).cloned() else { return Ok(()) };
        if let Some(kept) = session {
            let store = self.store().clone();
            if let Some((session, _)) = work::read(move || store.web_session(kept)).await? {
                self.store().put_web_session(WebSession { depends_on: depends_on(&account), ..session }).await?;
            }
        }
        self.store().end_web_sessions(id, session).await.map(drop)
    }

    /// Makes an API token. Returns its number and the token, which is told this once.
    ///
    /// # Errors
    /// Those of [`Store::add_api_token`](mailstead_storage::Store::add_api_token).
    pub async fn make_token(&self, account: AccountId, new: NewToken) -> Result<(CredentialId, String)> {
        let secret = Secret::new();
        let NewToken { name, writes, role, expires } = new;
        let (id, hash, created) = (secret.id(), secret.hash(), self.now());
        let token = ApiToken { id, hash, account, name, writes, role, created, expires };
        self.store().add_api_token(token).await?;
        Ok((id, format!("{TOKEN_PREFIX}{}", secret.text())))
    }

    /// Whose API token this is; none when it is unknown, has expired, or its account may not log in.
    pub async fn token(&self, text: &str, from: IpAddr) -> Option<(Arc<Account>, ApiToken)> {
        let secret = Secret::parse(text.strip_prefix(TOKEN_PREFIX)?)?;
        let (store, id) = (self.store().clone(), secret.id());
        let found: Result<_> = work::read(move || Ok((store.api_token(id)?, store.last_use(id)?))).await;
        let (token, used) = found.ok().and_then(|(token, used): (_, Option<Use>)| Some((token?, used)))?;
        let account = self.store().directory().accounts.get(&token.account).cloned()?;
        let is_over = token.expires.is_some_and(|end| end <= self.now());
        let is_good = secret.is(&token.hash) && !is_over && account.enabled;
        if is_good {
            self.note_use(id, used.as_ref(), from);
        }
        is_good.then_some((account, token))
    }

    /// Notes that a credential was used, unless that was noted just now.
    pub(super) fn note_use(&self, id: CredentialId, last: Option<&Use>, from: IpAddr) {
        let (at, from) = (self.now(), from.to_canonical().to_string());
        let is_news = |last: &Use| at >= last.at.plus_seconds(USE_SECONDS) || last.from != from;
        if last.is_none_or(is_news) {
            self.store().note_use(id, Use { at, from });
        }
    }
}

fn is_alive(session: &WebSession, used: Option<&Use>, lifetime: Lifetime, now: Time) -> bool {
    let last = used.map_or(session.created, |used| used.at);
    // A use is noted up to a minute late.
    now < session.created.plus_seconds(lifetime.seconds)
        && now < last.plus_seconds(lifetime.idle_seconds.saturating_add(USE_SECONDS))
}

/// What of an account's password a web session depends on.
fn depends_on(account: &Account) -> [u8; 32] {
    *blake3::hash(account.password.as_bytes()).as_bytes()
}
