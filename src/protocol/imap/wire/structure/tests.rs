//! ENVELOPE and BODYSTRUCTURE of odd messages. What is not in a message is not made up: no charset where another Content-Type
//! names none, no part in a multipart that has none, no message in one that cannot be looked into. Of a field that stands there
//! twice the first counts, but address lists are joined. Source routes are left out (RFC 5322 §4.4).

use super::*;
use crate::message::Outline;

/// What `print` says of a message, whose lines end with LF here and with CRLF there.
fn told(message: &[u8], print: impl Fn(&Outline<'_>, &mut Vec<u8>)) -> String {
    let crlf: Vec<u8> = message
        .iter()
        .flat_map(|byte| if *byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(byte) })
        .copied()
        .collect();
    let stored = Outline::of(&crlf).encode();
    let mut out = Vec::new();
    print(&Outline::decode(&stored).expect("an outline"), &mut out);
    out.escape_ascii().to_string()
}

#[test]
fn envelopes() {
    let cases: &[(&[u8], &[u8])] = &[
        // groups
        (b"From: a@b\nTo: Friends: a@b, \"C, D\" <c@d>;, Empty:;, e@f\nCc: undisclosed-recipients:;\n\nx\n", b"(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"Friends\" NIL)(NIL NIL \"a\" \"b\")(\"C, D\" NIL \"c\" \"d\")(NIL NIL NIL NIL)(NIL NIL \"Empty\" NIL)(NIL NIL NIL NIL)(NIL NIL \"e\" \"f\")) ((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL)"),
        // brokenaddr
        (b"From: <a@b\nTo: a@b@c, , <>, \"unclosed <x@y>, foo bar baz\nCc: @@, ;;\nReply-To: plain\nSender: \n\nx\n", b"(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"plain\" \"\")) ((NIL NIL \"a@b\" \"c\")(NIL NIL \"\" \"\")(\"unclosed\" NIL \"x\" \"y\")(NIL NIL \"foo bar baz\" \"\")) ((NIL NIL \"@\" \"\")) NIL NIL NIL)"),
        // route
        (b"From: a@b\nTo: <@r1,@r2:u@h>, (comment) \"q\\\"x\" <\"l p\"@h> (more)\n\nx\n", b"(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"u\" \"h\")(\"q\\\"x\" NIL \"l p\" \"h\")) NIL NIL NIL NIL)"),
        // folded
        (b"From: a@b\nSubject: one\n two\n\tthree\nDate:  Mon,  7 Feb\n 1994 21:52:25 -0800\nMessage-ID:\n <a@b>\nIn-Reply-To: <x@y> <z@w>\n\nx\n", b"(\"Mon,  7 Feb 1994 21:52:25 -0800\" \"one two\tthree\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL \"<x@y> <z@w>\" \"<a@b>\")"),
        // dup
        (b"From: a@b\nFrom: c@d\nSubject: one\nSubject: two\nTo: e@f\nTo: g@h\nMessage-ID: <1@a>\nMessage-ID: <2@a>\n\nx\n", b"(NIL \"one\" ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) ((NIL NIL \"e\" \"f\")(NIL NIL \"g\" \"h\")) NIL NIL NIL \"<1@a>\")"),
        // comments
        (b"From: a@b (Anna)\nTo: (c) a@b, Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\nContent-Type: text/plain (c); charset (x) = \"utf-8\" (y)\nSubject: s (not comment)\n\nx\n", b"(NIL \"s (not comment)\" ((\"Anna\" NIL \"a\" \"b\")) ((\"Anna\" NIL \"a\" \"b\")) ((\"Anna\" NIL \"a\" \"b\")) ((\"c\" NIL \"a\" \"b\")(\"Pete\" NIL \"pete\" \"silly.test\")) NIL NIL NIL NIL)"),
        // encword
        (b"From: =?utf-8?q?J=C3=B6rg?= <j@b>\nTo: \"=?utf-8?q?x?=\" <a@b>\nSubject: =?utf-8?b?w7w=?= =?utf-8?b?w7w=?=\n\nx\n", b"(NIL \"=?utf-8?b?w7w=?= =?utf-8?b?w7w=?=\" ((\"=?utf-8?q?J=C3=B6rg?=\" NIL \"j\" \"b\")) ((\"=?utf-8?q?J=C3=B6rg?=\" NIL \"j\" \"b\")) ((\"=?utf-8?q?J=C3=B6rg?=\" NIL \"j\" \"b\")) ((\"=?utf-8?q?x?=\" NIL \"a\" \"b\")) NIL NIL NIL NIL)"),
        // badline
        (b"From: a@b\nthis is no header\nSubject: after\n\nx\n", b"(NIL \"after\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)"),
        // fromline
        (b"From someone@x Mon Jan 1 00:00:00 2024\nFrom: a@b\nSubject: mbox\n\nx\n", b"(NIL \"mbox\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)"),
        // quotedpair
        (b"From: \"a\\\\b\\\"c\" <a@b>\nSubject: q\"uo\\te\n\nx\n", b"(NIL \"q\\\"uo\\\\te\" ((\"a\\\\b\\\"c\" NIL \"a\" \"b\")) ((\"a\\\\b\\\"c\" NIL \"a\" \"b\")) ((\"a\\\\b\\\"c\" NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)"),
        // nul
        (b"From: a@b\nSubject: n\0ul\n\nx\0y\n", b"(NIL {4}\r\nn ul ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)"),
        // semi
        (b"From: a@b; c@d\nTo: \"x\" y@z, a.b.@c, .d@e, f@[1.2.3.4]\n\nx\n", b"(NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) ((\"x\" NIL \"y\" \"z\")(NIL NIL \"a.b.\" \"c\")(NIL NIL \".d\" \"e\")(NIL NIL \"f\" \"[1.2.3.4]\")) NIL NIL NIL NIL)"),
        // spacecolon
        (b"From : a@b\nSubject : spaced\nTo:\n a@b\n\nx\n", b"(NIL \"spaced\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL)"),
        // 8bitutf
        (b"From: J\xc3\xb6rg <j@b>\nSubject: \xc3\xbcber\n\nx\n", b"(NIL {5}\r\n\xc3\xbcber (({5}\r\nJ\xc3\xb6rg NIL \"j\" \"b\")) (({5}\r\nJ\xc3\xb6rg NIL \"j\" \"b\")) (({5}\r\nJ\xc3\xb6rg NIL \"j\" \"b\")) NIL NIL NIL NIL NIL)"),
        // 8bit
        (b"From: J\xf6rg <j@b>\nSubject: \xfcber\nContent-Type: text/plain; name=\"\xe4.txt\"\n\nx\xff\n", b"(NIL {4}\r\n\xfcber (({4}\r\nJ\xf6rg NIL \"j\" \"b\")) (({4}\r\nJ\xf6rg NIL \"j\" \"b\")) (({4}\r\nJ\xf6rg NIL \"j\" \"b\")) NIL NIL NIL NIL NIL)"),
        // dispbad
        (b"From: a@b\nContent-Disposition: ; filename=x\nContent-Language: ,\nContent-ID:\n\nx\n", b"(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)"),
        // nohdr
        (b"just a body\nwithout header\n", b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"),
    ];
    for (message, expected) in cases {
        let found = told(message, |outline, out| envelope(&outline.envelope, out));
        assert_eq!(found, expected.escape_ascii().to_string(), "{}", message.escape_ascii());
    }
}

#[test]
fn structures() {
    let cases: &[(&[u8], &[u8])] = &[
        // nohdr
        (b"just a body\nwithout header\n", b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 29 2 NIL NIL NIL NIL)"),
        // onlyhdr
        (b"From: a@b\nSubject: x\n", b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"),
        // emptybody
        (b"From: a@b\nSubject: x\n\n", b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"),
        // nested
        (b"From: a@b\nContent-Type: message/rfc822\n\nFrom: c@d\nContent-Type: message/rfc822\n\nFrom: e@f\nSubject: deep\n\nhi\n", b"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 75 (NIL NIL ((NIL NIL \"c\" \"d\")) ((NIL NIL \"c\" \"d\")) ((NIL NIL \"c\" \"d\")) NIL NIL NIL NIL NIL) (\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 32 (NIL \"deep\" ((NIL NIL \"e\" \"f\")) ((NIL NIL \"e\" \"f\")) ((NIL NIL \"e\" \"f\")) NIL NIL NIL NIL NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1 NIL NIL NIL NIL) 4 NIL NIL NIL NIL) 7 NIL NIL NIL NIL)"),
        // mpempty
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\n--x--\n", b"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // mpnone
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\nno parts here\n", b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 15 1 NIL NIL NIL NIL)"),
        // mpnobnd
        (b"From: a@b\nContent-Type: multipart/mixed\n\n--x\n\na\n--x--\n", b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 17 4 NIL NIL NIL NIL)"),
        // mpunclosed
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\nContent-Type: text/html\n\nb\n", b"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL)(\"text\" \"html\" NIL NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // mpprefix
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=\"x\"\n\npre\n--x\nContent-Type: multipart/alternative; boundary=\"xy\"\n\n--xy\n\na\n--xy--\n--x--\nepi\n", b"(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) \"alternative\" (\"boundary\" \"xy\") NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // digest
        (b"From: a@b\nContent-Type: multipart/digest; boundary=x\n\n--x\n\nFrom: q@r\nSubject: in\n\nhi\n--x\nContent-Type: text/plain\n\nb\n--x--\n", b"((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 28 (NIL \"in\" ((NIL NIL \"q\" \"r\")) ((NIL NIL \"q\" \"r\")) ((NIL NIL \"q\" \"r\")) NIL NIL NIL NIL NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2 0 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)(\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) \"digest\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // b64rfc822
        (b"From: a@b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nRnJvbTogYUBiCgpoaQo=\n", b"(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 22 NIL NIL NIL NIL)"),
        // 2231
        (b"From: a@b\nContent-Type: application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;\n title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"\n\nx\n", b"(\"application\" \"x-stuff\" (\"title\" \"This is even more ***fun*** isn't it!\") NIL NIL \"7bit\" 3 NIL NIL NIL NIL)"),
        // 2231u
        (b"From: a@b\nContent-Type: text/plain; name*=utf-8''%e2%82%ac%20rates\nContent-Disposition: attachment; filename*=iso-8859-1'en'%A3.txt; filename=\"e.txt\"\n\nx\n", b"(\"text\" \"plain\" (\"name\" {9}\r\n\xe2\x82\xac rates) NIL NIL \"7bit\" 3 1 NIL (\"attachment\" (\"filename\" {6}\r\n\xc2\xa3.txt)) NIL NIL)"),
        // 8bit
        (b"From: J\xf6rg <j@b>\nSubject: \xfcber\nContent-Type: text/plain; name=\"\xe4.txt\"\n\nx\xff\n", b"(\"text\" \"plain\" (\"name\" {5}\r\n\xe4.txt) NIL NIL \"7bit\" 4 1 NIL NIL NIL NIL)"),
        // ctbroken
        (b"From: a@b\nContent-Type: text\n\nx\n", b"(\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL)"),
        // ctbroken2
        (b"From: a@b\nContent-Type: ; charset=x\n\nx\n", b"(\"text\" \"plain\" (\"charset\" \"x\") NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL)"),
        // ctnoval
        (b"From: a@b\nContent-Type: text/plain; charset; format=flowed; x=\n\nx\n", b"(\"text\" \"plain\" (\"format\" \"flowed\" \"x\" \"\") NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL)"),
        // cte
        (b"From: a@b\nContent-Type: application/octet-stream; name=\"a b\"\nContent-Transfer-Encoding: X-Foo (bar)\nContent-ID: <i@d>\nContent-Description: =?utf-8?q?d=C3=A4?=\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\nContent-Language: en, de\nContent-Location: http://x/y z\nContent-Disposition: attachment; size=12; filename=\"a;b\"\n\nx\n", b"(\"application\" \"octet-stream\" (\"name\" \"a b\") \"<i@d>\" \"=?utf-8?q?d=C3=A4?=\" \"x-foo\" 3 \"Q2hlY2sgSW50ZWdyaXR5IQ==\" (\"attachment\" (\"size\" \"12\" \"filename\" \"a;b\")) (\"en\" \"de\") \"http://x/y z\")"),
        // comments
        (b"From: a@b (Anna)\nTo: (c) a@b, Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\nContent-Type: text/plain (c); charset (x) = \"utf-8\" (y)\nSubject: s (not comment)\n\nx\n", b"(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL)"),
        // mpsameboundary
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ninner\n--x--\n--x\n\nouter\n--x--\n", b"(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // rfc822inmp
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nSubject: in\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\na\n--x\n\nb\n--x--\n", b"((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 66 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) ((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"y\") NIL NIL NIL) 5 NIL NIL NIL NIL)(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // rfc822empty
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n--x--\n", b"((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 0 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL) 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // partnohdr
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nhello no header\n\nbody\n--x--\n", b"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 23 2 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // trailws
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=\"x \"\n\n--x  \n\na\n--x--  \n", b"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x \") NIL NIL NIL)"),
        // boundspecial
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=\"=_(a)/b:c?\"\n\n--=_(a)/b:c?\n\na\n--=_(a)/b:c?--\n", b"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"=_(a)/b:c?\") NIL NIL NIL)"),
        // delivery
        (b"From: a@b\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nhuman\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822;a@b\n\n--x\nContent-Type: message/rfc822-headers\n\nSubject: s\n--x--\n", b"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 0 NIL NIL NIL NIL)(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 54 NIL NIL NIL NIL)(\"message\" \"rfc822-headers\" NIL NIL NIL \"7bit\" 10 NIL NIL NIL NIL) \"report\" (\"report-type\" \"delivery-status\" \"boundary\" \"x\") NIL NIL NIL)"),
        // partial
        (b"From: a@b\nContent-Type: message/partial; number=1; total=2; id=\"x\"\n\nFrom: q@w\n\nx\n", b"(\"message\" \"partial\" (\"number\" \"1\" \"total\" \"2\" \"id\" \"x\") NIL NIL \"7bit\" 16 NIL NIL NIL NIL)"),
        // upper
        (b"FROM: A@B\nCONTENT-TYPE: TEXT/HTML; CHARSET=UTF-8\nCONTENT-TRANSFER-ENCODING: QUOTED-PRINTABLE\n\nx\n", b"(\"text\" \"html\" (\"charset\" \"UTF-8\") NIL NIL \"quoted-printable\" 3 1 NIL NIL NIL NIL)"),
        // ctdup
        (b"From: a@b\nContent-Type: text/html\nContent-Type: text/plain\n\nx\n", b"(\"text\" \"html\" NIL NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL)"),
        // dispbad
        (b"From: a@b\nContent-Disposition: ; filename=x\nContent-Language: ,\nContent-ID:\n\nx\n", b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") \"\" NIL \"7bit\" 3 1 NIL NIL NIL NIL)"),
        // nolastnl
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x--", b"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)"),
        // mixedcaseboundary
        (b"From: a@b\nContent-Type: multipart/mixed; boundary=Ab\n\n--ab\n\na\n--Ab\n\nb\n--Ab--\n", b"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"Ab\") NIL NIL NIL)"),
        // 2231bad
        (b"From: a@b\nContent-Type: text/plain; a*=x'y; b*0=1; b*2=3; c*1=2; d*=utf-8''%zz\n\nx\n", b"(\"text\" \"plain\" (\"a\" \"x'y\" \"b\" \"13\" \"c\" \"2\" \"d\" \"%zz\") NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL)"),
        // msgglobal
        (b"From: a@b\nContent-Type: message/global\n\nFrom: \xc3\xbc@b\n\nx\n", b"(\"message\" \"global\" NIL NIL NIL \"7bit\" 17 (NIL NIL ((NIL NIL {2}\r\n\xc3\xbc \"b\")) ((NIL NIL {2}\r\n\xc3\xbc \"b\")) ((NIL NIL {2}\r\n\xc3\xbc \"b\")) NIL NIL NIL NIL NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)"),
    ];
    for (message, expected) in cases {
        let found = told(message, |outline, out| body_structure(&outline.root, true, out));
        assert_eq!(found, expected.escape_ascii().to_string(), "{}", message.escape_ascii());
    }
}

#[test]
fn long_lists_and_long_texts() {
    let addresses: Vec<String> = (0..300).map(|number| format!("user{number}@host{number}.example.org")).collect();
    let message = format!("From: a@b\nTo: Group: {};\nSubject: {}\n\nx\n", addresses.join(",\n "), "x".repeat(3000));
    let found = told(message.as_bytes(), |outline, out| envelope(&outline.envelope, out));
    assert!(found.starts_with(&format!("(NIL {{3000}}\\r\\n{} ", "x".repeat(3000))), "{found}");
    assert!(found.contains("((NIL NIL \\\"Group\\\" NIL)(NIL NIL \\\"user0\\\" \\\"host0.example.org\\\")"), "{found}");
    assert!(found.contains("\\\"host299.example.org\\\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)"), "{found}");
}
