//! Chains of those that passed a message on (RFC 8617): made here with the library's sealer, and one by dkimpy 1.1, which
//! shares no line with it.

use std::time::Duration;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::arc::ArcSealer;
use mail_auth::headers::HeaderWriter as _;
use mail_auth::{AuthenticatedMessage, AuthenticationResults, MessageAuthenticator, Parameters};
use tokio::time::Instant;

use super::super::ask::{Texts, ask_all};
use super::super::at_once;
use super::super::known::Known;
use super::*;
use crate::dns::Resolver;

const MESSAGE: &str = "From: ann@sender.test\r\nTo: list@first.test\r\nSubject: Hi\r\n\r\nHello\r\n";

/// Somebody who passes messages on.
struct Hop {
    domain: &'static str,
    key: BoxKey,
    signing: SigningKey,
    _data: tempfile::TempDir,
}

impl Hop {
    fn new(domain: &'static str) -> Hop {
        let data = tempfile::tempdir().expect("folder");
        let key = BoxKey::open(data.path()).expect("key");
        let signing = key_pair::make(domain, "s", KeyAlgorithm::Rsa, &key, Time(0)).expect("made");
        Hop { domain, key, signing, _data: data }
    }

    fn publish(&self, dns: Fake) -> Fake {
        dns.txt(&key_pair::record_name(self.domain, "s"), &[&key_pair::record(&self.signing)])
    }

    /// The message with one more link, which says what the hop makes of the chain so far.
    async fn seal(&self, dns: &Arc<dyn Resolver>, message: &str) -> String {
        let nobody = ResolverConfig::from_name_servers(Vec::new());
        let library = MessageAuthenticator::new(nobody, ResolverOpts::default()).expect("a library");
        let parsed = AuthenticatedMessage::parse(message.as_bytes()).expect("a message");
        let mut known = Known::new(client().address);
        at_once(library.verify_arc(Parameters::new(&parsed).with_cache(&known)));
        known = ask_all(dns, Texts::ByName, known, Instant::now() + Duration::from_secs(1)).await;
        let chain = at_once(library.verify_arc(Parameters::new(&parsed).with_cache(&known)));
        let results = AuthenticationResults::new(self.domain);
        let key = key_pair::open(self.domain, &self.signing, &self.key).expect("opens");
        let sealer = ArcSealer::from_key(key).domain(self.domain).selector("s").headers(["From", "To", "Subject"]);
        format!("{}{message}", sealer.seal(&parsed, &results, &chain).expect("sealed").to_header())
    }
}

async fn check(dns: Fake, message: &str, expected: (&str, &str)) {
    let (_, findings) = find(settings(), dns, client(), message).await;
    let found = findings.checks.iter().find(|finding| finding.method == "arc").expect("a chain");
    assert_eq!((found.result, found.domain.as_str()), expected, "{}: {message}", found.reason);
    assert_eq!(found.reason.is_empty(), found.result == "pass");
    assert!(findings.field.contains(&format!("arc={}", found.result)), "{}", findings.field);
}

#[tokio::test]
async fn chains() {
    let (first, second) = (Hop::new("first.test"), Hop::new("second.test"));
    let published = || second.publish(first.publish(dns()));
    let resolver: Arc<dyn Resolver> = Arc::new(published());
    let once = first.seal(&resolver, MESSAGE).await;
    let twice = second.seal(&resolver, &once).await;
    // What the list changed, and signed anew.
    let changed = second.seal(&resolver, &once.replace("Subject: Hi", "Subject: [list] Hi")).await;
    for (message, expected) in [
        (once.clone(), ("pass", "first.test")),
        (twice.clone(), ("pass", "second.test")),
        (once.replace("Hello", "Hullo"), ("neutral", "first.test")),
        (once.replace("Subject: Hi", "Subject: Ho"), ("fail", "first.test")),
        (twice.replace("Hello", "Hullo"), ("neutral", "second.test")),
        (twice.replace("cv=pass", "cv=none"), ("fail", "second.test")),
        (changed, ("fail", "second.test")),
    ] {
        check(published(), &message, expected).await;
    }
    // The key of a link is gone.
    check(dns(), &once, ("permerror", "first.test")).await;
}

/// A message with two links, as dkimpy has made them.
const BY_DKIMPY: &str = include_str!("arc_by_dkimpy.eml");

/// The key of both of its links.
const KEY_OF_DKIMPY: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCraAgHSPHJtieYAmoT8grSTbXLpBJ5SQYeS2T3edJWsNVQ2ZGqIdqVFPPAH7QM\
    sE81b6Q5zyWAl8F4fqdtbY8SP+YengJ9qiE4OtaL6nj+YCluLf0bdHCBvvRNeLq9J4nMc/7voIPol9PCyMdcbGThxkla0kq2qrRq\
    1mjVeC8nMQIDAQAB";

#[tokio::test]
async fn a_chain_that_others_have_made() {
    let published = || {
        let dns = dns().txt(&key_pair::record_name("list.test", "s"), &[KEY_OF_DKIMPY]);
        dns.txt(&key_pair::record_name("relay.test", "s"), &[KEY_OF_DKIMPY])
    };
    let message = BY_DKIMPY.replace('\n', "\r\n");
    for (message, expected) in [
        (message.clone(), "pass"),
        (message.replace("What do you", "What did you"), "neutral"),
        (message.replace("A question", "No question"), "fail"),
        (message.replace("smtp.mailfrom=sender.test\r\nFrom", "smtp.mailfrom=other.test\r\nFrom"), "pass"),
        (message.replace(" spf=pass smtp.mailfrom=sender.test\r\nAuth", " spf=fail\r\nAuth"), "fail"),
    ] {
        check(published(), &message, (expected, "relay.test")).await;
    }
}

/// The message of RFC 8617 §B, as the last of its hops passes it on. Its signatures are examples of a form, made with no
/// key that was ever published.
const OF_THE_RFC: &str = "ARC-Seal: i=3; a=rsa-sha256; cv=pass; d=clochette.example.org; s=clochette; t=12345; \
b=CU87XzXlNlk5X/yW4l73UvPUcP9ivwYWxyBWcVrRs7+HPx3K05nJhny2fvymbReAmOA9GTH/y+k9kEc59hAKVg==\r
ARC-Message-Signature: i=3; a=rsa-sha256; c=relaxed/relaxed; d=clochette.example.org; \
h=message-id:date:from:to:subject; s=clochette; t=12345; bh=KWSe46TZKCcDbH4klJPo+tjk5LWJnVRlP5pvjXFZYLQ=; \
b=o71vwyLsK+Wm4cOSlirXoRwzEvi0vqIjd/2/GkYFYlSd/GGfKzkAgPqxfK7ccBMP7Zjb/mpeggswHjEMS8x5NQ==\r
ARC-Authentication-Results: i=3; clochette.example.org; spf=fail smtp.from=jqd@d1.example; dkim=fail (512-bit key) \
header.i=@d1.example; dmarc=fail; arc=pass (as.2.gmail.example=pass, ams.2.gmail.example=pass, \
as.1.lists.example.org=pass, ams.1.lists.example.org=fail (message has been altered))\r
From: John Q Doe <jqd@d1.example>\r
To: arc@dmarc.example\r
Subject: [Lists] Example 1\r
\r
Hey gang,\r
This is a test message.\r
--J.\r
";

#[tokio::test]
async fn a_chain_with_missing_links_fails() {
    check(dns(), OF_THE_RFC, ("fail", "clochette.example.org")).await;
}
