//! The examples of the RFCs.

use super::*;

/// RFC 8463 §A: a message with an RSA and an Ed25519 signature, and its keys.
const TWO_SIGNATURES: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r
 d=football.example.com; i=@football.example.com;\r
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r
 subject : date : message-id : from : subject : date;\r
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r
 d=football.example.com; i=@football.example.com;\r
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r
 date : message-id : from : subject : date;\r
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r
From: Joe SixPack <joe@football.example.com>\r
To: Suzie Q <suzie@shopping.example.net>\r
Subject: Is dinner ready?\r
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
\r
Hi.\r
\r
We lost the game.  Are you hungry yet?\r
\r
Joe.\r
";

const ED25519_KEY: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const RSA_KEY: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi\
                       Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2\
                       EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

fn keys() -> Fake {
    Fake::default()
        .txt("brisbane._domainkey.football.example.com", &[ED25519_KEY])
        .txt("test._domainkey.football.example.com", &[RSA_KEY])
}

/// RFC 6376 §A.2: signed with `simple` canonicalization, where every blank counts; its key is in §C.
const SIMPLE: &str = "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r
      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r
      h=Received : From : To : Subject : Date : Message-ID;\r
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r
      4bmp/YzhwvcubU4=;\r
Received: from client1.football.example.com  [192.0.2.1]\r
      by submitserver.example.com with SUBMISSION;\r
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r
From: Joe SixPack <joe@football.example.com>\r
To: Suzie Q <suzie@shopping.example.net>\r
Subject: Is dinner ready?\r
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
\r
Hi.\r
\r
We lost the game. Are you hungry yet?\r
\r
Joe.\r
";

const SIMPLE_KEY: &str = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFC\
                          jxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGj\
                          aNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

#[tokio::test]
async fn the_signature_of_rfc_6376_is_good() {
    let check = async |message: &str, expected: &str| {
        let dns = Fake::default().txt("brisbane._domainkey.example.com", &[SIMPLE_KEY]);
        let (_, findings) = find(settings(), dns, client(), message).await;
        let found = findings.checks.iter().find(|finding| finding.method == "dkim").expect("a signature");
        let expected = (expected, "example.com", "brisbane");
        assert_eq!((found.result, found.domain.as_str(), found.selector.as_str()), expected, "{}", found.reason);
        assert_eq!(found.reason.is_empty(), found.result == "pass");
    };
    check(SIMPLE, "pass").await;
    check(&SIMPLE.replace("com  [192", "com [192"), "fail").await;
    check(&SIMPLE.replace("game. Are", "game.  Are"), "neutral").await;
}

async fn check(dns: Fake, message: &str, expected: [&str; 2]) {
    let (_, findings) = find(settings(), dns, client(), message).await;
    let found: Vec<_> = findings.signatures.iter().map(|signature| signature.result).collect();
    assert_eq!(found, expected, "{}", findings.field);
}

#[tokio::test]
async fn the_two_signatures_of_rfc_8463_are_good() {
    check(keys(), TWO_SIGNATURES, ["pass", "pass"]).await;
}

#[tokio::test]
async fn a_change_shows() {
    check(keys(), &TWO_SIGNATURES.replace("hungry", "thirsty"), ["neutral", "neutral"]).await;
    check(keys(), &TWO_SIGNATURES.replace("dinner ready", "dinner over"), ["fail", "fail"]).await;
    check(keys(), &TWO_SIGNATURES.replace("game.  Are", "game. \tAre"), ["pass", "pass"]).await;
    check(keys(), &TWO_SIGNATURES.replace("Subject: Is", "SUBJECT:  Is"), ["pass", "pass"]).await;
    check(keys(), &format!("{TWO_SIGNATURES}\r\n \r\n"), ["pass", "pass"]).await;
    check(keys(), &format!("{TWO_SIGNATURES}x\r\n"), ["neutral", "neutral"]).await;
}

#[tokio::test]
async fn keys_can_be_missing_revoked_or_wrong() {
    let brisbane = "brisbane._domainkey.football.example.com";
    check(Fake::default(), TWO_SIGNATURES, ["permerror", "permerror"]).await;
    check(keys().txt(brisbane, &["v=DKIM1; k=ed25519; p="]), TWO_SIGNATURES, ["permerror", "pass"]).await;
    check(keys().txt(brisbane, &[RSA_KEY]), TWO_SIGNATURES, ["fail", "pass"]).await;
    check(keys().txt(brisbane, &["v=DKIM2; p=x"]), TWO_SIGNATURES, ["permerror", "pass"]).await;
}
