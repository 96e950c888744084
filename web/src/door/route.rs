//! A row of the table of routes: an address, who may use it, what answers, and, for the API, what is told of
//! it in its description.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Access, Caller, Means};
use crate::api::Problem;
use crate::frame::Failure;
use crate::{House, segment};

/// Where people sign in.
const SIGN_IN: &str = "/sign-in";
/// Where those go whose password is too old.
const CHANGE: &str = "/me/password";

/// The word for a password that is too old.
const EXPIRED: &str = "password_expired";

/// A row of the table of routes.
pub struct Route {
    path: &'static str,
    access: Access,
    methods: MethodRouter<House>,
    operation: Option<Operation>,
    is_way_back: bool,
}

/// What the description of the API tells of a route.
pub struct Operation {
    /// The method.
    pub method: Method,
    /// What it does, a sentence.
    pub about: &'static str,
    /// What its query string may hold.
    pub query: Option<SchemaOf>,
    /// What its body is.
    pub body: Option<Payload>,
    /// What it answers; without one, nothing.
    pub answer: Option<Payload>,
    /// The status of an answer that is no error.
    pub status: StatusCode,
}

/// Bytes of a request or an answer.
#[derive(Clone, Copy)]
pub struct Payload {
    /// Their media type.
    pub media: &'static str,
    /// Their schema, when they are JSON.
    pub schema: Option<SchemaOf>,
}

/// Makes the schema of a type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

const JSON: &str = "application/json";

/// What a route's guard has to know.
#[derive(Clone, Copy)]
struct Gate {
    access: Access,
    is_page: bool,
    is_way_back: bool,
}

impl Route {
    /// A page, with the methods that it answers to.
    pub fn page(access: Access, path: &'static str, methods: MethodRouter<House>) -> Route {
        Route { path, access, methods, operation: None, is_way_back: false }
    }

    /// A method of the API.
    pub fn api<H, T>(access: Access, method: Method, path: &'static str, handler: H) -> Route
    where
        H: Handler<T, House>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("the API uses the methods that axum knows");
        let status = StatusCode::NO_CONTENT;
        let operation = Operation { method, about: "", query: None, body: None, answer: None, status };
        Route { path, access, methods: on(filter, handler), operation: Some(operation), is_way_back: false }
    }

    /// Opens it to those, too, whose password is too old: it lets them change it, or sign out.
    pub fn for_expired(self) -> Route {
        Route { is_way_back: true, ..self }
    }

    /// Says what it does.
    pub fn about(self, about: &'static str) -> Route {
        self.told(|operation| operation.about = about)
    }

    /// Says what its query string may hold.
    pub fn query<T: JsonSchema>(self) -> Route {
        self.told(|operation| operation.query = Some(SchemaGenerator::subschema_for::<T>))
    }

    /// Says what its JSON body is.
    pub fn body<T: JsonSchema>(self) -> Route {
        let schema = Some(SchemaGenerator::subschema_for::<T> as SchemaOf);
        self.told(|operation| operation.body = Some(Payload { media: JSON, schema }))
    }

    /// Says that its body is of this media type, and how many bytes it may have.
    pub fn body_of(mut self, media: &'static str, bytes_max: usize) -> Route {
        self.methods = self.methods.layer(DefaultBodyLimit::max(bytes_max));
        self.told(|operation| operation.body = Some(Payload { media, schema: None }))
    }

    /// Says what it answers as JSON.
    pub fn answers<T: JsonSchema>(self) -> Route {
        self.told(|operation| {
            operation.answer =
                Some(Payload { media: JSON, schema: Some(SchemaGenerator::subschema_for::<T> as SchemaOf) });
            operation.status = StatusCode::OK;
        })
    }

    /// Says that it answers line by line, each one JSON.
    pub fn answers_lines<T: JsonSchema>(self) -> Route {
        let schema = Some(SchemaGenerator::subschema_for::<T> as SchemaOf);
        self.told(|operation| {
            operation.answer = Some(Payload { media: "application/x-ndjson", schema });
            operation.status = StatusCode::OK;
        })
    }

    /// Says that it answers bytes of this media type.
    pub fn answers_as(self, media: &'static str) -> Route {
        self.told(|operation| {
            operation.answer = Some(Payload { media, schema: None });
            operation.status = StatusCode::OK;
        })
    }

    /// Says that it makes something: 201.
    pub fn creates(self) -> Route {
        self.told(|operation| operation.status = StatusCode::CREATED)
    }

    fn told(mut self, tell: impl FnOnce(&mut Operation)) -> Route {
        if let Some(operation) = &mut self.operation {
            tell(operation);
        }
        self
    }

    /// Its address, with parameters as `{name}`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Who may use it.
    pub fn access(&self) -> Access {
        self.access
    }

    /// What is told of it; none for a page.
    pub fn operation(&self) -> Option<&Operation> {
        self.operation.as_ref()
    }

    /// Adds it to a router, behind its guard.
    pub(crate) fn join(self, router: Router<House>) -> Router<House> {
        let gate = Gate { access: self.access, is_page: self.operation.is_none(), is_way_back: self.is_way_back };
        router.route(self.path, self.methods.route_layer(from_fn_with_state(gate, admit)))
    }
}

/// Lets through who may use the route.
async fn admit(State(gate): State<Gate>, caller: Caller, request: Request, next: Next) -> Response {
    match refusal(gate, &caller, &request) {
        None => next.run(request).await,
        Some(problem) if gate.is_page && problem.status == StatusCode::UNAUTHORIZED => sign_in(&request),
        Some(problem) if gate.is_page && problem.code == EXPIRED => Redirect::to(CHANGE).into_response(),
        Some(problem) if gate.is_page => Failure::from(problem).into_response(),
        Some(problem) => problem.into_response(),
    }
}

fn refusal(gate: Gate, caller: &Caller, request: &Request) -> Option<Problem> {
    if gate.access == Access::Anonymous {
        return None;
    }
    if caller.role() == Access::Anonymous {
        return Some(Problem::unauthenticated("sign in, or send a token that is valid"));
    }
    if caller.role() < gate.access {
        return Some(Problem::denied("this is for administrators"));
    }
    if caller.has_expired() && !gate.is_way_back {
        let message = "your password has expired; change it, then everything is open again".into();
        return Some(Problem { status: StatusCode::FORBIDDEN, code: EXPIRED, message });
    }
    let reads = request.method().is_safe();
    match caller.means() {
        Means::Token { .. } if gate.is_page => Some(Problem::denied("a token is for the API; pages need a sign-in")),
        Means::Token { writes: false, .. } if !reads => Some(Problem::denied("this token may only read")),
        _ => None,
    }
}

/// Leads to the sign-in, and back from there when the request can be repeated.
fn sign_in(request: &Request) -> Response {
    let wanted = request.uri().path_and_query().map(|path| path.as_str()).filter(|_| request.method().is_safe());
    let place = match wanted.filter(|path| *path != "/") {
        Some(next) => format!("{SIGN_IN}?next={}", segment(next)),
        None => SIGN_IN.into(),
    };
    Redirect::to(&place).into_response()
}
