//! Who a request comes from: by the web session's cookie, or by an API token. A credential that is not good makes an
//! anonymous caller, whom the route's guard then sends away.

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mailstead_core::guard::Protocol;
use std::net::{IpAddr, Ipv4Addr};

use super::{Access, Caller, Means, cookie, forwarded};
use crate::House;
use crate::listen::{BLOCKED, Connection};

/// Gives the request its caller.
pub(super) async fn identify(State(house): State<House>, mut request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>().cloned().unwrap_or_default();
    let peer = connection.peer().map_or(Ipv4Addr::LOCALHOST.into(), |peer| peer.ip().to_canonical());
    let ip = forwarded::client(request.headers(), peer, &house.web.get());
    let caller = known(&house, request.headers(), ip).await.unwrap_or_else(|| Caller::anonymous(Some(ip)));
    let caller = caller.with_archive(|domain| house.store.archive_has_rule_for(domain));
    if caller.role() == Access::SystemAdmin {
        house.guard.administrator_at(ip);
    }
    // Who has connected without a proxy was looked at then.
    if ip != peer && house.guard.request(ip, Protocol::Web).is_err() {
        return (StatusCode::TOO_MANY_REQUESTS, BLOCKED).into_response();
    }
    connection.set_caller(caller.account().map(|_| caller.name()), ip);
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// What a request shows of who it comes from.
#[derive(Debug, PartialEq, Eq)]
pub enum Credential<'h> {
    /// The text of an API token.
    Token(&'h str),
    /// The secret of a web session.
    Session(&'h str),
}

impl Credential<'_> {
    /// The credential in the header of a request.
    pub fn of(headers: &HeaderMap) -> Option<Credential<'_>> {
        // Who sends a token means it: the cookie does not stand in for one that is not good.
        let Some(authorization) = headers.get(AUTHORIZATION) else {
            return cookie::read(headers).map(Credential::Session);
        };
        let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(Credential::Token(token.trim()))
    }
}

async fn known(house: &House, headers: &HeaderMap, ip: IpAddr) -> Option<Caller> {
    match Credential::of(headers)? {
        Credential::Token(token) => by_token(house, token, ip).await,
        Credential::Session(secret) => by_session(house, secret, ip).await,
    }
}

async fn by_token(house: &House, token: &str, ip: IpAddr) -> Option<Caller> {
    let (account, token) = house.people.token(token, ip).await?;
    let means = Means::Token { id: token.id.0, writes: token.writes };
    Some(Caller::user(&account, token.role.into(), Some(ip), means))
}

async fn by_session(house: &House, secret: &str, ip: IpAddr) -> Option<Caller> {
    let (account, id) = house.people.web_session(secret, house.web.get().lifetime(), ip).await?;
    let caller = Caller::user(&account, Access::SystemAdmin, Some(ip), Means::Session(id.0));
    // A password whose age cannot be read is taken for too old: nothing is lost but time.
    let has_expired = house.people.is_password_expired(&account).await.unwrap_or(true);
    Some(if has_expired { caller.expired() } else { caller })
}
