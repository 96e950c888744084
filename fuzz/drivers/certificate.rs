//! Any bytes as a certificate whose end is looked up.

use mailstead_core::net::tls::certificate_end;

/// Runs one case.
pub fn run(data: &[u8]) {
    let _ = certificate_end(data);
}
