//! The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677).

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::client::Client;

const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";

/// Says the client-first-message and, once the server has answered, the client-final-message. `flag` is `n`, `y` or
/// the name of a binding; one that ends in `!` binds to something else than this connection.
pub fn log_in(client: &mut Client, flag: &str, user: &str, password: &str) -> Result<(), String> {
    let name = flag.trim_end_matches('!');
    let mut bound = if matches!(name, "n" | "y") { Vec::new() } else { client.binding(name)? };
    if flag.ends_with('!') {
        bound[0] ^= 1;
    }
    let header = if bound.is_empty() { format!("{name},,") } else { format!("p={name},,") };
    let bare = format!("n={user},r={NONCE}");
    say(client, format!("{header}{bare}").as_bytes())?;
    let server_first = heard(client)?;
    let last = client_final(&server_first, &bare, &[header.as_bytes(), &bound].concat(), password)?;
    say(client, last.as_bytes())
}

fn say(client: &mut Client, message: &[u8]) -> Result<(), String> {
    client.send(format!("{}\r\n", BASE64_STANDARD.encode(message)).as_bytes())
}

/// A challenge: `+ ` in IMAP and POP3, `334 ` in SMTP.
fn heard(client: &mut Client) -> Result<String, String> {
    let line = client.line()?;
    let challenge = line.strip_prefix("+ ").or_else(|| line.strip_prefix("334 "));
    let bytes = challenge.and_then(|text| BASE64_STANDARD.decode(text).ok());
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(format!("no challenge: {line:?}"))
}

fn client_final(server_first: &str, bare: &str, binding: &[u8], password: &str) -> Result<String, String> {
    let mut attributes = server_first.split(',');
    let mut attribute = |name: &str| {
        let value = attributes.next().and_then(|attribute| attribute.strip_prefix(name));
        value.ok_or(format!("no {name} in {server_first:?}"))
    };
    let (nonce, salt, iterations) = (attribute("r=")?, attribute("s=")?, attribute("i=")?);
    let salt = BASE64_STANDARD.decode(salt).map_err(|error| error.to_string())?;
    let iterations: NonZeroU32 = iterations.parse().map_err(|_| "iterations are no number")?;
    let mut salted = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut salted);
    let client_key = sign(&salted, "Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let without_proof = format!("c={},r={nonce}", BASE64_STANDARD.encode(binding));
    let signature = sign(stored_key.as_ref(), &format!("{bare},{server_first},{without_proof}"));
    let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect();
    Ok(format!("{without_proof},p={}", BASE64_STANDARD.encode(proof)))
}

fn sign(key: &[u8], message: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes())
}
