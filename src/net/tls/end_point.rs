//! The channel binding `tls-server-end-point` (RFC 5929 §4.1): the hash of the server's certificate, by the hash
//! function that the certificate was signed with.

use aws_lc_rs::digest::{self, Algorithm};

pub(super) const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// PKCS #1 v1.5 signatures; the last byte names the hash function.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// ECDSA with SHA-2; as above.
const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
/// ECDSA with SHA-1.
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];

/// The binding of a certificate in DER. `None` for signatures that have no hash function of their own, such as
/// Ed25519: the binding is not defined for them.
pub(super) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let hash = hash_of(signature_algorithm(certificate)?)?;
    Some(digest::digest(hash, certificate).as_ref().to_vec())
}

/// The hash function of a signature; for MD5 and SHA-1, SHA-256 takes their place.
fn hash_of(signature: &[u8]) -> Option<&'static Algorithm> {
    let (family, hash) = signature.split_at(signature.len().checked_sub(1)?);
    Some(match (family, hash) {
        (RSA, [4 | 5 | 11]) | (ECDSA_SHA2, [2]) => &digest::SHA256,
        (RSA, [12]) | (ECDSA_SHA2, [3]) => &digest::SHA384,
        (RSA, [13]) | (ECDSA_SHA2, [4]) => &digest::SHA512,
        (RSA, [14]) | (ECDSA_SHA2, [1]) => &digest::SHA224,
        _ if signature == ECDSA_SHA1 => &digest::SHA256,
        _ => return None,
    })
}

/// `Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … }`
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (fields, _) = element(certificate, SEQUENCE)?;
    let (_, after_body) = element(fields, SEQUENCE)?;
    let (algorithm, _) = element(after_body, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER).map(|(identifier, _)| identifier)
}

/// The contents of the first element, which must have this tag, and what follows it.
pub(super) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, first, rest @ ..] = bytes else { return None };
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long - 0x80).filter(|(digits, _)| digits.len() <= 4)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    rest.split_at_checked(length).filter(|_| *found == tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
        let key = rcgen::KeyPair::generate_for(algorithm).expect("a key");
        let parameters = rcgen::CertificateParams::new(vec!["mx.example.test".into()]).expect("a name");
        parameters.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn the_hash_is_the_signature_s() {
        for (algorithm, hash) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, Some(&digest::SHA256)),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Some(&digest::SHA384)),
            (&rcgen::PKCS_ED25519, None),
        ] {
            let certificate = made(algorithm);
            let expected = hash.map(|hash| digest::digest(hash, &certificate).as_ref().to_vec());
            assert_eq!(end_point(&certificate), expected);
        }
    }

    #[test]
    fn hash_functions() {
        for (last, hash) in [(4, Some(32)), (5, Some(32)), (11, Some(32)), (12, Some(48)), (13, Some(64)), (10, None)] {
            let length = hash_of(&[RSA, &[last]].concat()).map(|hash| hash.output_len());
            assert_eq!(length, hash, "{last}");
        }
        assert!(hash_of(&[]).is_none());
        assert_eq!(hash_of(ECDSA_SHA1).map(|hash| hash.output_len()), Some(32));
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut certificate = made(&rcgen::PKCS_ECDSA_P256_SHA256);
            let at = at.index(certificate.len());
            certificate[at] = byte;
            certificate.truncate(cut.index(certificate.len()));
            end_point(&certificate);
        }
    }
}
