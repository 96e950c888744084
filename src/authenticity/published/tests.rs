//! What is said of a domain's records.

use std::sync::Arc;

use mailstead_storage::{KeyAlgorithm, KeyState, SigningKey, Time};

use super::*;
use crate::authenticity::AuthenticitySettings;
use crate::dns::Tlsa;
use crate::dns::fake::Fake;

fn expected() -> Expected {
    let key = SigningKey {
        selector: "mail1-rsa".into(),
        algorithm: KeyAlgorithm::Rsa,
        state: KeyState::Active,
        public: "QUJD".into(),
        sealed: Vec::new(),
        created: Time(0),
    };
    Expected {
        domain: "example.test".into(),
        keys: vec![key],
        hostname: "mx.example.test".into(),
        certificate: Some("00ff".into()),
    }
}

fn right() -> Fake {
    Fake::default()
        .secure()
        .mx("example.test", &["10 mx.example.test"])
        .host("mx.example.test", &["192.0.2.1", "2001:db8::1"])
        .ptr("192.0.2.1", &["mx.example.test"])
        .ptr("2001:db8::1", &["mx.example.test"])
        .txt("example.test", &["google-site=1", "v=spf1 mx -all"])
        .txt("mail1-rsa._domainkey.example.test", &["v=DKIM1; k=rsa; p=QU JD"])
        .txt("_dmarc.example.test", &["v=DMARC1; p=reject"])
        .txt("_mta-sts.example.test", &["v=STSv1; id=1"])
        .txt("_smtp._tls.example.test", &["v=TLSRPTv1; rua=mailto:postmaster@example.test"])
        .tlsa("_25._tcp.mx.example.test", Ok(vec![Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0x00, 0xff] }]))
}

async fn find(dns: Fake) -> Vec<Finding> {
    let resolver: Arc<dyn Resolver> = Arc::new(dns);
    let checks = Checks::new(AuthenticitySettings::default(), "mx.example.test".into(), Arc::clone(&resolver));
    look_up(&resolver, &checks, &expected()).await
}

#[tokio::test]
async fn all_is_well_when_it_is() {
    let findings = find(right()).await;
    let names: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
    let all = ["MX", "A, AAAA", "PTR 192.0.2.1", "PTR 2001:db8::1", "SPF", "DKIM mail1-rsa", "DMARC", "MTA-STS"];
    assert_eq!(names[..8], all);
    assert_eq!(names[8..], ["TLS-RPT", "DANE"]);
    for finding in findings {
        assert_eq!((finding.judgement, &finding.put), (Judgement::Right, &None), "{finding:?}");
    }
}

/// With this DNS, the finding of this name is so, and says to put this there.
async fn check(dns: Fake, what: &str, judgement: Judgement, put: Option<&str>) {
    let findings = find(dns).await;
    let finding = findings.iter().find(|finding| finding.what == what).expect("looked up");
    assert_eq!((finding.judgement, finding.put.as_deref()), (judgement, put), "{finding:?}");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_cure() {
    use Judgement::{Optional, Unknown, Wrong};
    let fault = || Fault::Temporary("broken".into());
    let spf = Some("example.test. IN TXT \"v=spf1 mx -all\"");
    let mx = Some("example.test. IN MX 10 mx.example.test.");
    let nothing = Fake::default;
    check(nothing(), "MX", Wrong, mx).await;
    check(right().mx("example.test", &["5 other.test"]), "MX", Wrong, mx).await;
    check(right().mx_fault("example.test", fault()), "MX", Unknown, None).await;
    check(nothing(), "A, AAAA", Wrong, Some("mx.example.test. IN A (this host's address)")).await;
    let ptr = Some("1.2.0.192.in-addr.arpa. IN PTR mx.example.test.");
    check(right().ptr("192.0.2.1", &["host-1.isp.test"]), "PTR 192.0.2.1", Wrong, ptr).await;
    check(nothing(), "SPF", Wrong, spf).await;
    check(right().txt("example.test", &["v=spf1 mx", "v=spf1 a"]), "SPF", Wrong, spf).await;
    check(right().txt("example.test", &["v=spf1 ip4:192.0.2.1 -all"]), "SPF", Wrong, spf).await;
    check(right().txt("example.test", &["v=spf10 +all"]), "SPF", Wrong, spf).await;
    let key = Some("mail1-rsa._domainkey.example.test. IN TXT \"v=DKIM1; k=rsa; p=QUJD\"");
    check(nothing(), "DKIM mail1-rsa", Wrong, key).await;
    check(right().txt("mail1-rsa._domainkey.example.test", &["v=DKIM1; p=Other"]), "DKIM mail1-rsa", Wrong, key).await;
    let dmarc = Some("_dmarc.example.test. IN TXT \"v=DMARC1; p=quarantine; rua=mailto:postmaster@example.test\"");
    check(nothing(), "DMARC", Wrong, dmarc).await;
    check(right().txt("_dmarc.example.test", &["v=DMARC1; sp=none"]), "DMARC", Wrong, dmarc).await;
    check(nothing(), "MTA-STS", Optional, None).await;
    check(nothing(), "DANE", Optional, Some("_25._tcp.mx.example.test. IN TLSA 3 1 1 00ff")).await;
    let other = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![1] };
    let dane = right().tlsa("_25._tcp.mx.example.test", Ok(vec![other]));
    check(dane, "DANE", Wrong, Some("_25._tcp.mx.example.test. IN TLSA 3 1 1 00ff")).await;
    check(right().tlsa("_25._tcp.mx.example.test", Err(fault())), "DANE", Unknown, None).await;
}
