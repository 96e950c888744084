//! Password policy, and whose passwords do not comply.

use std::cmp::Ordering;

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use mailstead_core::people::policy::{Policy, Rule};
use mailstead_core::work;
use mailstead_storage::Account;

use crate::House;
use crate::api::Problem;
use crate::api::passwords::{self, ComplianceMail, ComplianceRow};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, list, show};
use crate::text;
use crate::texts::Key;

const POLICY: &str = "/password-policy";
const COMPLIANCE: &str = "/compliance";

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::sorted("user", Key("user")),
    Column::sorted("domain", Key("domain")),
    Column::sorted("standing", Key("password")),
    Column::plain(Key("what-is-violated")),
    Column::sorted("ends", Key("to-be-changed-by")),
];

/// What users are written unless it is changed.
const SUBJECT: Key = Key("please-change-your-password");
const TEXT: Key = Key("your-password-does-not-comply");

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::DomainAdmin, POLICY, get(policy).post(set)),
        Route::page(Access::DomainAdmin, COMPLIANCE, get(compliance).post(write)),
    ]
}

#[derive(Template)]
#[template(path = "pages/passwords/policy.html")]
struct PolicyPage {
    page: Page,
    /// The box's, with an empty name, and those of domains.
    policies: Vec<(String, Policy)>,
    /// Domains without their own.
    others: Vec<String>,
    is_system: bool,
}

#[derive(Template)]
#[template(path = "pages/passwords/compliance.html")]
struct CompliancePage {
    page: Page,
    rows: Vec<ComplianceRow>,
    list: Listing,
    view: String,
    subject: Key,
    text: Key,
}

async fn policy(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let found = passwords::policies(&house, &caller).await?;
    let is_system = caller.role() == Access::SystemAdmin;
    let directory = house.store.directory();
    let seen = directory.domains.keys().filter(|domain| caller.scope().covers_domain(domain));
    let others = seen.filter(|domain| !found.domains.contains_key(*domain)).cloned().collect();
    let standard = is_system.then(|| (String::new(), found.standard));
    let policies = standard.into_iter().chain(found.domains).collect();
    let page = Page::new(&caller, text::say("password-policy"), POLICY).telling(told);
    show(&PolicyPage { page, policies, others, is_system })
}

async fn set(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let domain = posted.get("domain");
    if domain.is_empty() && caller.role() < Access::SystemAdmin {
        return Ok(back_with(POLICY, Notice::failed(text::say("only-a-system-administrator-may-change"))));
    }
    let number = |name: &str| posted.get(name).trim().parse().unwrap_or(0);
    let policy = Policy {
        length_min: number("length_min"),
        number: posted.has("number"),
        capital: posted.has("capital"),
        lower: posted.has("lower"),
        symbol: posted.has("symbol"),
        not_user_name: posted.has("not_user_name"),
        not_common: posted.has("not_common"),
        former: number("former"),
        months_max: number("months_max"),
    };
    let policy = Some(policy).filter(|_| posted.act() != "remove");
    let outcome = passwords::set(&house, &caller, domain, policy).await;
    Ok(back_with(POLICY, Notice::of(outcome, |()| Notice::done(text::say("the-policy-counts-from-now-on")))))
}

async fn compliance(State(house): State<House>, caller: Caller, told: Told, asked: Asked) -> Shown {
    let view = asked.get("view").to_owned();
    let seen_by = caller.clone();
    let (rows, list) = work::read_long(move || found(&house, &seen_by, asked)).await?;
    if list.asked().wants_csv() {
        let cells = rows.iter().map(|row| {
            let ends = row.ends.clone().unwrap_or_default();
            [row.address.clone(), row.domain.clone(), row.standing.clone(), row.violated.join(", "), ends]
        });
        return Ok(list::csv("compliance", &["user", "domain", "password", "violated", "to be changed by"], cells)?);
    }
    let page = Page::new(&caller, text::say("password-compliance"), COMPLIANCE).telling(told);
    show(&CompliancePage { page, rows, list, view, subject: SUBJECT, text: TEXT })
}

/// The rows of the page that is asked for.
fn found(house: &House, caller: &Caller, asked: Asked) -> Result<(Vec<ComplianceRow>, Listing), Problem> {
    let directory = house.store.directory();
    let mut users = passwords::standings(house, &directory, caller)?;
    users.retain(|(account, standing)| {
        let is_in_view = match asked.get("view") {
            "all" => true,
            "unknown" => passwords::standing_word(standing) == "unknown",
            _ => passwords::standing_word(standing) == "violates",
        };
        let violates = |rule: &Rule| asked.matches(&[rule.told()]);
        is_in_view && (asked.matches(&[&account.address]) || standing.broken.iter().flatten().any(violates))
    });
    let domain =
        |account: &Account| account.address.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.into());
    let (users, list) = asked.pick(users, COLUMNS, "user", |key, (one, a), (other, b)| {
        let order = match key {
            "domain" => domain(one).cmp(&domain(other)),
            "standing" => passwords::standing_word(a).cmp(passwords::standing_word(b)),
            "ends" => a.ends.cmp(&b.ends),
            _ => Ordering::Equal,
        };
        order.then_with(|| one.address.cmp(&other.address))
    });
    Ok((users.iter().map(|(account, standing)| ComplianceRow::of(&account.address, standing)).collect(), list))
}

async fn write(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let back = posted.back(COMPLIANCE);
    let outcome = match posted.ids() {
        Err(problem) => Err(problem),
        Ok(addresses) => {
            let (subject, text) = (posted.get("subject").to_owned(), posted.get("text").to_owned());
            passwords::write(&house, &caller, ComplianceMail { addresses, subject, text }).await
        }
    };
    Ok(back_with(
        back,
        Notice::of(outcome, |users| {
            Notice::done(text::say("users-written-to").with("users", text::count(users, "user")))
        }),
    ))
}

impl ComplianceRow {
    fn violated_in_words(&self) -> String {
        let words: Vec<String> = self.violated.iter().map(|word| text::state(word)).collect();
        words.join(", ")
    }

    /// The colour of its standing.
    fn colour(&self) -> &'static str {
        match self.standing.as_str() {
            "complies" => "good",
            "violates" => "bad",
            _ => "",
        }
    }
}
