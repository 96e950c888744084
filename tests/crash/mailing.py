#!/usr/bin/env python3
"""Kills the server again and again while it sends mass messages, and looks whether everybody got each of them once.

    mailing.py MAILSTEAD [--users N] [--mailings N] [--seed N]
"""

import collections
import imaplib
import pathlib
import random
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from arguments import by_chance  # noqa: E402
from box import PASSWORD, Box  # noqa: E402

ADMIN = "admin@example.test"


def subjects(box, user):
    """How often each subject is in a user's INBOX."""
    client = imaplib.IMAP4("127.0.0.1", box.ports["imap"], timeout=20)
    client.login(user, PASSWORD)
    _, count = client.select("INBOX", readonly=True)
    data = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1] if int(count[0]) else []
    client.logout()
    return collections.Counter(re.search(rb"Subject: (\S+)", part[1]).group(1).decode()
                               for part in data if isinstance(part, tuple))


def send(box, subject):
    box.cli("mailing", "send", "--all", "--subject", subject, "--yes", input="The box sleeps tonight.\n")


def ended(box):
    return all(row["state"] == "queued" for row in box.rows("mailing", "list"))


def main():
    args = by_chance(__doc__, users=40, mailings=8)
    chance = random.Random(args.seed)
    box = Box(args.binary, users=[ADMIN], settings='[log]\nconsole = "off"')
    users = [f"user{n}@example.test" for n in range(args.users)]
    file = box.dir / "users.csv"
    file.write_text("address,password\n" + "".join(f"{user},{PASSWORD}\n" for user in users))
    box.cli("import", str(file))
    kills = 0
    expected = collections.Counter()
    for number in range(args.mailings):
        box.start()
        send(box, f"letter-{number}")
        expected[f"letter-{number}"] = 1
        while True:
            time.sleep(chance.uniform(0, 0.15))
            box.kill()
            kills += 1
            if chance.random() < 0.4:
                break
            box.start()
    with box:
        end = time.monotonic() + 60
        while not ended(box):
            assert time.monotonic() < end, box.cli("mailing", "list")
            time.sleep(0.05)
        box.wait_until_delivered()
        for user in [ADMIN, *users]:
            found = subjects(box, user)
            assert found == expected, f"{user}: {found}"
        for row in box.rows("mailing", "list"):
            counts = (row["total"], row["queued"], row["delivered"], row["failed"], row["removed"])
            total = len(users) + 1
            assert counts == (total, total, total, 0, 0), counts
        print(box.cli("verify"))
    print(f"{kills} kills, {args.mailings} mass messages to {len(users) + 1} users: each got each once")


if __name__ == "__main__":
    main()
