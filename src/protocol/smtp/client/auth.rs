//! AUTH as a client (RFC 4954): SCRAM-SHA-256 (RFC 5802, 7677) where it is offered, else PLAIN (4616) or LOGIN.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac, pbkdf2, rand};
use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::Extensions;

/// Random bytes of the client's nonce.
const NONCE_BYTES: usize = 18;
/// A server that asks for more iterations than this wants to make us work.
const ITERATIONS_MAX: u32 = 200_000;

/// A user and the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({:?})", self.user)
    }
}

/// An exchange under way.
#[derive(Debug)]
pub(super) enum Exchange {
    /// The first response is sent with the command; nothing follows.
    Plain,
    /// The server asks for the user.
    LoginUser,
    /// The server asks for the password.
    LoginPassword,
    /// The server's first message is awaited.
    ScramFirst { first_bare: String, nonce: String },
    /// The server's last message must prove that it knows the password too.
    ScramLast { signature: Vec<u8> },
    /// The server has proven it.
    Over,
}

/// Begins: the AUTH command and what follows it. `None`: no mechanism in common.
pub(super) fn begin(extensions: &Extensions, credentials: &Credentials) -> Option<(String, Exchange)> {
    let Credentials { user, password } = credentials;
    if extensions.auth_scram {
        let nonce = nonce();
        let first_bare = format!("n={},r={nonce}", user.replace('=', "=3D").replace(',', "=2C"));
        let command = format!("AUTH SCRAM-SHA-256 {}\r\n", BASE64_STANDARD.encode(format!("n,,{first_bare}")));
        return Some((command, Exchange::ScramFirst { first_bare, nonce }));
    }
    if extensions.auth_plain {
        let response = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
        return Some((format!("AUTH PLAIN {response}\r\n"), Exchange::Plain));
    }
    extensions.auth_login.then(|| ("AUTH LOGIN\r\n".into(), Exchange::LoginUser))
}

impl Exchange {
    /// Answers a challenge (a 334). `None`: the exchange makes no sense.
    pub fn respond(self, challenge: &str, credentials: &Credentials) -> Option<(String, Exchange)> {
        let line = |bytes: &[u8]| format!("{}\r\n", BASE64_STANDARD.encode(bytes));
        match self {
            Exchange::LoginUser => Some((line(credentials.user.as_bytes()), Exchange::LoginPassword)),
            Exchange::LoginPassword => Some((line(credentials.password.as_bytes()), Exchange::Plain)),
            Exchange::ScramFirst { first_bare, nonce } => {
                let challenge = String::from_utf8(BASE64_STANDARD.decode(challenge.trim()).ok()?).ok()?;
                let (last, signature) = scram_last(&first_bare, &nonce, &challenge, &credentials.password)?;
                Some((line(last.as_bytes()), Exchange::ScramLast { signature }))
            }
            Exchange::ScramLast { signature } => {
                let challenge = String::from_utf8(BASE64_STANDARD.decode(challenge.trim()).ok()?).ok()?;
                let proof = BASE64_STANDARD.decode(challenge.strip_prefix("v=")?).ok()?;
                verify_slices_are_equal(&proof, &signature).ok()?;
                Some(("\r\n".into(), Exchange::Over))
            }
            Exchange::Plain | Exchange::Over => None,
        }
    }

    /// May the server's success be believed? With SCRAM it has to prove itself before.
    pub fn is_complete(&self) -> bool {
        matches!(self, Exchange::Plain | Exchange::Over)
    }
}

fn nonce() -> String {
    let mut bytes = [0; NONCE_BYTES];
    // Without randomness nothing here works; the server then sees a nonce that it refuses or that proves nothing more.
    let _ = rand::fill(&mut bytes);
    BASE64_STANDARD.encode(bytes)
}

/// The client's last message, and the signature that the server's must have.
fn scram_last(first_bare: &str, nonce: &str, server_first: &str, password: &str) -> Option<(String, Vec<u8>)> {
    let mut attributes = server_first.split(',');
    let full_nonce = attributes.next()?.strip_prefix("r=")?;
    let salt = BASE64_STANDARD.decode(attributes.next()?.strip_prefix("s=")?).ok()?;
    let iterations: u32 = attributes.next()?.strip_prefix("i=")?.parse().ok()?;
    let iterations = std::num::NonZeroU32::new(iterations).filter(|count| count.get() <= ITERATIONS_MAX)?;
    if !full_nonce.starts_with(nonce) || full_nonce.len() == nonce.len() {
        return None;
    }
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut salted);
    let sign = |key: &[u8], message: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    let client_key = sign(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let without_proof = format!("c=biws,r={full_nonce}");
    let message = format!("{first_bare},{server_first},{without_proof}");
    let client_signature = sign(stored_key.as_ref(), message.as_bytes());
    let proof: Vec<u8> = client_key.as_ref().iter().zip(client_signature.as_ref()).map(|(a, b)| a ^ b).collect();
    let server_key = sign(&salted, b"Server Key");
    let signature = sign(server_key.as_ref(), message.as_bytes()).as_ref().to_vec();
    Some((format!("{without_proof},p={}", BASE64_STANDARD.encode(proof)), signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677 §3.
    #[test]
    fn the_example_of_rfc_7677() {
        let nonce = "rOprNGfwEbeRWgbNEkqO";
        let first_bare = format!("n=user,r={nonce}");
        let server_first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (last, signature) = scram_last(&first_bare, nonce, server_first, "pencil").expect("makes sense");
        assert_eq!(
            last,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert_eq!(BASE64_STANDARD.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        for wrong in [
            "r=other,s=QQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx,s=QQ==,i=0",
            "r=rOprNGfwEbeRWgbNEkqOx,s=QQ==,i=9999999",
            "x",
        ] {
            assert_eq!(scram_last(&first_bare, nonce, wrong, "pencil"), None, "{wrong}");
        }
    }

    #[test]
    fn the_best_that_is_offered() {
        let credentials = Credentials { user: "a".into(), password: "b".into() };
        let command = |extensions| begin(&extensions, &credentials).map(|(command, _)| command);
        let none = Extensions::default();
        let both = Extensions { auth_login: true, auth_plain: true, ..none };
        assert_eq!(command(none), None);
        assert_eq!(command(both).as_deref(), Some("AUTH PLAIN AGEAYg==\r\n"));
        assert!(
            command(Extensions { auth_scram: true, ..both }).expect("begins").starts_with("AUTH SCRAM-SHA-256 biws")
        );
        let (_, exchange) = begin(&Extensions { auth_login: true, ..none }, &credentials).expect("begins");
        let (user, exchange) = exchange.respond("VXNlcm5hbWU6", &credentials).expect("goes on");
        let (password, exchange) = exchange.respond("UGFzc3dvcmQ6", &credentials).expect("goes on");
        assert_eq!((user.as_str(), password.as_str()), ("YQ==\r\n", "Yg==\r\n"));
        assert!(exchange.is_complete() && exchange.respond("", &credentials).is_none());
    }
}
