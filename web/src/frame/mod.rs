//! The page around every page: its layout and menu, the style sheet and the one script, and what pages are made of:
//! lists ([`list`]), forms ([`form`]), notices ([`notice`]), charts ([`chart`]) and news that come by themselves
//! ([`live`]). It knows no page and decides nothing.
//!
//! A page is a template that extends `frame/page.html` and has a field `page: Page`:
//!
//! ```html
//! {% extends "frame/page.html" %}
//! {% block lead %}{{ text::say("what-waits-for-other-servers-or") }}{% endblock %}
//! {% block main %} … {% endblock %}
//! ```
//!
//! All of it works as plain links and forms. The script makes it smoother wherever the markup says so:
//!
//! | attribute | what the script does |
//! | --- | --- |
//! | `data-swap="rows pager"` on a link or form | fetches the answer and puts in only the elements with these ids |
//! | `data-live="spool"` on an element with an id | looks at the page again whenever the [topic](live::Topic) has news |
//! | `data-tail="/path"` on an element | appends what an event stream sends, [`live::piece`] by piece |
//! | `data-confirm="Delete 3 users?"` on a button | asks before the form is sent; without a script the server asks |
//! | `data-rows` on a form | counts the chosen rows; its buttons with `data-needs-rows` wait for one |
//! | `<time datetime>` of [`text::time`](crate::text::time) | shown in the viewer's zone |

mod assets;
pub(crate) mod chart;
pub(crate) mod form;
pub(crate) mod list;
pub(crate) mod live;
mod menu;
pub(crate) mod notice;
mod page;

pub use assets::routes;
pub(crate) use form::Posted;
pub(crate) use list::{Asked, Column, Listing};
pub(crate) use notice::{Notice, Told, back_with, forget};
pub(crate) use page::{Failure, Page, Shown, StandAlone, show};
