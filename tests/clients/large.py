"""A mailbox of 100,000 messages, as a mail program opens it and keeps up with it."""

import re
import time

from account import Account, conversation, message

MESSAGES = 100_000
# Of wall time, for a debug build on a busy machine. `mailstead-bench mailbox` measures what it costs.
SECONDS_MAX = 15


def timed(what, do):
    start = time.monotonic()
    result = do()
    seconds = time.monotonic() - start
    assert seconds < SECONDS_MAX, f"{what} took {seconds:.1f} s"
    return result


def fetched(answer):
    """UIDs of an answer's FETCH lines."""
    return [int(m[1]) for line in answer if (m := re.match(r"\* \d+ FETCH \(.*?UID (\d+)", line))]


def mailbox_of_100_000(box):
    with Account(box) as account:
        account.append(message(n, lines=1) for n in range(1, 6251))
        account.copy_until(MESSAGES)
        account.expunge("1:10")
    # The first visit, as Thunderbird makes it: all flags, then the headers of what is on the screen.
    opened, flags, headers, unseen = timed("the first visit", lambda: conversation(box, [
        "SELECT INBOX (CONDSTORE)",
        "UID FETCH 1:* (FLAGS)",
        f"UID FETCH {MESSAGES - 99}:* (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Subject Date Message-ID)])",
        "UID SEARCH RETURN (COUNT MIN) UNSEEN",
    ]))
    assert f"* {MESSAGES - 10} EXISTS" in opened
    assert fetched(flags) == list(range(11, MESSAGES + 1))
    assert fetched(headers) == list(range(MESSAGES - 99, MESSAGES + 1))
    assert any(f"COUNT {MESSAGES - 10}" in line for line in unseen), unseen
    validity, modseq = (re.search(rf"{name} (\d+)\]", "".join(opened))[1] for name in ("UIDVALIDITY", "HIGHESTMODSEQ"))
    # Meanwhile somebody else changes things.
    with Account(box) as account:
        account.select()
        account.store("100:199", r"\Flagged")
        account.expunge("50000:50009")
        account.append([message(9000)])
    # The second visit asks only for what has changed (RFC 7162 §3.2.5).
    (resync, changed) = timed("the second visit", lambda: conversation(box, [
        "ENABLE QRESYNC",
        f"SELECT INBOX (QRESYNC ({validity} {modseq} 1:{MESSAGES}))",
        f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq} VANISHED)",
    ]))[1:]
    gone = f"{50_010}:{50_019}"
    for answer in (resync, changed):
        assert any(line.startswith("* VANISHED (EARLIER)") and gone in line for line in answer), answer[:10]
        uids = fetched(answer)
        assert uids[:100] == list(range(110, 210)), uids[:10]
        assert set(uids[100:]) <= {MESSAGES + 1}, uids[100:]
    # Threads, order and searches over all of it.
    threads, order, found = timed("looking through it", lambda: conversation(box, [
        "SELECT INBOX", "UID SORT RETURN (PARTIAL 1:50) (REVERSE DATE) UTF-8 ALL", "UID SEARCH RETURN (ALL) SUBJECT \"message 6250\"",
        "UID SEARCH RETURN (COUNT) FLAGGED"]))[1:]
    assert any("PARTIAL" in line for line in threads), threads[:3]
    assert any(line.startswith("* ESEARCH") and " ALL " in line for line in order), order[:3]
    assert any("COUNT 100" in line for line in found), found


CLIENTS = [mailbox_of_100_000]
