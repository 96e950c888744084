#!/usr/bin/env python3
"""Finding mail in a whole box: attachments of other programs, kills while it indexes, files that mean harm.

    run.py MAILSTEAD [NAME ...]
"""

import json
import pathlib
import re
import smtplib
import sys
import time
import traceback
from email.message import EmailMessage

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import files  # noqa: E402
from box import Box  # noqa: E402

USER = "alice@example.test"
PATIENCE_SECONDS = 120
# Above what the box has before: the index's own buffers and one attachment at work.
MEMORY_MB_MAX = 300


def message(subject, body="Hello\n", attachments=()):
    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = "someone@remote.example", USER, subject
    m.set_content(body)
    for name, content in attachments:
        m.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return m


def send(box, messages):
    with smtplib.SMTP("127.0.0.1", box.ports["smtp"]) as s:
        for m in messages:
            s.send_message(m)


def found(box, query):
    answer = json.loads(box.cli("search", USER, query, "--json"))
    return answer["total"], [row["excerpt"]["subject"] for row in answer["messages"]]


def status(box):
    return json.loads(box.cli("indexing", "status", "--json"))


def wait_until_found(box, query, total=1):
    end = time.monotonic() + PATIENCE_SECONDS
    while found(box, query)[0] != total:
        assert time.monotonic() < end, f"{query}: {found(box, query)}, {status(box)}, {box.log()[-1000:]}"
        time.sleep(0.1)


def memory_mb(box):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{box.process.pid}/status").read_text())[1]) // 1024


def attachments_of_other_programs(box):
    words = {name: f"zebra{number}quagga" for number, name in enumerate(files.MAKERS)}
    send(box, [message(name, attachments=[(name, make(words[name]))]) for name, make in files.MAKERS.items()])
    for name, word in words.items():
        wait_until_found(box, word)
        assert found(box, word) == (1, [name]), (name, found(box, word))
        assert found(box, f"filename:{name} has:attachment") == (1, [name]), found(box, f"filename:{name}")
    assert found(box, "haus")[1] == ["invoice.pdf"], found(box, "haus")
    if "printed.pdf" in words:
        assert found(box, "uberschrift fluffig") == (1, ["printed.pdf"])


def what_is_delivered_is_found_soon(box):
    wait_until_found(box, "nothing", 0)
    time.sleep(1)
    start = time.monotonic()
    send(box, [message("soon", "A marmoset\n")])
    wait_until_found(box, "marmoset")
    assert time.monotonic() - start < 10, time.monotonic() - start


def killed_while_indexing(box):
    count = 600
    send(box, [message(f"number {n}", f"uniqueword{n} all\n") for n in range(count)])
    box.wait_until_delivered()
    for pause in (0.05, 0.6, 1.2):
        box.cli("indexing", "reindex")
        time.sleep(pause)
        box.kill()
        box.start()
    wait_until_found(box, "all", count)
    end = time.monotonic() + PATIENCE_SECONDS
    while status(box)["processing"] or status(box)["lag_seconds"] > 0:
        assert time.monotonic() < end, status(box)
        time.sleep(0.2)
    assert status(box)["documents"] == count, status(box)
    for n in range(0, count, 37):
        assert found(box, f"uniqueword{n}") == (1, [f"number {n}"])


def files_that_mean_harm(box):
    send(box, [message("before", "giraffe\n")])
    wait_until_found(box, "giraffe")
    before = memory_mb(box)
    send(box, [message(name, attachments=[(name, content)]) for name, content in files.bombs()])
    send(box, [message("after", "okapi\n")])
    most, end = 0, time.monotonic() + PATIENCE_SECONDS
    while found(box, "okapi")[0] != 1:
        most = max(most, memory_mb(box))
        assert time.monotonic() < end, f"{status(box)} {box.log()[-1000:]}"
    assert most - before < MEMORY_MB_MAX, f"{before} MB before, {most} MB at work"
    assert found(box, "subject:bomb")[0] == 2, found(box, "subject:bomb")


TESTS = [attachments_of_other_programs, what_is_delivered_is_found_soon, killed_while_indexing, files_that_mean_harm]


def main():
    binary, names = sys.argv[1], sys.argv[2:]
    failed = 0
    for test in [t for t in TESTS if not names or t.__name__ in names]:
        start = time.monotonic()
        try:
            with Box(binary) as box:
                test(box)
            print(f"ok      {test.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {test.__name__}\n{traceback.format_exc()}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
