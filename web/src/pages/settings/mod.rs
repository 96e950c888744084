//! Settings: each with its doc, unit, default and value; set here in place of what the configuration file says.

use askama::Template;
use axum::extract::State;
use axum::routing::get;

use crate::House;
use crate::api::settings::{self, SettingRow, SettingTable};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Notice, Page, Posted, Shown, Told, back_with, show};
use crate::text;
use crate::texts::{Key, setting_key, unit_key};

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
    show(&SettingsPage { page: Page::new(&caller, text::say("settings"), PATH).telling(told), asked, tables })
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let name = posted.get("name");
    let outcome = match posted.act() {
        "unset" => settings::set(&house, &caller, name, None).await,
        _ => settings::write(&house, &caller, name, posted.get("value")).await,
    };
    let row = settings::list(&house).await?.tables.into_iter().flat_map(|table| table.settings);
    let applies = row.into_iter().find(|row| row.name == name).map_or_else(String::new, |row| row.applies().into());
    let done = |()| match posted.act() {
        "unset" => {
            Notice::done(text::say("name-is-as-in-the-configuration").with("name", name).with("applies", applies))
        }
        _ => Notice::done(text::say("name-is-set-it-counts-applies").with("name", name).with("applies", applies)),
    };
    Ok(back_with(posted.back(PATH), Notice::of(outcome, done)))
}

impl SettingTable {
    /// What its settings are about.
    fn about(&self) -> String {
        text::say_or(&setting_key(&self.name), &self.about)
    }
}

impl SettingRow {
    /// What it is for.
    fn doc(&self) -> String {
        text::say_or(&setting_key(&self.name), &self.doc)
    }

    /// What counts: what was set, or else what the file says.
    fn value(&self) -> &str {
        self.set.as_deref().unwrap_or(&self.configured)
    }

    fn unit(&self) -> String {
        text::say_or(&unit_key(&self.unit), &self.unit)
    }

    /// When a change counts.
    fn applies(&self) -> Key {
        match self.applies.as_str() {
            "at once" => Key("at-once"),
            "when its service starts the next time" => Key("when-its-service-starts-the-next"),
            _ => Key("at-the-next-start-of-the"),
        }
    }

    /// Can it be changed here?
    fn is_open(&self) -> bool {
        self.applies != "in the file"
    }
}
