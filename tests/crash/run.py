#!/usr/bin/env python3
"""Kills the server again and again under load, and looks whether all that was acknowledged is there,
exactly once.

    run.py MAILSTEAD [--kills N] [--load SECONDS] [--seed N]

Receivers send mail to users of their own; editors APPEND, STORE, MOVE and EXPUNGE by IMAP; a fetcher
deletes by POP3. Each keeps a model of what the server has acknowledged. What was under way when the
server died may have happened or not; whatever is seen of it after the restart is what it is.
"""

import imaplib
import pathlib
import poplib
import random
import re
import smtplib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from arguments import by_chance  # noqa: E402
from box import PASSWORD, Box  # noqa: E402

GONE = (OSError, EOFError, imaplib.IMAP4.abort, smtplib.SMTPException, poplib.error_proto, ValueError)


def body(identity, random_):
    size = random_.choice([300, 3000, 30000, 200000])
    return (f"From: a@remote.example\r\nTo: b@example.test\r\nSubject: {identity}\r\nMessage-ID: <{identity}@crash>\r\n\r\n"
            + "0123456789abcdef" * 4 + "\r\n" + ("x" * 70 + "\r\n") * (size // 72))


class Worker:
    """Does acknowledged acts on one user until the server is gone."""

    def __init__(self, box, user, seed):
        self.box, self.user, self.random, self.count = box, user, random.Random(seed), 0
        self.acts = 0

    def new_identity(self):
        self.count += 1
        return f"{self.user.split('@')[0]}-{self.count}"

    def run(self):
        try:
            self.work()
        except GONE:
            pass

    def imap(self):
        client = imaplib.IMAP4("127.0.0.1", self.box.ports["imap"], timeout=20)
        client.login(self.user, PASSWORD)
        return client

    def contents(self, mailboxes):
        """Mailbox, identity and flags of everything there is."""
        found = []
        client = self.imap()
        for mailbox in mailboxes:
            _, count = client.select(mailbox, readonly=True)
            if int(count[0]) == 0:
                continue
            _, data = client.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
            for part in (p for p in data if isinstance(p, tuple)):
                identity = re.search(rb"<(.*)@crash>", part[1]).group(1).decode()
                found.append((mailbox, identity, b"\\Flagged" in part[0]))
        client.logout()
        return found

    def send(self, smtp, identity):
        smtp.sendmail("a@remote.example", [self.user], body(identity, self.random))


class Receiver(Worker):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.acknowledged, self.uncertain = set(), set()

    def work(self):
        while True:
            with smtplib.SMTP("127.0.0.1", self.box.ports["smtp"], timeout=20) as smtp:
                for _ in range(5):
                    identity = self.new_identity()
                    self.uncertain.add(identity)
                    self.send(smtp, identity)
                    self.uncertain.discard(identity)
                    self.acknowledged.add(identity)
                    self.acts += 1

    def check(self):
        seen = [identity for _, identity, _ in self.contents(["INBOX"])]
        assert len(seen) == len(set(seen)), f"{self.user}: doubled {[i for i in seen if seen.count(i) > 1]}"
        lost = self.acknowledged - set(seen)
        assert not lost, f"{self.user}: acknowledged and lost: {sorted(lost)}"
        strange = set(seen) - self.acknowledged - self.uncertain
        assert not strange, f"{self.user}: not sent: {strange}"
        self.acknowledged, self.uncertain = set(seen), set()


class Editor(Worker):
    """Model: identity → (mailbox, flagged). What is under way maps to all that it may be."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.model, self.under_way = {}, {}

    def work(self):
        client = self.imap()
        client.select("INBOX")
        while True:
            self.act(client)
            self.acts += 1

    def begin(self, identity, *outcomes):
        self.under_way = {identity: [self.model.get(identity), *outcomes]}

    def end(self, identity, outcome):
        self.under_way = {}
        if outcome is None:
            self.model.pop(identity, None)
        else:
            self.model[identity] = outcome

    def act(self, client):
        inbox = [identity for identity, (mailbox, _) in self.model.items() if mailbox == "INBOX"]
        choice = self.random.random()
        if choice < 0.4 or not inbox:
            identity = self.new_identity()
            self.begin(identity, ("INBOX", False))
            self.must(client.append("INBOX", None, None, body(identity, self.random).encode()))
            return self.end(identity, ("INBOX", False))
        identity = self.random.choice(inbox)
        flagged = self.model[identity][1]
        _, uids = client.uid("SEARCH", "HEADER", "Message-ID", f"<{identity}@crash>")
        uid = uids[0].split()[0].decode()
        if choice < 0.6:
            self.begin(identity, ("INBOX", not flagged))
            self.must(client.uid("STORE", uid, "-FLAGS" if flagged else "+FLAGS", r"(\Flagged)"))
            self.end(identity, ("INBOX", not flagged))
        elif choice < 0.8:
            self.begin(identity, ("Archive", flagged))
            self.must(client.uid("MOVE", uid, "Archive"))
            self.end(identity, ("Archive", flagged))
        else:
            self.begin(identity, None)
            self.must(client.uid("STORE", uid, "+FLAGS", r"(\Deleted)"))
            self.must(client.uid("EXPUNGE", uid))
            self.end(identity, None)

    @staticmethod
    def must(answer):
        if answer[0] != "OK":
            raise AssertionError(f"refused: {answer}")

    def check(self):
        seen = {}
        for mailbox, identity, flagged in self.contents(["INBOX", "Archive"]):
            assert identity not in seen, f"{self.user}: {identity} is in {mailbox} and {seen[identity]}"
            seen[identity] = (mailbox, flagged)
        for identity in set(seen) | set(self.model) | set(self.under_way):
            allowed = self.under_way.get(identity, [self.model.get(identity)])
            assert seen.get(identity) in allowed, f"{self.user}: {identity} is {seen.get(identity)}, not one of {allowed}"
        self.model, self.under_way = seen, {}


class Fetcher(Worker):
    """Gets mail by SMTP and deletes it by POP3."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.kept, self.uncertain = set(), set()

    def work(self):
        while True:
            with smtplib.SMTP("127.0.0.1", self.box.ports["smtp"], timeout=20) as smtp:
                for _ in range(3):
                    identity = self.new_identity()
                    self.uncertain.add(identity)
                    self.send(smtp, identity)
                    self.uncertain.discard(identity)
                    self.kept.add(identity)
            pop = poplib.POP3("127.0.0.1", self.box.ports["pop3"], timeout=20)
            pop.user(self.user)
            pop.pass_(PASSWORD)
            going = set()
            for n in range(1, min(pop.stat()[0], 2) + 1):
                header = b"\n".join(pop.top(n, 0)[1])
                going.add(re.search(rb"<(.*)@crash>", header).group(1).decode())
                pop.dele(n)
            self.uncertain |= going
            self.kept -= going
            pop.quit()
            self.uncertain -= going
            self.acts += len(going)

    def check(self):
        seen = [identity for _, identity, _ in self.contents(["INBOX"])]
        assert len(seen) == len(set(seen)), f"{self.user}: doubled"
        lost = self.kept - set(seen)
        assert not lost, f"{self.user}: lost {sorted(lost)}"
        strange = set(seen) - self.kept - self.uncertain
        assert not strange, f"{self.user}: deleted and back, or never sent: {sorted(strange)}"
        self.kept, self.uncertain = set(seen), set()


def main():
    # The load before each kill is in seconds.
    args = by_chance(__doc__, kills=200, load=0.5)
    kinds = [Receiver] * 4 + [Editor] * 3 + [Fetcher] * 2
    users = [f"{kind.__name__.lower()}{n}@example.test" for n, kind in enumerate(kinds)]
    box = Box(args.binary, users=users, settings='[log]\nconsole = "off"')
    workers = [kind(box, user, args.seed + n) for n, (kind, user) in enumerate(zip(kinds, users))]
    chance = random.Random(args.seed)
    slowest = 0.0
    for kill in range(args.kills):
        start = time.monotonic()
        box.start()
        slowest = max(slowest, time.monotonic() - start)
        if kill:
            box.wait_until_delivered()
            for worker in workers:
                worker.check()
        threads = [threading.Thread(target=worker.run) for worker in workers]
        for thread in threads:
            thread.start()
        time.sleep(args.load * chance.uniform(0.2, 1.8))
        box.kill()
        for thread in threads:
            thread.join()
        if (kill + 1) % 20 == 0:
            print(f"{kill + 1} kills, {sum(worker.acts for worker in workers)} acts", flush=True)
    with box:
        box.wait_until_delivered()
        for worker in workers:
            worker.check()
        print(box.cli("verify"))
    print(f"{args.kills} kills, {sum(w.acts for w in workers)} acknowledged acts, none lost, none doubled; "
          f"slowest start {slowest:.2f} s")


if __name__ == "__main__":
    main()
