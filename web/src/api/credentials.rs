//! `users/…/second-factor`, `…/app-passwords`, `…/web-sessions`, `…/tokens`, `…/own-password`: what lets a user in, and
//! ends. Secrets are made by the box and told once; they are made for the owner alone, an administrator can only take
//! them away.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mailstead_core::clock::{moment, rfc3339};
use mailstead_core::people::app_password::{self, APP_PASSWORDS_MAX, APP_PROTOCOLS};
use mailstead_core::people::{Denied, NewToken as Made, totp};
use mailstead_core::work;
use mailstead_storage::{Account, AppPassword, CredentialId, Role, SecondFactor, Use};
use qrcode::QrCode;
use qrcode::render::svg;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::spool::acts::Counted;
use super::users::{edit, find_for};
use super::{Answer, Problem, names};
use crate::House;
use crate::door::sign_in::{opened_key, sealed_key};
use crate::door::{Access, Caller, Means, Route};

/// Most characters of what an owner calls a credential.
const NAME_CHARS_MAX: usize = 80;

/// Pixels of a QR code at least.
const QR_PIXELS: u32 = 200;

/// A new password, and the one that it replaces.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPassword {
    /// The password so far.
    pub old: String,
    /// The one to be.
    pub new: String,
}

/// A second factor that is not yet set: the device has to show a code of it first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct FactorOffer {
    /// The key as a person types it, in base 32.
    pub key: String,
    /// The key as a device reads it from a QR code.
    pub uri: String,
    /// The QR code, as SVG.
    pub qr: String,
    /// To be sent back with the code.
    pub offer: String,
}

/// A code of the device, to set the second factor that was offered.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorProof {
    /// The offer.
    pub offer: String,
    /// The code that the device shows.
    pub code: String,
}

/// Codes for the day the device is lost. Each is good once.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryCodes {
    /// The codes, told this once.
    pub codes: Vec<String>,
}

/// How a user proves who it is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct FactorState {
    /// Since when a second factor is set; absent when there is none.
    pub since: Option<String>,
    /// Recovery codes that are left.
    pub recovery_codes: usize,
}

/// The app passwords of a user.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AppPasswords {
    /// In the order in which they were made.
    pub app_passwords: Vec<AppPasswordRow>,
}

/// An app password.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AppPasswordRow {
    /// Its number.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// For which protocols; none for all.
    pub protocols: Vec<String>,
    /// When it was made.
    pub created: String,
    /// When it was used last.
    pub last_used: Option<LastUse>,
}

/// When something was used last.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LastUse {
    /// When.
    pub at: String,
    /// From which address.
    pub from: String,
}

/// An app password to make.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppPassword {
    /// What its owner calls it.
    pub name: String,
    /// For which of `imap`, `pop3`, `smtp`, `sieve`; none for all.
    #[serde(default)]
    pub protocols: Vec<String>,
}

/// A secret that was made.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewSecret {
    /// Its number.
    pub id: String,
    /// The secret, told this once.
    pub secret: String,
}

/// Where a user is signed in to the web.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct WebSessions {
    /// The latest first.
    pub web_sessions: Vec<WebSessionRow>,
}

/// A web session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct WebSessionRow {
    /// Its number.
    pub id: String,
    /// Is it the one that asks?
    pub own: bool,
    /// Since when.
    pub created: String,
    /// From which address it began.
    pub from: String,
    /// What the browser calls itself.
    pub agent: String,
    /// When it was used last.
    pub last_used: Option<LastUse>,
}

/// A user's API tokens.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// In the order in which they were made.
    pub tokens: Vec<TokenRow>,
}

/// An API token.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenRow {
    /// Its number.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// May it change anything?
    pub writes: bool,
    /// It gives no more rights than this role has.
    pub role: Role,
    /// When it was made.
    pub created: String,
    /// When it ends, if ever.
    pub expires: Option<String>,
    /// When it was used last.
    pub last_used: Option<LastUse>,
}

/// An API token to make.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What its owner calls it.
    pub name: String,
    /// May it change anything?
    #[serde(default)]
    pub writes: bool,
    /// It gives no more rights than this role has; the owner's own at most.
    #[serde(default)]
    pub role: Role,
    /// When it ends, as RFC 3339 or as a date; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::User, Method::PUT, "/api/v1/users/{address}/own-password", change_password)
            .about("Changes the own password, and signs out everywhere else.")
            .body::<OwnPassword>()
            .for_expired(),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/second-factor", factor)
            .about("Tells whether a second factor is set.")
            .answers::<FactorState>(),
        Route::api(Access::User, Method::POST, "/api/v1/users/{address}/second-factor/offer", offer_factor)
            .about("Makes a key for a device, to be set once the device shows a code of it.")
            .answers::<FactorOffer>(),
        Route::api(Access::User, Method::PUT, "/api/v1/users/{address}/second-factor", set_factor)
            .about("Sets the second factor that was offered. Mail programs need app passwords from then on.")
            .body::<FactorProof>()
            .answers::<RecoveryCodes>(),
        Route::api(Access::User, Method::DELETE, "/api/v1/users/{address}/second-factor", remove_factor)
            .about("Removes the second factor."),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/app-passwords", app_passwords)
            .about("Lists the app passwords.")
            .answers::<AppPasswords>(),
        Route::api(Access::User, Method::POST, "/api/v1/users/{address}/app-passwords", make_app_password)
            .about("Makes a password for one mail program. It is told this once.")
            .body::<NewAppPassword>()
            .answers::<NewSecret>()
            .creates(),
        Route::api(Access::User, Method::DELETE, "/api/v1/users/{address}/app-passwords/{id}", remove_app_password)
            .about("Removes an app password, and ends the sessions that are open."),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/web-sessions", web_sessions)
            .about("Lists where a user is signed in to the web.")
            .answers::<WebSessions>(),
        Route::api(Access::User, Method::DELETE, "/api/v1/users/{address}/web-sessions", end_web_sessions)
            .about("Signs a user out everywhere, but for the session that asks.")
            .answers::<Counted>(),
        Route::api(Access::User, Method::DELETE, "/api/v1/users/{address}/web-sessions/{id}", end_web_session)
            .about("Ends a web session."),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/tokens", tokens)
            .about("Lists the API tokens of a user.")
            .answers::<Tokens>(),
        Route::api(Access::User, Method::POST, "/api/v1/users/{address}/tokens", make_token)
            .about("Makes an API token. It is told this once.")
            .body::<NewToken>()
            .answers::<NewSecret>()
            .creates(),
        Route::api(Access::User, Method::DELETE, "/api/v1/users/{address}/tokens/{id}", remove_token)
            .about("Removes an API token."),
    ]
}

/// The account, when it is the caller's own.
fn own(house: &House, caller: &Caller, address: &str) -> Answer<Account> {
    let account = find_for(house, caller, address)?;
    match caller.account() == Some(account.id) || caller.means() == Means::Owner {
        true => Ok(Account::clone(&account)),
        false => Err(Problem::denied("only the owner of the account may do this")),
    }
}

/// A token must not make itself longer-lived or stronger, nor take over the account.
fn signed_in(caller: &Caller) -> Answer<()> {
    match caller.means() {
        Means::Token { .. } => Err(Problem::denied("a token may not change what lets people in; sign in")),
        _ => Ok(()),
    }
}

// ---- the password ------------------------------------------------------------------------

pub(crate) async fn change_password(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(change): Body<OwnPassword>,
) -> Answer<StatusCode> {
    signed_in(&caller)?;
    let account = own(&house, &caller, &address)?;
    prove(&house, &caller, &account, &change.old).await?;
    names::password(&change.new)?;
    let session = session_of(&caller);
    let one_edit = house.edits.lock().await;
    house.people.change_password(account.id, &change.new, session).await?;
    drop(one_edit);
    house.sessions.end_where(&|row| row.user.as_deref() == Some(account.address.as_str()) && row.service != "web");
    house.audit(&caller, "own password changed", account.address);
    Ok(StatusCode::NO_CONTENT)
}

async fn prove(house: &House, caller: &Caller, account: &Account, password: &str) -> Answer<()> {
    let ip = caller.ip().unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    match house.people.prove_for_web(&account.address, password, ip).await {
        Ok(_) => Ok(()),
        Err(Denied::Unavailable) => Err(Problem::failed("passwords cannot be checked now; try again in a moment")),
        Err(_) => Err(Problem::invalid("the password so far is not right")),
    }
}

fn session_of(caller: &Caller) -> Option<CredentialId> {
    match caller.means() {
        Means::Session(id) => Some(CredentialId(id)),
        _ => None,
    }
}

// ---- the second factor -------------------------------------------------------------------

pub(crate) async fn factor(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<FactorState>> {
    let account = find_for(&house, &caller, &address)?;
    let factor = account.second_factor.as_ref();
    Ok(Json(FactorState {
        since: factor.map(|factor| rfc3339(factor.since)),
        recovery_codes: factor.map_or(0, |factor| factor.recovery.len()),
    }))
}

pub(crate) async fn offer_factor(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<FactorOffer>> {
    signed_in(&caller)?;
    let account = own(&house, &caller, &address)?;
    let key = totp::new_key();
    let sealed = BASE64_STANDARD.encode(sealed_key(&house, account.id, &key)?);
    Ok(Json(offer(&house, &account, &key, sealed)?))
}

/// An offer that was made already, shown again.
pub(crate) fn same_offer(house: &House, account: &Account, offered: &str) -> Answer<FactorOffer> {
    let key = key_of(house, account, offered)?;
    offer(house, account, &key, offered.to_string())
}

fn offer(house: &House, account: &Account, key: &[u8], offer: String) -> Answer<FactorOffer> {
    let uri = totp::key_uri(key, &house.hostname, &account.address);
    let code = QrCode::new(&uri).map_err(|error| Problem::failed(error.to_string()))?;
    let qr = code.render::<svg::Color<'_>>().min_dimensions(QR_PIXELS, QR_PIXELS).build();
    // Within a page an image has no prolog.
    let qr = qr.split_once("?>").map_or(qr.clone(), |(_, image)| image.to_string());
    Ok(FactorOffer { key: totp::base32(key), uri, qr, offer })
}

fn key_of(house: &House, account: &Account, offered: &str) -> Answer<Vec<u8>> {
    let wrong = || Problem::invalid("this offer is not of this box; begin again");
    let sealed = BASE64_STANDARD.decode(offered).map_err(|_| wrong())?;
    opened_key(house, account.id, &sealed).map_err(|_| wrong())
}

pub(crate) async fn set_factor(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(proof): Body<FactorProof>,
) -> Answer<Json<RecoveryCodes>> {
    signed_in(&caller)?;
    let account = own(&house, &caller, &address)?;
    let key = key_of(&house, &account, &proof.offer)?;
    let since = house.clock.now();
    let wrong = || Problem::invalid("that code is not the one that the device should show now; look at its clock");
    let last_step = totp::step_of(&key, &proof.code, 0, since).ok_or_else(wrong)?;
    let codes = totp::new_recovery_codes();
    let recovery = codes.iter().map(|code| totp::recovery_hash(code)).collect();
    let factor = SecondFactor { sealed: sealed_key(&house, account.id, &key)?, last_step, recovery, since };
    edit(&house, &caller, &address, |account| account.second_factor = Some(factor)).await?;
    house.audit(&caller, "second factor set", account.address);
    Ok(Json(RecoveryCodes { codes }))
}

pub(crate) async fn remove_factor(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<StatusCode> {
    signed_in(&caller)?;
    let address = edit(&house, &caller, &address, |account| account.second_factor = None).await?;
    house.audit(&caller, "second factor removed", address);
    Ok(StatusCode::NO_CONTENT)
}

// ---- app passwords -----------------------------------------------------------------------

pub(crate) async fn app_passwords(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<AppPasswords>> {
    let account = find_for(&house, &caller, &address)?;
    let row = move |app: &AppPassword| {
        house.store.last_use(app.id).map(|used| AppPasswordRow {
            id: number(app.id),
            name: app.name.clone(),
            protocols: app.protocols.clone(),
            created: rfc3339(app.created),
            last_used: used.map(LastUse::from),
        })
    };
    let rows: Result<Vec<_>, _> = work::read(move || account.app_passwords.iter().map(row).collect()).await;
    Ok(Json(AppPasswords { app_passwords: rows.map_err(|error: mailstead_storage::Error| Problem::from(error))? }))
}

pub(crate) async fn make_app_password(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(new): Body<NewAppPassword>,
) -> Answer<(StatusCode, Json<NewSecret>)> {
    signed_in(&caller)?;
    let account = own(&house, &caller, &address)?;
    let name = name(&new.name)?;
    if let Some(unknown) = new.protocols.iter().find(|protocol| !APP_PROTOCOLS.contains(&protocol.as_str())) {
        let known = APP_PROTOCOLS.join(", ");
        return Err(Problem::invalid(format!("{unknown:?} is no protocol of mail programs; there are {known}")));
    }
    if account.app_passwords.len() >= APP_PASSWORDS_MAX {
        return Err(Problem::invalid(format!("there are {APP_PASSWORDS_MAX} app passwords already; remove one first")));
    }
    let (secret, now) = (app_password::made(), house.clock.now());
    let told = secret.clone();
    let app = work::compute(move || app_password::kept(&secret, name, new.protocols, now)).await;
    let id = number(app.id);
    edit(&house, &caller, &address, |account| account.app_passwords.push(app)).await?;
    house.audit(&caller, "app password made", account.address);
    Ok((StatusCode::CREATED, Json(NewSecret { id, secret: told })))
}

pub(crate) async fn remove_app_password(
    State(house): State<House>,
    caller: Caller,
    Path((address, id)): Path<(String, String)>,
) -> Answer<StatusCode> {
    signed_in(&caller)?;
    let id = parsed(&id)?;
    let account = find_for(&house, &caller, &address)?;
    if account.app_passwords.iter().all(|app| app.id != id) {
        return Err(Problem::not_found("there is no such app password"));
    }
    edit(&house, &caller, &address, |account| account.app_passwords.retain(|app| app.id != id)).await?;
    house.sessions.end_where(&|row| row.user.as_deref() == Some(account.address.as_str()) && row.service != "web");
    house.audit(&caller, "app password removed", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

// ---- web sessions ------------------------------------------------------------------------

pub(crate) async fn web_sessions(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<WebSessions>> {
    let account = find_for(&house, &caller, &address)?;
    let mut found = house.people.web_sessions(account.id, house.web.lifetime()).await?;
    found.sort_by_key(|(session, _)| std::cmp::Reverse(session.created));
    let rows = found.into_iter().map(|(session, used)| WebSessionRow {
        id: number(session.id),
        own: Some(session.id) == session_of(&caller),
        created: rfc3339(session.created),
        from: session.from,
        agent: session.agent,
        last_used: used.map(LastUse::from),
    });
    Ok(Json(WebSessions { web_sessions: rows.collect() }))
}

pub(crate) async fn end_web_sessions(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<Counted>> {
    let account = find_for(&house, &caller, &address)?;
    let count = house.store.end_web_sessions(account.id, session_of(&caller)).await?;
    house.audit(&caller, "signed out everywhere", account.address.clone());
    Ok(Json(Counted { count }))
}

pub(crate) async fn end_web_session(
    State(house): State<House>,
    caller: Caller,
    Path((address, id)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let account = find_for(&house, &caller, &address)?;
    house.store.end_web_session(account.id, parsed(&id)?).await?;
    house.audit(&caller, "web session ended", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

// ---- tokens ------------------------------------------------------------------------------

pub(crate) async fn tokens(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<Tokens>> {
    let account = find_for(&house, &caller, &address)?;
    let mut found = work::read(move || house.store.api_tokens(account.id)).await?;
    found.sort_by_key(|(token, _)| token.created);
    let rows = found.into_iter().map(|(token, used)| TokenRow {
        id: number(token.id),
        name: token.name,
        writes: token.writes,
        role: token.role,
        created: rfc3339(token.created),
        expires: token.expires.map(rfc3339),
        last_used: used.map(LastUse::from),
    });
    Ok(Json(Tokens { tokens: rows.collect() }))
}

pub(crate) async fn make_token(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(new): Body<NewToken>,
) -> Answer<(StatusCode, Json<NewSecret>)> {
    signed_in(&caller)?;
    let account = own(&house, &caller, &address)?;
    if Access::from(new.role) > Access::from(account.role) {
        return Err(Problem::denied("a token gives no more rights than its owner has"));
    }
    let wrong = |text: &str| Problem::invalid(format!("{text:?} is no moment; write it like 2030-12-24"));
    let expires = new.expires.map(|text| moment(&text).ok_or_else(|| wrong(&text))).transpose()?;
    if expires.is_some_and(|end| end <= house.clock.now()) {
        return Err(Problem::invalid("the token would have ended already"));
    }
    let made = Made { name: name(&new.name)?, writes: new.writes, role: new.role, expires };
    let (id, secret) = house.people.make_token(account.id, made).await?;
    house.audit(&caller, "API token made", account.address);
    Ok((StatusCode::CREATED, Json(NewSecret { id: number(id), secret })))
}

pub(crate) async fn remove_token(
    State(house): State<House>,
    caller: Caller,
    Path((address, id)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let account = find_for(&house, &caller, &address)?;
    house.store.remove_api_token(account.id, parsed(&id)?).await?;
    house.audit(&caller, "API token removed", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

// ---- all of them -------------------------------------------------------------------------

fn name(text: &str) -> Answer<String> {
    let name = text.trim();
    match !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control) {
        true => Ok(name.to_string()),
        false => Err(Problem::invalid(format!("give it a name of {NAME_CHARS_MAX} characters at most, like Phone"))),
    }
}

fn number(id: CredentialId) -> String {
    format!("{:016x}", id.0)
}

fn parsed(id: &str) -> Answer<CredentialId> {
    let number = u64::from_str_radix(id, 16);
    number.map(CredentialId).map_err(|_| Problem::invalid(format!("{id:?} is not the number of a credential")))
}

impl From<Use> for LastUse {
    fn from(used: Use) -> LastUse {
        LastUse { at: rfc3339(used.at), from: used.from }
    }
}
