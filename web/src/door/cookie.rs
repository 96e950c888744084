//! The cookie that a web session is known by.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// Its name. The prefix binds it to this very host: no other host of the domain can set it.
const NAME: &str = "__Host-mailstead";

/// A link in a mail may lead into the console, so it is sent with those, but not with what another site posts.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// What the cookie holds.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value)
}

/// Sets it, until the browser is closed.
pub(super) fn set(secret: &str) -> HeaderValue {
    let cookie = format!("{NAME}={secret}; {ATTRIBUTES}");
    HeaderValue::try_from(cookie).expect("a secret is letters, digits, - and _")
}

/// Takes it back.
pub(super) fn removed() -> HeaderValue {
    let cookie = format!("{NAME}=; {ATTRIBUTES}; Max-Age=0");
    HeaderValue::try_from(cookie).expect("plain letters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_among_others() {
        for (sent, expected) in [
            (&["__Host-mailstead=abc"][..], Some("abc")),
            (&["a=b; __Host-mailstead=abc; c=d"], Some("abc")),
            (&["a=b", "__Host-mailstead=abc"], Some("abc")),
            (&["mailstead=abc; x__Host-mailstead=d; __Host-mailstead"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(COOKIE, HeaderValue::from_static(value));
            }
            assert_eq!(read(&headers), expected, "{sent:?}");
        }
    }
}
