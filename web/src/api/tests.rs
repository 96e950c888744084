//! The API through its router, on a store of its own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use mailstead_core::authenticity::{AuthenticitySettings, BoxKey, Checks};
use mailstead_core::bell::Bell;
use mailstead_core::clock::{Clock, Time};
use mailstead_core::delivery::DeliverySettings;
use mailstead_core::delivery::remote::PublishedPolicies;
use mailstead_core::dns::{DnsSettings, Hickory, Resolver};
use mailstead_core::guard::{self, Guard};
use mailstead_core::intake::{Acceptance, Intake, Trace};
use mailstead_core::log::{Log, LogSettings};
use mailstead_core::mailing::{self, Mailings};
use mailstead_core::people::People;
use mailstead_core::people::sessions::Sessions;
use mailstead_core::search::{self, Search};
use mailstead_core::service::Services;
use mailstead_core::settings::{Changing, Register, Shown, Wrong};
use mailstead_storage::{Envelope, EnvelopeRecipient, Notify, Options, Priority, Provenance, Silent, Store};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::door::{Caller, Tries};
use crate::{House, WebService, WebSettings, routes};

/// A DNS server that does not answer.
fn nobody() -> DnsSettings {
    let servers = vec![(std::net::Ipv4Addr::LOCALHOST, 9).into()];
    DnsSettings { servers, dnssec: false, timeout_seconds: 1, ..DnsSettings::default() }
}

async fn ask_text(api: Router, method: &str, path: &str, body: String) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
    let request = request.header("content-type", "application/json").body(Body::from(body)).expect("a request");
    let answer = api.oneshot(request).await.expect("infallible");
    let status = answer.status();
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

fn quiet() -> LogSettings {
    LogSettings { console: "off".into(), ..LogSettings::default() }
}

/// Settings that nobody can change.
struct Fixed;

impl Register for Fixed {
    fn list(&self) -> Result<Vec<Shown>, mailstead_storage::Error> {
        Ok(Vec::new())
    }

    fn understand(&self, name: &str, value: &str) -> Result<toml::Value, Wrong> {
        if name == "log.levels" { Ok(value.into()) } else { Err(Wrong(format!("there is no setting {name:?}"))) }
    }

    fn set<'a>(&'a self, _: &'a str, _: Option<toml::Value>) -> Changing<'a> {
        Box::pin(async { Ok(()) })
    }
}

/// A house on a store of its own.
pub(crate) struct Fixture {
    pub(crate) house: House,
    _data: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new(live: bool) -> Fixture {
        let data = tempfile::tempdir().expect("a directory");
        let options = Options { disk_free_bytes_min: 0, ..Options::new(data.path()) };
        let store = Store::open(options, Arc::new(Silent)).expect("the store opens");
        let clock = Clock::standing(Time(1_800_000_000_000));
        let people = People::new(store.clone(), clock.clone());
        let settings =
            WebSettings { listen: vec![(std::net::Ipv4Addr::LOCALHOST, 0).into()], ..WebSettings::default() };
        let web = Arc::new(WebService::new(settings.clone()));
        let services = Services::new(store.clone(), Log::none(), vec![web.clone()]);
        let resolver: Arc<dyn Resolver> = Arc::new(Hickory::open(&nobody()).expect("a resolver"));
        let (sessions, intake) = (Sessions::default(), Intake::new(store.clone(), clock.clone(), 1 << 20));
        let guard = Guard::open(guard::Parts {
            store: store.clone(),
            sessions: sessions.clone(),
            intake: intake.clone(),
            clock: clock.clone(),
            log: Log::none(),
            hostname: "mx.example.test".into(),
        });
        let guard = guard.expect("a guard");
        people.tell(Box::new(guard.clone()));
        let parts =
            search::Parts { store: store.clone(), bell: Bell::default(), clock: clock.clone(), log: Log::none() };
        let search = Search::open(data.path(), parts).expect("an index");
        let mailings = Mailings::new(mailing::Parts {
            store: store.clone(),
            intake: intake.clone(),
            clock: clock.clone(),
            log: Log::none(),
            hostname: "mx.example.test".into(),
        });
        let log = Log::open(&quiet(), data.path(), clock.clone()).expect("a log");
        let house = House {
            hostname: "mx.example.test".into(),
            store,
            people,
            sessions,
            guard,
            intake,
            search,
            mailings,
            services,
            log,
            settings: Arc::new(Fixed),
            clock,
            box_key: BoxKey::open(data.path()).expect("a key"),
            checks: Checks::new(AuthenticitySettings::default(), "mx.example.test".into(), Arc::clone(&resolver)),
            policies: PublishedPolicies::open(&DeliverySettings::default(), Arc::clone(&resolver))
                .expect("authorities"),
            resolver,
            certificates: None,
            observed: Default::default(),
            archive_exports: Default::default(),
            live,
            web: settings.into(),
            tries: Tries::default(),
            edits: Arc::default(),
        };
        web.furnish(house.clone());
        Fixture { house, _data: data }
    }

    /// The status of what the API answers this caller.
    pub(crate) async fn status_for(&self, caller: &Caller, method: &str, path: &str, body: Value) -> u16 {
        let api = routes::api_for(self.house.clone(), caller.clone());
        ask_text(api, method, path, body.to_string()).await.0.as_u16()
    }

    /// The bytes that the API answers with.
    pub(crate) async fn ask_bytes(&self, path: &str) -> Vec<u8> {
        let request = Request::builder().uri(format!("/api/v1{path}")).body(Body::empty()).expect("a request");
        let answer = routes::for_owner(self.house.clone()).oneshot(request).await.expect("infallible");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.into_body().collect().await.expect("a body").to_bytes().to_vec()
    }

    /// What the API answers.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let (status, text) =
            self.ask_text(method, path, if body.is_null() { String::new() } else { body.to_string() }).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn ask_text(&self, method: &str, path: &str, body: String) -> (StatusCode, String) {
        ask_text(routes::for_owner(self.house.clone()), method, path, body).await
    }

    #[track_caller]
    fn expect(answer: &(StatusCode, Value), status: u16, code: &str) {
        assert_eq!(answer.0.as_u16(), status, "{answer:?}");
        assert_eq!(answer.1["error"]["code"], code, "{answer:?}");
        assert!(answer.1["error"]["message"].as_str().is_some_and(|message| message.len() > 8), "{answer:?}");
    }

    pub(crate) async fn with_alice() -> Fixture {
        let fixture = Fixture::new(true);
        let added = fixture.ask("POST", "/domains", json!({"name": "Example.Test"})).await;
        assert_eq!(added.0, StatusCode::CREATED, "{added:?}");
        let alice = json!({"address": "Alice@example.test", "name": "Alice", "password": "secret"});
        let added = fixture.ask("POST", "/users", alice).await;
        assert_eq!(added.0, StatusCode::CREATED, "{added:?}");
        fixture
    }
}

#[tokio::test]
async fn wrong_requests_are_told_so_as_json() {
    let fixture = Fixture::with_alice().await;
    let cases = [
        ("GET", "/nothing", Value::Null, 404, "not_found"),
        ("POST", "/users/alice@example.test", Value::Null, 405, "method"),
        ("POST", "/domains", json!({"name": "a b"}), 422, "invalid"),
        ("POST", "/domains", json!({"name": "[127.0.0.1]"}), 422, "invalid"),
        ("POST", "/domains", json!({"nam": "example.org"}), 422, "invalid"),
        ("POST", "/domains", json!({"name": "example.test"}), 409, "exists"),
        ("DELETE", "/domains/example.test", Value::Null, 409, "not_allowed"),
        ("DELETE", "/domains/example.org", Value::Null, 404, "not_found"),
        ("PATCH", "/domains/example.org", json!({"catch_all": null}), 404, "not_found"),
        ("POST", "/users", json!({"address": "x", "password": "y"}), 422, "invalid"),
        ("POST", "/users", json!({"address": "x@example.test", "password": ""}), 422, "invalid"),
        ("POST", "/users", json!({"address": "x@example.org", "password": "y"}), 404, "not_found"),
        ("POST", "/users", json!({"address": "alice@example.test", "password": "y"}), 409, "exists"),
        ("PUT", "/users/alice@example.test/password", json!({"password": "a\nb"}), 422, "invalid"),
        ("PUT", "/users/bob@example.test/password", json!({"password": "y"}), 404, "not_found"),
        ("PUT", "/aliases/team@example.test", json!({"targets": []}), 422, "invalid"),
        ("PUT", "/users/alice@example.test/forward", json!({"addresses": ["nobody"]}), 422, "invalid"),
        ("PUT", "/users/bob@example.test/forward", json!({"addresses": []}), 404, "not_found"),
        ("PUT", "/users/alice@example.test/vacation", json!({"text": " "}), 422, "invalid"),
        ("PUT", "/users/alice@example.test/vacation", json!({"text": "x", "days": 0}), 422, "invalid"),
        ("PUT", "/users/alice@example.test/vacation", json!({"text": "x", "from": "soon"}), 422, "invalid"),
        (
            "PUT",
            "/users/alice@example.test/vacation",
            json!({"text": "x", "from": "2030-01-02", "until": "2030-01-02"}),
            422,
            "invalid",
        ),
        ("PUT", "/users/alice@example.test/scripts/a", json!({"text": "frob;"}), 422, "invalid"),
        ("GET", "/users/alice@example.test/scripts/a", Value::Null, 404, "not_found"),
        ("DELETE", "/users/alice@example.test/scripts/a", Value::Null, 404, "not_found"),
        ("PUT", "/users/alice@example.test/active-script", json!({"name": "a"}), 404, "not_found"),
        ("PUT", "/aliases/team@example.org", json!({"targets": ["a@b.test"]}), 404, "not_found"),
        ("PUT", "/aliases/alice@example.test", json!({"targets": ["a@b.test"]}), 409, "exists"),
        ("DELETE", "/aliases/team@example.test", Value::Null, 404, "not_found"),
        ("POST", "/shared", json!({"domain": "example.org", "name": "x"}), 404, "not_found"),
        ("POST", "/shared", json!({"domain": "example.test", "name": "a//b"}), 422, "invalid"),
        ("DELETE", "/shared/example.test/mailboxes/x", Value::Null, 404, "not_found"),
        ("PATCH", "/shared/example.test/mailboxes/x", json!({"name": "y"}), 404, "not_found"),
        ("PUT", "/shared/example.test/mailboxes/x/rights/anyone", json!({"rights": "lr"}), 404, "not_found"),
        ("PUT", "/shared/example.org/quota", json!({"bytes": 1, "messages": 1}), 404, "not_found"),
        ("GET", "/spool?limit=x", Value::Null, 400, "invalid"),
        ("GET", "/spool?after=!", Value::Null, 422, "invalid"),
        ("GET", "/spool/1", Value::Null, 404, "not_found"),
        ("DELETE", "/sessions/1", Value::Null, 404, "not_found"),
        ("POST", "/services/gopher/start", Value::Null, 404, "not_found"),
    ];
    for (method, path, body, status, code) in cases {
        let answer = fixture.ask(method, path, body).await;
        Fixture::expect(&answer, status, code);
    }
}

#[tokio::test]
async fn users_are_listed_and_changed() {
    let fixture = Fixture::with_alice().await;
    let changed = fixture
        .ask("PATCH", "/users/alice@example.test", json!({"quota_bytes": 5, "quota_messages": 6, "enabled": false}))
        .await;
    assert_eq!(changed.0, StatusCode::NO_CONTENT);
    let (status, listed) = fixture.ask("GET", "/users?domain=example.test", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let alice = &listed["users"][0];
    assert_eq!(alice["address"], "alice@example.test");
    assert_eq!((&alice["quota_bytes"], &alice["enabled"], &alice["name"]), (&json!(5), &json!(false), &json!("Alice")));
    assert_eq!((&alice["quota_messages"], &alice["last_login"]), (&json!(6), &Value::Null));
    let (_, none) = fixture.ask("GET", "/users?domain=example.org", Value::Null).await;
    assert_eq!(none["users"], json!([]));
}

#[tokio::test]
async fn a_new_password_and_a_disabled_account_end_sessions() {
    let fixture = Fixture::with_alice().await;
    let acts = [
        ("PUT", "/users/alice@example.test/password", json!({"password": "other"})),
        ("PATCH", "/users/alice@example.test", json!({"enabled": false})),
        ("DELETE", "/users/alice@example.test/sessions", Value::Null),
        ("DELETE", "/users/alice@example.test", Value::Null),
    ];
    for (method, path, body) in acts {
        let peer = "127.0.0.1:1".parse().expect("an address");
        let session = fixture.house.sessions.register("imap", peer, peer, None, Time(0));
        session.set_status(Some("alice@example.test".into()), "selected");
        let (_, listed) = fixture.ask("GET", "/sessions", Value::Null).await;
        assert_eq!(listed["sessions"][0]["user"], "alice@example.test");
        let answer = fixture.ask(method, path, body).await;
        assert!(answer.0.is_success(), "{answer:?}");
        let ended = tokio::time::timeout(std::time::Duration::from_secs(1), session.ended()).await;
        assert!(ended.is_ok(), "{method} {path}");
    }
}

/// What callers may do who are not the owner of the box.
#[tokio::test]
async fn callers_are_confined_to_their_scope() {
    let fixture = Fixture::with_alice().await;
    for (path, body) in [
        ("/domains", json!({"name": "other.test"})),
        ("/users", json!({"address": "bob@other.test", "password": "x"})),
        ("/users", json!({"address": "root@example.test", "password": "x", "role": "system_administrator"})),
    ] {
        assert_eq!(fixture.ask("POST", path, body).await.0, StatusCode::CREATED);
    }
    let (admin, user) = (Caller::of_domains(&["example.test"]), Caller::of_address("alice@example.test"));
    let password = || json!({"password": "y"});
    let add = |who: &str, role: &str| json!({"address": who, "password": "y", "role": role});
    let cases = [
        (&admin, "GET", "/users", Value::Null, 200),
        (&admin, "GET", "/services", Value::Null, 403),
        (&admin, "POST", "/domains", json!({"name": "third.test"}), 403),
        (&admin, "PATCH", "/domains/example.test", json!({"catch_all": null}), 204),
        (&admin, "PATCH", "/domains/other.test", json!({"catch_all": null}), 404),
        (&admin, "GET", "/domains/other.test/dkim", Value::Null, 404),
        (&admin, "GET", "/domains/other.test/check", Value::Null, 404),
        (&admin, "GET", "/shared/other.test/quota", Value::Null, 404),
        (&admin, "PUT", "/aliases/team@other.test", json!({"targets": ["a@b.test"]}), 404),
        (&admin, "PUT", "/aliases/team@example.test", json!({"targets": ["a@b.test"]}), 204),
        (&admin, "POST", "/users", add("carol@example.test", "domain_administrator"), 201),
        (&admin, "POST", "/users", add("dave@example.test", "system_administrator"), 403),
        (&admin, "POST", "/users", add("dave@other.test", "user"), 404),
        (&admin, "PUT", "/users/alice@example.test/password", password(), 204),
        (&admin, "PUT", "/users/root@example.test/password", password(), 403),
        (&admin, "PUT", "/users/bob@other.test/password", password(), 404),
        (&admin, "PATCH", "/users/alice@example.test", json!({"role": "system_administrator"}), 403),
        (&admin, "DELETE", "/users/bob@other.test/sessions", Value::Null, 404),
        (&user, "GET", "/users", Value::Null, 403),
        (&user, "GET", "/users/alice@example.test", Value::Null, 200),
        (&user, "GET", "/users/carol@example.test", Value::Null, 404),
        (&user, "PUT", "/users/alice@example.test/password", password(), 403),
        (&user, "PUT", "/users/alice@example.test/forward", json!({"addresses": []}), 204),
        (&user, "PUT", "/users/carol@example.test/forward", json!({"addresses": []}), 404),
        (&user, "DELETE", "/users/alice@example.test/sessions", Value::Null, 200),
        (&Caller::anonymous(None), "GET", "/status", Value::Null, 401),
    ];
    for (caller, method, path, body, expected) in cases {
        let status = fixture.status_for(caller, method, path, body).await;
        assert_eq!(status, expected, "{} {method} {path}", caller.name());
    }
}

#[tokio::test]
async fn shared_mailboxes_are_made_and_given() {
    let fixture = Fixture::with_alice().await;
    let ok = async |method, path: &str, body| {
        let answer = fixture.ask(method, path, body).await;
        assert!(answer.0.is_success(), "{method} {path}: {answer:?}");
        answer.1
    };
    ok("POST", "/shared", json!({"domain": "Example.Test", "name": "Team/News"})).await;
    let news = "/shared/example.test/mailboxes/Team%2FNews";
    ok("PUT", &format!("{news}/rights/Alice@example.test"), json!({"rights": "sirl"})).await;
    ok("PUT", &format!("{news}/rights/-anyone"), json!({"rights": "w"})).await;
    let listed = ok("GET", "/shared?domain=example.test", Value::Null).await;
    let row = json!({"domain": "example.test", "name": "Team/News", "messages": 0, "bytes": 0, "rights": [
        {"identifier": "-anyone", "rights": "w"}, {"identifier": "alice@example.test", "rights": "lrsi"}]});
    assert_eq!(listed["mailboxes"][1], row);
    ok("PUT", &format!("{news}/rights/-anyone"), json!({"rights": ""})).await;
    for (who, rights, status) in
        [("alice@example.test", "lrz", 422), ("nobody@example.test", "lr", 404), ("x", "l", 422)]
    {
        let path = format!("{news}/rights/{who}");
        assert_eq!(fixture.ask("PUT", &path, json!({"rights": rights})).await.0.as_u16(), status, "{who} {rights}");
    }
    ok("PUT", "/shared/example.test/quota", json!({"bytes": 5, "messages": 7})).await;
    let quota = ok("GET", "/shared/example.test/quota", Value::Null).await;
    assert_eq!(quota, json!({"quota": {"bytes": 5, "messages": 7}, "used": {"bytes": 0, "messages": 0}}));
    ok("PATCH", news, json!({"name": "Old"})).await;
    assert_eq!(ok("GET", "/shared", Value::Null).await["mailboxes"][0]["rights"][0]["rights"], "lrsi");
    ok("DELETE", "/shared/example.test/mailboxes/Old", Value::Null).await;
    ok("DELETE", "/shared/example.test/mailboxes/Team", Value::Null).await;
    assert_eq!(ok("GET", "/shared", Value::Null).await["mailboxes"], json!([]));
}

#[tokio::test]
async fn the_catch_all_of_a_domain_changes() {
    let fixture = Fixture::with_alice().await;
    let catch_all = async || fixture.ask("GET", "/domains", Value::Null).await.1["domains"][0]["catch_all"].clone();
    let change = json!({"catch_all": "alice@example.test"});
    assert_eq!(fixture.ask("PATCH", "/domains/example.test", change).await.0, StatusCode::NO_CONTENT);
    assert_eq!(catch_all().await, "alice@example.test");
    let change = json!({"catch_all": null});
    assert_eq!(fixture.ask("PATCH", "/domains/example.test", change).await.0, StatusCode::NO_CONTENT);
    assert_eq!(catch_all().await, Value::Null);
}

#[tokio::test]
async fn a_service_stops_and_starts() {
    let fixture = Fixture::new(true);
    let web = async || fixture.ask("GET", "/services", Value::Null).await.1["services"][0].clone();
    assert_eq!((&web().await["active"], &web().await["wanted"]), (&json!(false), &json!(true)));
    assert_eq!(fixture.ask("POST", "/services/web/start", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(web().await["active"], true);
    assert_eq!(fixture.ask("POST", "/services/web/stop", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!((&web().await["active"], &web().await["wanted"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn a_connection_to_the_web_is_a_session_that_can_be_ended() {
    use tokio::io::AsyncReadExt;
    let fixture = Fixture::new(true);
    fixture.house.services.start("web").await.expect("started");
    let address = fixture.house.services.list()[0].listening[0];
    let mut client = tokio::net::TcpStream::connect(address).await.expect("connects");
    let id = loop {
        let (_, listed) = fixture.ask("GET", "/sessions", Value::Null).await;
        if let Some(id) = listed["sessions"][0]["id"].as_str() {
            break id.to_string();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(fixture.ask("DELETE", &format!("/sessions/{id}"), Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(client.read(&mut [0]).await.expect("closed"), 0);
    fixture.house.services.stop("web").await.expect("stopped");
}

#[tokio::test]
async fn without_a_server_there_are_no_sessions_and_a_start_is_a_choice() {
    let fixture = Fixture::new(false);
    Fixture::expect(&fixture.ask("GET", "/sessions", Value::Null).await, 409, "not_running");
    assert_eq!(fixture.ask("POST", "/services/web/start", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(fixture.ask("GET", "/services", Value::Null).await.1["services"][0]["active"], false);
}

/// Puts a message into the spool, where nobody delivers it.
async fn spool(fixture: &Fixture, reverse_path: &str, recipient: &str) -> String {
    let (store, clock) = (fixture.house.store.clone(), fixture.house.clock.clone());
    let envelope = Envelope::new(reverse_path, vec![EnvelopeRecipient::new(recipient, Notify::DEFAULT)]);
    let acceptance = Acceptance { envelope, provenance: Provenance::Box, priority: Priority::Normal };
    let bytes = b"Subject: waits\r\n\r\nHello\r\n".to_vec();
    let intake = Intake::new(store, clock, 1 << 20);
    let accepted = intake.accept_bytes(Trace::None, bytes, acceptance).await.expect("accepted");
    accepted.id.to_string()
}

#[tokio::test]
async fn the_spool_is_paged_searched_shown_and_deleted() {
    let fixture = Fixture::with_alice().await;
    let mut ids = Vec::new();
    for sender in ["one@a.test", "two@b.test", "three@a.test"] {
        ids.push(spool(&fixture, sender, "alice@example.test").await);
    }
    let list = async |query: &str| {
        let (status, page) = fixture.ask("GET", &format!("/spool{query}"), Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let rows = page["messages"].as_array().expect("rows").iter();
        (rows.map(|row| row["id"].as_str().unwrap_or_default().to_string()).collect::<Vec<_>>(), page["next"].clone())
    };
    assert_eq!(list("").await, (ids.clone(), Value::Null));
    assert_eq!(list("?limit=2").await, (ids[..2].to_vec(), json!(ids[1])));
    assert_eq!(list(&format!("?limit=2&after={}", ids[1])).await, (ids[2..].to_vec(), Value::Null));
    assert_eq!(list("?sender=A.test").await.0, [ids[0].clone(), ids[2].clone()]);
    let (_, shown) = fixture.ask("GET", &format!("/spool/{}", ids[1]), Value::Null).await;
    assert_eq!((&shown["sender"], &shown["recipients"]), (&json!("two@b.test"), &json!(1)));
    let state =
        json!({"address": "alice@example.test", "state": "pending", "answer": "", "server": "", "remaining": []});
    assert_eq!(shown["states"], json!([state]));
    let (_, text) = fixture.ask_text("GET", &format!("/spool/{}/text", ids[1]), String::new()).await;
    assert!(text.ends_with("Subject: waits\r\n\r\nHello\r\n"), "{text}");
    let (_, forced) = fixture.ask("POST", "/spool/force", json!({"ids": [ids[0], "1zzzz"]})).await;
    assert_eq!(forced["count"], 1);
    let (_, deleted) = fixture.ask("POST", "/spool/delete", json!({"ids": [ids[0], ids[2]]})).await;
    assert_eq!(deleted["count"], 2);
    assert_eq!(list("").await.0, [ids[1].clone()]);
    let (_, deleted) = fixture.ask("GET", "/spool/deleted", Value::Null).await;
    assert_eq!(deleted["messages"].as_array().map(Vec::len), Some(2));
    let (_, undone) = fixture.ask("POST", "/spool/undo", json!({"ids": [ids[0], ids[1], ids[2]]})).await;
    assert_eq!(undone["count"], 2);
    assert_eq!(list("").await.0, ids);
    let (_, low) = fixture.ask("POST", "/spool/priority", json!({"ids": [ids[0]], "priority": "low"})).await;
    assert_eq!(low["count"], 1);
    let (_, shown) = fixture.ask("GET", &format!("/spool/{}", ids[0]), Value::Null).await;
    assert_eq!(shown["priority"], "low");
    for (wanted, count) in [(json!({"ids": [ids[0]]}), json!(1)), (json!({"all": true}), json!(3))] {
        assert_eq!(fixture.ask("POST", "/spool/reset", wanted).await.1["count"], count);
    }
    let both = json!({"all": true, "ids": [ids[0]]});
    assert_eq!(fixture.ask("POST", "/spool/reset", both).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn verify_ends_with_a_report() {
    let fixture = Fixture::with_alice().await;
    let (status, text) = fixture.ask_text("POST", "/verify", String::new()).await;
    assert_eq!(status, StatusCode::OK);
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["report"]["findings"], json!([]));
}

#[tokio::test]
async fn an_import_reports_each_bad_line() {
    let fixture = Fixture::with_alice().await;
    let file = "address,password\nbob@example.test,x\nbroken,x\n";
    let (status, text) = fixture.ask_text("POST", "/import/users", file.into()).await;
    assert_eq!(status, StatusCode::OK);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().any(|line| line["bad"]["line"] == 3), "{text}");
    assert_eq!(lines.last().expect("a line")["report"], json!({"added": 1, "bad": 1}));
    Fixture::expect(&fixture.ask("POST", "/import/users", Value::Null).await, 422, "invalid");
}

#[tokio::test]
async fn signing_keys_take_turns() {
    let fixture = Fixture::with_alice().await;
    let keys = "/domains/example.test/dkim";
    let states = |answer: &Value| {
        let rows = answer["keys"].as_array().expect("a list").iter();
        rows.map(|row| format!("{} {}", row["selector"], row["state"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(fixture.ask("GET", keys, Value::Null).await, (StatusCode::OK, json!({"keys": []})));
    let (status, made) = fixture.ask("POST", keys, Value::Null).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!(states(&made), ["mail1-rsa active", "mail1-ed25519 active"]);
    let record = &made["keys"][0]["record"];
    assert_eq!(record["name"], "mail1-rsa._domainkey.example.test");
    assert!(record["text"].as_str().expect("a text").starts_with("v=DKIM1; k=rsa; p=MIIBIjAN"), "{record}");
    assert_eq!(record["zone"].as_str().expect("a text").matches("\" \"").count(), 1, "two strings: {record}");
    let again = fixture.ask("POST", &format!("{keys}/activate"), Value::Null).await;
    Fixture::expect(&again, 422, "invalid");
    let (_, next) = fixture.ask("POST", keys, Value::Null).await;
    assert_eq!(states(&next)[2..], ["mail2-rsa next", "mail2-ed25519 next"]);
    let (_, activated) = fixture.ask("POST", &format!("{keys}/activate"), Value::Null).await;
    assert_eq!(states(&activated)[1..3], ["mail1-ed25519 retired", "mail2-rsa active"]);
    assert_eq!(fixture.ask("GET", keys, Value::Null).await.1, activated);
    let changed = fixture.ask("PATCH", "/domains/example.test", json!({"catch_all": null})).await;
    assert_eq!(changed.0, StatusCode::NO_CONTENT, "{changed:?}");
    assert_eq!(fixture.ask("GET", keys, Value::Null).await.1, activated, "another change leaves the keys");
    Fixture::expect(&fixture.ask("GET", "/domains/other.test/dkim", Value::Null).await, 404, "not_found");
    Fixture::expect(&fixture.ask("GET", "/domains/other.test/check", Value::Null).await, 404, "not_found");
}

#[tokio::test]
async fn rules_of_a_user() {
    let fixture = Fixture::with_alice().await;
    let place = |what: &str| format!("/users/alice@example.test/{what}");
    let put = async |what: &str, body: Value| {
        let answer = fixture.ask("PUT", &place(what), body).await;
        assert_eq!(answer.0, StatusCode::NO_CONTENT, "{answer:?}");
    };
    let get = async |what: &str| fixture.ask("GET", &place(what), Value::Null).await.1;
    put("forward", json!({"addresses": ["Some.One@Remote.Test"], "keep": true})).await;
    assert_eq!(get("forward").await, json!({"addresses": ["Some.One@remote.test"], "keep": true}));
    put("vacation", json!({"text": "away", "until": "2030-01-02T00:00:00Z"})).await;
    let expected = json!({"text": "away", "subject": "", "until": "2030-01-02T00:00:00.000Z", "days": 7});
    assert_eq!(get("vacation").await, expected);
    let removed = fixture.ask("DELETE", &place("vacation"), Value::Null).await;
    assert_eq!((removed.0, get("vacation").await), (StatusCode::NO_CONTENT, Value::Null));
    put("scripts/b%20c", json!({"text": "keep;"})).await;
    put("scripts/a", json!({"text": "discard;"})).await;
    put("active-script", json!({"name": "a"})).await;
    let row = |name: &str, active: bool| json!({"name": name, "active": active});
    assert_eq!(get("scripts").await, json!({"scripts": [row("a", true), row("b c", false)]}));
    assert_eq!(get("scripts/a").await, json!({"text": "discard;"}));
    let answer = fixture.ask("DELETE", &place("scripts/a"), Value::Null).await;
    Fixture::expect(&answer, 409, "not_allowed");
    put("active-script", json!({"name": null})).await;
    assert_eq!(fixture.ask("DELETE", &place("scripts/a"), Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(get("scripts").await, json!({"scripts": [row("b c", false)]}));
}

#[tokio::test]
async fn nobody_searches_the_mail_of_others() {
    let fixture = Fixture::with_alice().await;
    let (status, found) = fixture.ask("GET", "/users/alice@example.test/search?q=hello", Value::Null).await;
    assert_eq!((status.as_u16(), &found["total"]), (200, &json!(0)));
    let wrong = fixture.ask("GET", "/users/alice@example.test/search?q=is:odd", Value::Null).await;
    Fixture::expect(&wrong, 422, "invalid");
    let none = fixture.ask("GET", "/users/alice@example.test/messages/1/1", Value::Null).await;
    Fixture::expect(&none, 404, "not_found");
    let admin = Caller::of_domains(&["example.test"]);
    for path in ["search", "messages/1/1", "messages/1/1/raw"] {
        let path = format!("/users/alice@example.test/{path}");
        assert_eq!(fixture.status_for(&admin, "GET", &path, Value::Null).await, 403, "{path}");
    }
    assert_eq!(fixture.status_for(&admin, "GET", "/indexing", Value::Null).await, 403);
    let (status, told) = fixture.ask("GET", "/indexing", Value::Null).await;
    assert_eq!((status.as_u16(), &told["running"]), (200, &json!(false)));
    assert_eq!(fixture.ask("POST", "/indexing/reindex", json!({})).await.0.as_u16(), 204);
    let unknown = fixture.ask("POST", "/indexing/reindex", json!({"user": "nobody@example.test"})).await;
    Fixture::expect(&unknown, 404, "not_found");
}
