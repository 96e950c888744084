//! DANE (RFC 6698, 7671, 7672): does a certificate match one of the TLSA records? Usages 2 (DANE-TA) and 3 (DANE-EE)
//! only; the others mean nothing to SMTP (RFC 7672 §3.1.3). Pure.

use aws_lc_rs::digest;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error};

use crate::dns::Tlsa;

/// Usage DANE-TA.
const TRUST_ANCHOR: u8 = 2;
/// Usage DANE-EE.
const END_ENTITY: u8 = 3;

/// Can this record be used at all? Records that cannot are as if they were not there (RFC 7672 §2.2).
pub(super) fn is_usable(tlsa: &Tlsa) -> bool {
    let length = match tlsa.matching {
        0 => tlsa.data.len(),
        1 => digest::SHA256_OUTPUT_LEN,
        2 => digest::SHA512_OUTPUT_LEN,
        _ => return false,
    };
    matches!(tlsa.usage, TRUST_ANCHOR | END_ENTITY)
        && tlsa.selector <= 1
        && !tlsa.data.is_empty()
        && tlsa.data.len() == length
}

/// Checks a certificate and what came with it.
///
/// # Errors
/// No record matches.
pub(super) fn check(
    records: &[Tlsa],
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    // Of an end entity's certificate neither name nor time matter (RFC 7672 §3.1.1).
    if records.iter().any(|tlsa| tlsa.usage == END_ENTITY && matches(tlsa, leaf)) {
        return Ok(());
    }
    let mut outcome = Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
    for anchor in others {
        if records.iter().any(|tlsa| tlsa.usage == TRUST_ANCHOR && matches(tlsa, anchor)) {
            outcome = super::verifier::by_anchor(anchor, leaf, others, name, now);
            if outcome.is_ok() {
                break;
            }
        }
    }
    outcome
}

fn matches(tlsa: &Tlsa, certificate: &CertificateDer<'_>) -> bool {
    let selected = match tlsa.selector {
        0 => Some(certificate.as_ref()),
        _ => public_key(certificate.as_ref()),
    };
    let Some(selected) = selected else { return false };
    match tlsa.matching {
        0 => selected == tlsa.data,
        1 => digest::digest(&digest::SHA256, selected).as_ref() == tlsa.data,
        _ => digest::digest(&digest::SHA512, selected).as_ref() == tlsa.data,
    }
}

/// The SubjectPublicKeyInfo of a certificate (RFC 5280 §4.1), as it stands there.
fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (_, outer, _) = element(certificate)?;
    let (_, mut rest, _) = element(outer)?;
    // version (absent in v1), serialNumber, signature, issuer, validity, subject
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    Some(element(rest)?.0)
}

/// The first DER element of `bytes`: all of it, its contents, and what follows it.
fn element(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, header) = match *bytes.get(1)? {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            let digits = bytes.get(2..2 + count).filter(|_| (1..=4).contains(&count))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), 2 + count)
        }
    };
    let end = header.checked_add(length)?;
    Some((bytes.get(..end)?, bytes.get(header..end)?, bytes.get(end..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _};

    use super::*;

    fn tlsa(usage: u8, selector: u8, matching: u8, data: &[u8]) -> Tlsa {
        Tlsa { usage, selector, matching, data: data.to_vec() }
    }

    #[test]
    fn usable_records() {
        let check = |usage, selector, matching, length: usize, expected| {
            let record = tlsa(usage, selector, matching, &vec![1; length]);
            assert_eq!(is_usable(&record), expected, "{usage} {selector} {matching} {length}");
        };
        check(3, 1, 1, 32, true);
        check(2, 0, 2, 64, true);
        check(3, 0, 0, 700, true);
        check(3, 1, 1, 31, false);
        check(1, 1, 1, 32, false);
        check(3, 2, 1, 32, false);
        check(3, 1, 3, 32, false);
        check(3, 1, 0, 0, false);
    }

    #[test]
    fn records_match_what_they_name() {
        let anchor_key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let anchor = params.self_signed(&anchor_key).expect("an anchor");
        let issuer = Issuer::new(params, anchor_key);
        let key = KeyPair::generate().expect("a key");
        let leaf =
            CertificateParams::new(vec!["mx.test".into()]).expect("names").signed_by(&key, &issuer).expect("a leaf");
        let spki = key.subject_public_key_info();
        assert_eq!(public_key(leaf.der()), Some(spki.as_slice()));

        let sha = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes).as_ref().to_vec();
        let try_it = |record: Tlsa, host: &str| {
            let name = ServerName::try_from(host.to_string()).expect("a name");
            let others = [anchor.der().clone()];
            check(&[tlsa(3, 1, 1, &[0; 32]), record], leaf.der(), &others, &name, UnixTime::now()).is_ok()
        };
        assert!(try_it(tlsa(3, 1, 1, &sha(&spki)), "mx.test"));
        assert!(try_it(tlsa(3, 0, 1, &sha(leaf.der())), "any.name"), "the name does not matter");
        assert!(try_it(tlsa(3, 1, 0, &spki), "mx.test"));
        assert!(try_it(tlsa(2, 0, 1, &sha(anchor.der())), "mx.test"));
        assert!(!try_it(tlsa(2, 0, 1, &sha(anchor.der())), "other.test"), "here it does");
        assert!(!try_it(tlsa(3, 0, 1, &sha(anchor.der())), "mx.test"));
        assert!(!try_it(tlsa(2, 0, 1, &sha(leaf.der())), "mx.test"));
    }

    proptest! {
        #[test]
        fn no_certificate_panics(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = public_key(&bytes);
        }
    }
}
