#!/usr/bin/env python3
"""Kills the server again and again while its users send to another server, and looks whether all that was acknowledged
came there. Twice came only what was taken right before a kill (RFC 1047).

    sending.py MAILSTEAD [--kills N] [--load SECONDS] [--seed N]
"""

import collections
import pathlib
import random
import re
import smtplib
import socketserver
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from arguments import by_chance  # noqa: E402
from box import PASSWORD, Box  # noqa: E402

USER = "alice@example.test"
SENDERS = 4
# A server that was killed may have been writing down for so long what was taken.
WINDOW_SECONDS = 1.0


class Taker(socketserver.StreamRequestHandler):
    """The next server, which thinks about each message for a moment before it takes it."""

    # Else each answer waits for the acknowledgement of the one before it.
    disable_nagle_algorithm = True

    def handle(self):
        try:
            self.speak()
        except OSError:
            pass

    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def speak(self):
        self.say(b"220 taker.test")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"EHLO":
                    self.say(b"250-taker.test\r\n250 PIPELINING")
                case b"DATA":
                    self.say(b"354 go")
                    text = b""
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        text += line
                    if line:
                        time.sleep(random.choice([0, 0, 0, 0, 0.01, 0.1]))
                        self.say(b"250 taken")
                        self.server.taken[re.search(rb"Subject: (\S+)", text)[1].decode()].append(time.monotonic())
                case b"QUIT":
                    return self.say(b"221 bye")
                case _:
                    self.say(b"250 ok")


class Next(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 100

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taker)
        self.taken = collections.defaultdict(list)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Sender:
    def __init__(self, box, number):
        self.box, self.number, self.count, self.acknowledged = box, number, 0, []

    def run(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.box.ports["submission"], timeout=20) as smtp:
                smtp.login(USER, PASSWORD)
                while True:
                    self.count += 1
                    subject = f"{self.number}-{self.count}"
                    smtp.sendmail(USER, [f"{subject}@taker.test"], f"From: {USER}\r\nSubject: {subject}\r\n\r\nhello\r\n")
                    self.acknowledged.append(subject)
        except (OSError, smtplib.SMTPException, ValueError):
            pass


def main():
    # The load before each kill is in seconds.
    args = by_chance(__doc__, kills=40, load=0.7)
    chance = random.Random(args.seed)
    taker = Next()
    route = f'smart_host = {{ host = "127.0.0.1:{taker.server_address[1]}" }}'
    box = Box(args.binary, users=[USER], settings=f'[log]\nconsole = "off"\n[delivery]\n{route}')
    box.cli("rule", "set", "internal-spammer", "--state", "off")
    senders = [Sender(box, number) for number in range(SENDERS)]
    kills = []
    for _ in range(args.kills):
        box.start()
        threads = [threading.Thread(target=sender.run) for sender in senders]
        for thread in threads:
            thread.start()
        time.sleep(args.load * chance.uniform(0.2, 1.8))
        kills.append(time.monotonic())
        box.kill()
        for thread in threads:
            thread.join()
    with box:
        box.wait_until_delivered(300)
        print(box.cli("verify"))
    acknowledged = [subject for sender in senders for subject in sender.acknowledged]
    lost = [subject for subject in acknowledged if subject not in taker.taken]
    assert not lost, f"acknowledged and lost: {lost}"
    again = 0
    for subject, moments in taker.taken.items():
        for moment in moments[:-1]:
            again += 1
            assert any(kill - WINDOW_SECONDS < moment < kill + 1 for kill in kills), f"{subject} came twice: {moments}, {kills}"
    assert len(acknowledged) > args.kills, "there was no load"
    print(f"{args.kills} kills, {len(acknowledged)} messages sent: none lost, {again} taken twice, all right before a kill")


if __name__ == "__main__":
    main()
