"""What every attack is made of: its row in a list, plain connections, and the ordinary mail that must
still work."""

import contextlib
import dataclasses
import imaplib
import poplib
import smtplib
import socket
import ssl
import threading
import time
from typing import Callable

from box import PASSWORD

MIB = 1 << 20
USER = "alice@example.test"
# Longest that an ordinary client may need from its first word to its last, some twenty answers later.
SERVED_SECONDS = 15
ANY_CERTIFICATE = ssl.create_default_context()
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE
NAMES = threading.Lock()
COUNT = [0]
# What the writer of the full-text index, its thread and its maps may take on top of what an attack is allowed.
INDEX_MIB = 48


@contextlib.contextmanager
def own_directory():
    """The data directory is one beside the configuration."""
    yield None


@dataclasses.dataclass
class Attack:
    name: str
    run: Callable
    # Most resident memory that the server may ever have had, bytes.
    rss_max: int
    settings: str
    # Gives the data directory, or says in a sentence why the attack is impossible here.
    place: Callable


def listed_in(attacks):
    """A decorator that adds an attack to a list. The attack gets a running box and tells in a few words
    what came of it."""

    def attack(rss_mib, settings="", place=own_directory):
        def add(function):
            attacks.append(Attack(function.__name__, function, (rss_mib + INDEX_MIB) * MIB, settings, place))
            return function

        return add

    return attack


def peak_bytes(box):
    """The most resident memory that the server has had."""
    with open(f"/proc/{box.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def new_subject():
    with NAMES:
        COUNT[0] += 1
        return f"ordinary-{COUNT[0]}"


def ordinary_mail(box, seconds=30):
    """Mail goes in by SMTP, and can be read by IMAP and POP3."""
    assert box.process.poll() is None, "the server has ended"
    subject = new_subject()
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"], timeout=seconds) as smtp:
        smtp.sendmail("a@remote.example", ["bob@example.test"], f"Subject: {subject}\r\n\r\nHello\r\n")
    end = time.monotonic() + seconds
    with imaplib.IMAP4("127.0.0.1", box.ports["imap"], timeout=seconds) as imap:
        imap.login("bob@example.test", PASSWORD)
        imap.select("INBOX")
        while not (found := imap.search(None, "SUBJECT", subject)[1][0].split()):
            assert time.monotonic() < end, f"{subject} is not delivered"
            time.sleep(0.05)
            imap.noop()
        _, data = imap.fetch(found[0].decode(), "(BODY.PEEK[])")
        assert data[0][1].endswith(b"Hello\r\n"), data
    pop = poplib.POP3("127.0.0.1", box.ports["pop3"], timeout=seconds)
    pop.user("bob@example.test")
    pop.pass_(PASSWORD)
    assert pop.stat()[0] >= 1
    pop.quit()


class Line:
    """A connection that speaks in lines, without any library's good manners."""

    def __init__(self, box, service, seconds=60, source="127.0.0.1", receive_buffer=None, tls=False):
        self.socket = socket.socket()
        self.socket.settimeout(seconds)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", box.ports[service]))
        if tls:
            self.socket = ANY_CERTIFICATE.wrap_socket(self.socket)
        self.heard = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line, empty when the server has hung up."""
        looked = 0
        while (end := self.heard.find(b"\n", looked)) < 0:
            looked = len(self.heard)
            try:
                more = self.socket.recv(1 << 18)
            except ConnectionError:
                more = b""
            if not more:
                return b""
            self.heard += more
        line = bytes(self.heard[:end + 1])
        del self.heard[:end + 1]
        return line

    def until(self, *starts):
        """The next line that begins so, or nothing when the server hangs up before."""
        while True:
            line = self.line()
            if not line or line.startswith(starts):
                return line

    def say(self, text, *starts):
        """Says something and waits for the line that begins so."""
        self.send(text)
        return self.until(*starts)


def imap(box, user=USER, service="imap", **options):
    """An IMAP connection of someone who has logged in and selected INBOX."""
    line = Line(box, service, **options)
    assert line.say(f"l LOGIN {user} {PASSWORD}\r\n".encode(), b"l ").startswith(b"l OK")
    assert line.say(b"s SELECT INBOX\r\n", b"s ").startswith(b"s OK")
    return line


def pop3(box, user=USER, tries=3, **options):
    """A POP3 connection of someone who has logged in. Checks of passwords take turns: while many wait, a login is put off."""
    line = Line(box, "pop3", **options)
    line.line()
    line.say(f"USER {user}\r\n".encode(), b"+")
    answer = line.say(f"PASS {PASSWORD}\r\n".encode(), b"+", b"-")
    if b"[SYS/TEMP]" in answer and tries > 1:
        time.sleep(1)
        return pop3(box, user, tries - 1, **options)
    assert answer.startswith(b"+OK"), answer
    return line


def smtp(box, **options):
    """An SMTP connection that has greeted."""
    line = Line(box, "smtp", **options)
    line.line()
    assert line.say(b"EHLO client.example\r\n", b"250 ").startswith(b"250")
    return line


def deliver(box, pieces, user=USER):
    """Sends a message that comes in pieces, lines ended and dots stuffed; returns the answer."""
    with smtp(box) as line:
        line.say(b"MAIL FROM:<a@remote.example>\r\n", b"250")
        line.say(f"RCPT TO:<{user}>\r\n".encode(), b"250")
        line.say(b"DATA\r\n", b"354")
        for piece in pieces:
            line.send(piece)
        answer = line.say(b"\r\n.\r\n", b"2", b"4", b"5")
    box.wait_until_delivered(60)
    return answer.decode()


def fetch(line, what):
    """The bytes of one answer to FETCH."""
    line.send(b"f FETCH " + what + b"\r\n")
    told = []
    while not (last := line.line()).startswith(b"f "):
        assert last, f"hung up after {told[-2:]!r}"
        told.append(last)
    assert last.startswith(b"f OK"), last
    return b"".join(told)


def at_once(*works):
    """Runs these in threads of their own and passes a failure on."""
    failures = []

    def run(work):
        try:
            work()
        except BaseException as failure:  # noqa: BLE001
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure
