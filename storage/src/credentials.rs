//! What lets people in beside their password: web sessions and API tokens, of which only hashes are kept, app
//! passwords and second factors; and when each was used last.

use redb::{ReadTransaction, ReadableTable};
use serde::{Deserialize, Serialize};

use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{AccountId, Error, Result, Role, Time, Word};

/// Most web sessions of one account; the oldest makes room.
pub const WEB_SESSIONS_MAX: usize = 50;
/// Most API tokens of one account.
pub const API_TOKENS_MAX: usize = 50;

/// Number of a web session, an API token or an app password. It tells nothing of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CredentialId(pub u64);

/// Somebody who has signed in to the web.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSession {
    /// Its number.
    pub id: CredentialId,
    /// Hash of what the cookie holds.
    pub hash: [u8; 32],
    /// Who has signed in.
    pub account: AccountId,
    /// What of the password's hash it depends on: with another password it ends.
    pub depends_on: [u8; 32],
    /// When.
    pub created: Time,
    /// From which address.
    pub from: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// What a program signs in to the API with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// Its number.
    pub id: CredentialId,
    /// Hash of the token.
    pub hash: [u8; 32],
    /// Whose it is.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// May it change anything?
    pub writes: bool,
    /// It gives no more rights than this role has.
    pub role: Role,
    /// When it was made.
    pub created: Time,
    /// The first moment at which it is no longer good, when it ends at all.
    pub expires: Option<Time>,
}

/// A password for one program, made by the box.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPassword {
    /// Its number.
    pub id: CredentialId,
    /// What its owner calls it.
    pub name: String,
    /// Argon2id hash in PHC form.
    pub hash: String,
    /// Eight bits of a hash, which spare nearly all of the costly checks of other app passwords.
    pub hint: u8,
    /// For which protocols: `imap`, `pop3`, `smtp`, `sieve`; none for all.
    #[serde(default)]
    pub protocols: Vec<String>,
    /// When it was made.
    pub created: Time,
}

/// Codes that a device shows (RFC 6238), and those for the day it is lost.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The key shared with the device, encrypted by the box's key; opaque here.
    pub sealed: Vec<u8>,
    /// The time step of the last code that was taken: it and those before it are taken no more.
    pub last_step: u64,
    /// Hashes of the recovery codes that are left.
    pub recovery: Vec<[u8; 32]>,
    /// Since when.
    pub since: Time,
}

/// When a credential was used last, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// When.
    pub at: Time,
    /// From which address.
    pub from: String,
}

// ---- reading -----------------------------------------------------------------------------

pub(crate) fn web_session(transaction: &ReadTransaction, id: CredentialId) -> Result<Option<WebSession>> {
    let row = transaction.open_table(meta::WEB_SESSION)?.get(id.0)?;
    row.map(|row| decode_json("web_session", row.value())).transpose()
}

pub(crate) fn web_sessions(transaction: &ReadTransaction, account: AccountId) -> Result<Vec<WebSession>> {
    let mut found = Vec::new();
    for row in transaction.open_table(meta::WEB_SESSION)?.iter()? {
        let session: WebSession = decode_json("web_session", row?.1.value())?;
        found.extend((session.account == account).then_some(session));
    }
    Ok(found)
}

pub(crate) fn has_web_session_before(transaction: &ReadTransaction, before: Time) -> Result<bool> {
    for row in transaction.open_table(meta::WEB_SESSION)?.iter()? {
        if decode_json::<WebSession>("web_session", row?.1.value())?.created < before {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn api_token(transaction: &ReadTransaction, id: CredentialId) -> Result<Option<ApiToken>> {
    let row = transaction.open_table(meta::API_TOKEN)?.get(id.0)?;
    row.map(|row| decode_json("api_token", row.value())).transpose()
}

pub(crate) fn api_tokens(transaction: &ReadTransaction, account: AccountId) -> Result<Vec<ApiToken>> {
    let mut found = Vec::new();
    for row in transaction.open_table(meta::API_TOKEN)?.iter()? {
        let token: ApiToken = decode_json("api_token", row?.1.value())?;
        found.extend((token.account == account).then_some(token));
    }
    Ok(found)
}

pub(crate) fn last_use(transaction: &ReadTransaction, id: CredentialId) -> Result<Option<Use>> {
    let row = transaction.open_table(meta::CREDENTIAL_USE)?.get(id.0)?;
    row.map(|row| decode_json("credential_use", row.value())).transpose()
}

// ---- writing -----------------------------------------------------------------------------

fn all_web_sessions(tables: &Tables) -> Result<Vec<WebSession>> {
    let mut all = Vec::new();
    for row in tables.web_session.iter()? {
        all.push(decode_json("web_session", row?.1.value())?);
    }
    Ok(all)
}

pub(crate) fn put_web_session(tables: &mut Tables, session: &WebSession) -> Result<()> {
    let mut theirs = all_web_sessions(tables)?;
    theirs.retain(|other| other.account == session.account && other.id != session.id);
    theirs.sort_by_key(|other| other.created);
    tables.begin_writing();
    for oldest in theirs.iter().take((theirs.len() + 1).saturating_sub(WEB_SESSIONS_MAX)) {
        drop_web_session(tables, oldest.id)?;
    }
    tables.web_session.insert(session.id.0, encode_json(session).as_slice())?;
    Ok(())
}

fn drop_web_session(tables: &mut Tables, id: CredentialId) -> Result<()> {
    tables.web_session.remove(id.0)?;
    tables.credential_use.remove(id.0)?;
    Ok(())
}

/// Ends the sessions that are meant. Returns how many there were.
pub(crate) fn end_web_sessions(tables: &mut Tables, is_meant: impl Fn(&WebSession) -> bool) -> Result<usize> {
    let meant: Vec<_> = all_web_sessions(tables)?.into_iter().filter(|session| is_meant(session)).collect();
    tables.begin_writing();
    for session in &meant {
        drop_web_session(tables, session.id)?;
    }
    Ok(meant.len())
}

pub(crate) fn add_api_token(tables: &mut Tables, token: &ApiToken) -> Result<()> {
    let mut theirs = 0;
    for row in tables.api_token.iter()? {
        theirs += usize::from(decode_json::<ApiToken>("api_token", row?.1.value())?.account == token.account);
    }
    if theirs >= API_TOKENS_MAX {
        return Err(Error::new(Word::Limit, format!("there are {API_TOKENS_MAX} tokens already; remove one first")));
    }
    tables.begin_writing();
    tables.api_token.insert(token.id.0, encode_json(token).as_slice())?;
    Ok(())
}

pub(crate) fn remove_api_token(tables: &mut Tables, account: AccountId, id: CredentialId) -> Result<()> {
    let row = tables.api_token.get(id.0)?;
    let token: Option<ApiToken> = row.map(|row| decode_json("api_token", row.value())).transpose()?;
    if token.is_none_or(|token| token.account != account) {
        return Err(Error::new(Word::NotFound, "there is no such token"));
    }
    tables.begin_writing();
    tables.api_token.remove(id.0)?;
    tables.credential_use.remove(id.0)?;
    Ok(())
}

/// Everything that lets this account in.
pub(crate) fn remove_all(tables: &mut Tables, account: AccountId) -> Result<()> {
    end_web_sessions(tables, |session| session.account == account)?;
    let mut tokens = Vec::new();
    for row in tables.api_token.iter()? {
        let token: ApiToken = decode_json("api_token", row?.1.value())?;
        tokens.extend((token.account == account).then_some(token.id));
    }
    for id in tokens {
        tables.api_token.remove(id.0)?;
        tables.credential_use.remove(id.0)?;
    }
    Ok(())
}

/// Forgets when those of the app passwords were used that are no longer there.
pub(crate) fn forget_uses(tables: &mut Tables, old: &[AppPassword], new: &[AppPassword]) -> Result<()> {
    for gone in old.iter().filter(|old| new.iter().all(|new| new.id != old.id)) {
        tables.credential_use.remove(gone.id.0)?;
    }
    Ok(())
}
