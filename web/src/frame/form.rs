//! Forms: what was sent, and the question before what cannot be undone.

use askama::Template;
use axum::Form;
use axum::extract::{FromRequest, Request};

use super::{Page, Shown, show};
use crate::api::Problem;
use crate::text;

/// Chosen rows at most: as many as a page shows, and some.
const IDS_MAX: usize = 1000;

/// What a form sent. A form on rows sends `act` (which button), `id` for each row that is chosen, and `back` (the
/// address of the list, to return to).
#[derive(Debug, Clone, Default)]
pub(crate) struct Posted(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = super::Failure;

    async fn from_request(request: Request, state: &S) -> Result<Posted, super::Failure> {
        let form = Form::<Vec<(String, String)>>::from_request(request, state).await;
        let Form(pairs) =
            form.map_err(|wrong| Problem::invalid(text::say("the-form-cannot-be-read-wrong").with("wrong", wrong)))?;
        Ok(Posted(pairs))
    }
}

impl Posted {
    /// A value, empty when it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Was this box ticked?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Which button was pressed.
    pub(crate) fn act(&self) -> &str {
        self.get("act")
    }

    /// The chosen rows.
    ///
    /// # Errors
    /// `invalid` when there are none, or far too many.
    pub(crate) fn ids(&self) -> Result<Vec<String>, Problem> {
        let ids: Vec<String> = self.0.iter().filter(|(key, _)| key == "id").map(|(_, value)| value.clone()).collect();
        match ids.len() {
            0 => Err(Problem::invalid(text::say("no-row-is-chosen-tick-the"))),
            1..=IDS_MAX => Ok(ids),
            _ => Err(Problem::invalid(text::say("most-rows-at-most-can-be").number("most", IDS_MAX))),
        }
    }

    /// Has the person said yes to the question before?
    pub(crate) fn is_sure(&self) -> bool {
        self.get("sure") == "yes"
    }

    /// Where to go afterwards: the list the form came from, or `standard`. Never another site.
    pub(crate) fn back<'a>(&'a self, standard: &'a str) -> &'a str {
        let back = self.get("back");
        let ours = back.starts_with('/') && !back.starts_with("//") && !back.contains(['\\', '\r', '\n']);
        if ours { back } else { standard }
    }
}

#[derive(Template)]
#[template(path = "frame/confirm.html")]
struct Question<'a> {
    page: Page,
    text: String,
    label: String,
    action: &'a str,
    back: &'a str,
    fields: Vec<&'a (String, String)>,
}

/// Asks whether to do what the form at `action` says. `label` is the button's text. The form comes again as it was, and
/// then [`Posted::is_sure`].
pub(crate) fn confirm(
    page: Page,
    posted: &Posted,
    action: &str,
    text: impl Into<String>,
    label: impl Into<String>,
) -> Shown {
    let fields = posted.0.iter().filter(|(key, _)| key != "sure").collect();
    show(&Question { page, text: text.into(), label: label.into(), action, back: posted.back(action), fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(pairs: &[(&str, &str)]) -> Posted {
        Posted(pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect())
    }

    #[test]
    fn the_way_back_stays_here() {
        for (back, expected) in [
            ("/spool?q=a&page=2", "/spool?q=a&page=2"),
            ("https://evil.test/", "/spool"),
            ("//evil.test/", "/spool"),
            ("/\\evil.test/", "/spool"),
            ("/x\r\nSet-Cookie: a=b", "/spool"),
            ("", "/spool"),
        ] {
            assert_eq!(posted(&[("back", back)]).back("/spool"), expected);
        }
    }

    #[test]
    fn rows_are_chosen_one_by_one() {
        let form = posted(&[("act", "force"), ("id", "a"), ("id", "b"), ("sure", "yes")]);
        assert_eq!(
            (form.act(), form.ids().expect("two"), form.is_sure()),
            ("force", vec!["a".into(), "b".into()], true)
        );
        assert!(posted(&[("act", "force")]).ids().is_err());
        assert!(posted(&vec![("id", "a"); IDS_MAX + 1]).ids().is_err());
    }
}
