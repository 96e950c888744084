"""Programs that keep a folder of files and a mailbox the same, in both directions."""

import mailbox

from account import Account, identity, message
from box import PASSWORD
from mbsync import configure as mbsync_config
from program import run

MESSAGES = 5000
# What the letters of Maildir's info mean.
LETTERS = {"D": r"\Draft", "F": r"\Flagged", "R": r"\Answered", "S": r"\Seen", "T": r"\Deleted"}


def local_flags(folder):
    """Flags by Message-ID of a Maildir."""
    found = {}
    for path in [*folder.glob("new/*"), *folder.glob("cur/*")]:
        letters = path.name.rpartition(":2,")[2] if ":2," in path.name else ""
        found[identity(path.read_bytes()[:4096])] = {LETTERS[letter] for letter in letters}
    return found


def local_files(folder):
    return {identity(path.read_bytes()[:4096]): path for path in [*folder.glob("new/*"), *folder.glob("cur/*")]}


def set_letters(path, letters):
    path.rename(path.parent.parent / "cur" / (path.name.partition(":2,")[0] + ":2," + letters))


def system(flags):
    return {identity: found & set(LETTERS.values()) for identity, found in flags.items()}


def change_both_sides(box, inbox, count):
    """Flags and removals on both sides, new mail on both."""
    local = local_files(inbox)
    numbers = range(1, count + 1)
    for number in numbers[0::10]:
        set_letters(local[f"{number}@clients.example"], "FS")
    for number in numbers[1::10]:
        local[f"{number}@clients.example"].unlink()
    for number in range(count + 1, count + 21):
        (inbox / "new" / f"{number}.here").write_bytes(message(number).replace(b"\r\n", b"\n"))
    with Account(box) as far:
        far.select()
        step = ",".join
        far.store(step(str(n) for n in numbers[2::10]), r"\Seen \Answered")
        far.store(step(str(n) for n in numbers[3::10]), r"\Seen", mode="-FLAGS")
        far.expunge(step(str(n) for n in numbers[4::10]))
        far.append(message(number) for number in range(count + 21, count + 41))
    gone = {f"{n}@clients.example" for n in [*numbers[1::10], *numbers[4::10]]}
    return {f"{n}@clients.example" for n in range(1, count + 41)} - gone


def compare(box, inbox, expected):
    with Account(box) as far:
        there = system(far.flags())
    here = local_flags(inbox)
    assert there.keys() == expected, f"{len(there)} there, {len(expected)} expected"
    assert here.keys() == expected, f"{len(here)} here, {len(expected)} expected"
    different = [(name, here[name], there[name]) for name in expected if here[name] != there[name]]
    assert not different, f"{len(different)} differ in their flags: {different[:5]}"
    flagged = sum(r"\Flagged" in flags for flags in there.values())
    answered = sum(r"\Answered" in flags for flags in here.values())
    assert flagged and answered, "flags went in both directions"


def mbsync_both_ways(box):
    mail, rc = mbsync_config(box, store="Timeout 60")
    with Account(box) as far:
        far.append((message(n) for n in range(1, MESSAGES + 1)), flags=r"\Seen")
    sync = ["mbsync", "-c", rc, "-a"]
    run(*sync, home=box.dir)
    inbox = mail / "INBOX"
    assert len(local_files(inbox)) == MESSAGES
    expected = change_both_sides(box, inbox, MESSAGES)
    run(*sync, home=box.dir)
    run(*sync, home=box.dir)
    compare(box, inbox, expected)


def offlineimap_both_ways(box):
    count = 500
    mail = box.dir / "Maildir"
    rc = box.dir / "offlineimaprc"
    rc.write_text(f"""
[general]
accounts = alice
metadata = {box.dir}/offlineimap
ui = quiet
maxsyncaccounts = 1

[Account alice]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {mail}

[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {box.ports['imap']}
remoteuser = alice@example.test
remotepass = {PASSWORD}
ssl = no
starttls = no
maxconnections = 2
""")
    with Account(box) as far:
        far.append((message(n) for n in range(1, count + 1)), flags=r"\Seen")
        far.ok(far.client.create('"Projekte/K&APY-ln"'))
        far.append([message(9001)], mailbox="Projekte/K&APY-ln", flags=r"\Flagged")
    sync = ["offlineimap", "-c", rc, "-o", "-k", "general:fsync=False"]
    run(*sync, home=box.dir)
    inbox = mail / "INBOX"
    assert len(local_files(inbox)) == count
    assert local_flags(mail / "Projekte.K&APY-ln") == {"9001@clients.example": {r"\Flagged"}}, list(mail.iterdir())
    expected = change_both_sides(box, inbox, count)
    made_here = mailbox.Maildir(mail / "Made here", create=True)
    made_here.add(message(9002).replace(b"\r\n", b"\n"))
    run(*sync, home=box.dir)
    run(*sync, home=box.dir)
    compare(box, inbox, expected)
    with Account(box) as far:
        assert far.flags("Made here").keys() == {"9002@clients.example"}


CLIENTS = [mbsync_both_ways, offlineimap_both_ways]
