"""Scenarios of abuse: what the guard shuts out, over sockets that do not come from loopback, which is never shut out."""

import imaplib
import poplib
import smtplib
import socket
import ssl
import time
import urllib.error
import urllib.request
from email.message import EmailMessage

from addresses import first_line, own_address
from box import PASSWORD, Box

SCENARIOS = []
ANY_CERTIFICATE = ssl.create_default_context()
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


def scenario(function):
    SCENARIOS.append(function)
    return function


def guarded(box):
    """A box that listens on all addresses and treats private ones like others."""
    other = Box(box.binary, host="0.0.0.0")
    other.cli("user", "add", "admin@example.test", "--role", "system-administrator", "--password-stdin", input=PASSWORD + "\n")
    other.cli("rule", "private", "on")
    return other


def imap(address, box, password=PASSWORD):
    client = imaplib.IMAP4(address, box.ports["imap"])
    client.starttls(ANY_CERTIFICATE)
    client.login("alice@example.test", password)
    return client


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@scenario
def ten_wrong_passwords_are_blocked_listed_and_lifted(box):
    address = own_address()
    with guarded(box) as other:
        imap(address, other).logout()
        for _ in range(10):
            try:
                imap(address, other, "wrong")
                raise AssertionError("a wrong password lets in")
            except imaplib.IMAP4.error:
                pass
        assert first_line(address, other.ports["imap"]).startswith(b"* BYE [UNAVAILABLE]")
        assert first_line(address, other.ports["smtp"]).startswith(b"220 "), "the rule is for one protocol"
        assert first_line("127.0.0.1", other.ports["imap"]).startswith(b"* OK"), "loopback is never blocked"
        blocks = other.rows("block", "list")
        assert [(b["address"], b["type"], b["rule"]) for b in blocks] == [(address, "imap", "brute-force.imap")], blocks
        other.stop()
        other.start()
        assert first_line(address, other.ports["imap"]).startswith(b"* BYE"), "a block outlives a restart"
        other.cli("block", "lift", address)
        assert other.rows("block", "list") == []
        imap(address, other).logout()


@scenario
def every_protocol_turns_away_in_its_own_words(box):
    address = own_address()
    with guarded(box) as other:
        session = imap(address, other)
        other.cli("blacklist", "add", address, "--note", "a test")
        assert [e["note"] for e in other.rows("blacklist", "list")] == ["a test"]
        assert b"BYE" in session.readline(), "who is blacklisted loses the session that is open"
        for name, words in (("smtp", b"554 5.7.1 "), ("submission", b"554 5.7.1 "), ("imap", b"* BYE [NOPERM]"),
                            ("pop3", b"-ERR "), ("sieve", b"BYE ")):
            line = first_line(address, other.ports[name])
            assert line.startswith(words), f"{name}: {line}"
        for name in ("imaps", "pop3s", "submissions"):
            with socket.create_connection((address, other.ports[name]), 10) as s:
                assert s.recv(10) == b"", "no handshake is begun"
        try:
            urllib.request.urlopen(f"http://{address}:{other.ports['web']}/healthz", timeout=10)
            raise AssertionError("the web lets in")
        except urllib.error.HTTPError as error:
            assert error.code == 429, error.code
        other.cli("allowlist", "add", f"{address}/24")
        assert first_line(address, other.ports["imap"]).startswith(b"* OK"), "the allowlist goes first"
        other.cli("allowlist", "remove", f"{address}/24")
        other.cli("blacklist", "remove", address)
        assert first_line(address, other.ports["smtp"]).startswith(b"220 ")


@scenario
def harvesters_and_idle_talkers_are_shut_out_from_smtp(box):
    address = own_address()
    with guarded(box) as other:
        other.cli("rule", "set", "harvesting", "--threshold", "5")
        smtp = smtplib.SMTP(address, other.ports["smtp"], timeout=10)
        smtp.ehlo("client.example")
        smtp.mail("x@remote.example")
        try:
            codes = [smtp.rcpt(f"nobody{n}@example.test")[0] for n in range(7)]
            assert codes[:5] == [550] * 5 and 421 in codes, codes
        except smtplib.SMTPServerDisconnected:
            pass
        assert first_line(address, other.ports["smtp"]).startswith(b"421 ")
        assert first_line(address, other.ports["pop3"]).startswith(b"+OK")
        other.cli("block", "lift", address)
        other.cli("rule", "set", "bad-sessions", "--threshold", "4")
        for _ in range(4):
            assert first_line(address, other.ports["smtp"]).startswith(b"220 ")
        wait_for(lambda: first_line(address, other.ports["smtp"]).startswith(b"421 "), "bad sessions are not blocked")
        other.cli("rule", "reset", "bad-sessions")
        assert all(rule["is_default"] == (rule["name"] != "harvesting") for rule in other.rows("rule", "list"))


@scenario
def many_connections_are_too_many(box):
    address = own_address()
    with guarded(box) as other:
        other.cli("rule", "set", "denial-of-service.pop3", "--threshold", "6", "--window", "60", "--block", "2")
        greetings = [first_line(address, other.ports["pop3"])[:4] for _ in range(8)]
        assert greetings == [b"+OK "] * 5 + [b"-ERR"] * 3, greetings
        wait_for(lambda: first_line(address, other.ports["pop3"]).startswith(b"+OK"), "the block does not end")
        client = poplib.POP3("127.0.0.1", other.ports["pop3"])
        client.user("alice@example.test")
        client.pass_(PASSWORD)
        client.quit()


@scenario
def what_a_spammer_sends_is_held_until_it_is_released(box):
    with guarded(box) as other:
        other.cli("rule", "set", "internal-spammer", "--threshold", "3")

        def send(subject):
            m = EmailMessage()
            m["From"], m["Subject"] = "alice@example.test", subject
            m.set_content("Buy!\n")
            with smtplib.SMTP("127.0.0.1", other.ports["submission"]) as s:
                s.starttls(context=ANY_CERTIFICATE)
                s.login("alice@example.test", PASSWORD)
                s.send_message(m, from_addr="alice@example.test", to_addrs=["bob@example.test"])

        def inbox(user):
            client = imaplib.IMAP4("127.0.0.1", other.ports["imap"])
            client.login(user, PASSWORD)
            count = int(client.select("INBOX", readonly=True)[1][0])
            client.logout()
            return count

        send("one")
        send("two")
        wait_for(lambda: inbox("bob@example.test") == 2, "what is within the limit is not delivered")
        send("three")
        wait_for(lambda: [u["user"] for u in other.rows("block", "held")] == ["alice@example.test"], "nobody is held")
        wait_for(lambda: [row["status"] for row in other.rows("spool", "list")] == ["held"], "the spool does not say that it is held")
        rows = other.rows("spool", "list")
        wait_for(lambda: "Held" in other.cli("spool", "show", rows[0]["id"]), "the spool does not say why it waits")
        assert inbox("bob@example.test") == 2
        wait_for(lambda: inbox("admin@example.test") == 1, "the administrator is not told")
        other.cli("block", "release", "alice@example.test")
        wait_for(lambda: inbox("bob@example.test") == 3, "what was released is not delivered")
        assert other.rows("block", "held") == []
