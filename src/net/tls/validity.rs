//! When a certificate ends (RFC 5280 §4.1.2.5).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::end_point::{SEQUENCE, element};
use crate::clock::Time;

const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// `TBSCertificate ::= SEQUENCE { version [0]?, serialNumber, signature, issuer, validity { notBefore, notAfter }, … }`
pub(super) fn ends(certificate: &[u8]) -> Option<Time> {
    let (fields, _) = element(certificate, SEQUENCE)?;
    let (body, _) = element(fields, SEQUENCE)?;
    let after_version = element(body, VERSION).map_or(body, |(_, rest)| rest);
    let (_, after_serial) = element(after_version, INTEGER)?;
    let (_, after_algorithm) = element(after_serial, SEQUENCE)?;
    let (_, after_issuer) = element(after_algorithm, SEQUENCE)?;
    let (validity, _) = element(after_issuer, SEQUENCE)?;
    let (_, not_after) = element(validity, UTC_TIME).or_else(|| element(validity, GENERALIZED_TIME))?;
    let generalized = element(not_after, GENERALIZED_TIME).map(|(text, _)| text.to_vec());
    let text = generalized.or_else(|| element(not_after, UTC_TIME).and_then(|(text, _)| with_century(text)))?;
    moment(&text)
}

/// A year of two digits is one of 1950 to 2049.
fn with_century(text: &[u8]) -> Option<Vec<u8>> {
    let century = if text.first()? >= &b'5' { b"19" } else { b"20" };
    Some([century, text].concat())
}

/// `YYYYMMDDHHMMSSZ`
fn moment(text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?;
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?.to_zoned(TimeZone::UTC).ok()?;
    u64::try_from(at.timestamp().as_millisecond()).ok().map(Time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::rfc3339;

    fn made(year: i32) -> Vec<u8> {
        let mut parameters = rcgen::CertificateParams::new(vec!["mx.example.test".into()]).expect("a name");
        parameters.not_after = rcgen::date_time_ymd(year, 3, 4);
        parameters.self_signed(&rcgen::KeyPair::generate().expect("a key")).expect("a certificate").der().to_vec()
    }

    #[test]
    fn both_ways_to_write_a_time() {
        for (year, expected) in
            [(2027, "2027-03-04T00:00:00.000Z"), (2049, "2049-03-04T00:00:00.000Z"), (2051, "2051-03-04T00:00:00.000Z")]
        {
            assert_eq!(ends(&made(year)).map(rfc3339).as_deref(), Some(expected));
        }
    }

    proptest! {
        #[test]
        fn broken_certificates_have_no_end(bytes: Vec<u8>, cut in 0_usize..300, flip in 0_usize..300) {
            let _ = ends(&bytes);
            let mut made = made(2027);
            prop_assert_eq!(ends(&made[..cut.min(100)]), None);
            let at = flip % made.len();
            made[at] ^= 0x55;
            let _ = ends(&made);
        }
    }
}
