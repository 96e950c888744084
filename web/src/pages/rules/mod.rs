//! The rules that detect abuse: all numbers on one form.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::House;
use crate::api::Problem;
use crate::api::extract::{Body, Path};
use crate::api::guard::rules::{self, PrivateNetworks, RuleChange, RuleRow};
use crate::door::{Access, Caller, Route};
use crate::frame::{Notice, Page, Posted, Shown, Told, back_with, show};
use crate::text;
use crate::texts::rule_key;

const PATH: &str = "/rules";

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(list).post(act))]
}

#[derive(Template)]
#[template(path = "pages/rules/list.html")]
struct RulesPage {
    page: Page,
    rules: Vec<RuleRow>,
    blocks_private_networks: bool,
}

async fn list(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let list = rules::list(State(house)).await.0;
    let page = Page::new(&caller, text::say("abuse-detection"), PATH).telling(told);
    show(&RulesPage { page, rules: list.rules, blocks_private_networks: list.blocks_private_networks })
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Response {
    let outcome = match posted.act().strip_prefix("reset ") {
        Some(name) => rules::reset(State(house), caller, Path(name.into())).await.map(|_| 1),
        None => save(&house, &caller, &posted).await,
    };
    back_with(
        PATH,
        Notice::of(outcome, |count| match count {
            0 => Notice::done(text::say("nothing-was-changed")),
            count => Notice::done(text::say("rules-changed").with("rules", text::count(count, "rule"))),
        }),
    )
}

/// Changes what differs. Everything is read before anything is changed.
async fn save(house: &House, caller: &Caller, posted: &Posted) -> Result<usize, Problem> {
    let now = rules::list(State(house.clone())).await.0;
    let changes = now.rules.iter().filter_map(|rule| change(rule, posted).transpose());
    let changes = changes.collect::<Result<Vec<_>, _>>()?;
    let count = changes.len();
    for (name, change) in changes {
        rules::change(State(house.clone()), caller.clone(), Path(name), Body(change)).await?;
    }
    let block = posted.has("private");
    if block != now.blocks_private_networks {
        rules::private_networks(State(house.clone()), caller.clone(), Body(PrivateNetworks { block })).await?;
        return Ok(count + 1);
    }
    Ok(count)
}

/// What the form wants changed of a rule; nothing when it does not speak of it.
fn change(rule: &RuleRow, posted: &Posted) -> Result<Option<(String, RuleChange)>, Problem> {
    let name = &rule.name;
    if !posted.has(&format!("threshold {name}")) {
        return Ok(None);
    }
    let enabled = posted.has(&format!("enabled {name}"));
    let threshold = number(rule, posted.get(&format!("threshold {name}")))? as u32;
    let window_seconds = seconds(rule, posted.get(&format!("window {name}")))?;
    let block_seconds = match rule.block_seconds {
        0 => 0,
        _ => seconds(rule, posted.get(&format!("block {name}")))?,
    };
    let wanted = (enabled, threshold, window_seconds, block_seconds);
    if wanted == (rule.enabled, rule.threshold, rule.window_seconds, rule.block_seconds) {
        return Ok(None);
    }
    let change = RuleChange {
        enabled: Some(enabled),
        threshold: Some(threshold),
        window_seconds: Some(window_seconds),
        block_seconds: (rule.block_seconds > 0).then_some(block_seconds),
    };
    Ok(Some((name.clone(), change)))
}

fn seconds(rule: &RuleRow, minutes: &str) -> Result<u32, Problem> {
    Ok((number(rule, minutes)? * 60.0).round() as u32)
}

fn number(rule: &RuleRow, told: &str) -> Result<f64, Problem> {
    let number = told.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| {
        Problem::invalid(text::say("text-is-no-number-as-rule").with("text", told).with("rule", rule.title()))
    })
}

impl RuleRow {
    fn title(&self) -> String {
        match &self.protocol {
            Some(protocol) => format!("{}: {protocol}", self.text("title", &self.title)),
            None => self.text("title", &self.title),
        }
    }

    fn about(&self) -> String {
        self.text("about", &self.description)
    }

    fn unit(&self) -> String {
        self.text("unit", &self.unit)
    }

    fn text(&self, part: &str, english: &str) -> String {
        text::say_or(&rule_key(&self.name, part), english)
    }

    fn window(&self) -> String {
        minutes(self.window_seconds)
    }

    fn block(&self) -> String {
        minutes(self.block_seconds)
    }
}

/// Seconds as minutes, with a fraction where they need one.
fn minutes(seconds: u32) -> String {
    let told = format!("{:.3}", f64::from(seconds) / 60.0);
    told.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_back() {
        for told in [1, 30, 59, 60, 90, 300, 1801, 2_592_000] {
            assert_eq!((minutes(told).parse::<f64>().expect("a number") * 60.0).round() as u32, told);
        }
        assert_eq!((minutes(300), minutes(90)), ("5".into(), "1.5".into()));
    }
}
