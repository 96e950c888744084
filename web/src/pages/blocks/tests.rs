//! The pages of safety and of who is here, through the router, as an administrator uses them.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{Request, StatusCode};
use axum::{Extension, Router};
use http_body_util::BodyExt;
use mailstead_core::guard::Protocol;
use mailstead_core::people::LoginWatch as _;
use mailstead_core::people::sessions::SessionGuard;
use mailstead_storage::NetworkList;
use tower::ServiceExt;

use crate::api::tests::Fixture;
use crate::door::Caller;
use crate::routes;

const STRANGER: &str = "192.0.2.9";

fn pages(fixture: &Fixture, caller: Caller) -> Router {
    routes::joined(routes::pages()).with_state(fixture.house.clone()).layer(Extension(caller))
}

async fn look(fixture: &Fixture, caller: Caller, path: &str) -> (StatusCode, String) {
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let answer = pages(fixture, caller).oneshot(request).await.expect("infallible");
    let status = answer.status();
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// What an administrator sees.
async fn page(fixture: &Fixture, path: &str) -> String {
    let (status, page) = look(fixture, Caller::owner("test"), path).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    page
}

/// Sends a form, and says where it leads.
async fn send(fixture: &Fixture, path: &str, form: &str) -> String {
    let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.body(Body::from(form.to_owned())).expect("a request");
    let answer = pages(fixture, Caller::owner("test")).oneshot(request).await.expect("infallible");
    match answer.headers().get(LOCATION) {
        Some(place) => place.to_str().expect("text").to_owned(),
        None => format!("{} and no way on", answer.status()),
    }
}

fn connected(fixture: &Fixture, service: &'static str, from: &str, user: Option<&str>) -> SessionGuard {
    let local: SocketAddr = "192.0.2.1:143".parse().expect("an address");
    let peer = SocketAddr::new(from.parse().expect("an address"), 4321);
    let session = fixture.house.sessions.register(service, peer, local, None, fixture.house.clock.now());
    session.set_status(user.map(Into::into), "selected");
    session
}

fn is_welcome(fixture: &Fixture, ip: &str) -> bool {
    fixture.house.guard.connection(ip.parse().expect("an address"), Protocol::Imap).is_ok()
}

#[tokio::test]
async fn a_block_is_seen_and_lifted() {
    let fixture = Fixture::new(true);
    assert!(page(&fixture, "/blocks").await.contains("Nobody is blocked"));
    let ip = STRANGER.parse().expect("an address");
    (0..10).for_each(|_| fixture.house.guard.failed(None, "imap", ip));
    assert!(!is_welcome(&fixture, STRANGER));
    for (path, is_there) in [
        ("/blocks", true),
        ("/blocks?type=imap", true),
        ("/blocks?type=smtp", false),
        ("/blocks?q=192.0.2", true),
        ("/blocks?q=nobody", false),
        ("/blocks?sort=address", true),
    ] {
        assert_eq!(page(&fixture, path).await.contains(STRANGER), is_there, "{path}");
    }
    assert!(page(&fixture, "/blocks?format=csv").await.contains("192.0.2.9,imap,"));
    assert_eq!(send(&fixture, "/blocks", "act=lift&id=192.0.2.9&back=/blocks").await, "/blocks");
    assert!(is_welcome(&fixture, STRANGER));
}

#[tokio::test]
async fn rules_are_changed_on_one_form() {
    let fixture = Fixture::new(true);
    assert!(page(&fixture, "/rules").await.contains("brute-force.imap"));
    let form =
        "act=save&enabled+harvesting=on&threshold+harvesting=3&window+harvesting=1.5&block+harvesting=2&private=on";
    assert_eq!(send(&fixture, "/rules", form).await, "/rules");
    let rules = fixture.house.guard.rules();
    let harvesting = rules.iter().find(|row| row.rule.name() == "harvesting").expect("there").numbers;
    assert_eq!((harvesting.threshold, harvesting.window_seconds, harvesting.block_seconds), (3, 90, 120));
    assert!(fixture.house.guard.blocks_private_networks());
    send(&fixture, "/rules", "act=save&threshold+harvesting=x&window+harvesting=1&block+harvesting=1").await;
    assert!(rules.iter().any(|row| row.numbers == harvesting), "what is wrong changes nothing");
    send(&fixture, "/rules", "act=reset+harvesting").await;
    assert!(fixture.house.guard.rules().iter().all(|row| row.numbers == row.rule.definition().defaults));
}

#[tokio::test]
async fn networks_are_listed_and_removed() {
    let fixture = Fixture::new(true);
    assert!(page(&fixture, "/networks").await.contains("The list is empty"));
    send(&fixture, "/networks", "act=add&list=blacklist&network=192.0.2.0%2F24&note=spam&until=").await;
    send(&fixture, "/networks", "act=add&list=allowlist&network=198.51.100.7&note=&until=2099-01-01").await;
    assert!(page(&fixture, "/networks").await.contains("192.0.2.0/24"));
    assert!(page(&fixture, "/networks?list=allowlist").await.contains("2099-01-01 23:59"));
    assert!(!is_welcome(&fixture, STRANGER));
    send(&fixture, "/networks", "act=remove&list=blacklist&id=192.0.2.0%2F24").await;
    assert!(is_welcome(&fixture, STRANGER));
    send(&fixture, "/networks", "act=add&list=blacklist&network=nonsense").await;
    assert!(fixture.house.guard.listed(NetworkList::Blacklist).is_empty());
}

#[tokio::test]
async fn connections_are_dropped_and_their_addresses_blacklisted() {
    let fixture = Fixture::new(true);
    let alice = connected(&fixture, "imaps", STRANGER, Some("alice@example.test"));
    let nobody = connected(&fixture, "smtp", "198.51.100.1", None);
    let all = page(&fixture, "/connections").await;
    assert!(all.contains("alice@example.test") && all.contains("anonymous") && all.contains("IMAP 1"), "{all}");
    assert!(!page(&fixture, "/connections?view=smtp").await.contains("alice@example.test"));
    assert!(page(&fixture, "/connections?view=addresses").await.contains(STRANGER));
    send(&fixture, "/connections", &format!("act=drop&id={}", nobody.id())).await;
    nobody.ended().await;
    send(&fixture, "/connections", &format!("act=blacklist&id={}", alice.id())).await;
    alice.ended().await;
    assert!(!is_welcome(&fixture, STRANGER));
}

#[tokio::test]
async fn who_is_online_and_who_is_not() {
    let fixture = Fixture::with_alice().await;
    let session = connected(&fixture, "imap", STRANGER, Some("alice@example.test"));
    let stranger = connected(&fixture, "pop3", STRANGER, None);
    let online = page(&fixture, "/online").await;
    assert!(online.contains("alice@example.test") && online.contains("anonymous"), "{online}");
    let (status, seen) = look(&fixture, Caller::of_domains(&["example.test"]), "/online").await;
    assert!(status == StatusCode::OK && seen.contains("alice@example.test") && !seen.contains(r#">anonymous<"#));
    let (_, seen) = look(&fixture, Caller::of_domains(&["other.test"]), "/online").await;
    assert!(!seen.contains("alice@example.test"));
    let (status, _) = look(&fixture, Caller::of_address("alice@example.test"), "/online").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    send(&fixture, "/online", "act=drop&id=alice%40example.test").await;
    session.ended().await;
    send(&fixture, "/online", &format!("act=end+{}", stranger.id())).await;
    stranger.ended().await;

    assert!(page(&fixture, "/inactive").await.contains("No inactive users"));
    fixture.house.clock.set(fixture.house.clock.now().plus_seconds(61 * 24 * 60 * 60));
    assert!(page(&fixture, "/inactive").await.contains("alice@example.test"));
    assert!(page(&fixture, "/inactive?days=90").await.contains("No inactive users"));
    assert!(page(&fixture, "/inactive?format=csv").await.contains("alice@example.test,yes,no,"));
    send(&fixture, "/inactive", "act=disable&id=alice%40example.test").await;
    assert!(!fixture.house.store.directory().by_address["alice@example.test"].enabled);
    assert_eq!(send(&fixture, "/inactive", "act=delete&id=alice%40example.test").await, "200 OK and no way on");
    send(&fixture, "/inactive", "act=delete&sure=yes&id=alice%40example.test").await;
    assert!(fixture.house.store.directory().by_address.is_empty());
}

#[tokio::test]
async fn a_message_to_many_is_previewed_and_sent() {
    let fixture = Fixture::with_alice().await;
    assert!(page(&fixture, "/messages").await.contains("Nothing was sent yet"));
    assert!(page(&fixture, "/messages?kind=reminder").await.contains("kind"));
    let form = "to=domain&domain=example.test&from=&subject=Tonight&text=%3Cb%3EThe+box+sleeps";
    let request = Request::post("/messages").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.body(Body::from(format!("act=preview&{form}"))).expect("a request");
    let answer = pages(&fixture, Caller::owner("test")).oneshot(request).await.expect("infallible");
    let preview = answer.into_body().collect().await.expect("a body").to_bytes();
    let preview = String::from_utf8_lossy(&preview);
    assert!(preview.contains("1 user: alice@example.test") && !preview.contains("<b>"), "{preview}");
    assert_eq!(fixture.house.store.spool_depth(), Ok(0), "a preview sends nothing");
    assert_eq!(send(&fixture, "/messages", &format!("act=send&{form}")).await, "/messages");
    while fixture.house.store.spool_depth() != Ok(1) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(page(&fixture, "/messages").await.contains("Tonight"));
    assert_eq!(
        send(&fixture, "/messages", "act=send&to=user&user=nobody%40x.test&subject=a&text=b").await,
        "200 OK and no way on"
    );
}
