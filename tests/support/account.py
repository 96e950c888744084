"""A user's mailboxes as plain IMAP shows them: filled quickly, changed, and compared with what a client made of
them."""

import hashlib
import imaplib
import itertools
import re
import socket

from box import PASSWORD

imaplib._MAXLINE = 1 << 26

DATE = '"17-Jul-2024 02:44:25 -0700"'


def message(number, subject=None, lines=8):
    """A small message that its Message-ID tells from all others."""
    return (f"From: Sender {number} <sender{number}@remote.example>\r\nTo: alice@example.test\r\n"
            f"Subject: {subject or f'message {number}'}\r\nDate: Wed, 17 Jul 2024 02:23:25 -0700\r\n"
            f"Message-ID: <{number}@clients.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            + f"Line of message {number}.\r\n" * lines).encode()


def identity(message_bytes):
    """The Message-ID of a message."""
    return re.search(rb"^Message-ID:\s*<(.*?)>", message_bytes, re.M | re.I)[1].decode()


class Account:
    """A session of a user; use it in a with statement."""

    def __init__(self, box, user="alice@example.test"):
        self.box, self.user = box, user
        self.client = imaplib.IMAP4("127.0.0.1", box.ports["imap"], timeout=120)
        self.client.login(user, PASSWORD)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.logout()

    def ok(self, answer):
        assert answer[0] == "OK", answer
        return answer[1]

    def select(self, mailbox="INBOX"):
        """Selects, and gives the number of messages."""
        return int(self.ok(self.client.select(f'"{mailbox}"'))[0])

    def store(self, numbers, flags, mode="+FLAGS"):
        self.ok(self.client.store(numbers, f"{mode}.SILENT", f"({flags})"))

    def expunge(self, numbers):
        self.store(numbers, r"\Deleted")
        self.ok(self.client.expunge())

    def append(self, messages, mailbox="INBOX", flags="", date=DATE, at_once=200):
        """Appends messages, many with a command (RFC 3502) and without waiting (RFC 7888)."""
        messages = iter(messages)
        while group := list(itertools.islice(messages, at_once)):
            command = b"".join(b" (%b) %b {%d+}\r\n%b" % (flags.encode(), date.encode(), len(m), m) for m in group)
            self.client.send(b'x APPEND "%b"%b\r\n' % (mailbox.encode(), command))
            while not (line := self.client.readline()).startswith(b"x "):
                pass
            assert line.startswith(b"x OK"), line

    def copy_until(self, count, mailbox="INBOX"):
        """Copies the mailbox's messages into itself until it has so many."""
        while (there := self.select(mailbox)) < count:
            self.ok(self.client.copy(f"1:{min(there, count - there)}", f'"{mailbox}"'))

    def flags(self, mailbox="INBOX"):
        """Flags by Message-ID; by UID, because a message that goes meanwhile is no error then."""
        found = {}
        if self.select(mailbox):
            for head, field in (part for part in self.ok(self.client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"))
                                if isinstance(part, tuple)):
                found[identity(field)] = shown_flags(head)
        return found

    def folders(self, verb="LIST"):
        """Names, as they stand in the protocol."""
        self.client.send(f'x {verb} "" *\r\n'.encode())
        found = []
        while not (line := self.client.readline()).startswith(b"x "):
            if b"\\Noselect" not in line and b"\\NonExistent" not in line:
                found.append(re.search(rb' (?:"((?:[^"\\]|\\.)*)"|(\S+))\r\n$', line).group(1, 2))
        return sorted((quoted or atom).decode() for quoted, atom in found)

    def snapshot(self):
        """All that a migration has to keep: of each folder its messages with bytes, flags and date."""
        folders = {}
        for name in self.folders():
            messages = []
            if self.select(name):
                for head, body in (part for part in self.ok(self.client.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[])"))
                                   if isinstance(part, tuple)):
                    date = re.search(rb'INTERNALDATE "(.*?)"', head)[1].decode().strip()
                    messages.append((hashlib.sha256(body).hexdigest(), tuple(sorted(shown_flags(head))), date))
            folders[name] = sorted(messages)
        return folders


def shown_flags(head):
    return set(re.search(rb"FLAGS \((.*?)\)", head)[1].decode().split()) - {r"\Recent"}


def difference(one, other):
    """What differs between two snapshots, in words; empty when nothing does."""
    told = [f"only in the first: {name}" for name in one.keys() - other.keys()]
    told += [f"only in the second: {name}" for name in other.keys() - one.keys()]
    for name in sorted(one.keys() & other.keys()):
        if one[name] != other[name]:
            first, second = set(one[name]) - set(other[name]), set(other[name]) - set(one[name])
            told.append(f"{name}: {len(one[name])} and {len(other[name])} messages; "
                        f"only in the first {sorted(first)[:3]}, only in the second {sorted(second)[:3]}")
    return "\n".join(told)


def conversation(box, lines, user="alice@example.test"):
    """Sends commands one after the other, and gives the lines of each answer."""
    with socket.create_connection(("127.0.0.1", box.ports["imap"]), 120) as s, s.makefile("rb") as heard:
        heard.readline()
        answers = []
        for line in [f'LOGIN {user} "{PASSWORD}"', *lines]:
            s.sendall(b"x " + line.encode() + b"\r\n")
            answer = []
            while True:
                answer.append(heard.readline().decode(errors="replace").rstrip("\r\n"))
                if not answer[-1] and not heard.peek(1):
                    raise AssertionError(f"{line}: the connection ended")
                if answer[-1].startswith("x "):
                    break
            assert answer[-1].startswith("x OK"), f"{line}: {answer[-1]}"
            answers.append(answer)
        return answers[1:]
