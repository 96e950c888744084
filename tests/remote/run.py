#!/usr/bin/env python3
"""Boxes and Debian's Postfix send each other mail, found by a real, signed DNS on loopback addresses.

    python3 tests/remote/run.py BINARY [TEST …]
"""

import hashlib
import http.server
import imaplib
import json
import pathlib
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from box import Box, PASSWORD, free_ports  # noqa: E402
from chain import Hop  # noqa: E402
from postfix import Postfix  # noqa: E402
from zone import Zone  # noqa: E402

ONE, TWO, POST, WEB, SLOW = (f"127.0.0.{last}" for last in range(2, 7))


def openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certificates(folder):
    """An authority, and a pair for all hosts of the zone by it."""
    names = ["mx.one.test", "mx.two.test", "mx.post.test", "mx.sts.test", "mta-sts.sts.test", "mta-sts.strict.test",
             "mta-sts.one.test"]
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority", folder=folder)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem",
            "-out", "request.pem", "-subj", "/CN=mx.test", folder=folder)
    (folder / "names").write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\n")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "certificate.pem", "-days", "2", "-extfile", "names", folder=folder)
    openssl("x509", "-in", "certificate.pem", "-pubkey", "-noout", "-out", "public.pem", folder=folder)
    openssl("pkey", "-pubin", "-in", "public.pem", "-outform", "der", "-out", "public.der", folder=folder)
    return hashlib.sha256((folder / "public.der").read_bytes()).hexdigest()


class Policies(http.server.BaseHTTPRequestHandler):
    """MTA-STS policies."""

    def do_GET(self):
        host = self.headers["Host"].split(":")[0].removeprefix("mta-sts.")
        mx = {"sts.test": "mx.sts.test", "strict.test": "other.test", "one.test": "mx.one.test"}[host]
        text = f"version: STSv1\r\nmode: enforce\r\nmx: {mx}\r\nmax_age: 86400\r\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Town:
    """All hosts of the zone."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mailstead-town-"))
        # Postfix has a user of its own.
        self.folder.chmod(0o755)
        self.mail, dns, self.https, submission, submissions = free_ports(5)
        key = certificates(self.folder)
        tlsa = f"_{self.mail}._tcp"
        self.zone = Zone(self.folder / "dns", dns, [
            f"one.test. MX 10 mx.one.test.\nmx.one.test. A {ONE}\nmta-sts.one.test. A {WEB}",
            "_mta-sts.one.test. TXT \"v=STSv1; id=1;\"",
            f"two.test. MX 20 mx.two.test.\ntwo.test. MX 10 dead.test.\nmx.two.test. A {TWO}\ndead.test. A 127.0.0.99",
            f"{tlsa}.mx.two.test. TLSA 3 1 1 {key}",
            f"forged.test. MX 10 mx.forged.test.\nmx.forged.test. A {TWO}\n{tlsa}.mx.forged.test. TLSA 3 1 1 {'0' * 64}",
            f"post.test. MX 10 mx.post.test.\nmx.post.test. A {POST}",
            f"sts.test. MX 10 mx.sts.test.\nmx.sts.test. A {TWO}\nmta-sts.sts.test. A {WEB}",
            "_mta-sts.sts.test. TXT \"v=STSv1; id=1;\"",
            f"strict.test. MX 10 mx.sts.test.\nmta-sts.strict.test. A {WEB}",
            "_mta-sts.strict.test. TXT \"v=STSv1; id=1;\"",
            "null.test. MX 0 .",
            f"slow.test. MX 10 mx.slow.test.\nmx.slow.test. A {SLOW}",
        ])
        self.zone.__enter__()
        pair = f'[tls]\ncertificate = "{self.folder}/certificate.pem"\nkey = "{self.folder}/key.pem"\n'
        self.settings = pair + f"""
[dns]
servers = ["127.0.0.1:{dns}"]
trust_anchor = "{self.zone.anchor}"
[delivery]
port = {self.mail}
mta_sts_port = {self.https}
trusted_certificates = "{self.folder}/ca.pem"
connect_seconds = 2
backoff_seconds = 1
[delivery.domains]
"by-starttls.test" = {{ host = "mx.post.test:{submission}", user = "relay", password = "secret" }}
"by-tls.test" = {{ host = "mx.post.test:{submissions}", implicit_tls = true, user = "relay", password = "secret" }}
"seven.test" = {{ host = "mx.post.test:{submission}", user = "relay", password = "secret" }}
"locked.test" = {{ host = "mx.post.test:{submissions}", implicit_tls = true, user = "other", password = "wrong" }}
[authenticity]
trusted = []
iprev = "off"
"""
        self.one = self.box(binary, "one.test", ONE, "alice@one.test")
        self.two = self.box(binary, "two.test", TWO, "bob@two.test")
        for domain in ("sts.test", "forged.test", "strict.test", "seven.test"):
            self.two.cli("domain", "add", domain)
            self.two.cli("alias", "add", f"bob@{domain}", "bob@two.test")
        self.postfix = Postfix(self.folder / "postfix", POST, self.mail, (TWO, self.mail),
                               self.folder / "certificate.pem", self.folder / "key.pem", submission, submissions)
        self.web = http.server.ThreadingHTTPServer((WEB, self.https), Policies)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        self.web.socket = context.wrap_socket(self.web.socket, server_side=True)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()

    def box(self, binary, domain, address, user):
        source = f'[delivery]\nsource_addresses = ["{address}"]\n'
        box = Box(binary, users=(), settings=self.settings.replace("[delivery]\n", source))
        text = box.config.read_text().replace('hostname = "mx.example.test"', f'hostname = "mx.{domain}"')
        own = f'["127.0.0.1:{box.ports["smtp"]}", "{address}:{self.mail}"]'
        text = text.replace(f'[smtp]\nlisten = ["127.0.0.1:{box.ports["smtp"]}"]', f"[smtp]\nlisten = {own}")
        box.config.write_text(text)
        box.cli("domain", "add", domain)
        box.cli("user", "add", user, "--password-stdin", input=PASSWORD + "\n")
        box.user = user
        return box

    def __enter__(self):
        try:
            for part in (self.one, self.two, self.postfix):
                part.__enter__()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.web.shutdown()
        for part in (self.one, self.two, self.postfix, self.zone):
            part.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)


def submit(box, to, subject, sender=None):
    """A user of the box sends a message."""
    sender = sender or box.user
    with smtplib.SMTP("127.0.0.1", box.ports["submission"], local_hostname="client.test", timeout=30) as smtp:
        smtp.login(box.user, PASSWORD)
        to = [to] if isinstance(to, str) else to
        smtp.sendmail(sender, to, f"From: {sender}\r\nTo: {', '.join(to)}\r\nSubject: {subject}\r\n\r\n.hello\r\n")


def inbox(box, text, folders=("INBOX",)):
    """The messages in these folders of the user that hold this text."""
    messages = []
    with imaplib.IMAP4("127.0.0.1", box.ports["imap"]) as imap:
        imap.login(box.user, PASSWORD)
        for name in folders:
            imap.select(name, readonly=True)
            found = imap.search(None, "TEXT", f'"{text}"')[1][0].split()
            messages += [imap.fetch(number, "(RFC822)")[1][0][1].decode(errors="replace") for number in found]
    return messages


def wait_for(box, text, seconds=40, folders=("INBOX",)):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := inbox(box, text, folders):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{text!r} did not come to {box.user}")


def logged(box, text, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        lines = [line for line in box.log().splitlines() if text in line]
        if lines:
            return lines
        time.sleep(0.1)
    raise AssertionError(f"{text!r} is not in the log: {box.log()[-3000:]}")


def boxes_find_each_other_and_dane_holds(town):
    submit(town.one, "bob@two.test", "to-two")
    message = wait_for(town.two, "to-two")[0]
    assert "Return-Path: <alice@one.test>" in message and "with ESMTPS" in message, message
    assert "\r\n.hello\r\n" in message, message
    assert "TLSv1.3" in logged(town.one, "destination=two.test")[0]
    submit(town.two, "alice@one.test", "to-one")
    assert len(wait_for(town.one, "to-one")) == 1


def one_message_here_and_elsewhere_and_nowhere(town):
    submit(town.one, ["alice@one.test", "x@null.test", "bob@two.test"], "everywhere")
    wait_for(town.two, "everywhere", 10)
    end = time.monotonic() + 10
    while len(found := inbox(town.one, "everywhere")) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    assert len(found) == 2 and any("5.1.10" in message for message in found), found


def a_certificate_that_dane_does_not_name_gets_nothing(town):
    submit(town.one, "bob@forged.test", "forged")
    assert "failure=tlsa-invalid" in logged(town.one, "host=mx.forged.test")[0]
    assert not inbox(town.two, "forged")


def mta_sts(town):
    submit(town.one, "bob@sts.test", "by-policy")
    wait_for(town.two, "by-policy")
    submit(town.one, "bob@strict.test", "against-policy")
    assert "failure=validation-failure" in logged(town.one, "destination=strict.test")[0]
    assert not inbox(town.two, "against-policy")


def postfix_takes_and_sends(town):
    submit(town.one, "carol@post.test", "to-postfix")
    message = town.postfix.wait_for_mail("to-postfix")
    assert "from mx.one.test (" in message and "using TLSv1.3" in message, message
    with smtplib.SMTP(POST, town.mail, timeout=30) as smtp:
        smtp.sendmail("carol@post.test", ["bob@two.test"], "Subject: from-postfix\r\n\r\nhello\r\n")
    wait_for(town.two, "from-postfix")


def what_nobody_takes_comes_back(town):
    submit(town.one, "nobody@two.test", "bounce-user")
    notice = wait_for(town.one, "bounce-user")[0]
    assert "Remote-MTA: dns; mx.two.test" in notice and "5.1.1" in notice, notice
    submit(town.one, "x@null.test", "bounce-null")
    assert "5.1.10" in wait_for(town.one, "bounce-null")[0]
    submit(town.one, "x@nowhere.test", "bounce-nowhere")
    assert "5.1.2" in wait_for(town.one, "bounce-nowhere")[0]


class Slow:
    """A server that lets its test decide when a message is taken."""

    def __init__(self, address, port):
        self.listener = socket.create_server((address, port))
        self.has_message, self.may_answer = threading.Event(), threading.Event()
        self.messages, self.connections = [], []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.speak, args=(connection,), daemon=True).start()

    def speak(self, connection):
        try:
            with connection, connection.makefile("rwb", buffering=0) as stream:
                stream.write(b"220 mx.slow.test\r\n")
                while line := stream.readline():
                    if not line.upper().startswith(b"DATA"):
                        stream.write(b"250 ok\r\n")
                        continue
                    stream.write(b"354 go\r\n")
                    text = b""
                    while (line := stream.readline()) not in (b".\r\n", b""):
                        text += line
                    self.has_message.set()
                    self.may_answer.wait(30)
                    stream.write(b"250 2.0.0 taken\r\n")
                    self.messages.append(text)
        except OSError:
            pass

    def close(self):
        # Wakes the threads that wait: the one that accepts would keep the port, the others the conversations.
        for part in (self.listener, *self.connections):
            try:
                part.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            part.close()


def killed_in_the_middle_of_a_delivery(town):
    slow = Slow(SLOW, town.mail)
    submit(town.one, ["x@slow.test", "bob@two.test"], "killed")
    assert slow.has_message.wait(20), "the message did not come"
    wait_for(town.two, "killed")
    town.one.kill()
    slow.may_answer.set()
    time.sleep(0.3)
    slow.messages.clear()
    town.one.start()
    end = time.monotonic() + 30
    while not slow.messages and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(1)
    assert len(slow.messages) == 1, "before its 250 nothing was delivered: it comes again, once"
    assert len(inbox(town.two, "killed")) == 1, "what was taken before the kill does not come twice"
    slow.close()


def a_slow_destination_holds_nobody_up(town):
    slow = Slow(SLOW, town.mail)
    for number in range(60):
        submit(town.one, "x@slow.test", f"slow-{number}")
    assert slow.has_message.wait(20)
    submit(town.one, "bob@two.test", "quick")
    begin = time.monotonic()
    wait_for(town.two, "quick")
    assert time.monotonic() - begin < 10
    slow.may_answer.set()
    end = time.monotonic() + 60
    while len(slow.messages) < 60 and time.monotonic() < end:
        time.sleep(0.1)
    assert len(slow.messages) == 60, len(slow.messages)
    slow.close()


def a_smart_host_is_logged_in_to(town):
    for domain in ("by-starttls.test", "by-tls.test"):
        submit(town.one, f"carol@{domain}", f"for-{domain}")
        message = town.postfix.wait_for_mail(f"for-{domain}")
        assert "(Authenticated sender: relay)" in message and "using TLSv1.3" in message, message


def a_wrong_password_is_said_and_waits(town):
    submit(town.one, "carol@locked.test", "locked")
    line = logged(town.one, "451 4.7.8 the login was refused")[0]
    assert "535" in line and "secret" not in line and "wrong" not in line, line
    waiting = [row for row in town.one.rows("spool", "list") if row["queue"].endswith(" as other")]
    assert len(waiting) == 1, waiting


def findings(box, domain):
    """What `domain check` says, by what was looked at."""
    found = json.loads(box.cli("domain", "check", domain, "--json"))["findings"]
    return {finding["what"]: finding for finding in found}


def a_domain_is_checked_and_set_right_by_what_the_check_says(town):
    town.one.cli("domain", "dkim", "one.test")
    before = findings(town.one, "one.test")
    judged = {what: finding["judgement"] for what, finding in before.items() if not what.startswith("PTR")}
    assert judged == {
        "MX": "right", "A, AAAA": "right", "SPF": "wrong", "DKIM mail1-rsa": "wrong", "DKIM mail1-ed25519": "wrong",
        "DMARC": "wrong", "MTA-STS": "right", "MTA-STS policy": "right", "TLS-RPT": "optional", "DANE": "optional",
    }, judged
    lines = [finding["put"] for finding in before.values() if finding["put"] and "arpa." not in finding["put"]]
    town.zone.add(lines)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        after = {what: finding for what, finding in findings(town.one, "one.test").items() if not what.startswith("PTR")}
        if all(finding["judgement"] == "right" for finding in after.values()):
            break
        time.sleep(0.5)
    else:
        raise AssertionError(after)
    policy = findings(town.two, "strict.test")["MTA-STS policy"]
    assert policy["judgement"] == "wrong" and "does not name mx.two.test" in policy["meaning"], policy


def eight_bit_mail_goes_by_a_server_that_takes_none(town):
    """After the domain was set right: its signature is good although the message was changed on its way out."""
    text = "Grüße aus der Ferne, über einen Server, der keine Umlaute nimmt\r\n"
    with smtplib.SMTP("127.0.0.1", town.one.ports["submission"], local_hostname="client.test", timeout=30) as smtp:
        smtp.login(town.one.user, PASSWORD)
        message = ("From: alice@one.test\r\nTo: bob@seven.test\r\nSubject: seven-bit\r\nMIME-Version: 1.0\r\n"
                   "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text)
        smtp.sendmail("alice@one.test", ["bob@seven.test"], message.encode(), ["BODY=8BITMIME"])
    came = wait_for(town.two, "seven-bit", folders=("INBOX", "Junk"))[0]
    assert "Content-Transfer-Encoding: quoted-printable" in came and "Gr=C3=BC=C3=9Fe" in came, came
    assert "dkim=pass header.d=one.test header.s=mail1-rsa" in came and "dmarc=pass" in came, came


def chains_of_others_are_judged(town):
    """A list and whoever it writes to pass a message on; both seal it."""
    first, second = (Hop(domain, town.folder) for domain in ("list.test", "again.test"))
    town.zone.add([first.record(), second.record()])

    def judged(subject, passed_on):
        message = f"From: ann@sender.test\r\nTo: bob@two.test\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()
        with smtplib.SMTP(TWO, town.mail, timeout=30) as smtp:
            smtp.sendmail("list@again.test", ["bob@two.test"], passed_on(message))
        came = wait_for(town.two, subject, folders=("INBOX", "Junk"))[0]
        own = came[came.index("Authentication-Results: mx.two.test;"):].split("\r\n\r\n")[0]
        return own[own.index("arc="):].split()[0].rstrip(";")

    def twice(message):
        return second.seal(first.seal(message, "none"), "pass")

    assert judged("chain-of-one", lambda message: first.seal(message, "none")) == "arc=pass"
    assert judged("chain-of-two", twice) == "arc=pass"
    assert judged("chain-broken", lambda message: twice(message).replace(b"i=2; cv=pass", b"i=2; cv=none")) == "arc=fail"
    assert judged("chain-changed", lambda message: twice(message).replace(b"Subject: ", b"Subject: [x] ")) == "arc=fail"


TESTS = [
    chains_of_others_are_judged,
    boxes_find_each_other_and_dane_holds,
    one_message_here_and_elsewhere_and_nowhere,
    a_certificate_that_dane_does_not_name_gets_nothing,
    mta_sts,
    postfix_takes_and_sends,
    what_nobody_takes_comes_back,
    a_smart_host_is_logged_in_to,
    a_wrong_password_is_said_and_waits,
    a_domain_is_checked_and_set_right_by_what_the_check_says,
    eight_bit_mail_goes_by_a_server_that_takes_none,
    a_slow_destination_holds_nobody_up,
    killed_in_the_middle_of_a_delivery,
]


def main(binary, names):
    failed = 0
    with Town(binary) as town:
        for test in TESTS:
            if names and test.__name__ not in names:
                continue
            begin = time.monotonic()
            try:
                test(town)
                outcome = "ok"
            except Exception as error:  # noqa: BLE001
                failed += 1
                outcome = f"FAILED: {type(error).__name__}: {error}"
            print(f"{test.__name__} … {outcome} ({time.monotonic() - begin:.1f} s)", flush=True)
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
