"""Database files that are truncated, flipped or gone: refused or reported with a word on what to do, never
a panic."""

import random
import shutil
import subprocess

from attack import MIB, USER, deliver, imap, listed_in

ATTACKS = []
attack = listed_in(ATTACKS)

MAILS = 12
# So that the mails fill several segments, of which all but one are sealed.
SMALL_SEGMENTS = "[storage]\nsegment_bytes_max = 524288"
FLIPS = 24
# What a message about damage says to do.
ADVICE = ("verify", "restore", "backup", "upgrade")


def furnish(box):
    """Puts mail into the store and closes it; returns a copy of it."""
    for n in range(MAILS):
        assert deliver(box, [f"Subject: kept {n}\r\n\r\n".encode() + b"z" * (n * 20_000)]).startswith("250")
    box.stop()
    whole = box.dir / "whole"
    shutil.copytree(box.data, whole, ignore=shutil.ignore_patterns("*.sock"))
    return whole


def put_back(box, whole):
    shutil.rmtree(box.data)
    shutil.copytree(whole, box.data)


def run(box, *words):
    """Runs a command that may fail, but must not panic; returns its code and what it said."""
    done = subprocess.run([box.binary, "--config", box.config, *words], capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode in (0, 1, 2, 3), f"{words} ended with {done.returncode}: {said}"
    assert "panicked" not in said and "backtrace" not in said, said
    return done.returncode, said


def check_refused(box, what):
    """The server does not start, says why and what to do."""
    code, said = run(box, "serve")
    assert code != 0, f"{what}: the server has ended well"
    assert any(word in said for word in ADVICE), f"{what}: {said}"
    return said


def files(box):
    return sorted(path.relative_to(box.data) for path in box.data.rglob("*.redb"))


@attack(rss_mib=100, settings=SMALL_SEGMENTS)
def truncated_files(box):
    whole = furnish(box)
    refused = reported = 0
    for file in files(box):
        size = (whole / file).stat().st_size
        for length in (0, 1, 300, 4096, size // 2, size - 1):
            put_back(box, whole)
            with open(box.data / file, "r+b") as opened:
                opened.truncate(length)
            code, said = run(box, "verify")
            assert code != 0, f"{file} of {length} bytes: nobody notices"
            assert str(file) in said, f"{file} of {length} bytes is not named: {said}"
            if code == 3:
                refused += 1
                assert any(word in said for word in ADVICE), f"{file} of {length} bytes: {said}"
            else:
                reported += 1
    put_back(box, whole)
    box.start()
    return f"{refused} refused, {reported} reported by verify"


@attack(rss_mib=100, settings=SMALL_SEGMENTS)
def files_that_are_gone(box):
    whole = furnish(box)
    (box.data / "meta.redb").unlink()
    said = check_refused(box, "without meta.redb")
    assert "meta.redb" in said, said
    put_back(box, whole)
    segments = [file for file in files(box) if "segments" in str(file)]
    assert len(segments) > 1, segments
    for segment in segments:
        put_back(box, whole)
        (box.data / segment).unlink()
        code, said = run(box, "verify")
        assert code != 0 and str(segment) in said and USER in said, said
        box.start()
        if read_what_there_is(box):
            deliver(box, [b"Subject: new\r\n\r\n"])
        box.kill()
    put_back(box, whole)
    (box.data / "meta.redb").write_bytes(random.Random(1).randbytes(MIB))
    check_refused(box, "with noise for meta.redb")
    put_back(box, whole)
    box.start()
    return "refused or reported"


@attack(rss_mib=150)
def flipped_bits(box):
    whole = furnish(box)
    chance = random.Random(20)
    outcomes = {}
    for file in files(box):
        size = (whole / file).stat().st_size
        # The first page holds what redb knows of the file itself.
        for place in [*range(0, 320, 32), *(chance.randrange(size) for _ in range(FLIPS))]:
            put_back(box, whole)
            with open(box.data / file, "r+b") as opened:
                opened.seek(place)
                byte = opened.read(1)[0]
                opened.seek(place)
                opened.write(bytes([byte ^ 1 << chance.randrange(8)]))
            code, said = run(box, "verify")
            if code == 3:
                assert str(file) in said and any(word in said for word in ADVICE), f"{file} at {place}: {said}"
            elif code == 1:
                assert str(file) in said or "fault" in said, f"{file} at {place}: {said}"
            outcomes[code] = outcomes.get(code, 0) + 1
    put_back(box, whole)
    box.start()
    return f"{outcomes.get(3, 0)} refused, {outcomes.get(1, 0)} reported, {outcomes.get(0, 0)} in places not used"


@attack(rss_mib=150, settings=SMALL_SEGMENTS)
def a_server_on_flipped_bits(box):
    whole = furnish(box)
    chance = random.Random(21)
    refused = served = 0
    for file in files(box):
        size = (whole / file).stat().st_size
        for _ in range(4):
            put_back(box, whole)
            with open(box.data / file, "r+b") as opened:
                for _ in range(40):
                    opened.seek(4096 + chance.randrange(size - 4096))
                    opened.write(bytes([chance.randrange(256)]))
            try:
                box.start()
            except AssertionError as failure:
                said = str(failure)
                assert "panicked" not in said and any(word in said for word in ADVICE), said
                refused += 1
                continue
            if read_what_there_is(box):
                deliver_or_say_why(box)
            assert box.process.poll() is None, f"the server has ended: {box.log()[-2000:]}"
            box.kill()
            served += 1
    put_back(box, whole)
    box.start()
    return f"{refused} starts refused, {served} served"


def read_what_there_is(box):
    """Says whether anybody could log in."""
    try:
        line = imap(box, seconds=20)
    except AssertionError:
        return False
    for n in range(1, MAILS + 1):
        line.say(f"f FETCH {n} (ENVELOPE BODYSTRUCTURE FLAGS)\r\n".encode(), b"f ", b"* BYE")
    for n in range(1, MAILS + 1):
        if not line.say(f"f FETCH {n} BODY.PEEK[]\r\n".encode(), b"f ", b"* BYE").startswith(b"f "):
            break
    line.socket.close()
    return True


def deliver_or_say_why(box):
    """What is damaged may be what a delivery needs: then the mail waits, and the damage is named."""
    try:
        deliver(box, [b"Subject: new\r\n\r\n"])
    except AssertionError as failure:
        said = str(failure)
        assert "panicked" not in said and any(word in said for word in ADVICE), said
