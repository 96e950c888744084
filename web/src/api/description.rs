//! `openapi.json`: the description of the API (OpenAPI 3.1), made from the table of routes, so that it cannot tell
//! of a route that is not there nor be silent about one that is.

use std::sync::OnceLock;

use axum::Json;
use axum::http::Method;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::ErrorBody;
use crate::door::{Access, Operation, Payload, Route};
use crate::routes;

/// What the description tells of the whole.
const ABOUT: &str = "Everything that the console shows and does. Send `Authorization: Bearer` with a token that was made \
                     under “My account”, or the cookie of a sign-in. What a caller may not see is answered as if it did \
                     not exist.";

/// Where schemas stand in the document.
const SCHEMAS: &str = "/components/schemas";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::User, Method::GET, "/api/v1/openapi.json", show)
            .about("The description of this API.")
            .answers::<Value>(),
    ]
}

async fn show() -> Json<&'static Value> {
    Json(document())
}

/// The document, made once.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| described(&routes::api()))
}

fn described(routes: &[Route]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = SCHEMAS.into());
    let mut schemas = settings.into_generator();
    let mut paths = Map::new();
    for route in routes {
        let Some(operation) = route.operation() else { continue };
        let method = operation.method.as_str().to_lowercase();
        let path = paths.entry(route.path()).or_insert_with(|| json!({}));
        path[method] = described_operation(route, operation, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Mailstead", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    })
}

fn described_operation(route: &Route, operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut parameters = path_parameters(route.path());
    parameters.extend(operation.query.into_iter().flat_map(|query| query_parameters(&query(schemas), schemas)));
    let mut told = json!({
        "summary": operation.about,
        "operationId": operation_id(route.path(), &operation.method),
        "tags": [family(route.path())],
        "x-access": access_words(route.access()),
        "parameters": parameters,
        "responses": {
            operation.status.as_str(): answer(operation, schemas),
            "default": {
                "description": "Why it was not done.",
                "content": {"application/json": {"schema": schemas.subschema_for::<ErrorBody>()}},
            },
        },
    });
    if let Some(body) = operation.body {
        told["requestBody"] = json!({"required": true, "content": content(body, schemas)});
    }
    told
}

fn answer(operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    match operation.answer {
        Some(payload) => json!({"description": "Done.", "content": content(payload, schemas)}),
        None => json!({"description": "Done."}),
    }
}

fn content(payload: Payload, schemas: &mut SchemaGenerator) -> Value {
    let schema = payload.schema.map_or_else(|| json!({"type": "string"}), |schema| schema(schemas).into());
    json!({payload.media: {"schema": schema}})
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})).collect()
}

/// The fields of a query's schema, each a parameter.
fn query_parameters(schema: &schemars::Schema, schemas: &SchemaGenerator) -> Vec<Value> {
    let named = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let whole = named.and_then(|name| schemas.definitions().get(name)).unwrap_or(schema.as_value());
    let Some(fields) = whole.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let needed = |name: &str| whole["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let parameter = |(name, schema): (&String, &Value)| {
        let about = schema.get("description").cloned().unwrap_or_default();
        json!({"name": name, "in": "query", "required": needed(name), "description": about, "schema": schema})
    };
    fields.iter().map(parameter).collect()
}

/// A word for programs: `get_users_address_forward`.
fn operation_id(path: &str, method: &Method) -> String {
    let path = path.trim_start_matches("/api/v1/").replace(['/', '-', '.'], "_").replace(['{', '}'], "");
    format!("{}_{path}", method.as_str().to_lowercase())
}

/// The first part of a path, which its neighbours share.
pub(crate) fn family(path: &str) -> &str {
    path.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default()
}

/// Who may use it, in words.
pub(crate) fn access_words(access: Access) -> &'static str {
    match access {
        Access::Anonymous => "everybody",
        Access::User => "users",
        Access::DomainAdmin => "domain administrators",
        Access::SystemAdmin => "system administrators",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_described_and_every_schema_there() {
        let document = described(&routes::api());
        let text = document.to_string();
        let mut ids = BTreeSet::new();
        for route in routes::api() {
            let operation = route.operation().expect("the API's routes have one");
            let told = &document["paths"][route.path()][operation.method.as_str().to_lowercase()];
            assert!(told["summary"].as_str().is_some_and(|about| about.len() > 8), "{} says nothing", route.path());
            assert!(ids.insert(told["operationId"].to_string()), "{} twice", told["operationId"]);
        }
        for rest in text.split(r##""$ref":"#"##).skip(1) {
            let place = rest.split('"').next().expect("a text has an end");
            assert!(document.pointer(place).is_some(), "{place} leads nowhere");
        }
        assert_eq!(document["paths"]["/api/v1/spool"]["get"]["parameters"][0]["in"], "query");
        assert!(document["components"]["schemas"]["NewUser"]["properties"]["password"].is_object());
    }
}
