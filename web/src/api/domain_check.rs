//! `domains/{name}/check`: what the DNS says of a domain, and what it should say.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::authenticity::published::{self, Expected, Finding};
use mailstead_core::net::tls::Certificates;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Path;
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// What was found.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DomainCheck {
    /// One for each record that matters.
    pub findings: Vec<Finding>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/domains/{name}/check", check)
            .about("Asks the DNS what it says of a domain, and tells what it should say.")
            .answers::<DomainCheck>(),
    ]
}

pub(crate) async fn check(
    State(house): State<House>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Json<DomainCheck>> {
    let name = names::domain(&name)?;
    caller.must_cover_domain(&name)?;
    let Some(domain) = house.store.directory().domains.get(&name).cloned() else {
        return Err(Problem::not_found(format!("there is no domain {name}")));
    };
    let expected = Expected {
        domain: name,
        keys: domain.signing_keys.clone(),
        hostname: house.hostname.to_string(),
        // A command that has opened the house for itself has no certificate.
        certificate: house.certificates.as_ref().and_then(Certificates::public_key_digest),
    };
    let mut findings = published::look_up(&house.resolver, &house.checks, &expected).await;
    if published::announces_sts(&findings) {
        let (domain, hostname) = (expected.ascii_domain(), &expected.hostname);
        let served = house.policies.of(&domain, hostname).await;
        let served = served.map(|policy| (policy.mode, policy.allows_host));
        findings.push(published::sts_policy(&domain, hostname, served));
    }
    Ok(Json(DomainCheck { findings }))
}
