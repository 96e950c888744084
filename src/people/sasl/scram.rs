//! SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side (RFC 5802 §5, §6, RFC 7677).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use mailstead_storage::ScramVerifier;

use super::super::password;
use super::{ChannelBindings, Step, acceptable};

/// Random bytes of the server's nonce.
const NONCE_BYTES: usize = 18;
/// Most bytes of the client's nonce.
const CLIENT_NONCE_BYTES_MAX: usize = 512;

/// What the client-first-message said.
pub(super) struct Scram {
    user: String,
    /// The gs2-header, which `c=` must repeat.
    header: String,
    binding: Binding,
    client_first_bare: String,
    /// The client's nonce and ours.
    nonce: String,
}

/// What the client says of channel binding.
#[derive(PartialEq, Eq)]
enum Binding {
    /// Nothing is bound.
    None,
    /// `c=` must name these bytes behind the header.
    Bytes(Vec<u8>),
    /// The client was made to believe that we bind nothing: somebody is between us.
    Downgraded,
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
    /// Reads `gs2-header n=user,r=nonce[,extensions]`. With `plus`, the client must bind its login to one of `offered`.
    pub(super) fn client_first(
        message: &str,
        server_nonce: &str,
        plus: bool,
        offered: &ChannelBindings,
    ) -> Option<Scram> {
        let (flag, after_flag) = message.split_once(',')?;
        let binding = match (flag, flag.strip_prefix("p=")) {
            (_, Some(name)) if plus => Binding::Bytes(offered.by_name(name)?.to_vec()),
            ("n", _) if !plus => Binding::None,
            // The client thinks that we bind nothing. It would have used what was offered (RFC 5802 §6).
            ("y", _) if !plus && offered.is_empty() => Binding::None,
            ("y", _) if !plus => Binding::Downgraded,
            _ => return None,
        };
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
            header: header.to_string(),
            binding,
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
        let binding = BASE64_STANDARD.decode(binding).ok()?;
        let binding = binding.strip_prefix(self.scram.header.as_bytes())?;
        if nonce != self.scram.nonce || proof.len() != digest::SHA256_OUTPUT_LEN {
            return None;
        }
        let auth_message = format!("{},{},{without_proof}", self.scram.client_first_bare, self.text);
        if !self.scram.binding.holds(binding) || !self.proves(&proof, &auth_message) {
            return Some(Step::Wrong { user: self.scram.user().to_owned() });
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

impl Binding {
    fn holds(&self, bytes: &[u8]) -> bool {
        match self {
            Binding::None => bytes.is_empty(),
            Binding::Bytes(bound) => bytes == bound,
            Binding::Downgraded => false,
        }
    }
}

fn sign(key: &[u8], message: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes())
}

/// saslname with `=2C` and `=3D` resolved.
pub(super) fn unescaped(name: &str) -> Option<String> {
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
        first_of(first)?.server_first(&verifier()).client_final(last)
    }

    fn first_of(message: &str) -> Option<Scram> {
        Scram::client_first(message, SERVER_NONCE, false, &ChannelBindings::default())
    }

    /// The client's last message for a right password, with these bytes bound.
    fn final_with(first: &ServerFirst, header: &str, bound: &[u8]) -> String {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let iterations = NonZeroU32::new(4096).expect("more than zero");
        let mut salted = [0; 32];
        aws_lc_rs::pbkdf2::derive(aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, b"pencil", &mut salted);
        let client_key = sign(&salted, "Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        let binding = BASE64_STANDARD.encode([header.as_bytes(), bound].concat());
        let without_proof = format!("c={binding},r={}", first.scram.nonce);
        let message = format!("{},{},{without_proof}", first.scram.client_first_bare, first.text);
        let signature = sign(stored_key.as_ref(), &message);
        let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect();
        format!("{without_proof},p={}", BASE64_STANDARD.encode(proof))
    }

    #[test]
    fn channel_bindings() {
        let offered = ChannelBindings { exporter: Some([7; 32]), end_point: Some(vec![9; 48]) };
        let check = |plus: bool, flag: &str, bound: &[u8], offered: &ChannelBindings, expected: Option<bool>| {
            let header = format!("{flag},,");
            let first = Scram::client_first(&format!("{header}n=user,r=abc"), SERVER_NONCE, plus, offered);
            let step = first.map(|first| first.server_first(&verifier())).map(|first| {
                let last = final_with(&first, &header, bound);
                first.client_final(&last).expect("well-formed")
            });
            let proven = step.map(|step| matches!(step, Step::Proven { .. }));
            assert_eq!(proven, expected, "{plus} {flag} {bound:?}");
        };
        let none = ChannelBindings::default();
        check(false, "n", b"", &none, Some(true));
        check(false, "n", b"", &offered, Some(true));
        check(false, "n", b"x", &offered, Some(false));
        check(false, "y", b"", &none, Some(true));
        // The password is right, but somebody has hidden what we offer.
        check(false, "y", b"", &offered, Some(false));
        check(false, "p=tls-exporter", &[7; 32], &offered, None);
        check(true, "p=tls-exporter", &[7; 32], &offered, Some(true));
        check(true, "p=tls-exporter", &[8; 32], &offered, Some(false));
        check(true, "p=tls-exporter", b"", &offered, Some(false));
        check(true, "p=tls-server-end-point", &[9; 48], &offered, Some(true));
        check(true, "p=tls-server-end-point", &[7; 32], &offered, Some(false));
        check(true, "p=tls-unique", &[7; 32], &offered, None);
        check(true, "p=tls-exporter", &[7; 32], &none, None);
        check(true, "n", b"", &offered, None);
        check(true, "y", b"", &offered, None);
    }

    /// The exchange of RFC 7677 §3.
    #[test]
    fn the_known_exchange() {
        let first = first_of(CLIENT_FIRST).expect("well-formed").server_first(&verifier());
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
        assert_eq!(answer(CLIENT_FIRST, &wrong), Some(Step::Wrong { user: "user".into() }));
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
            let scram = first_of(message);
            assert_eq!(scram.as_ref().map(Scram::user), expected, "{message:?}");
        }
        let long = format!("n,,n=user,r={}", "a".repeat(CLIENT_NONCE_BYTES_MAX + 1));
        assert!(first_of(&long).is_none());
        assert_ne!(nonce(), nonce());
        assert!(nonce().bytes().all(|byte| byte.is_ascii_graphic() && byte != b','));
    }
}
