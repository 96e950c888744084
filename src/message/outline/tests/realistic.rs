use super::outline;
use crate::message::Outline;

/// What the outline of an ordinary mail may take in the store.
const ORDINARY_BYTES_MAX: usize = 350;

const PLAIN: &str = "Return-Path: <alice@example.test>\r\nReceived: from mail.example.test (mail.example.test [192.0.2.1])\r\n\
    \tby mx.example.org with ESMTPS id 4XyZ1234\r\n\tfor <bob@example.org>; Tue, 1 Jul 2025 10:52:37 +0200\r\n\
    DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.test; s=s1; bh=abc=; b=def=\r\n\
    Message-ID: <5f8a7c2e-93d4-4b1e-a6f0-2c9d8e7b6a51@example.test>\r\nDate: Tue, 1 Jul 2025 10:52:37 +0200\r\n\
    MIME-Version: 1.0\r\nUser-Agent: Mozilla Thunderbird\r\nSubject: Minutes of Monday's meeting\r\n\
    To: Bob Builder <bob@example.org>\r\nContent-Language: en-GB\r\nFrom: Alice Example <alice@example.test>\r\n\
    Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello Bob,\r\n";

const REPLY: &str = "From: Bob Builder <bob@example.org>\r\nTo: Alice Example <alice@example.test>\r\n\
    Cc: Carol Example <carol@example.test>\r\nSubject: Re: Minutes of Monday's meeting\r\n\
    Date: Tue, 01 Jul 2025 12:01:02 +0200\r\nMessage-ID: <87y0t8k3l2.fsf@example.org>\r\n\
    In-Reply-To: <5f8a7c2e-93d4-4b1e-a6f0-2c9d8e7b6a51@example.test>\r\n\
    References: <5f8a7c2e-93d4-4b1e-a6f0-2c9d8e7b6a51@example.test>\r\n\
    MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nThanks.\r\n";

const ATTACHMENT: &str = "From: Alice Example <alice@example.test>\r\nTo: Bob Builder <bob@example.org>\r\n\
    Subject: Invoice 2025-117\r\nDate: Tue, 1 Jul 2025 10:52:37 +0200\r\n\
    Message-ID: <CAF=abc123DEF456ghi789@mail.example.test>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=\"------------0VxUqzPZkQ9rjWmJ4mTgY2aB\"\r\n\r\n\
    --------------0VxUqzPZkQ9rjWmJ4mTgY2aB\r\nContent-Type: multipart/alternative; boundary=\"000000000000a1b2c3d4e5f6a7b8\"\r\n\r\n\
    --000000000000a1b2c3d4e5f6a7b8\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\n\r\nSee the invoice.\r\n\r\n\
    --000000000000a1b2c3d4e5f6a7b8\r\nContent-Type: text/html; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    <p>See the invoice.</p>\r\n\r\n--000000000000a1b2c3d4e5f6a7b8--\r\n--------------0VxUqzPZkQ9rjWmJ4mTgY2aB\r\n\
    Content-Type: application/pdf; name=\"invoice-2025-117.pdf\"\r\n\
    Content-Disposition: attachment; filename=\"invoice-2025-117.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    JVBERi0xLjQK\r\n--------------0VxUqzPZkQ9rjWmJ4mTgY2aB--\r\n";

#[test]
fn ordinary_mail_is_stored_in_few_bytes() {
    for message in [PLAIN, REPLY, ATTACHMENT] {
        let outline = outline(message.as_bytes());
        let stored = outline.encode();
        assert!(stored.len() <= ORDINARY_BYTES_MAX, "{} bytes", stored.len());
        assert_eq!(Outline::decode(&stored), Some(outline));
    }
}
