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
