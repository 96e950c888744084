//! What was logged comes back through the API.

use axum::http::StatusCode;
use mailstead_core::log::{Event, Kind, Level};
use serde_json::{Value, json};

use crate::api::tests::Fixture;

/// A house in which something has happened, written down.
fn happened() -> Fixture {
    let fixture = Fixture::new(true);
    let (session, message) = ("1q".parse().expect("an id"), "7".parse().expect("an id"));
    let log = &fixture.house.log;
    log.write(Event::new(Kind::Smtp, Level::Info, "logged in").session(session).with("user", "alice@example.test"));
    fixture.house.clock.set(fixture.house.clock.now().plus_millis(1));
    log.write(
        Event::new(Kind::Smtp, Level::Info, "message accepted")
            .session(session)
            .message(message)
            .with("sender", "alice@example.test"),
    );
    let entered = Event::new(Kind::Delivery, Level::Info, "entered the spool").message(message);
    log.write(entered.with("from", "alice@example.test").with("to", "bob@example.test").with("subject", "Lunch"));
    log.write(
        Event::new(Kind::Delivery, Level::Info, "delivered")
            .message(message)
            .with("outcome", "bob@example.test: into INBOX"),
    );
    log.write(
        Event::new(Kind::Audit, Level::Info, "user disabled")
            .with("on", "bob@example.test")
            .with("by", "admin@example.test"),
    );
    log.close();
    fixture
}

fn whats(answer: &Value, list: &str) -> Vec<String> {
    answer[list]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["what"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn lines_are_found_with_what_belongs_to_them() {
    let fixture = happened();
    let get = |path: &'static str| fixture.ask("GET", path, Value::Null);
    let (_, all) = get("/logs?order=oldest&kinds=smtp,delivery").await;
    assert_eq!(whats(&all, "lines"), ["logged in", "message accepted", "entered the spool", "delivered"]);
    let (_, hit) = get("/logs?text=LUNCH").await;
    assert_eq!(whats(&hit, "lines"), ["entered the spool"]);
    assert_eq!(hit["lines"][0]["fields"]["subject"], "Lunch");
    let (_, related) = get("/logs?text=lunch&related=true").await;
    assert_eq!(whats(&related, "lines"), ["message accepted", "entered the spool", "delivered"]);
    let (_, page) = get("/logs?kinds=smtp&limit=1").await;
    assert_eq!(whats(&page, "lines"), ["message accepted"]);
    let next = format!("/logs?kinds=smtp&limit=1&after={}", page["next"].as_str().expect("more"));
    assert_eq!(whats(&fixture.ask("GET", &next, Value::Null).await.1, "lines"), ["logged in"]);
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_told() {
    let fixture = happened();
    for path in [
        "/logs?kinds=smpt",
        "/logs?level=loud",
        "/logs?first=yesterday",
        "/logs?first=2027-02-01&last=2027-01-01",
        "/logs?after=here",
        "/logs?session=!",
        "/logs?order=random",
        "/trace",
        "/trace?sender=%20",
    ] {
        let (status, body) = fixture.ask("GET", path, Value::Null).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {body}");
    }
    let (status, _) = fixture.ask("GET", "/logs/files/2027-01-15/imap", Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let levels = json!({"levels": {"smtp": "loud"}});
    assert_eq!(fixture.ask("PATCH", "/logs/levels", levels).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_day_comes_as_a_zip() {
    let fixture = happened();
    let (_, list) = fixture.ask("GET", "/logs/files", Value::Null).await;
    let files = list["files"].as_array().expect("a list");
    let day = files[0]["day"].as_str().expect("a day");
    assert_eq!(files.len(), 3);
    let bytes = fixture.ask_bytes(&format!("/logs/files/{day}/audit")).await;
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    let text = std::io::read_to_string(zip.by_index(0).expect("one file")).expect("text");
    assert!(text.contains("user disabled"), "{text}");
}

#[tokio::test]
async fn a_mail_is_traced_and_an_act_is_listed() {
    let fixture = happened();
    let (_, traced) = fixture.ask("GET", "/trace?recipient=bob@example.test&subject=lunch", Value::Null).await;
    let message = &traced["messages"][0];
    assert_eq!(
        (&message["standing"], &message["subject"], &message["in_spool"]),
        (&json!("delivered"), &json!("Lunch"), &json!(false))
    );
    assert_eq!(whats(message, "events"), ["logged in", "message accepted", "entered the spool", "delivered"]);
    let (_, acts) = fixture.ask("GET", "/audit?text=bob", Value::Null).await;
    assert_eq!(
        (whats(&acts, "acts"), &acts["acts"][0]["by"]),
        (vec!["user disabled".into()], &json!("admin@example.test"))
    );
}
