//! Any text as an IMAP URL.

use mailstead_core::protocol::imap::Url;

/// Runs one case.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(grant) = Url::parse(&text).and_then(|url| url.grant) {
        assert!(text.is_char_boundary(grant.rump_bytes), "what is authorized is a beginning of the URL");
    }
}
