#!/usr/bin/env python3
"""Scenarios: a whole box and the programs that people use with it.

    run.py MAILSTEAD [NAME ...]
"""

import email
import email.policy
import imaplib
import pathlib
import poplib
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
from email.message import EmailMessage

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from box import PASSWORD, Box  # noqa: E402
from mbsync import configure as mbsync_config  # noqa: E402

import abuse  # noqa: E402

SCENARIOS = list(abuse.SCENARIOS)
ANY_CERTIFICATE = ssl.create_default_context()
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


def scenario(function):
    SCENARIOS.append(function)
    return function


def run(*command, input=None):
    done = subprocess.run([str(c) for c in command], input=input, capture_output=True, timeout=120)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr.decode()}{done.stdout.decode()}"
    return done.stdout.decode(errors="replace")


def message(subject, to="alice@example.test", body="Hello\n", sender="someone@remote.example"):
    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = sender, to, subject
    m["Message-ID"] = f"<{abs(hash((subject, to, time.time())))}@remote.example>"
    m["Date"] = email.utils.format_datetime(email.utils.localtime())
    m.set_content(body)
    return m


def wait_until(condition, what, seconds=20):
    """Waits until the condition is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)


def imap(box, user="alice@example.test"):
    client = imaplib.IMAP4("127.0.0.1", box.ports["imap"])
    client.login(user, PASSWORD)
    return client


def subjects(box, user="alice@example.test", mailbox="INBOX"):
    client = imap(box, user)
    client.select(f'"{mailbox}"', readonly=True)
    _, data = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])") if client.untagged_responses.get("EXISTS") != [b"0"] else ("OK", [])
    client.logout()
    return [email.message_from_bytes(part[1], policy=email.policy.default)["Subject"] for part in data if isinstance(part, tuple)]


@scenario
def python_smtplib_and_imaplib(box):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("plain"), to_addrs=["alice@example.test", "bob@example.test"])
    with smtplib.SMTP("127.0.0.1", box.ports["submission"]) as s:
        s.starttls(context=ANY_CERTIFICATE)
        s.login("alice@example.test", PASSWORD)
        m = message("Grüße aus Köln", to="bob@example.test", sender="alice@example.test", body="Schöne Grüße\n")
        del m["Date"], m["Message-ID"]
        s.send_message(m)
    with smtplib.SMTP_SSL("127.0.0.1", box.ports["submissions"], context=ANY_CERTIFICATE) as s:
        s.login("bob@example.test", PASSWORD)
        s.send_message(message("reply", sender="bob@example.test"))
    box.wait_until_delivered()
    assert subjects(box) == ["plain", "reply"], subjects(box)
    assert subjects(box, "bob@example.test") == ["plain", "Grüße aus Köln"], subjects(box, "bob@example.test")
    client = imap(box, "bob@example.test")
    client.select("INBOX")
    _, data = client.fetch("2", "(BODY.PEEK[])")
    completed = email.message_from_bytes(data[0][1])
    assert completed["Date"] and completed["Message-ID"], "submission completes Date and Message-ID"
    assert completed["Return-Path"] == "<alice@example.test>", completed["Return-Path"]
    _, ids = client.search("UTF-8", "SUBJECT", '"Köln"'.encode())
    assert ids == [b"2"], ids
    client.store("1", "+FLAGS", r"(\Deleted)")
    client.expunge()
    assert client.append("Drafts", r"(\Draft)", None, message("draft").as_bytes())[0] == "OK"
    assert client.copy("1", "Archive")[0] == "OK"
    client.logout()
    assert subjects(box, "bob@example.test", "Archive") == ["Grüße aus Köln"]
    assert subjects(box, "bob@example.test", "Drafts") == ["draft"]


@scenario
def the_log_tells_where_a_mail_is(box):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("a mail to be traced"), to_addrs=["alice@example.test", "bob@example.test"])
        try:
            s.sendmail("x@example.org", ["nobody@example.test"], "Subject: refused\r\n\r\n")
        except smtplib.SMTPRecipientsRefused:
            pass
    box.wait_until_delivered()

    def traced(*clues):
        return box.rows("trace", *clues)
    wait_until(lambda: any(m["standing"] == "delivered" for m in traced("--subject", "be traced")), "its delivery in the log")
    [found] = traced("--subject", "TO BE TRACED", "--recipient", "bob@")
    told = [event["what"] for event in found["events"]]
    assert told[-1] == "delivered" and "message accepted" in told and "entered the spool" in told, told
    assert found["recipients"] == "alice@example.test, bob@example.test" and not found["in_spool"], found
    outcome = found["events"][-1]["fields"]["outcome"]
    assert "alice@example.test: into INBOX" in outcome and "bob@example.test: into INBOX" in outcome, outcome
    [refused] = traced("--recipient", "nobody@example.test")
    assert refused["standing"] == "refused" and refused["message"] is None, refused
    # The level of a kind changes at once and outlives a restart.
    box.cli("log", "levels", "imap=debug")
    imap(box).logout()
    wait_until(lambda: "disconnected" in box.cli("log", "search", "--kinds", "imap"), "lines of the level debug")
    box.stop()
    box.start()
    assert ["imap", "debug"] in [line.split() for line in box.cli("log", "levels").splitlines()]
    related = box.cli("log", "search", "--related", "nobody@example.test")
    assert "recipient refused" in related and "message accepted" in related, related
    assert "setting changed" in box.cli("audit", "log.levels")
    box.cli("config", "unset", "log.levels")
    assert ["imap", "info"] in [line.split() for line in box.cli("log", "levels").splitlines()]


@scenario
def python_poplib(box):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        for n in range(3):
            s.send_message(message(f"pop {n}", body=".dot\n..dots\n"))
    box.wait_until_delivered()
    pop = poplib.POP3("127.0.0.1", box.ports["pop3"])
    pop.stls(ANY_CERTIFICATE)
    pop.user("alice@example.test")
    pop.pass_(PASSWORD)
    assert pop.stat()[0] == 3
    lines = pop.retr(1)[1]
    assert b".dot" in lines and b"..dots" in lines, lines
    uid = pop.uidl(2).split()[2]
    pop.dele(1)
    pop.quit()
    pop = poplib.POP3_SSL("127.0.0.1", box.ports["pop3s"], context=ANY_CERTIFICATE)
    pop.user("alice@example.test")
    pop.pass_(PASSWORD)
    assert pop.stat()[0] == 2
    assert pop.uidl(1).split()[2] == uid, "UIDL is stable"
    pop.dele(2)
    pop.close()  # no QUIT: nothing is deleted
    pop = poplib.POP3("127.0.0.1", box.ports["pop3"])
    pop.user("alice@example.test")
    pop.pass_(PASSWORD)
    assert pop.stat()[0] == 2
    pop.quit()


@scenario
def curl(box):
    with tempfile.NamedTemporaryFile() as f:
        f.write(message("by curl").as_bytes())
        f.flush()
        run("curl", "-sS", f"smtp://127.0.0.1:{box.ports['smtp']}/client.example", "--mail-from", "x@remote.example",
            "--mail-rcpt", "alice@example.test", "--mail-rcpt", "bob@example.test", "-T", f.name, "--crlf")
        run("curl", "-sS", "-k", "--ssl-reqd", f"smtp://127.0.0.1:{box.ports['submission']}/client.example", "-u",
            f"alice@example.test:{PASSWORD}", "--mail-from", "alice@example.test", "--mail-rcpt", "bob@example.test",
            "-T", f.name, "--crlf")
    box.wait_until_delivered()
    login = f"alice@example.test:{PASSWORD}"
    listing = run("curl", "-sS", f"imap://127.0.0.1:{box.ports['imap']}/", "-u", login)
    assert "Drafts" in listing and "INBOX" in listing, listing
    fetched = run("curl", "-sS", "-k", f"imaps://127.0.0.1:{box.ports['imaps']}/INBOX;MAILINDEX=1", "-u", login)
    assert "Subject: by curl" in fetched, fetched
    fetched = run("curl", "-sS", f"pop3://127.0.0.1:{box.ports['pop3']}/1", "-u", login)
    assert "Subject: by curl" in fetched, fetched
    for mechanism in ("PLAIN", "LOGIN"):
        run("curl", "-sS", f"imap://127.0.0.1:{box.ports['imap']}/", "-u", login, "--login-options", f"AUTH={mechanism}")


@scenario
def swaks(box):
    server = ["--server", f"127.0.0.1:{box.ports['smtp']}", "--helo", "client.example"]
    run("swaks", *server, "--from", "x@remote.example", "--to", "alice@example.test", "--header", "Subject: by swaks")
    run("swaks", "--server", f"127.0.0.1:{box.ports['submission']}", "--tls", "--auth", "PLAIN", "--auth-user",
        "bob@example.test", "--auth-password", PASSWORD, "--from", "bob@example.test", "--to", "alice@example.test",
        "--header", "Subject: submitted by swaks")
    unknown = subprocess.run(["swaks", *server, "--from", "x@remote.example", "--to", "nobody@example.test"],
                             capture_output=True, text=True)
    assert "550 5.1.1" in unknown.stdout, unknown.stdout
    relay = subprocess.run(["swaks", *server, "--from", "x@remote.example", "--to", "x@other.example"],
                           capture_output=True, text=True)
    assert "5.7.1" in relay.stdout, relay.stdout
    box.wait_until_delivered()
    assert subjects(box) == ["by swaks", "submitted by swaks"], subjects(box)


@scenario
def mbsync(box):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        for n in range(40):
            s.send_message(message(f"sync {n}", body="x" * n * 1000 + "\n"))
    box.wait_until_delivered()
    mail, rc = mbsync_config(box)
    run("mbsync", "-c", rc, "-a")
    inbox = mail / "INBOX"
    fetched = sorted(inbox.glob("new/*")) + sorted(inbox.glob("cur/*"))
    assert len(fetched) == 40, len(fetched)
    assert (mail / "Archive").is_dir(), "special-use folders are there"
    # Changes on both sides: flags and removals here, new mail and flags there.
    fetched[0].unlink()
    moved = inbox / "cur" / (fetched[1].name.split(":")[0] + ":2,FS")
    fetched[1].rename(moved)
    client = imap(box)
    client.select("INBOX")
    client.store("5", "+FLAGS", r"(\Deleted)")
    client.expunge()
    client.store("6", "+FLAGS", r"(\Answered)")
    client.logout()
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("late"))
    box.wait_until_delivered()
    run("mbsync", "-c", rc, "-a")
    run("mbsync", "-c", rc, "-a")
    client = imap(box)
    _, count = client.select("INBOX")
    local = list(inbox.glob("new/*")) + list(inbox.glob("cur/*"))
    assert int(count[0]) == len(local) == 39, (count, len(local))
    assert client.search(None, "FLAGGED")[1][0].split(), "a flag set here shows there"
    assert [p for p in local if "R" in p.name.split(":2,")[-1]], "a flag set there shows here"
    client.logout()


@scenario
def fetchmail(box):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        for n in range(3):
            s.send_message(message(f"fetched {n}"))
    box.wait_until_delivered()
    rc = box.dir / "fetchmailrc"
    out = box.dir / "fetched"
    rc.write_text(f'poll 127.0.0.1 protocol POP3 port {box.ports["pop3"]} username "alice@example.test" password '
                  f'"{PASSWORD}" sslproto "" mda "cat >> {out}"\n')
    rc.chmod(0o600)
    run("env", f"HOME={box.dir}", "fetchmail", "-f", rc, "--pidfile", box.dir / "fetchmail.pid", "--all", "--nokeep")
    text = out.read_text()
    assert all(f"fetched {n}" in text for n in range(3)), text
    assert subjects(box) == [], "fetched mail is removed"


@scenario
def sieve_connect(box):
    def connect(*options):
        command = ["sieve-connect", "--server", "127.0.0.1", "--port", box.ports["sieve"], "--notlsverify"]
        command += ["--user", "alice@example.test", "--passwordfd", "0", *options]
        return run(*command, input=f"{PASSWORD}\n".encode())

    script = box.dir / "rules.sieve"
    script.write_text('require ["fileinto", "mailbox"];\nif header :contains "subject" "order" {\n'
                      '  fileinto :create "Shops/Orders";\n}\n')
    connect("--localsieve", script, "--remotesieve", "rules", "--upload")
    assert "rules" in connect("--list")
    connect("--remotesieve", "rules", "--activate")
    fetched = box.dir / "fetched.sieve"
    connect("--remotesieve", "rules", "--localsieve", fetched, "--download")
    assert fetched.read_text().split() == script.read_text().split()
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("your order 7"))
        s.send_message(message("hello"))
    box.wait_until_delivered()
    assert subjects(box, mailbox="Shops/Orders") == ["your order 7"], "the rule has not filed it"
    assert subjects(box) == ["hello"]
    connect("--deactivate")
    connect("--remotesieve", "rules", "--delete")
    assert "rules" not in connect("--list")
    # The same scripts by the command line.
    box.cli("user", "sieve", "put", "alice@example.test", "mine", str(script), "--activate")
    assert "mine" in connect("--list")


@scenario
def forwarding_and_vacation_as_settings(box):
    box.cli("user", "forward", "alice@example.test", "bob@example.test", "--keep")
    box.cli("user", "vacation", "bob@example.test", "--text", "I am away")
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("to both", sender="someone@remote.example"))
        s.send_message(message("to bob", to="bob@example.test", sender="alice@example.test"))
    box.wait_until_delivered()
    assert subjects(box) == ["to both", "Auto: to bob"], subjects(box)
    # The answer went to alice, and as a copy to bob, whose answer is for nobody: it is a machine's.
    assert sorted(subjects(box, "bob@example.test")) == ["Auto: to bob", "to bob", "to both"]
    box.cli("user", "forward", "alice@example.test", "--off")
    box.cli("user", "vacation", "bob@example.test", "--off")


@scenario
def imap_idle_tells_of_new_mail(box):
    client = imap(box)
    client.select("INBOX")
    client.send(b"x1 IDLE\r\n")
    assert client.readline().startswith(b"+")
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("news"))
    client.sock.settimeout(5)
    line = client.readline()
    while b"EXISTS" not in line:
        line = client.readline()
    client.send(b"DONE\r\n")
    while not line.startswith(b"x1 OK"):
        line = client.readline()
    client.logout()


class Dialogue:
    """An IMAP client that shows each line, also those that nobody has asked for."""

    def __init__(self, box, user="alice@example.test"):
        self.socket = socket.create_connection(("127.0.0.1", box.ports["imap"]), timeout=20)
        self.lines = self.socket.makefile("rb")
        self.lines.readline()
        self.ask(f"LOGIN {user} {PASSWORD}")

    def line(self):
        return self.lines.readline().decode().rstrip("\r\n")

    def ask(self, command):
        """The lines before the tagged one, which must be OK."""
        self.socket.sendall(f"t {command}\r\n".encode())
        told = []
        while not (line := self.line()).startswith("t "):
            told.append(line)
        assert line.startswith("t OK"), line
        return told


@scenario
def urls_of_alice_are_fetched_by_bob(box):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("for bob too", body="Si vis pacem, para bellum.\n"))
    box.wait_until_delivered()
    alice, bob = Dialogue(box), Dialogue(box, "bob@example.test")

    def authorized(access):
        url = f"imap://alice%40example.test@mx.example.test/INBOX/;UID=1/;SECTION=TEXT;URLAUTH={access}"
        return alice.ask(f'GENURLAUTH "{url}" INTERNAL')[0].split('"')[1]

    def told(client, url):
        return client.ask(f'URLFETCH ("{url}" BINARY)')[0].split(f'"{url}"')[1].strip()

    for_bob, for_all = authorized("user+bob@example.test"), authorized("authuser")
    assert told(bob, for_bob) == "(BINARY {28}", told(bob, for_bob)
    assert told(alice, for_bob) == "NIL"
    assert told(alice, for_all) == "(BINARY {28}"
    assert told(bob, for_all.replace("UID=1", "UID=2")) == "NIL"
    expired = authorized("anonymous").replace(";URLAUTH", ";EXPIRE=2020-01-01T00:00:00Z;URLAUTH")
    assert told(bob, expired) == "NIL"
    box.stop()
    box.start()
    alice, bob = Dialogue(box), Dialogue(box, "bob@example.test")
    assert told(bob, for_bob) == "(BINARY {28}"
    alice.ask("RESETKEY INBOX INTERNAL")
    assert told(bob, for_bob) == "NIL"


@scenario
def notifications_of_delivered_mail(box):
    alice = Dialogue(box)
    alice.ask("SELECT Drafts")
    alice.ask("NOTIFY SET (selected (MessageNew MessageExpunge)) (personal (MessageNew MessageExpunge FlagChange))")
    for number in (1, 2):
        with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
            s.send_message(message(f"number {number}"))
        line = alice.line()
        assert line.startswith(f"* STATUS INBOX (MESSAGES {number} UIDNEXT {number + 1} "), line
    other = imap(box)
    other.select("INBOX")
    other.store("1", "+FLAGS", "(\\Seen)")
    line = alice.line()
    assert "UNSEEN 1" in line, line
    other.append("Drafts", None, None, b"Subject: draft\r\n\r\n")
    assert alice.line() == "* 1 EXISTS"
    other.logout()


@scenario
def aliases_subaddresses_and_bounces(box):
    box.cli("alias", "add", "team@example.test", "alice@example.test", "bob@example.test")
    box.cli("alias", "add", "all@example.test", "team@example.test", "bob@example.test")
    client = imap(box)
    client.create("lists")
    client.logout()
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("to all", to="all@example.test"))
        s.send_message(message("sub", to="alice+lists@example.test"))
        s.send_message(message("no folder", to="alice+none@example.test"))
    box.wait_until_delivered()
    assert subjects(box) == ["to all", "no folder"], subjects(box)
    assert subjects(box, "bob@example.test") == ["to all"]
    assert subjects(box, mailbox="lists") == ["sub"]
    # A recipient that goes away between acceptance and delivery comes back to the sender.
    box.cli("user", "add", "short@example.test", "--password-stdin", input=PASSWORD + "\n")
    box.cli("service", "stop", "spool")
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("too late", to="short@example.test", sender="bob@example.test"))
    waiting = box.rows("spool", "list")
    assert len(waiting) == 1, waiting
    box.cli("user", "remove", "short@example.test")
    box.cli("service", "start", "spool")
    box.wait_until_delivered()
    client = imap(box, "bob@example.test")
    client.select("INBOX")
    _, data = client.fetch("2", "(BODY.PEEK[])")
    bounce = email.message_from_bytes(data[0][1])
    client.logout()
    assert bounce.get_content_type() == "multipart/report", bounce.get_content_type()
    assert bounce["Return-Path"] == "<>", bounce["Return-Path"]
    status = bounce.get_payload()[1]
    assert status.get_content_type() == "message/delivery-status"
    assert "short@example.test" in str(status) and "5.1.1" in str(status), str(status)


@scenario
def a_sender_is_told_of_success_when_asked_for(box):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        for options in (["NOTIFY=SUCCESS", "ORCPT=rfc822;robert@example.test"], ["NOTIFY=NEVER"], []):
            s.sendmail("alice@example.test", ["bob@example.test"], message("asked").as_string(), ["ENVID=QQ314159"], options)
    box.wait_until_delivered()
    client = imap(box)
    _, count = client.select("INBOX")
    assert count == [b"1"], "one notice for the one that asked"
    _, data = client.fetch("1", "(BODY.PEEK[])")
    client.logout()
    report = email.message_from_bytes(data[0][1])
    assert report.get_content_type() == "multipart/report"
    status = str(report.get_payload()[1])
    for field in ("Action: delivered", "Original-Envelope-Id: QQ314159", "rfc822;robert@example.test"):
        assert field in status.replace("; ", ";") or field in status, status


@scenario
def mail_for_elsewhere_waits(box):
    with smtplib.SMTP("127.0.0.1", box.ports["submission"]) as s:
        s.login("alice@example.test", PASSWORD)
        s.send_message(message("outward", to="x@remote.example", sender="alice@example.test"))
    end = time.monotonic() + 10
    while not (waiting := box.rows("spool", "list")) or not waiting[0]["attempts"]:
        assert time.monotonic() < end, waiting
        time.sleep(0.05)
    box.stop()
    box.start()
    waiting = box.rows("spool", "list")
    assert len(waiting) == 1 and waiting[0]["attempts"] >= 1, waiting
    identity = waiting[0]["id"]
    assert "x@remote.example" in box.cli("spool", "show", identity)
    box.cli("spool", "force", identity)
    box.cli("spool", "delete", identity)
    assert box.rows("spool", "list") == []


@scenario
def shared_mailboxes(box):
    """One user gives another a mailbox, a domain has one of its own: imaplib gives and reads, mbsync synchronizes."""
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        for n in range(5):
            s.send_message(message(f"for alice {n}"))
    box.wait_until_delivered()
    alice, bob = imap(box), imap(box, "bob@example.test")
    assert alice.create("Team")[0] == "OK" and alice.select("INBOX")[0] == "OK"
    assert alice.copy("1:3", "Team")[0] == "OK"
    theirs = '"Other Users/alice@example.test/Team"'
    assert bob.select(theirs)[0] == "NO"
    assert alice.setacl("Team", "bob@example.test", "lrswite")[0] == "OK"
    _, acl = alice.getacl("Team")
    assert b'"bob@example.test" lrswited' in acl[0], acl
    assert bob.myrights(theirs)[1][0].endswith(b" lrswited")
    assert bob.namespace()[1] == [b'(("" "/")) (("Other Users/" "/")) (("Shared/" "/"))']
    assert any(b"alice@example.test/Team" in line for line in bob.list()[1])
    assert bob.append(theirs, r"(\Seen)", None, message("from bob").as_bytes())[0] == "OK"
    box.cli("shared", "add", "example.test", "Support")
    box.cli("shared", "grant", "example.test", "Support", "anyone", "lrp")
    box.cli("alias", "add", "support@example.test", "shared+Support@example.test")
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        s.send_message(message("help", to="support@example.test"))
    box.wait_until_delivered()
    assert subjects(box, "bob@example.test", "Shared/example.test/Support") == ["help"]
    mail, rc = mbsync_config(box, "bob@example.test", 'Path "Other Users/alice@example.test/"',
                             "Far :far:Team\nNear :near:Team\nCreate Near")
    run("mbsync", "-c", rc, "-a")
    team = mail / "Team"
    fetched = sorted(team.glob("new/*")) + sorted(team.glob("cur/*"))
    assert len(fetched) == 4, fetched
    fetched[0].unlink()
    run("mbsync", "-c", rc, "-a")
    assert len(subjects(box, mailbox="Team")) == 3
    alice.logout()
    bob.logout()


@scenario
def services_stop_and_start(box):
    client = imap(box)
    box.cli("service", "stop", "imap")
    line = client.readline()
    assert line.startswith(b"* BYE"), line
    try:
        socket.create_connection(("127.0.0.1", box.ports["imap"]), 1)
        raise AssertionError("the port is still open")
    except ConnectionRefusedError:
        pass
    socket.create_connection(("127.0.0.1", box.ports["pop3"]), 1).close()
    box.stop()
    box.process = None
    box.cli("service", "start", "imap")
    box.start()
    imap(box).logout()


@scenario
def sessions_are_listed_and_ended(box):
    client = imap(box)
    rows = [row for row in box.rows("session", "list") if row["user"] == "alice@example.test"]
    assert len(rows) == 1 and rows[0]["service"] == "imap", rows
    box.cli("session", "end", rows[0]["id"])
    assert client.readline().startswith(b"* BYE")
    box.cli("user", "disable", "alice@example.test")
    try:
        imap(box)
        raise AssertionError("a disabled user got in")
    except imaplib.IMAP4.error:
        pass
    box.cli("user", "enable", "alice@example.test")
    imap(box).logout()


@scenario
def certificate_is_read_again(box):
    def serial():
        with socket.create_connection(("127.0.0.1", box.ports["imaps"])) as raw:
            with ANY_CERTIFICATE.wrap_socket(raw) as s:
                return s.getpeercert(binary_form=True)

    before = serial()
    other = Box(box.binary, users=())
    other.start()
    other.stop()
    for name in ("key.pem", "certificate.pem"):
        (box.dir / "data/tls" / name).write_bytes((other.dir / "data/tls" / name).read_bytes())
    end = time.monotonic() + 30
    while serial() == before:
        assert time.monotonic() < end, "the new certificate is not served"
        time.sleep(0.2)


@scenario
def verify_is_content(box):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        for n in range(20):
            s.send_message(message(f"kept {n}", body="y" * 10000))
    box.wait_until_delivered()
    box.cli("verify")
    box.stop()
    box.process = None
    box.cli("verify")


def main():
    binary, names = sys.argv[1], sys.argv[2:]
    failed = 0
    chosen = [s for s in SCENARIOS if not names or s.__name__ in names]
    for s in chosen:
        start = time.monotonic()
        try:
            with Box(binary) as box:
                try:
                    s(box)
                except Exception:
                    print(box.log()[-3000:])
                    raise
            print(f"ok      {s.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {s.__name__}\n{traceback.format_exc()}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
