//! Who a request comes from: by the web session's cookie, or by an API token. A credential that is not good makes an
//! anonymous caller, whom the route's guard then sends away.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, Ipv4Addr};

use super::{Access, Caller, Means, cookie};
use crate::House;
use crate::listen::Connection;

/// Gives the request its caller.
pub(super) async fn identify(State(house): State<House>, mut request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>().cloned().unwrap_or_default();
    let ip = connection.peer().map_or(Ipv4Addr::LOCALHOST.into(), |peer| peer.ip().to_canonical());
    let caller = known(&house, request.headers(), ip).await.unwrap_or_else(|| Caller::anonymous(Some(ip)));
    let caller = caller.with_archive(|domain| house.store.archive_has_rule_for(domain));
    if caller.role() == Access::SystemAdmin {
        house.guard.administrator_at(ip);
    }
    connection.set_user(caller.account().map(|_| caller.name()));
    request.extensions_mut().insert(caller);
    next.run(request).await
}

async fn known(house: &House, headers: &HeaderMap, ip: IpAddr) -> Option<Caller> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        // Who sends a token means it: the cookie does not stand in for one that is not good.
        let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
        let token = token.trim();
        let (account, token) = house.people.token(token, ip).await.filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
        let means = Means::Token { id: token.id.0, writes: token.writes };
        return Some(Caller::user(&account, token.role.into(), Some(ip), means));
    }
    let secret = cookie::read(headers)?;
    let (account, id) = house.people.web_session(secret, house.web.lifetime(), ip).await?;
    let caller = Caller::user(&account, Access::SystemAdmin, Some(ip), Means::Session(id.0));
    // A password whose age cannot be read is taken for too old: nothing is lost but time.
    let has_expired = house.people.is_password_expired(&account).await.unwrap_or(true);
    Some(if has_expired { caller.expired() } else { caller })
}
