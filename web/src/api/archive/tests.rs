//! Who sees which archive, and what the API does with rules, holds and exports.

use serde_json::{Value, json};

use crate::api::tests::Fixture;
use crate::door::Caller;

const RULE: &str = "/archive/rules";

async fn house() -> Fixture {
    let fixture = Fixture::new(true);
    for domain in ["a.test", "b.test"] {
        fixture.house.store.add_domain(domain, fixture.house.clock.now()).await.expect("a domain");
    }
    fixture
}

#[tokio::test]
async fn a_domain_administrator_needs_a_rule_for_that_very_domain() {
    let fixture = house().await;
    let (a, user) = (Caller::of_domains(&["a.test"]), Caller::of_address("x@a.test"));
    let owner = Caller::owner("test");
    let status = async |caller: &Caller, method: &str, path: &str, body: Value| {
        fixture.status_for(caller, method, path, body).await
    };
    let paths = ["/archive", "/archive/export?format=zip", "/archive/exports", "/archive/records/a.test/1"];
    let check = async |caller: &Caller, expected: [u16; 4]| {
        for (path, expected) in paths.into_iter().zip(expected) {
            assert_eq!(status(caller, "GET", path, json!(null)).await, expected, "{path}");
        }
    };
    check(&owner, [200, 200, 200, 404]).await;
    check(&a, [404; 4]).await;
    // A rule for all domains does not count, nor one for another domain.
    assert_eq!(status(&owner, "POST", RULE, json!({ "direction": "both" })).await, 201);
    assert_eq!(status(&owner, "POST", RULE, json!({ "domain": "b.test", "direction": "both" })).await, 201);
    check(&a, [404; 4]).await;
    assert_eq!(status(&owner, "POST", RULE, json!({ "domain": "A.test", "direction": "incoming" })).await, 201);
    check(&a, [200, 200, 200, 404]).await;
    check(&user, [403; 4]).await;
    // One that has ended does not count either.
    assert_eq!(status(&owner, "DELETE", "/archive/rules/3", json!(null)).await, 204);
    check(&a, [404; 4]).await;
    for (method, path) in [("GET", RULE), ("POST", RULE), ("GET", "/archive/holds"), ("GET", "/archive/heads")] {
        assert_eq!(status(&a, method, path, json!({})).await, 403, "{method} {path}");
    }
}

#[tokio::test]
async fn rules_and_holds_are_checked() {
    let fixture = house().await;
    let owner = Caller::owner("test");
    let check = async |method: &str, path: &str, body: Value, expected: u16| {
        assert_eq!(fixture.status_for(&owner, method, path, body.clone()).await, expected, "{method} {path} {body}");
    };
    check("POST", RULE, json!({ "domain": "c.test", "direction": "both" }), 404).await;
    check("POST", RULE, json!({ "direction": "sideways" }), 422).await;
    check("POST", RULE, json!({ "direction": "both", "keep_days": 0 }), 422).await;
    check("POST", RULE, json!({ "direction": "both", "keep_days": 3650 }), 201).await;
    check("PATCH", "/archive/rules/1", json!({ "keep_days": null }), 204).await;
    check("PATCH", "/archive/rules/2", json!({ "keep_days": null }), 404).await;
    check("POST", "/archive/holds", json!({ "why": " " }), 422).await;
    check("POST", "/archive/holds", json!({ "why": "x", "search": { "from": "soon" } }), 422).await;
    check("POST", "/archive/holds", json!({ "why": "x", "search": { "from": "2026-12-24", "text": "plan" } }), 201)
        .await;
    check("DELETE", "/archive/holds/1", json!(null), 204).await;
    check("DELETE", "/archive/holds/1", json!(null), 404).await;
    check("GET", "/archive/export?format=tar", json!(null), 422).await;
    check("GET", "/archive?after=x", json!(null), 422).await;
    check("POST", "/archive/verify", json!({ "heads": ["a.test/1/00"] }), 422).await;
    check("POST", "/archive/verify", json!({}), 200).await;
}
