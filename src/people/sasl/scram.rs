//! SCRAM-SHA-256, the server's side (RFC 5802 §5, RFC 7677), without channel binding.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use mailstead_storage::ScramVerifier;

use super::super::password;
use super::{Step, acceptable};

/// Random bytes of the server's nonce.
const NONCE_BYTES: usize = 18;
/// Most bytes of the client's nonce.
const CLIENT_NONCE_BYTES_MAX: usize = 512;

/// What the client-first-message said.
pub(super) struct Scram {
    user: String,
    /// The gs2-header in base64, as `c=` must repeat it.
    binding: String,
    client_first_bare: String,
    /// The client's nonce and ours.
    nonce: String,
}

/// What the server-first-message said, waiting for the client-final-message.
pub(super) struct ServerFirst {
    scram: Scram,
    text: String,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

/// A nonce of ours: printable and without a comma.
pub(super) fn nonce() -> String {
    BASE64_STANDARD.encode(password::random::<NONCE_BYTES>())
}

impl Scram {
    /// Reads `gs2-header n=user,r=nonce[,extensions]`.
    pub(super) fn client_first(message: &str, server_nonce: &str) -> Option<Scram> {
        // `y`: the client thinks that we have no channel binding, which is so. `p=` asks for it.
        let after_flag = message.strip_prefix("n,").or_else(|| message.strip_prefix("y,"))?;
        let (identity, bare) = after_flag.split_once(',')?;
        let header = &message[..message.len() - bare.len()];
        let (user, rest) = bare.strip_prefix("n=")?.split_once(',')?;
        let user = acceptable(&unescaped(user)?)?;
        let is_own = identity.is_empty() || identity.strip_prefix("a=").and_then(unescaped)? == user;
        let client_nonce = rest.strip_prefix("r=")?.split(',').next()?;
        let is_nonce = (1..=CLIENT_NONCE_BYTES_MAX).contains(&client_nonce.len())
            && client_nonce.bytes().all(|byte| byte.is_ascii_graphic());
        (is_own && is_nonce).then(|| Scram {
            user,
            binding: BASE64_STANDARD.encode(header),
            client_first_bare: bare.to_string(),
            nonce: format!("{client_nonce}{server_nonce}"),
        })
    }

    /// Who wants to log in.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Says `r=nonce,s=salt,i=iterations`.
    pub(super) fn server_first(self, verifier: &ScramVerifier) -> ServerFirst {
        let salt = BASE64_STANDARD.encode(&verifier.salt);
        ServerFirst {
            text: format!("r={},s={salt},i={}", self.nonce, verifier.iterations),
            stored_key: verifier.stored_key.clone(),
            server_key: verifier.server_key.clone(),
            scram: self,
        }
    }
}

impl ServerFirst {
    /// The message itself.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Reads `c=binding,r=nonce[,extensions],p=proof` and checks it. `None` when it is malformed.
    pub(super) fn client_final(self, message: &str) -> Option<Step> {
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let proof = BASE64_STANDARD.decode(proof).ok()?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next()?.strip_prefix("c=")?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        let is_ours = binding == self.scram.binding && nonce == self.scram.nonce;
        if !is_ours || proof.len() != digest::SHA256_OUTPUT_LEN {
            return None;
        }
        let auth_message = format!("{},{},{without_proof}", self.scram.client_first_bare, self.text);
        if !self.proves(&proof, &auth_message) {
            return Some(Step::Wrong);
        }
        let signature = sign(&self.server_key, &auth_message);
        let last = format!("v={}", BASE64_STANDARD.encode(signature)).into_bytes();
        Some(Step::Proven { user: self.scram.user, last })
    }

    /// Is `proof` = ClientKey XOR ClientSignature, with H(ClientKey) = StoredKey?
    fn proves(&self, proof: &[u8], auth_message: &str) -> bool {
        let signature = sign(&self.stored_key, auth_message);
        let client_key: Vec<u8> = proof.iter().zip(signature.as_ref()).map(|(proof, sign)| proof ^ sign).collect();
        let stored_key = digest::digest(&digest::SHA256, &client_key);
        verify_slices_are_equal(stored_key.as_ref(), &self.stored_key).is_ok()
    }
}

fn sign(key: &[u8], message: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes())
}

/// saslname with `=2C` and `=3D` resolved.
fn unescaped(name: &str) -> Option<String> {
    let mut parts = name.split('=');
    let mut plain = parts.next()?.to_string();
    for part in parts {
        let (char, rest) = match part.split_at_checked(2)? {
            ("2C", rest) => (',', rest),
            ("3D", rest) => ('=', rest),
            _ => return None,
        };
        plain.push(char);
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn verifier() -> ScramVerifier {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        password::scram_verifier("pencil", &salt, NonZeroU32::new(4096).expect("more than zero"))
    }

    fn answer(first: &str, last: &str) -> Option<Step> {
        Scram::client_first(first, SERVER_NONCE)?.server_first(&verifier()).client_final(last)
    }

    /// The exchange of RFC 7677 §3.
    #[test]
    fn the_known_exchange() {
        let first = Scram::client_first(CLIENT_FIRST, SERVER_NONCE).expect("well-formed").server_first(&verifier());
        assert_eq!(
            first.text(),
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let last = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_vec();
        assert_eq!(first.client_final(CLIENT_FINAL), Some(Step::Proven { user: "user".into(), last }));
    }

    #[test]
    fn wrong_and_malformed_finals() {
        let nonce = format!("rOprNGfwEbeRWgbNEkqO{SERVER_NONCE}");
        let wrong = CLIENT_FINAL.replace("p=dHzb", "p=dHzc");
        assert_eq!(answer(CLIENT_FIRST, &wrong), Some(Step::Wrong));
        for last in [
            String::new(),
            format!("c=biws,r={nonce}"),
            format!("c=biws,r={nonce},p=short"),
            format!("c=biws,r={nonce},p=AAAA"),
            CLIENT_FINAL.replace("c=biws", "c=eSws"),
            CLIENT_FINAL.replace("r=rOpr", "r=rOps"),
            CLIENT_FINAL.replace("hNlF$k0,", "hNlF$k,"),
        ] {
            assert_eq!(answer(CLIENT_FIRST, &last), None, "{last}");
        }
        assert_eq!(answer("y,,n=user,r=rOprNGfwEbeRWgbNEkqO", CLIENT_FINAL), None, "the header must be repeated");
    }

    #[test]
    fn firsts() {
        for (message, expected) in [
            ("n,,n=user,r=abc", Some("user")),
            ("y,,n=user,r=abc", Some("user")),
            ("n,a=user,n=user,r=abc", Some("user")),
            ("n,,n=a=2Cb=3Dc,r=abc,x=extension", Some("a,b=c")),
            ("n,a=other,n=user,r=abc", None),
            ("n,user,n=user,r=abc", None),
            ("p=tls-exporter,,n=user,r=abc", None),
            ("n,,m=x,n=user,r=abc", None),
            ("n,,n=us=er,r=abc", None),
            ("n,,n=us=2,r=abc", None),
            ("n,,n=,r=abc", None),
            ("n,,n=us\ter,r=abc", None),
            ("n,,n=user,r=", None),
            ("n,,n=user,r=a b", None),
            ("n,,n=user", None),
            ("", None),
        ] {
            let scram = Scram::client_first(message, SERVER_NONCE);
            assert_eq!(scram.as_ref().map(Scram::user), expected, "{message:?}");
        }
        let long = format!("n,,n=user,r={}", "a".repeat(CLIENT_NONCE_BYTES_MAX + 1));
        assert!(Scram::client_first(&long, SERVER_NONCE).is_none());
        assert_ne!(nonce(), nonce());
        assert!(nonce().bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
    }
}
