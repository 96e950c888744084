//! Secrets that are told once: recovery codes, an app password, a token. Each has a page of its own, which is not kept.

use askama::Template;
use axum::extract::State;
use mailstead_storage::Role;

use super::{OfferPage, PATH, own};
use crate::House;
use crate::api::Problem;
use crate::api::credentials::{self, FactorProof, NewAppPassword, NewToken};
use crate::api::extract::Body;
use crate::api::users::find_for;
use crate::door::Caller;
use crate::frame::{Notice, Page, Posted, Shown, back_with, show};
use crate::text;
use crate::texts::{Key, Said};

#[derive(Template)]
#[template(path = "pages/me/secret.html")]
struct SecretPage {
    page: Page,
    about: Said,
    secrets: Vec<String>,
}

fn told(caller: &Caller, title: Key, about: Said, secrets: Vec<String>) -> Shown {
    show(&SecretPage { page: Page::new(caller, title, PATH), about, secrets })
}

fn refused(problem: Problem) -> Shown {
    Ok(back_with(PATH, Notice::failed(problem.message)))
}

pub(super) async fn set_factor(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let proof = FactorProof { offer: posted.get("offer").into(), code: posted.get("code").into() };
    match credentials::set_factor(State(house.clone()), caller.clone(), own(&caller), Body(proof)).await {
        Ok(codes) => {
            let about = text::say("the-second-factor-is-set-keep");
            told(&caller, Key("recovery-codes"), about, codes.0.codes)
        }
        Err(problem) => {
            let account = find_for(&house, &caller, caller.name())?;
            let offer = credentials::same_offer(&house, &account, posted.get("offer"))?;
            show(&OfferPage {
                page: Page::new(&caller, text::say("set-up-a-second-factor"), PATH).refusing(&problem),
                offer,
            })
        }
    }
}

pub(super) async fn make_app_password(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let protocols = match posted.get("protocol") {
        "" => Vec::new(),
        protocols => protocols.split(' ').map(ToString::to_string).collect(),
    };
    let new = NewAppPassword { name: posted.get("name").into(), protocols };
    match credentials::make_app_password(State(house), caller.clone(), own(&caller), Body(new)).await {
        Ok((_, made)) => {
            let about = text::say("enter-this-password-in-the-mail");
            told(&caller, Key("app-password"), about, vec![made.0.secret])
        }
        Err(problem) => refused(problem),
    }
}

pub(super) async fn make_token(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let Some(role) = role(posted.get("role")) else { return refused(Problem::invalid(text::say("choose-a-role"))) };
    let expires = Some(posted.get("expires").to_string()).filter(|text| !text.is_empty());
    let new = NewToken { name: posted.get("name").into(), writes: posted.has("writes"), role, expires };
    match credentials::make_token(State(house), caller.clone(), own(&caller), Body(new)).await {
        Ok((_, made)) => {
            let about = text::say("send-it-with-each-request-authorization");
            told(&caller, Key("api-token"), about, vec![made.0.secret])
        }
        Err(problem) => refused(problem),
    }
}

fn role(text: &str) -> Option<Role> {
    super::super::users::role_named(text)
}
