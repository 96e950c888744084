//! Codes that a device shows, as a second factor (RFC 6238 with SHA-1, 6 digits, 30 seconds: what every app knows), and
//! recovery codes for the day the device is lost. Pure: told the time, keeps nothing.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use mailstead_storage::Time;

use super::password::random;

/// Bytes of the key that is shared with the device.
pub const KEY_BYTES: usize = 20;
/// Recovery codes that are given out.
pub const RECOVERY_CODES: usize = 8;
/// Digits of a code.
const DIGITS: usize = 6;
/// Seconds for which a code is shown.
const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one that are taken, for clocks that are wrong.
const STEPS_OFF: u64 = 1;
/// Letters of base 32 (RFC 4648 §6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of a recovery code, of five bits each.
const RECOVERY_LETTERS: usize = 12;

/// A new key.
pub fn new_key() -> [u8; KEY_BYTES] {
    random()
}

/// Bytes as base 32, as a person types a key.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let letters = (chunk.len() * 8).div_ceil(5);
        text.extend((0..letters).map(|at| char::from(BASE32[(bits >> (35 - 5 * at)) as usize & 31])));
    }
    text
}

/// What a device reads from a QR code.
pub fn key_uri(key: &[u8], issuer: &str, address: &str) -> String {
    let escaped = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
        let shown = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(shown).collect()
    };
    let (issuer, address) = (escaped(issuer), escaped(address));
    format!("otpauth://totp/{issuer}:{address}?secret={}&issuer={issuer}", base32(key))
}

/// The step of this code, when it is one that the device shows about now, and later than `last_step`: none is taken
/// twice.
pub fn step_of(key: &[u8], code: &str, last_step: u64, now: Time) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let present = now.seconds() / STEP_SECONDS;
    let steps = present.saturating_sub(STEPS_OFF)..=present + STEPS_OFF;
    let is_shown = |step: &u64| verify_slices_are_equal(shown(key, *step).as_bytes(), code.as_bytes()).is_ok();
    steps.filter(|step| *step > last_step).find(is_shown)
}

/// The code of a step (RFC 4226 §5.3).
fn shown(key: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 15);
    let number = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
    format!("{:0DIGITS$}", number % 10u32.pow(DIGITS as u32))
}

/// New recovery codes, as they are told, once.
pub fn new_recovery_codes() -> Vec<String> {
    let code = || {
        let letters: String =
            random::<RECOVERY_LETTERS>().iter().map(|byte| char::from(BASE32[usize::from(byte & 31)])).collect();
        let letters = letters.to_lowercase();
        format!("{}-{}-{}", &letters[..4], &letters[4..8], &letters[8..])
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// What is kept of a recovery code: sixty random bits are enough for a plain hash, since guesses are counted.
pub fn recovery_hash(code: &str) -> [u8; 32] {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    *blake3::hash(letters.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six digits.
    #[test]
    fn codes_of_the_rfc() {
        let key = b"12345678901234567890";
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(shown(key, second / 30), code, "{second}");
            assert_eq!(step_of(key, code, 0, Time(second * 1000)), Some(second / 30), "{second}");
        }
    }

    #[test]
    fn a_code_is_taken_once_and_about_now() {
        let (key, second) = (b"12345678901234567890", 1_111_111_111);
        let step = second / 30;
        let taken = |last, second: u64| step_of(key, "050 471", last, Time(second * 1000));
        assert_eq!(taken(step, second), None, "taken already");
        assert_eq!((taken(step - 1, second - 30), taken(step - 1, second + 30)), (Some(step), Some(step)));
        assert_eq!((taken(0, second - 60), taken(0, second + 60)), (None, None));
        assert_eq!(step_of(key, "", 0, Time(second * 1000)), None);
    }

    #[test]
    fn base32_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let uri = key_uri(b"fooba", "mx.example.test", "a b@example.test");
        assert_eq!(uri, "otpauth://totp/mx.example.test:a%20b@example.test?secret=MZXW6YTB&issuer=mx.example.test");
    }

    #[test]
    fn recovery_codes_differ_and_are_read_as_people_type() {
        let codes = new_recovery_codes();
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), RECOVERY_CODES);
        assert_eq!(recovery_hash(&codes[0]), recovery_hash(&codes[0].to_uppercase().replace('-', " ")));
    }
}
