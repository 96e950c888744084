//! Bearer tokens of an identity provider: OAUTHBEARER (RFC 7628) and XOAUTH2, its forerunner that many clients
//! still speak.

use super::{Step, acceptable};

/// How OAUTHBEARER tells that a token is refused (RFC 7628 §3.2.2).
pub(super) const OAUTHBEARER_REFUSAL: &[u8] = br#"{"status":"invalid_token"}"#;

/// How XOAUTH2 tells it.
pub(super) const XOAUTH2_REFUSAL: &[u8] = br#"{"status":"401","schemes":"bearer"}"#;

/// `n,a=user@example.com,^Ahost=server.example.com^Aport=143^Aauth=Bearer token^A^A` (RFC 7628 §3.1).
pub(super) fn oauthbearer(message: &str) -> Option<Step> {
    // A bearer token binds nothing to the channel: `p=` asks for what there is not.
    let after_flag = message.strip_prefix("n,").or_else(|| message.strip_prefix("y,"))?;
    let (identity, pairs) = after_flag.split_once(",\x01")?;
    let user = match identity {
        "" => None,
        name => Some(acceptable(&super::scram::unescaped(name.strip_prefix("a=")?)?)?),
    };
    Some(Step::Token { user, token: token(pairs)? })
}

/// `user=someone@example.com^Aauth=Bearer token^A^A`
pub(super) fn xoauth2(message: &str) -> Option<Step> {
    let (user, pairs) = message.strip_prefix("user=")?.split_once('\x01')?;
    Some(Step::Token { user: Some(acceptable(user)?), token: token(pairs)? })
}

/// The token of `auth=Bearer token`, among other pairs, each ended by `^A`, and all of them once more.
fn token(pairs: &str) -> Option<String> {
    let pairs = pairs.strip_suffix("\x01\x01")?;
    let value = pairs.split('\x01').find_map(|pair| pair.strip_prefix("auth="))?;
    let (scheme, token) = value.split_once(' ')?;
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then(|| token.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(user: Option<&str>, token: &str) -> Option<Step> {
        Some(Step::Token { user: user.map(str::to_string), token: token.to_string() })
    }

    #[test]
    fn oauthbearer_messages() {
        for (message, expected) in [
            (
                "n,a=user@example.com,\x01host=a\x01port=143\x01auth=Bearer vF9=\x01\x01",
                found(Some("user@example.com"), "vF9="),
            ),
            ("n,,\x01auth=bearer t\x01\x01", found(None, "t")),
            ("y,a=a=2Cb,\x01auth=Bearer t\x01\x01", found(Some("a,b"), "t")),
            ("p=tls-exporter,,\x01auth=Bearer t\x01\x01", None),
            ("n,b=x,\x01auth=Bearer t\x01\x01", None),
            ("n,a=,\x01auth=Bearer t\x01\x01", None),
            ("n,,\x01auth=Basic t\x01\x01", None),
            ("n,,\x01auth=Bearer \x01\x01", None),
            ("n,,\x01auth=Bearer a b\x01\x01", None),
            ("n,,\x01auth=Bearer t\x01", None),
            ("n,,auth=Bearer t\x01\x01", None),
            ("n,,\x01host=a\x01\x01", None),
            ("n,,\x01\x01", None),
            ("", None),
        ] {
            assert_eq!(oauthbearer(message), expected, "{message:?}");
        }
    }

    #[test]
    fn xoauth2_messages() {
        for (message, expected) in [
            ("user=a@b\x01auth=Bearer ya29.x\x01\x01", found(Some("a@b"), "ya29.x")),
            ("user=\x01auth=Bearer t\x01\x01", None),
            ("auth=Bearer t\x01\x01", None),
            ("user=a@b\x01\x01", None),
        ] {
            assert_eq!(xoauth2(message), expected, "{message:?}");
        }
    }
}
