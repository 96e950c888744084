"""Lines, literals and commands that are too long, too many or not text."""

import itertools
import threading
import time

from attack import MIB, SERVED_SECONDS, USER, Line, at_once, deliver, imap, listed_in, ordinary_mail, pop3, smtp

ATTACKS = []
attack = listed_in(ATTACKS)

LONG_LINE = 100 * MIB


def send_long(line, bytes_, piece=b"x" * MIB):
    for _ in range(bytes_ // len(piece)):
        line.send(piece)


@attack(rss_mib=160)
def a_line_of_100_mb(box):
    def smtp_command():
        with smtp(box) as line:
            send_long(line, LONG_LINE)
            assert line.say(b"\r\nNOOP\r\n", b"5").startswith(b"500")
            assert line.until(b"250"), "the session goes on"

    def smtp_message():
        with smtp(box) as line:
            line.say(b"MAIL FROM:<a@remote.example>\r\n", b"250")
            line.say(f"RCPT TO:<{USER}>\r\n".encode(), b"250")
            line.say(b"DATA\r\n", b"354")
            send_long(line, LONG_LINE)
            assert line.say(b"\r\n.\r\n", b"2", b"4", b"5").startswith(b"552")
            assert line.say(b"NOOP\r\n", b"250"), "the session goes on"

    def imap_stranger():
        with Line(box, "imap") as line:
            line.line()
            line.send(b"a LOGIN ")
            send_long(line, LONG_LINE)
            assert line.say(b"\r\n", b"a ").startswith(b"a BAD")
            assert line.say(b"b NOOP\r\n", b"b ").startswith(b"b OK")

    def imap_user():
        with imap(box) as line:
            line.send(b"a SEARCH TEXT ")
            send_long(line, LONG_LINE)
            assert line.say(b"\r\n", b"a ").startswith(b"a BAD")
            assert line.say(b"b NOOP\r\n", b"b ").startswith(b"b OK")
            line.send(b"c IDLE\r\n")
            assert line.line().startswith(b"+")
            send_long(line, LONG_LINE)
            assert line.say(b"\r\n", b"c ", b"* BYE"), "IDLE ends"

    def pop3_user():
        with pop3(box) as line:
            send_long(line, LONG_LINE)
            assert line.say(b"\r\n", b"-").startswith(b"-ERR")
            assert line.say(b"NOOP\r\n", b"+", b"-").startswith(b"+OK")

    def responses_of_auth():
        for service, begin, answer in [
            ("submission", b"EHLO x\r\nAUTH PLAIN\r\n", b"5"),
            ("imap", b"a AUTHENTICATE PLAIN\r\n", b"a "),
            ("pop3", b"AUTH PLAIN\r\n", b"-"),
        ]:
            with Line(box, service) as line:
                line.line()
                line.say(begin, b"334", b"+")
                send_long(line, LONG_LINE)
                assert line.say(b"\r\n", answer), f"{service} answers"

    at_once(smtp_command, smtp_message, imap_stranger, imap_user, pop3_user, responses_of_auth)
    return "commands, a message, IDLE and AUTH, in three protocols"


@attack(rss_mib=160)
def a_literal_of_4_gb(box):
    for size in ("4294967295", "4294967296", "18446744073709551616", "9" * 60):
        for begin in ("a LOGIN ", "a LOGIN alice@example.test ", "a AUTHENTICATE "):
            with Line(box, "imap") as line:
                line.line()
                answer = line.say(f"{begin}{{{size}}}\r\n".encode(), b"a ", b"+")
                assert answer.startswith((b"a BAD", b"a NO")), answer
                assert line.say(b"b NOOP\r\n", b"b ").startswith(b"b OK")
        for begin in ("a APPEND INBOX ", "a APPEND INBOX (\\Seen) ", "a SELECT ", "a SEARCH TEXT ", "a CREATE "):
            with imap(box) as line:
                answer = line.say(f"{begin}{{{size}}}\r\n".encode(), b"a ", b"+")
                assert answer.startswith((b"a BAD", b"a NO")), answer
                assert line.say(b"b NOOP\r\n", b"b ").startswith(b"b OK")

    def unasked(begin):
        def send():
            with imap(box) as line:
                try:
                    line.send(begin + b"{4294967295+}\r\n")
                    send_long(line, 200 * MIB)
                except ConnectionError:
                    pass

        return send

    at_once(*(unasked(begin) for begin in (b"a APPEND INBOX ", b"a LOGIN ", b"a SEARCH TEXT ", b"x ")))
    with smtp(box) as line:
        line.say(b"MAIL FROM:<a@remote.example>\r\n", b"250")
        line.say(f"RCPT TO:<{USER}>\r\n".encode(), b"250")
        line.send(b"BDAT 4294967295\r\n")
        try:
            send_long(line, 200 * MIB)
        except ConnectionError:
            pass
    with smtp(box) as line:
        assert line.say(b"MAIL FROM:<a@remote.example> SIZE=4294967295\r\n", b"5", b"2").startswith(b"552")
    return "announced in nine commands, sent in five"


@attack(rss_mib=150)
def a_million_rcpt(box):
    count, each = 1_000_000, 10_000
    commands = f"RCPT TO:<{USER}>\r\n".encode() * each
    told = {}

    def read(line):
        while (answer := line.line()) and not answer.startswith(b"221"):
            told[answer[:3]] = told.get(answer[:3], 0) + 1

    with smtp(box) as line:
        line.say(b"MAIL FROM:<a@remote.example>\r\n", b"250")
        reader = threading.Thread(target=read, args=(line,))
        reader.start()
        for _ in range(count // each):
            line.send(commands)
        line.send(b"RSET\r\nQUIT\r\n")
        reader.join()
    assert sum(told.values()) == count + 1, told
    assert told[b"250"] <= 1001 and told[b"452"] >= count - 1000, told
    with smtp(box) as line:
        line.say(b"MAIL FROM:<a@remote.example>\r\n", b"250")
        try:
            line.send(b"RCPT TO:<nobody-at-all@example.test>\r\n" * 100_000)
        except ConnectionError:
            pass
        line.until(b"421")
    return f"{told[b'250'] - 1} taken, {told[b'452']} told to wait"


GARBAGE = [
    b"\0", b"\0" * 300, b"\xff\xfe\xfd", bytes(range(128, 256)), b"\xc3\x28", b"\xed\xa0\x80", b"\x1b[2J", b"\x7f", b"\r",
    b"%n%s" * 50, b"\\" * 300, b'"' * 201, b"(" * 300, b")" * 300, b"{" * 100, b"<" * 300, b"'\"`;|&$(id)", b" " * 300,
    b"\t" * 300, b"A" * 3000, b"=" * 400, b"*" * 300, b"-1", b"9" * 400, b"1:" * 200, b"0", b"\xf4\x8f\xbf\xbf" * 80,
]
SMTP_COMMANDS = [b"EHLO", b"HELO", b"MAIL FROM:<", b"MAIL FROM:<a@b.example>", b"RCPT TO:<", b"RCPT TO:<alice@example.test>",
                 b"BDAT", b"BDAT 5", b"DATA", b"RSET", b"NOOP", b"VRFY", b"EXPN", b"HELP", b"AUTH", b"AUTH PLAIN",
                 b"AUTH SCRAM-SHA-256", b"AUTH LOGIN", b"STARTTLS", b""]
IMAP_COMMANDS = [b"", b"CAPABILITY", b"NOOP", b"ID", b"ID (", b"ENABLE", b"SELECT", b"EXAMINE", b"CREATE", b"DELETE", b"RENAME",
                 b"RENAME a", b"SUBSCRIBE", b"UNSUBSCRIBE", b"LIST", b'LIST ""', b"LSUB", b"NAMESPACE", b"STATUS", b"STATUS INBOX",
                 b"APPEND", b"APPEND INBOX", b"APPEND INBOX (", b'APPEND INBOX "', b"CHECK", b"EXPUNGE", b"SEARCH",
                 b"SEARCH CHARSET", b"SEARCH TEXT", b"SEARCH HEADER", b"SEARCH OR", b"SEARCH RETURN (", b"FETCH", b"FETCH 1",
                 b"FETCH 1 BODY[", b"FETCH 1 BODY[]<", b"FETCH 1 (FLAGS) (CHANGEDSINCE", b"STORE", b"STORE 1", b"STORE 1 FLAGS (",
                 b"COPY", b"COPY 1", b"MOVE 1", b"UID", b"UID FETCH", b"UID STORE 1", b"UID EXPUNGE", b"UID SEARCH", b"UID COPY 1"]
IMAP_STRANGER = [b"LOGIN", b"LOGIN a", b"AUTHENTICATE", b"AUTHENTICATE PLAIN", b"AUTHENTICATE SCRAM-SHA-256"]
POP3_COMMANDS = [b"", b"CAPA", b"STAT", b"LIST", b"RETR", b"DELE", b"NOOP", b"RSET", b"TOP", b"TOP 1", b"UIDL", b"STLS", b"QUIT X"]
POP3_STRANGER = [b"USER", b"PASS", b"APOP", b"APOP a", b"AUTH", b"AUTH PLAIN", b"AUTH SCRAM-SHA-256", b"AUTH LOGIN"]


def throw(box, opens, commands, tagged=False):
    """Each garbage behind each command, on a connection that is opened anew whenever it was ended. Returns
    how many times the server has answered."""
    line, answers = None, 0
    for command in commands:
        for garbage in GARBAGE:
            if line is None:
                line = opens(box)
            try:
                # The empty lines end what may have become an exchange of AUTH, a literal or a message.
                line.send((b"t " if tagged else b"") + command + b" " + garbage + b"\r\n\r\n*\r\n.\r\n")
                if line.line():
                    answers += 1
                    continue
            except ConnectionError:
                pass
            line.socket.close()
            line = None
    return answers


def stranger(service):
    def opens(box):
        line = Line(box, service)
        line.line()
        return line

    return opens


@attack(rss_mib=120)
def garbage_in_every_command(box):
    with smtp(box) as line:
        line.say(b"MAIL FROM:<a@remote.example>\r\n", b"250")
        line.say(f"RCPT TO:<{USER}>\r\n".encode(), b"250")
        line.say(b"DATA\r\n", b"354")
        line.say(b"Subject: x\r\n\r\n.\r\n", b"250")
    box.wait_until_delivered()
    answers = []
    at_once(
        lambda: answers.append(throw(box, smtp, SMTP_COMMANDS)),
        lambda: answers.append(throw(box, stranger("submission"), SMTP_COMMANDS)),
        lambda: answers.append(throw(box, imap, IMAP_COMMANDS, tagged=True)),
        lambda: answers.append(throw(box, stranger("imap"), IMAP_STRANGER, tagged=True)),
        lambda: answers.append(throw(box, pop3, POP3_COMMANDS)),
        lambda: answers.append(throw(box, stranger("pop3"), POP3_STRANGER)),
    )
    for service in ("smtp", "imap", "pop3", "submissions", "imaps", "pop3s", "web"):
        for garbage in GARBAGE:
            with Line(box, service) as line:
                line.send(garbage + b"\r\n" + garbage)
    return f"{sum(answers)} answers"


@attack(rss_mib=250)
def questions_that_are_hard_to_answer(box):
    """Searches and patterns that cost as much as they can."""
    for _ in range(3):
        assert deliver(box, [b"Subject: big\r\n\r\n", (b"ab" * 35 + b"\r\n") * (20 * MIB // 72)]).startswith("250")
    names = ["a" * 100, "/".join("a" * 100)]
    patterns = [b"*a" * 100 + b"b", b"%a" * 100 + b"b", b"*%" * 200, b"a/%/" * 60 + b"*b", b"*" * 5000]
    with imap(box) as line:
        for name in names:
            line.say(f"c CREATE {name}\r\n".encode(), b"c ")
        start = time.monotonic()
        for pattern in patterns:
            assert line.say(b'l LIST "" "' + pattern + b'"\r\n', b"l "), "LIST ends"
            assert line.say(b'l LSUB "" "' + pattern + b'"\r\n', b"l "), "LSUB ends"
        listed = time.monotonic() - start
    assert listed < 20, f"the patterns took {listed:.1f} s"
    keys = [b"TEXT zz%d" % n for n in range(4000)]
    searches = [b" ".join(keys[:n]) for n in (10, 60, 64, 4000)]
    searches += [b"NOT " + b" NOT ".join(keys[:64]), b"OR BODY x " * 30 + b"TEXT y", b"NOT " * 31 + b"TEXT y", b"HEADER X-%s y" % (b"x" * 4000)]
    searchers = [imap(box) for _ in range(40)]
    for line, search in zip(searchers, itertools.cycle(searches)):
        line.send(b"x SEARCH " + search + b"\r\n")
    time.sleep(1)
    start = time.monotonic()
    ordinary_mail(box)
    seconds = time.monotonic() - start
    for line in searchers:
        line.socket.close()
    assert seconds < SERVED_SECONDS, f"others wait {seconds:.1f} s"
    return f"patterns took {listed:.1f} s; others served in {seconds:.1f} s"
