#!/usr/bin/env python3
"""How soon can a message be found after the box has accepted it? Asked by IMAP (SEARCH FUZZY), in a box that has nothing
else to do and in one that takes mail all the time. Prints one JSON object.

    lag.py MAILSTEAD [--probes COUNT] [--rate MESSAGES] [--senders COUNT]
"""

import argparse
import imaplib
import json
import math
import pathlib
import random
import smtplib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from box import PASSWORD, Box  # noqa: E402

PROBED, LOADED = "alice@example.test", "bob@example.test"
PATIENCE_SECONDS = 60
# Between two questions whether a message can be found.
LOOK_EVERY_SECONDS = 0.005
WORDS = 20_000
WORDS_IN_A_MESSAGE = 600


def message(to, subject, text):
    return f"From: someone@remote.example\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


def text():
    """About 4 KB of words, some frequent and most rare."""
    words = [f"word{int(random.paretovariate(0.4)) % WORDS}" for _ in range(WORDS_IN_A_MESSAGE)]
    return "\r\n".join(" ".join(words[start:start + 10]) for start in range(0, len(words), 10))


def lag(smtp, imap, word):
    """Seconds from the reply to a message until it is found."""
    smtp.sendmail("someone@remote.example", PROBED, message(PROBED, "probe", word))
    accepted = time.monotonic()
    while True:
        assert time.monotonic() < accepted + PATIENCE_SECONDS, f"{word} is not found"
        imap.noop()
        if imap.search(None, "FUZZY", "TEXT", word)[1] != [b""]:
            return time.monotonic() - accepted
        time.sleep(LOOK_EVERY_SECONDS)


def lags(box, count, name):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as smtp, imaplib.IMAP4("127.0.0.1", box.ports["imap"]) as imap:
        imap.login(PROBED, PASSWORD)
        imap.select("INBOX")
        measured = []
        for number in range(count):
            # At no fixed moment of whatever the box does at intervals.
            time.sleep(random.uniform(0.1, 1))
            measured.append(lag(smtp, imap, f"{name}{number}probe"))
        return measured


class Load:
    """Connections that send mail, all together at a rate, or as fast as it is taken; use it in a with statement."""

    def __init__(self, box, senders, rate):
        self.box, self.pause, self.over = box, senders / rate if rate else 0, threading.Event()
        self.accepted = [0] * senders
        self.threads = [threading.Thread(target=self.send, args=(number,)) for number in range(senders)]

    def send(self, number):
        texts = [message(LOADED, f"load {n}", text()) for n in range(50)]
        with smtplib.SMTP("127.0.0.1", self.box.ports["smtp"]) as smtp:
            due = time.monotonic() + random.uniform(0, self.pause)
            while not self.over.wait(max(0, due - time.monotonic())):
                smtp.sendmail("someone@remote.example", LOADED, random.choice(texts))
                self.accepted[number] += 1
                due += self.pause

    def __enter__(self):
        self.begin = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.seconds = time.monotonic() - self.begin
        for thread in self.threads:
            thread.join()

    def per_second(self):
        return round(sum(self.accepted) / self.seconds, 1)


def figures(measured):
    def at(share):
        return round(sorted(measured)[math.ceil(share * len(measured)) - 1] * 1000)

    return {"probes": len(measured), "p50_ms": at(0.5), "p99_ms": at(0.99), "worst_ms": at(1)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("mailstead")
    arguments.add_argument("--probes", type=int, default=100, help="messages that are looked for, idle and under load")
    arguments.add_argument("--rate", type=float, default=0, help="messages in a second under load; 0: as many as it takes")
    arguments.add_argument("--senders", type=int, default=4, help="connections that load it")
    options = arguments.parse_args()
    with Box(options.mailstead) as box:
        idle = lags(box, options.probes, "idle")
        with Load(box, options.senders, options.rate) as load:
            time.sleep(2)
            loaded = lags(box, options.probes, "loaded")
        under_load = {"accepted_per_second": load.per_second(), **figures(loaded)}
        print(json.dumps({"idle": figures(idle), "under_load": under_load}, indent=2))


if __name__ == "__main__":
    main()
