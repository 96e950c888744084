"""Many connections, clients that do not read, and guessers at passwords."""

import functools
import imaplib
import itertools
import smtplib
import subprocess
import threading
import time

from attack import MIB, SERVED_SECONDS, USER, Line, at_once, deliver, imap, listed_in, ordinary_mail, peak_bytes, pop3, smtp
from box import PASSWORD

ATTACKS = []
attack = listed_in(ATTACKS)

CONNECTIONS = 10_000


@attack(rss_mib=400)
def ten_thousand_connections_are_opened_and_left(box):
    services = itertools.cycle(["smtp", "imap", "pop3", "submission", "imaps"])
    start = time.monotonic()
    opened = []
    for n, service in zip(range(CONNECTIONS), services):
        opened.append(Line(box, service, source=f"127.0.1.{n % 200 + 1}"))
    seconds = time.monotonic() - start
    # The last in line may be told so, in the protocol's own words.
    with Line(box, "smtp", seconds=10) as late:
        assert late.line()[:3] in (b"220", b"421"), "one more is greeted or told why not"
    open_peak = peak_bytes(box)
    for line in opened[:200]:
        line.socket.close()
    end = time.monotonic() + 20
    while True:
        try:
            ordinary_mail(box)
            break
        except (OSError, imaplib.IMAP4.error, smtplib.SMTPException):
            assert time.monotonic() < end, "nobody is served after others have left"
            time.sleep(0.2)
    for line in opened:
        line.socket.close()
    return f"{CONNECTIONS} open in {seconds:.1f} s with {open_peak // MIB} MiB"


@attack(rss_mib=120)
def more_connections_than_open_files(box):
    box.stop()
    box.serve_under = ["bash", "-c", 'ulimit -n 600; exec "$0" "$@"']
    box.start()
    assert "at most 400 connections" in box.log(), box.log()
    with imap(box) as line:
        opened = []
        for n in range(1000):
            opened.append(Line(box, "smtp", source=f"127.0.1.{n % 200 + 1}"))
        time.sleep(0.5)
        told = [line.line()[:3] for line in opened]
        assert told.count(b"220") >= 350 and told.count(b"421") >= 500, {word: told.count(word) for word in told}
        # The store still finds files to open.
        assert line.say(b"a APPEND INBOX {12+}\r\nSubject: x\r\n\r\n", b"a ").startswith(b"a OK")
        assert line.say(b"f FETCH 1 BODY.PEEK[]\r\n", b"f ").startswith(b"f OK")
        for other in opened:
            other.socket.close()
    end_all_sessions(box)
    return f"{told.count(b'220')} served, {told.count(b'421')} told why not"


@attack(rss_mib=300)
def clients_that_read_nothing(box):
    big = b"Subject: big\r\n\r\n" + (b"x" * 76 + b"\r\n") * (40 * MIB // 78)
    assert deliver(box, [big]).startswith("250")
    for n in range(20):
        assert deliver(box, [f"Subject: {n}\r\n\r\n".encode() + b"y" * 1000]).startswith("250")
    small = {"receive_buffer": 4096}
    deaf = [imap(box, **small) for _ in range(20)]
    deaf += [imap(box, service="imaps", tls=True, **small) for _ in range(20)]
    for line in deaf:
        line.send(b"".join(b"a%d FETCH 1:* (BODY.PEEK[] BODYSTRUCTURE)\r\n" % n for n in range(200)))
    deaf += [pop3(box, **small)]
    deaf[-1].send(b"RETR 1\r\n" * 400)
    talkers = [(smtp(box, **small), b"NOOP\r\n" * 1000) for _ in range(20)]
    talkers += [(imap(box, **small), b"a NOOP\r\n" * 1000) for _ in range(20)]
    deaf += [line for line, _ in talkers]
    at_once(*(functools.partial(pipeline_until_stuck, *talker) for talker in talkers))
    start = time.monotonic()
    ordinary_mail(box)
    seconds = time.monotonic() - start
    assert seconds < SERVED_SECONDS, f"others wait {seconds:.1f} s"
    end_all_sessions(box)
    for line in deaf:
        line.socket.close()
    return f"{len(deaf)} deaf clients, others served in {seconds:.1f} s"


@attack(rss_mib=100)
def clients_that_never_stop_talking(box):
    talk = "exec 3<>/dev/tcp/127.0.0.1/$0; cat <&3 >/dev/null & yes \"$1\" >&3 2>&-"
    commands = [(box.ports["imap"], "x NOOP\r"), (box.ports["smtp"], "NOOP\r"), (box.ports["pop3"], "CAPA\r")]
    # Programs of their own: in this one they would keep its ordinary client waiting.
    talkers = [subprocess.Popen(["bash", "-c", talk, str(port), command]) for port, command in commands * 3]
    time.sleep(1)
    start = time.monotonic()
    ordinary_mail(box)
    seconds = time.monotonic() - start
    end_all_sessions(box)
    for talker in talkers:
        talker.wait(10)
    assert seconds < SERVED_SECONDS, f"others wait {seconds:.1f} s"
    return f"others served in {seconds:.1f} s, all ended"


def end_all_sessions(box, seconds=15):
    """Ends every session as an administrator does, whatever the clients do."""
    for row in box.rows("session", "list"):
        box.cli("session", "end", row["id"], check=False)
    end = time.monotonic() + seconds
    while left := box.rows("session", "list"):
        assert time.monotonic() < end, f"{len(left)} sessions cannot be ended: {left[0]}"
        time.sleep(0.2)


def pipeline_until_stuck(line, commands):
    """Sends until the server takes no more, which it must do at some point."""
    line.socket.settimeout(1)
    sent = 0
    try:
        while sent < 64 * MIB:
            sent += line.socket.send(commands)
    except TimeoutError:
        return
    raise AssertionError(f"the server has taken {sent} bytes of commands of a client that reads nothing")


@attack(rss_mib=200)
def fetch_that_asks_for_the_same_again_and_again(box):
    parts = b"".join(b"--b\r\nContent-Type: text/plain; name=%s\r\n\r\nx\r\n" % (b"n" * 200) for _ in range(1500))
    wide = b'Subject: wide\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts + b"--b--\r\n"
    for _ in range(3):
        assert deliver(box, [wide]).startswith("250")
    lines = [imap(box) for _ in range(10)]
    for line in lines:
        line.send(b"a FETCH 1:3 (" + b" ".join([b"BODYSTRUCTURE", b"BODY", b"ENVELOPE"] * 80) + b")\r\n")
    for line in lines:
        assert line.until(b"a ").startswith(b"a OK")
        line.socket.close()
    return "10 clients"


@attack(rss_mib=250)
def many_guess_at_passwords(box):
    stop = threading.Event()
    guesses = itertools.count()

    def guess(number, service):
        source = f"127.0.2.{number % 5 + 1}"
        while not stop.is_set():
            try:
                with Line(box, service, source=source, seconds=30) as line:
                    line.line()
                    if service == "imap":
                        line.say(b"a LOGIN alice@example.test wrong\r\n", b"a ")
                    elif service == "pop3":
                        line.say(b"USER alice@example.test\r\n", b"+", b"-")
                        line.say(b"PASS wrong\r\n", b"+", b"-")
                    else:
                        line.say(b"EHLO x\r\n", b"250 ")
                        line.say(b"AUTH PLAIN AHgAeQ==\r\n", b"5", b"4")
                    next(guesses)
            except OSError:
                pass

    services = itertools.cycle(["imap", "pop3", "submission"])
    threads = [threading.Thread(target=guess, args=(n, service)) for n, service in zip(range(100), services)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    slowest = 0.0
    for user in ("bob@example.test", USER):
        start = time.monotonic()
        with imaplib.IMAP4("127.0.0.1", box.ports["imap"], timeout=30) as client:
            client.login(user, PASSWORD)
        slowest = max(slowest, time.monotonic() - start)
    start = time.monotonic()
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"], timeout=30) as client:
        client.sendmail("a@remote.example", [USER], "Subject: meanwhile\r\n\r\n")
    received = time.monotonic() - start
    stop.set()
    for thread in threads:
        thread.join()
    assert slowest < 5, f"a login among guessers took {slowest:.1f} s"
    assert received < 3, f"a mail among guessers took {received:.1f} s"
    return f"{next(guesses)} guesses by {len(threads)} clients; login {slowest:.2f} s, mail {received:.2f} s"
