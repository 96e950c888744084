//! The door from outside: what is open, who gets in, what every answer carries.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use mailstead_core::clock::Time;
use mailstead_core::people::{NewToken, totp};
use mailstead_storage::{Account, PasswordRecord, Role, SecondFactor};
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::api::tests::Fixture;

async fn send(fixture: &Fixture, request: Request<Body>) -> Response {
    router(fixture.house.clone()).oneshot(request).await.expect("infallible")
}

async fn ask(fixture: &Fixture, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut request = Request::builder().method(method).uri(path).header(HOST, "mx.example.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(fixture, request.body(Body::from(body.to_string())).expect("a request")).await
}

async fn text(answer: Response) -> String {
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8_lossy(&bytes).into_owned()
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The cookie that an answer sets.
fn cookie_of(headers: &HeaderMap) -> String {
    let set = headers[SET_COOKIE].to_str().expect("text");
    assert!(set.contains("; Secure; HttpOnly; SameSite=Lax"), "{set}");
    set.split(';').next().expect("a pair").to_string()
}

/// Signs in as a user whose password is `secret`, and returns the cookie.
async fn sign_in(fixture: &Fixture, user: &str) -> String {
    let answer = ask(fixture, "POST", "/sign-in", &[FORM], &format!("user={user}&password=secret")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{user}");
    cookie_of(answer.headers())
}

/// alice, a user; dora, who administers example.test; root, who administers the box; bob in another domain.
async fn people() -> Fixture {
    let fixture = Fixture::with_alice().await;
    assert_eq!(fixture.ask("POST", "/domains", json!({"name": "other.test"})).await.0, StatusCode::CREATED);
    for (who, role) in [
        ("dora@example.test", "domain_administrator"),
        ("root@example.test", "system_administrator"),
        ("bob@other.test", "user"),
    ] {
        let new = json!({"address": who, "password": "secret", "role": role});
        assert_eq!(fixture.ask("POST", "/users", new).await.0, StatusCode::CREATED);
    }
    fixture
}

#[tokio::test]
async fn text_is_compressed_and_lines_are_not() {
    let fixture = people().await;
    let session = sign_in(&fixture, "root@example.test").await;
    let headers = [("cookie", session.as_str()), ("accept-encoding", "gzip, br")];
    let encoding = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let answer = ask(&fixture, method, path, headers, "").await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.headers().get("content-encoding").map(|encoding| encoding.to_str().expect("text").to_owned())
    };
    for path in ["/users", "/frame/style.css", "/frame/script.js", "/api/v1/openapi.json"] {
        assert_eq!(encoding("GET", path, &headers).await.as_deref(), Some("gzip"), "{path}");
        assert_eq!(encoding("GET", path, &headers[..1]).await, None, "{path}");
    }
    assert_eq!(encoding("POST", "/api/v1/verify", &headers).await, None);
    assert_eq!(encoding("GET", "/healthz", &headers).await, None);
}

#[tokio::test]
async fn the_list_of_anonymous_routes_is_the_router_s() {
    let all: Vec<Route> = routes::pages().into_iter().chain(routes::api()).collect();
    let open = all.iter().filter(|route| route.access() == Access::Anonymous);
    assert_eq!(open.map(Route::path).collect::<BTreeSet<_>>(), BTreeSet::from(ANONYMOUS));
    let fixture = Fixture::new(true);
    for path in ANONYMOUS {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            if method == "POST" && path.starts_with("/sign-in") {
                continue;
            }
            let status = ask(&fixture, method, path, &[], "").await.status();
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
    for path in ["/api/v1/nothing", "/admin", "/..", "//"] {
        assert_eq!(ask(&fixture, "GET", path, &[], "").await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

/// Walks all routes as everybody, and finds nobody where they should not be.
#[tokio::test]
async fn every_route_is_closed_to_those_below_it() {
    let fixture = people().await;
    let callers = [
        (Access::Anonymous, String::new()),
        (Access::User, sign_in(&fixture, "alice@example.test").await),
        (Access::DomainAdmin, sign_in(&fixture, "dora@example.test").await),
    ];
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    for route in routes::pages().into_iter().chain(routes::api()) {
        // An address of the API may have another access for another method.
        let methods = route.operation().map_or(methods.to_vec(), |operation| vec![operation.method.clone()]);
        // Nothing is named so, so that whoever gets in changes nothing.
        let path = route.path().replace('{', "nothing-").replace('}', "");
        for (role, cookie) in callers.iter().filter(|(role, _)| *role < route.access()) {
            for method in &methods {
                let answer = ask(&fixture, method.as_str(), &path, &[("cookie", cookie)], "").await;
                let status = answer.status();
                let to_sign_in =
                    answer.headers().get(LOCATION).is_some_and(|to| to.as_bytes().starts_with(b"/sign-in"));
                let refused = matches!(status.as_u16(), 401 | 403 | 404 | 405) || (status == 303 && to_sign_in);
                assert!(refused, "{role:?} {method} {path}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn every_response_is_guarded() {
    let fixture = Fixture::new(true);
    for path in ["/", "/sign-in", "/healthz", "/nothing", "/api/v1/users"] {
        let answer = ask(&fixture, "GET", path, &[], "").await;
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers()[REFERRER_POLICY], "no-referrer");
    }
}

#[tokio::test]
async fn somebody_signs_in_and_out() {
    let fixture = people().await;
    let wanted = ask(&fixture, "GET", "/api/v1/users/alice%40example.test", &[], "").await;
    assert_eq!(wanted.status(), StatusCode::UNAUTHORIZED);
    let wrong = ask(&fixture, "POST", "/sign-in", &[FORM], "user=alice@example.test&password=Secret").await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.headers().get(SET_COOKIE).is_none());
    assert!(text(wrong).await.contains("User or password is wrong"));
    let cookie = sign_in(&fixture, "alice@example.test").await;
    let path = "/api/v1/users/alice%40example.test";
    let mine = async || ask(&fixture, "GET", path, &[("cookie", &cookie)], "").await;
    let seen = mine().await;
    assert_eq!(seen.status(), StatusCode::OK);
    assert!(text(seen).await.contains(r#""protocol":"web""#), "the login is noted");
    let out = ask(&fixture, "POST", "/sign-out", &[("cookie", &cookie)], "").await;
    assert_eq!((out.status(), &out.headers()[LOCATION]), (StatusCode::SEE_OTHER, &"/sign-in".parse().expect("text")));
    assert_eq!(mine().await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_way_after_a_sign_in_stays_here() {
    let fixture = people().await;
    for (user, next, expected) in [
        ("alice@example.test", "", "/me"),
        ("dora@example.test", "", "/users"),
        ("root@example.test", "", "/dashboard"),
        ("alice@example.test", "/spool?q=a", "/spool?q=a"),
        ("alice@example.test", "//evil.test", "/me"),
        ("alice@example.test", "https://evil.test", "/me"),
    ] {
        let form = format!("user={user}&password=secret&next={}", crate::segment(next));
        let answer = ask(&fixture, "POST", "/sign-in", &[FORM], &form).await;
        assert_eq!(answer.headers()[LOCATION], expected, "{user} {next}");
    }
}

#[tokio::test]
async fn a_web_session_ends_with_its_time_its_password_and_its_account() {
    let fixture = people().await;
    let path = "/api/v1/users/alice%40example.test";
    let status = async |cookie: &str| ask(&fixture, "GET", path, &[("cookie", cookie)], "").await.status().as_u16();
    let cookie = sign_in(&fixture, "alice@example.test").await;
    assert_eq!(status(&cookie).await, 200);
    assert_eq!(status("__Host-mailstead=AAAA").await, 401);
    let changed = fixture.ask("PUT", "/users/alice@example.test/password", json!({"password": "secret"})).await;
    assert_eq!(changed.0, StatusCode::NO_CONTENT);
    assert_eq!(status(&cookie).await, 401, "a new password");
    let cookie = sign_in(&fixture, "alice@example.test").await;
    for enabled in [false, true] {
        let body = json!({"enabled": enabled});
        assert_eq!(fixture.ask("PATCH", "/users/alice@example.test", body).await.0, StatusCode::NO_CONTENT);
        assert_eq!(status(&cookie).await, 401, "disabled, and ended for good");
    }
    let cookie = sign_in(&fixture, "alice@example.test").await;
    let idle = fixture.house.web.get().lifetime().idle_seconds;
    fixture.house.clock.set(fixture.house.clock.now().plus_seconds(idle - 1));
    assert_eq!(status(&cookie).await, 200);
    fixture.house.clock.set(fixture.house.clock.now().plus_seconds(idle + 61));
    assert_eq!(status(&cookie).await, 401, "idle");
}

#[tokio::test]
async fn with_an_expired_password_only_the_way_to_a_new_one_is_open() {
    let fixture = people().await;
    let cookie = sign_in(&fixture, "alice@example.test").await;
    let policy = fixture.ask("PUT", "/password-policy", json!({"months_max": 1, "length_min": 8})).await;
    assert_eq!(policy.0, StatusCode::NO_CONTENT);
    let see = async |method: &str, path: &str, body: &str, kind: &'static str| {
        ask(&fixture, method, path, &[("cookie", &cookie), (CONTENT_TYPE.as_str(), kind)], body).await
    };
    assert_eq!(see("GET", "/me", "", "").await.status(), StatusCode::OK, "its time begins");
    let alice = fixture.house.store.directory().by_address["alice@example.test"].id;
    let old = PasswordRecord { since: Some(Time(0)), ..PasswordRecord::default() };
    fixture.house.store.put_password_record(alice, old).await.expect("kept");
    let away = see("GET", "/me", "", "").await;
    assert_eq!(
        (away.status(), &away.headers()[LOCATION]),
        (StatusCode::SEE_OTHER, &"/me/password".parse().expect("x"))
    );
    let api = see("GET", "/api/v1/users/alice%40example.test", "", "").await;
    assert_eq!(api.status(), StatusCode::FORBIDDEN);
    assert!(text(api).await.contains("password_expired"));
    let page = text(see("GET", "/me/password", "", "").await).await;
    assert!(page.contains("at least 8 characters") && !page.contains("/me/mail"), "{page}");
    let form = |new: &str| format!("old=secret&new={new}&again={new}");
    let refused = see("POST", "/me/password", &form("short"), FORM.1).await;
    assert_eq!(refused.headers()[LOCATION], "/me/password");
    let changed = see("POST", "/me/password", &form("much-longer"), FORM.1).await;
    assert_eq!(changed.headers()[LOCATION], "/me");
    assert_eq!(see("GET", "/me", "", "").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn tokens_open_the_api_within_their_bounds() {
    let fixture = people().await;
    let root = fixture.house.store.directory().by_address["root@example.test"].clone();
    let token = async |writes, role, expires| {
        let new = NewToken { name: "test".into(), writes, role, expires };
        fixture.house.people.make_token(root.id, new).await.expect("made").1
    };
    let status = async |token: &str, method: &str, path: &str| {
        let authorization = format!("Bearer {token}");
        ask(&fixture, method, path, &[(AUTHORIZATION.as_str(), &authorization)], "").await.status().as_u16()
    };
    let now = fixture.house.clock.now();
    let reads = token(false, Role::SystemAdministrator, None).await;
    assert_eq!(status(&reads, "GET", "/api/v1/services").await, 200);
    assert_eq!(status(&reads, "POST", "/api/v1/services/gopher/start").await, 403);
    assert_eq!(status(&reads, "POST", "/sign-out").await, 403, "no page");
    let writes = token(true, Role::SystemAdministrator, None).await;
    assert_eq!(status(&writes, "POST", "/api/v1/services/gopher/start").await, 404);
    let small = token(true, Role::DomainAdministrator, None).await;
    assert_eq!(status(&small, "GET", "/api/v1/services").await, 403);
    assert_eq!(status(&small, "GET", "/api/v1/domains/other.test/dkim").await, 404);
    let over = token(true, Role::SystemAdministrator, Some(now)).await;
    assert_eq!(status(&over, "GET", "/api/v1/services").await, 401);
    assert_eq!(status("mailstead_x", "GET", "/api/v1/services").await, 401);
    let used = fixture.house.store.api_tokens(root.id).expect("read");
    assert!(used.iter().any(|(token, used)| token.writes && used.is_some()));
}

#[tokio::test]
async fn what_another_site_posts_is_refused() {
    let fixture = people().await;
    let cookie = sign_in(&fixture, "alice@example.test").await;
    let post = |headers: Vec<(&'static str, &'static str)>| {
        let (fixture, cookie) = (&fixture, cookie.clone());
        async move {
            let mut all = vec![("cookie", cookie.as_str())];
            all.extend(headers);
            ask(fixture, "POST", "/api/v1/services/web/stop", &all, "").await.status()
        }
    };
    let origin = ORIGIN.as_str();
    assert_eq!(post(vec![("sec-fetch-site", "cross-site")]).await, StatusCode::FORBIDDEN);
    let denied = ask(&fixture, "POST", "/sign-out", &[("cookie", &cookie), (origin, "https://evil.test")], "").await;
    assert_eq!(denied.status(), StatusCode::FORBIDDEN);
    let same = ask(&fixture, "POST", "/sign-out", &[("cookie", &cookie), ("sec-fetch-site", "same-origin")], "").await;
    assert_eq!(same.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_taken_once() {
    let fixture = people().await;
    let house = &fixture.house;
    let alice = house.store.directory().by_address["alice@example.test"].clone();
    let (key, recovery) = (totp::new_key(), "aaaa-bbbb-cccc");
    let sealed = sign_in::sealed_key(house, alice.id, &key).expect("sealed");
    let since = house.clock.now();
    let factor = SecondFactor { sealed, last_step: 0, recovery: vec![totp::recovery_hash(recovery)], since };
    let row = Account { second_factor: Some(factor), ..Account::clone(&alice) };
    house.store.update_account(row).await.expect("set");
    let step = house.clock.now().seconds() / 30;
    let right = (0..1_000_000)
        .map(|code| format!("{code:06}"))
        .find(|code| totp::step_of(&key, code, step - 1, house.clock.now()) == Some(step));
    let right = right.expect("one of a million");
    let with_code = async |code: &str| {
        let asked = ask(&fixture, "POST", "/sign-in", &[FORM], "user=alice@example.test&password=secret").await;
        assert!(asked.headers().get(SET_COOKIE).is_none());
        let page = text(asked).await;
        let ticket = page.split(r#"name="ticket" value=""#).nth(1).and_then(|rest| rest.split('"').next());
        let form = format!("ticket={}&code={code}", ticket.expect("a ticket"));
        ask(&fixture, "POST", "/sign-in/code", &[FORM], &form).await
    };
    assert_eq!(with_code("abc").await.status(), StatusCode::UNAUTHORIZED);
    let entered = with_code(&right).await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER);
    assert!(cookie_of(entered.headers()).len() > 40);
    assert_eq!(with_code(&right).await.status(), StatusCode::UNAUTHORIZED, "taken already");
    assert_eq!(with_code(recovery).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(with_code(recovery).await.status(), StatusCode::UNAUTHORIZED, "taken already");
    for _ in 0..4 {
        with_code("000000").await;
    }
    assert!(text(with_code(recovery).await).await.contains("Too many wrong codes"));
    let forged = ask(&fixture, "POST", "/sign-in/code", &[FORM], "ticket=AAAA&code=000000").await;
    assert!(text(forged).await.contains("took too long"));
}

#[tokio::test]
async fn the_public_page_tells_ports_and_no_people() {
    let fixture = people().await;
    assert_eq!(ask(&fixture, "GET", "/readyz", &[], "").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    fixture.house.services.start("web").await.expect("started");
    assert_eq!(ask(&fixture, "GET", "/readyz", &[], "").await.status(), StatusCode::OK);
    let port = fixture.house.services.list()[0].listening[0].port().to_string();
    let answer = ask(&fixture, "GET", "/", &[], "").await;
    assert!(answer.headers()[CONTENT_TYPE].as_bytes().starts_with(b"text/html"));
    let page = text(answer).await;
    assert!(page.contains("mx.example.test") && page.contains(&port), "{page}");
    for forbidden in ["other.test", "<script>", "style=", "127.0.0.1"] {
        assert!(!page.contains(forbidden), "{forbidden} in {page}");
    }
    let _ = COOKIE;
    fixture.house.services.stop("web").await.expect("stopped");
}
