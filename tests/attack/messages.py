"""Messages that are deep, wide or all header."""

import contextlib
import smtplib

from attack import MIB, USER, deliver, fetch, imap, listed_in, pop3
from box import PASSWORD

ATTACKS = []
attack = listed_in(ATTACKS)

# Deeper than this no client could read.
PARENTHESES_MAX = 500


def look(box, number):
    """Looks at a message in all ways there are; returns the structure's depth."""
    with imap(box, seconds=120) as line:
        n = str(number).encode()
        structure = fetch(line, n + b" (BODYSTRUCTURE BODY ENVELOPE)")
        for what in (b"BODY.PEEK[HEADER]", b"BODY.PEEK[HEADER.FIELDS (Subject To)]", b"BODY.PEEK[HEADER.FIELDS.NOT (Subject)]",
                     b"BODY.PEEK[1]", b"BODY.PEEK[1.1.1.1.MIME]", b"BODY.PEEK[" + b".".join([b"1"] * 100) + b"]",
                     b"BODY.PEEK[TEXT]<100.200>", b"RFC822.SIZE"):
            fetch(line, n + b" " + what)
        for key in (b"SUBJECT needle", b"TEXT needle", b"BODY needle", b"HEADER X-Field needle", b'HEADER X-Field ""',
                    b"SENTBEFORE 1-Jan-2020"):
            assert line.say(b"k SEARCH " + key + b"\r\n", b"k ").startswith(b"k OK")
        line.send(b"y LOGOUT\r\n")
    with pop3(box, seconds=120) as line:
        line.send(b"TOP 1 10\r\n")
        assert line.until(b".\r\n"), "TOP ends"
    depth = deepest = 0
    for byte in structure:
        depth += (byte == ord("(")) - (byte == ord(")"))
        deepest = max(deepest, depth)
    return deepest


@attack(rss_mib=150)
def mime_nested_10000_deep(box):
    multipart = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(10_000))
    assert deliver(box, [b"Subject: deep\r\n", multipart, b"\r\nneedle\r\n"]).startswith("250")
    depths = [look(box, 1)]
    same = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' * 10_000
    assert deliver(box, [b"Subject: same\r\n", same, b"\r\nneedle\r\n", b"--b--\r\n" * 10_000]).startswith("250")
    depths.append(look(box, 2))
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" * 10_000
    assert deliver(box, [b"Subject: forwarded\r\n", forwarded, b"\r\nneedle\r\n"]).startswith("250")
    depths.append(look(box, 3))
    assert all(0 < depth < PARENTHESES_MAX for depth in depths), depths
    return f"structures {depths} deep"


@attack(rss_mib=150)
def a_hundred_thousand_headers(box):
    fields = b"".join(b"X-Field-%d: value %d\r\n" % (n, n) for n in range(100_000))
    assert deliver(box, [b"Subject: many\r\n", fields, b"\r\nneedle\r\n"]).startswith("250")
    look(box, 1)
    received = b"".join(b"Received: from a by b; Tue, 1 Jul 2003 10:52:37 +0200\r\n" for n in range(100_000))
    answer = deliver(box, [received, b"Subject: loop\r\n\r\n"])
    assert answer.startswith("554"), answer
    addressed = b"".join(b"To: a%d <a%d@remote.example>\r\n" % (n, n) for n in range(100_000))
    assert deliver(box, [addressed, b"Subject: to many\r\n\r\nneedle\r\n"]).startswith("250")
    look(box, 2)
    return "read and searched; a loop refused"


@attack(rss_mib=200)
def a_header_of_40_mb(box):
    assert deliver(box, [b"Subject: ", *[b"x" * MIB] * 40, b"\r\n\r\nneedle\r\n"]).startswith("250")
    look(box, 1)
    folded = (b" " + b"y" * 70 + b"\r\n") * (40 * MIB // 73)
    assert deliver(box, [b"To: a\r\n", folded, b"Subject: folded\r\n\r\nneedle\r\n"]).startswith("250")
    look(box, 2)
    nothing_else = b"X" * (40 * MIB)
    assert deliver(box, [nothing_else]).startswith("250")
    look(box, 3)
    return "one line, one folded field, no field at all"


@attack(rss_mib=150)
def submitted_headers_are_completed_in_bounded_memory(box):
    with smtplib.SMTP("127.0.0.1", box.ports["submission"], timeout=60) as client:
        client.login(USER, PASSWORD)
        for header in (b"Subject: " + b"x" * (20 * MIB), b"X: y\r\n" * 500_000, b""):
            with contextlib.suppress(smtplib.SMTPResponseException):
                client.sendmail(USER, [USER], header + b"\r\n\r\nneedle\r\n")
    box.wait_until_delivered()
    return "three messages"
