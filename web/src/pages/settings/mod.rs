//! Settings: each with its doc, unit, default and value; set here in place of what the configuration file says.

use askama::Template;
use axum::extract::State;
use axum::routing::get;

use crate::House;
use crate::api::settings::{self, SettingRow, SettingTable};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Notice, Page, Posted, Shown, Told, back_with, show};

const PATH: &str = "/settings";

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(page).post(act))]
}

#[derive(Template)]
#[template(path = "pages/settings/list.html")]
struct SettingsPage {
    page: Page,
    asked: Asked,
    tables: Vec<SettingTable>,
}

async fn page(State(house): State<House>, caller: Caller, told: Told, asked: Asked) -> Shown {
    let mut tables = settings::list(&house).await?.tables;
    let only_set = asked.get("view") == "set";
    for table in &mut tables {
        let about = table.about.clone();
        table.settings.retain(|row| asked.matches(&[&row.name, &row.doc, &about]) && (!only_set || row.set.is_some()));
    }
    tables.retain(|table| !table.settings.is_empty());
    show(&SettingsPage { page: Page::new(&caller, "Settings", PATH).telling(told), asked, tables })
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let name = posted.get("name");
    let outcome = match posted.act() {
        "unset" => settings::set(&house, &caller, name, None).await,
        _ => settings::write(&house, &caller, name, posted.get("value")).await,
    };
    let row = settings::list(&house).await?.tables.into_iter().flat_map(|table| table.settings);
    let applies = row.into_iter().find(|row| row.name == name).map_or_else(String::new, |row| row.applies);
    let done = |()| match posted.act() {
        "unset" => Notice::done(format!("{name} is as in the configuration file; it counts {applies}.")),
        _ => Notice::done(format!("{name} is set; it counts {applies}.")),
    };
    Ok(back_with(posted.back(PATH), Notice::of(outcome, done)))
}

impl SettingRow {
    /// What counts: what was set, or else what the file says.
    fn value(&self) -> &str {
        self.set.as_deref().unwrap_or(&self.configured)
    }

    /// Can it be changed here?
    fn is_open(&self) -> bool {
        self.applies != "in the file"
    }
}
