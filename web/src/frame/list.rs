//! Lists: what their address asks for (search, order, page), and what is around their rows: search field, column
//! headings, pager, CSV.
//!
//! A list that fits into memory is cut by [`Asked::cut`]; one that does not is read from a cursor, and shown with
//! [`Listing::cursor`].

use std::cmp::Ordering;
use std::convert::Infallible;
use std::ops::Range;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use crate::api::Problem;
use crate::segment;
use crate::text;
use crate::texts::Key;

/// Rows of a page unless the address says otherwise.
const PAGE_ROWS: usize = 50;

/// Rows of a page at most.
const PAGE_ROWS_MAX: usize = 200;

/// Characters of a search that are looked at.
const SEARCH_CHARS_MAX: usize = 200;

/// A column of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// What the address calls it; empty when rows cannot be put in its order.
    pub(crate) key: &'static str,
    /// Its heading.
    pub(crate) label: Key,
    /// Are its values numbers, which stand on the right?
    pub(crate) numeric: bool,
}

impl Column {
    /// A column of texts, by which the list can be ordered.
    pub(crate) const fn sorted(key: &'static str, label: Key) -> Column {
        Column { key, label, numeric: false }
    }

    /// A column of numbers, by which the list can be ordered.
    pub(crate) const fn number(key: &'static str, label: Key) -> Column {
        Column { key, label, numeric: true }
    }

    /// A column that gives no order.
    pub(crate) const fn plain(label: Key) -> Column {
        Column { key: "", label, numeric: false }
    }

    /// A column of numbers that gives no order.
    pub(crate) const fn plain_number(label: Key) -> Column {
        Column { key: "", label, numeric: true }
    }
}

/// What the address of a list asks for: `q` (search), `sort` (a column's key, with `-` before it for the highest first),
/// `page` or `after`, `per` (rows of a page), `format=csv`, and whatever the page understands beyond.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    path: String,
    pairs: Vec<(String, String)>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked, Infallible> {
        Ok(Asked::new(parts.uri.path(), parts.uri.query().unwrap_or_default()))
    }
}

impl Asked {
    fn new(path: &str, query: &str) -> Asked {
        let uri = axum::http::Uri::builder().path_and_query(format!("/?{query}")).build().unwrap_or_default();
        let pairs = axum::extract::Query::try_from_uri(&uri).map_or_else(|_| Vec::new(), |query| query.0);
        Asked { path: path.into(), pairs }
    }

    /// A value of the address, empty when it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// What to search for, without spaces around it.
    pub(crate) fn search(&self) -> &str {
        let text = self.get("q").trim();
        text.char_indices().nth(SEARCH_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
    }

    /// Rows of a page.
    pub(crate) fn per_page(&self) -> usize {
        self.get("per").parse().unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX)
    }

    /// Which page, from 1.
    pub(crate) fn page(&self) -> usize {
        self.get("page").parse().unwrap_or(1).max(1)
    }

    /// The column to sort by, and whether the highest comes first. `columns` begin with the one that is meant when the
    /// address names none.
    pub(crate) fn sort<'a>(&'a self, standard: &'a str) -> (&'a str, bool) {
        let wanted = self.get("sort");
        let wanted = if wanted.is_empty() { standard } else { wanted };
        wanted.strip_prefix('-').map_or((wanted, false), |key| (key, true))
    }

    /// Is the list wanted as CSV?
    pub(crate) fn wants_csv(&self) -> bool {
        self.get("format") == "csv"
    }

    /// Does a row match the search? `fields` are what is searched, in any case.
    pub(crate) fn matches(&self, fields: &[&str]) -> bool {
        let wanted = self.search();
        wanted.is_empty() || fields.iter().any(|field| contains(field, wanted))
    }

    /// Puts rows in the order that is asked for: `compare` compares two by a column's key.
    pub(crate) fn order<T>(&self, rows: &mut [T], standard: &str, compare: impl Fn(&str, &T, &T) -> Ordering) {
        let (key, highest_first) = self.sort(standard);
        rows.sort_by(|a, b| if highest_first { compare(key, b, a) } else { compare(key, a, b) });
    }

    /// The rows of the page that is asked for, and what is around them; all of them when the list is wanted as CSV. Only
    /// these are put in order, so that a page of very many rows costs little more than a look at each. `compare` compares
    /// by a column's key, and parts any two rows; `standard` is the order when the address names none.
    pub(crate) fn pick<T>(
        self,
        mut rows: Vec<T>,
        columns: &'static [Column],
        standard: &'static str,
        compare: impl Fn(&str, &T, &T) -> Ordering,
    ) -> (Vec<T>, Listing) {
        let (key, highest_first) = self.sort(standard);
        let by = |a: &T, b: &T| if highest_first { compare(key, b, a) } else { compare(key, a, b) };
        let (total, span) = (rows.len(), self.span(rows.len()));
        let is_in_order = rows.is_sorted_by(|a, b| by(a, b).is_le());
        if is_in_order {
            rows.truncate(span.end);
            rows.drain(..span.start);
            return (rows, self.listing(columns, total, span).sorted_by(standard));
        }
        if span.end < total {
            rows.select_nth_unstable_by(span.end, by);
            rows.truncate(span.end);
        }
        if span.start > 0 {
            rows.select_nth_unstable_by(span.start, by);
            rows.drain(..span.start);
        }
        rows.sort_unstable_by(by);
        (rows, self.listing(columns, total, span).sorted_by(standard))
    }

    /// The rows of the page that is asked for, of rows that are in order, and what is around them.
    pub(crate) fn cut<T>(self, rows: Vec<T>, columns: &'static [Column]) -> (Vec<T>, Listing) {
        let (total, span) = (rows.len(), self.span(rows.len()));
        let shown: Vec<T> = rows.into_iter().skip(span.start).take(span.len()).collect();
        (shown, self.listing(columns, total, span))
    }

    /// Which of so many rows are on the page that is asked for.
    fn span(&self, total: usize) -> Range<usize> {
        if self.wants_csv() {
            return 0..total;
        }
        let per_page = self.per_page();
        let page = self.page().min(total.div_ceil(per_page)).max(1);
        let from = (page - 1) * per_page;
        from..total.min(from + per_page)
    }

    fn listing(self, columns: &'static [Column], total: usize, span: Range<usize>) -> Listing {
        let page = span.start / self.per_page() + 1;
        let pager = Pager {
            told: match span.len() {
                0 => String::new(),
                _ => text::say("rows-of-all")
                    .number("first", span.start + 1)
                    .number("last", span.end)
                    .number("all", total)
                    .into(),
            },
            previous: (page > 1).then(|| self.with("page", &(page - 1).to_string())),
            next: (span.end < total).then(|| self.with("page", &(page + 1).to_string())),
        };
        Listing { asked: self, columns, standard: "", pager, rows: span.len() }
    }

    /// The address with another value for `name`; an empty one takes it out.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        // Another order, search or view begins at its first page.
        let begins_anew = !matches!(name, "page" | "after" | "format");
        let kept = self.pairs.iter().filter(|(key, _)| key != name && key != "format");
        let kept = kept.filter(|(key, _)| !(begins_anew && matches!(key.as_str(), "page" | "after")));
        let pairs = kept.map(|(key, value)| (key.as_str(), value.as_str())).chain([(name, value)]);
        let query: Vec<String> = pairs
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{}={}", segment(key), segment(value)))
            .collect();
        match query.is_empty() {
            true => self.path.clone(),
            false => format!("{}?{}", self.path, query.join("&")),
        }
    }

    /// The address itself, to come back to.
    pub(crate) fn address(&self) -> String {
        self.with("format", "")
    }
}

/// Does a text contain another, in any case?
fn contains(text: &str, wanted: &str) -> bool {
    match text.is_ascii() && wanted.is_ascii() {
        // Without memory of its own, since it is asked of every row.
        true => text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes())),
        false => text.to_lowercase().contains(&wanted.to_lowercase()),
    }
}

/// What is around the rows of a list: `{{ list.search_field("sender") }}`, `{{ list.head() }}`, `{{ list.pager() }}`.
pub(crate) struct Listing {
    asked: Asked,
    columns: &'static [Column],
    standard: &'static str,
    pager: Pager,
    /// How many rows are shown.
    pub(crate) rows: usize,
}

/// Where the page stands among all.
struct Pager {
    told: String,
    previous: Option<String>,
    next: Option<String>,
}

impl Listing {
    /// A list that is read from a cursor: `next` is the `after` of the next page. `total` is their number when it is
    /// known without reading them.
    pub(crate) fn cursor(
        asked: Asked,
        columns: &'static [Column],
        rows: usize,
        next: Option<&str>,
        total: Option<u64>,
    ) -> Listing {
        let told = match total {
            Some(total) => text::say("some-of-all").number("rows", rows).number("all", total).into(),
            None => text::count(rows, "row"),
        };
        let pager = Pager {
            told,
            previous: (!asked.get("after").is_empty()).then(|| asked.with("after", "")),
            next: next.map(|next| asked.with("after", next)),
        };
        Listing { asked, columns, standard: "", pager, rows }
    }

    /// The same, ordered by this column when the address names none.
    pub(crate) fn sorted_by(self, standard: &'static str) -> Listing {
        Listing { standard, ..self }
    }

    /// What the address asks for.
    pub(crate) fn asked(&self) -> &Asked {
        &self.asked
    }

    /// Is the list the answer to a search?
    pub(crate) fn is_search(&self) -> bool {
        !self.asked.search().is_empty()
    }

    /// The field to search with. The text with the key `label` says what is searched.
    pub(crate) fn search_field<'a>(&'a self, label: &'static str) -> SearchField<'a> {
        let kept = |(key, _): &&(String, String)| !matches!(key.as_str(), "q" | "page" | "after" | "format");
        SearchField {
            label: Key(label),
            path: &self.asked.path,
            text: self.asked.search(),
            others: self.asked.pairs.iter().filter(kept).collect(),
        }
    }

    /// The headings; `choose` puts a box for choosing all rows before them.
    pub(crate) fn head(&self, choose: &bool) -> Head<'_> {
        let (sorted, highest_first) = self.asked.sort(self.standard);
        let heading = |column: &'static Column| {
            let is_sorted = !column.key.is_empty() && column.key == sorted;
            let turned = if is_sorted && !highest_first { format!("-{}", column.key) } else { column.key.into() };
            Heading {
                column,
                order: is_sorted.then_some(if highest_first { "descending" } else { "ascending" }),
                link: self.asked.with("sort", &turned),
            }
        };
        Head { choose: *choose, headings: self.columns.iter().map(heading).collect() }
    }

    /// Where the page stands, the way to the next one, and to all of them as CSV.
    pub(crate) fn pager(&self) -> PagerView<'_> {
        PagerView { pager: &self.pager, csv: self.asked.with("format", "csv"), rows: self.rows }
    }
}

/// See [`Listing::search_field`].
#[derive(Template)]
#[template(path = "frame/list/search.html")]
pub(crate) struct SearchField<'a> {
    label: Key,
    path: &'a str,
    text: &'a str,
    others: Vec<&'a (String, String)>,
}

/// See [`Listing::head`].
#[derive(Template)]
#[template(path = "frame/list/head.html")]
pub(crate) struct Head<'a> {
    choose: bool,
    headings: Vec<Heading<'a>>,
}

struct Heading<'a> {
    column: &'a Column,
    order: Option<&'static str>,
    link: String,
}

/// See [`Listing::pager`].
#[derive(Template)]
#[template(path = "frame/list/pager.html")]
pub(crate) struct PagerView<'a> {
    pager: &'a Pager,
    csv: String,
    rows: usize,
}

impl askama::filters::HtmlSafe for SearchField<'_> {}
impl askama::filters::HtmlSafe for Head<'_> {}
impl askama::filters::HtmlSafe for PagerView<'_> {}

/// A list as a file for spreadsheets. What a spreadsheet would take for a formula gets a `'` before it.
///
/// # Errors
/// None that rows of texts can cause.
pub(crate) fn csv<R: AsRef<[String]>>(
    name: &str,
    headings: &[&str],
    rows: impl Iterator<Item = R>,
) -> Result<Response, Problem> {
    let failed = |error: String| Problem::failed(text::say("the-list-could-not-be-written").with("error", error));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(headings).map_err(|error| failed(error.to_string()))?;
    for row in rows {
        writer
            .write_record(row.as_ref().iter().map(|cell| harmless(cell)))
            .map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8".to_string()), (CONTENT_DISPOSITION, disposition)], bytes)
        .into_response())
}

fn harmless(cell: &str) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] =
        &[Column::sorted("name", Key("name")), Column::number("size", Key("size")), Column::plain(Key("note"))];

    #[test]
    fn addresses_keep_what_they_do_not_change() {
        let asked = Asked::new("/spool", "q=a%26b&sort=-size&view=waiting&page=3");
        assert_eq!((asked.search(), asked.sort("name"), asked.page()), ("a&b", ("size", true), 3));
        for (name, value, expected) in [
            ("page", "4", "/spool?q=a%26b&sort=-size&view=waiting&page=4"),
            ("sort", "name", "/spool?q=a%26b&view=waiting&sort=name"),
            ("view", "", "/spool?q=a%26b&sort=-size"),
            ("format", "csv", "/spool?q=a%26b&sort=-size&view=waiting&page=3&format=csv"),
        ] {
            assert_eq!(asked.with(name, value), expected);
        }
        assert_eq!(Asked::new("/spool", "").with("page", ""), "/spool");
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for query in ["page=x", "page=-1", "page=0", "per=0&page=", "%ff=%fe&&==", "sort="] {
            let asked = Asked::new("/", query);
            assert_eq!((asked.page(), asked.sort("name")), (1, ("name", false)), "{query}");
            assert!((1..=PAGE_ROWS_MAX).contains(&asked.per_page()));
        }
    }

    #[test]
    fn a_list_is_cut_into_pages() {
        for (query, first, told, previous, next) in [
            ("per=10", Some(0), "1–10 of 25", false, true),
            ("per=10&page=2", Some(10), "11–20 of 25", true, true),
            ("per=10&page=3", Some(20), "21–25 of 25", true, false),
            ("per=10&page=99", Some(20), "21–25 of 25", true, false),
        ] {
            let (rows, list) = Asked::new("/", query).cut((0..25).collect(), COLUMNS);
            assert_eq!((rows.first().copied(), list.pager.told.as_str()), (first, told), "{query}");
            assert_eq!((list.pager.previous.is_some(), list.pager.next.is_some()), (previous, next), "{query}");
        }
        let (rows, list) = Asked::new("/", "page=2").cut(Vec::<u8>::new(), COLUMNS);
        assert!(rows.is_empty() && list.pager.previous.is_none() && list.pager.next.is_none());
    }

    #[test]
    fn a_page_is_picked_of_rows_in_any_order() {
        let rows = || (0..25_u32).map(|number| (number * 7) % 25).collect::<Vec<_>>();
        let by = |key: &str, a: &u32, b: &u32| match key {
            "tens" => (a % 10, a).cmp(&(b % 10, b)),
            _ => a.cmp(b),
        };
        for (query, expected) in [
            ("per=4", vec![0, 1, 2, 3]),
            ("per=4&page=2", vec![4, 5, 6, 7]),
            ("per=4&page=99", vec![24]),
            ("per=4&sort=-number", vec![24, 23, 22, 21]),
            ("per=3&sort=tens", vec![0, 10, 20]),
            ("format=csv&per=3", (0..25).collect()),
        ] {
            assert_eq!(Asked::new("/", query).pick(rows(), COLUMNS, "number", by).0, expected, "{query}");
        }
        assert!(Asked::new("/", "page=3").pick(Vec::new(), COLUMNS, "number", by).0.is_empty());
    }

    #[test]
    fn a_search_does_not_mind_the_case() {
        for (text, wanted, expected) in [
            ("Alice@example.test", "aLICE", true),
            ("Alice", "Alicia", false),
            ("", "a", false),
            ("GRÜẞE@example.test", "grüße", true),
            ("Grüße", "gru", false),
        ] {
            assert_eq!(contains(text, wanted), expected, "{text} {wanted}");
        }
    }

    #[test]
    fn headings_turn_the_order() {
        let (_, list) = Asked::new("/", "sort=size").cut(vec![1], COLUMNS);
        let html = list.head(&true).render().expect("renders");
        assert!(html.contains("aria-sort=\"ascending\"") && html.contains("sort=-size"), "{html}");
        assert!(!html.contains("?sort=\"") && html.contains(">Note</th>"), "{html}");
    }

    #[test]
    fn what_was_searched_is_not_markup() {
        let (_, list) = Asked::new("/", "q=%22%3E%3Cscript%3E&view=%22x").cut(vec![1], COLUMNS);
        let html = list.search_field("name").render().expect("renders") + &list.pager().render().expect("renders");
        assert!(!html.contains("<script") && !html.contains("\"\""), "{html}");
    }

    #[tokio::test]
    async fn a_spreadsheet_finds_no_formula() {
        use http_body_util::BodyExt;
        let rows = [vec!["=1+1".to_string(), "a,b".to_string()]];
        let answer = csv("users", &["user", "note"], rows.iter()).expect("written");
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body.as_ref(), b"user,note\r\n'=1+1,\"a,b\"\r\n");
    }
}
