"""Disks that are full."""

import contextlib
import imaplib
import os
import pathlib
import smtplib
import subprocess
import tempfile
import time

from attack import MIB, USER, listed_in
from box import PASSWORD

ATTACKS = []
attack = listed_in(ATTACKS)


def small_disk(mib):
    """A place on a file system of its own."""

    @contextlib.contextmanager
    def place():
        with tempfile.TemporaryDirectory(prefix="mailstead-disk-") as directory:
            image, mount = pathlib.Path(directory) / "image", pathlib.Path(directory) / "mount"
            image.touch()
            os.truncate(image, mib * MIB)
            mount.mkdir()
            try:
                subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True, capture_output=True)
                subprocess.run(["mount", "-o", "loop", image, mount], check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError) as failure:
                yield f"no file system can be mounted here ({failure})"
                return
            try:
                yield mount / "data"
            finally:
                subprocess.run(["umount", "-l", mount], check=True)

    return place


def send(box, subject, size):
    """The answer to a message of that size."""
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"], timeout=30) as client:
        body = f"Subject: {subject}\r\n\r\n" + ("x" * 70 + "\r\n") * (size // 72)
        try:
            client.sendmail("a@remote.example", [USER], body)
            return 250, b""
        except smtplib.SMTPResponseException as refusal:
            return refusal.smtp_code, refusal.smtp_error
        except smtplib.SMTPRecipientsRefused as refusal:
            return next(iter(refusal.recipients.values()))


def subjects(box):
    with imaplib.IMAP4("127.0.0.1", box.ports["imap"], timeout=60) as client:
        client.login(USER, PASSWORD)
        count = int(client.select("INBOX", readonly=True)[1][0])
        if not count:
            return []
        # All of their bytes, too: reading goes on.
        _, data = client.fetch("1:*", "(BODY.PEEK[])")
        bodies = [part[1] for part in data if isinstance(part, tuple)]
        return [body.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for body in bodies]


def delete_all(box):
    with imaplib.IMAP4("127.0.0.1", box.ports["imap"], timeout=60) as client:
        client.login(USER, PASSWORD)
        client.select("INBOX")
        for answer in (client.store("1:*", "+FLAGS.SILENT", r"(\Deleted)"), client.expunge()):
            assert answer[0] == "OK", answer


def fill(mount, leave):
    """Takes all of the disk but `leave` bytes."""
    ballast = mount / "ballast"
    free = os.statvfs(mount)
    with open(ballast, "ab") as file:
        os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize - leave, 4096))
    return ballast


def until_taken(box, subject, seconds=60):
    end = time.monotonic() + seconds
    while (answer := send(box, subject, 1000))[0] != 250:
        assert time.monotonic() < end, f"refused though there is room: {answer}"
        time.sleep(0.3)


@attack(rss_mib=120, settings="[storage]\ndisk_free_bytes_min = 33554432", place=small_disk(128))
def the_reserve_of_a_full_disk(box):
    assert send(box, "before", 100_000)[0] == 250
    box.wait_until_delivered()
    ballast = fill(box.data.parent, 30 * MIB)
    time.sleep(1.2)
    code, why = send(box, "refused", 1000)
    assert code == 452 and b"4.3.1" in why, (code, why)
    with imaplib.IMAP4("127.0.0.1", box.ports["imap"], timeout=60) as client:
        client.login(USER, PASSWORD)
        answer = client.append("INBOX", None, None, b"Subject: appended\r\n\r\n")
        assert answer[0] == "NO", answer
    assert subjects(box) == ["before"], "reading goes on"
    delete_all(box)
    assert subjects(box) == [], "deleting goes on"
    ballast.unlink()
    until_taken(box, "after")
    box.wait_until_delivered()
    assert subjects(box) == ["after"]
    return "452 at MAIL, NO at APPEND, read, deleted, taken again"


@attack(rss_mib=150, settings="[storage]\ndisk_free_bytes_min = 0\nsegment_bytes_max = 4194304", place=small_disk(128))
def a_disk_without_any_room(box):
    ballast = fill(box.data.parent, 24 * MIB)
    taken = []
    while (answer := send(box, f"mail-{len(taken)}", 100_000))[0] == 250:
        taken.append(f"mail-{len(taken)}")
        assert len(taken) < 1000, "so much does not fit"
    for _ in range(5):
        code, why = send(box, "another", 100_000)
        assert 400 <= code < 500, (code, why)
    box.cli("session", "list")
    there = subjects(box)
    waiting = {row["id"] for row in box.rows("spool", "list")}
    assert len(taken) <= len(there) + len(waiting), f"{len(taken)} taken, {len(there)} there, {len(waiting)} waiting"
    ballast.unlink()
    until_taken(box, "after")
    box.wait_until_delivered(60)
    there = subjects(box)
    assert sorted(there) == sorted([*taken, "after"]), f"lost {set(taken) - set(there)}, strange {set(there) - set(taken)}"
    return f"{len(taken)} taken, then {answer[0]}; none lost, taken again"


@attack(rss_mib=150, settings="[storage]\ndisk_free_bytes_min = 0\nsegment_bytes_max = 4194304", place=small_disk(128))
def a_kill_on_a_disk_without_any_room(box):
    ballast = fill(box.data.parent, 12 * MIB)
    taken = []
    while send(box, f"mail-{len(taken)}", 100_000)[0] == 250:
        taken.append(f"mail-{len(taken)}")
        assert len(taken) < 1000, "so much does not fit"
    box.kill()
    try:
        box.start()
        told = "starts without room"
    except AssertionError as failure:
        assert "panicked" not in box.log() and "space" in str(failure), failure
        told = "says that it needs room"
    ballast.unlink()
    if box.process.poll() is not None:
        box.start()
    box.wait_until_delivered(60)
    assert sorted(subjects(box)) == sorted(taken), "after the kill, all that was taken and nothing else"
    box.cli("verify")
    return f"{len(taken)} taken; {told}; none lost"
