//! `settings`: every setting with its doc, unit, default and value, and how to change it.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::settings::{Applies, Shown};
use mailstead_core::work;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::{Answer, Problem};
use crate::House;
use crate::door::{Access, Caller, Route};

/// All settings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// By the tables of the configuration file.
    pub tables: Vec<SettingTable>,
}

/// Settings that belong together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SettingTable {
    /// Its name in the configuration file; empty for the keys outside of any table.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// Its settings.
    pub settings: Vec<SettingRow>,
}

/// One setting. Values are written as the configuration file has them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SettingRow {
    /// Its name, as `log.level`.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// The unit of its value, empty when it has none.
    pub unit: String,
    /// Its value when nothing is said.
    pub default: String,
    /// What the configuration file says, or the default.
    pub configured: String,
    /// What was set here, in place of that.
    pub set: Option<String>,
    /// When a change counts: `at once`, `at the next start of the box`, or `in the file`: then it can be changed only there.
    pub applies: String,
}

/// A new value.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewValue {
    /// As the configuration file has it; a text may stand without its quotes.
    pub value: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/settings", show)
            .about("Lists all settings with their docs, defaults and values.")
            .answers::<Settings>(),
        Route::api(Access::SystemAdmin, Method::PUT, "/api/v1/settings/{name}", put)
            .about("Sets a setting, in place of what the configuration file says.")
            .body::<NewValue>(),
        Route::api(Access::SystemAdmin, Method::DELETE, "/api/v1/settings/{name}", unset)
            .about("Takes back what was set, so that the configuration file counts again."),
    ]
}

async fn show(State(house): State<House>) -> Answer<Json<Settings>> {
    list(&house).await.map(Json)
}

/// All settings.
pub(crate) async fn list(house: &House) -> Answer<Settings> {
    let settings = house.settings.clone();
    let tables = work::read(move || settings.list()).await?;
    Ok(Settings { tables: tables.into_iter().map(SettingTable::from).collect() })
}

async fn put(
    State(house): State<House>,
    caller: Caller,
    Path(name): Path<String>,
    Body(new): Body<NewValue>,
) -> Answer<StatusCode> {
    write(&house, &caller, &name, &new.value).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a setting to a value as a person writes it.
pub(crate) async fn write(house: &House, caller: &Caller, name: &str, value: &str) -> Answer<()> {
    let value = house.settings.understand(name, value).map_err(|wrong| Problem::invalid(wrong.0))?;
    set(house, caller, name, Some(value)).await
}

async fn unset(State(house): State<House>, caller: Caller, Path(name): Path<String>) -> Answer<StatusCode> {
    set(&house, &caller, &name, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a setting, or takes back what was set.
pub(crate) async fn set(house: &House, caller: &Caller, name: &str, value: Option<toml::Value>) -> Answer<()> {
    let _edit = house.edits.lock().await;
    let told = value.as_ref().map_or_else(|| format!("{name} as in the file"), |value| format!("{name} = {value}"));
    house.settings.set(name, value).await.map_err(|wrong| Problem::invalid(wrong.0))?;
    house.audit(caller, "setting changed", told);
    Ok(())
}

impl From<Shown> for SettingTable {
    fn from(shown: Shown) -> SettingTable {
        let name = shown.name;
        let settings = shown.settings.into_iter().map(|row| SettingRow {
            name: if name.is_empty() { row.setting.name.into() } else { format!("{name}.{}", row.setting.name) },
            doc: row.setting.doc.split_whitespace().collect::<Vec<_>>().join(" "),
            unit: row.setting.unit.into(),
            default: row.default.to_string(),
            configured: row.configured.to_string(),
            set: row.set.map(|value| value.to_string()),
            applies: match row.applies {
                Applies::AtOnce => "at once",
                Applies::AtStart => "at the next start of the box",
                Applies::InTheFile => "in the file",
            }
            .into(),
        });
        let settings = settings.collect();
        SettingTable { name: name.into(), about: shown.about.trim().into(), settings }
    }
}
