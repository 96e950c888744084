#!/usr/bin/env python3
"""Clients that others wrote, on a whole box: what they show and what they leave behind is compared with what plain
IMAP says.

    run.py MAILSTEAD [NAME ...]

Needs the programs and libraries that `tests/run` installs.
"""

import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import fetching  # noqa: E402
import large  # noqa: E402
import libraries  # noqa: E402
import migrating  # noqa: E402
import reading  # noqa: E402
import syncing  # noqa: E402
from box import Box  # noqa: E402
from outcomes import run_all  # noqa: E402

# Clients at once: each keeps about one core busy, with the box.
AT_ONCE = 2


def attempt(binary, client):
    """What came of a client: a line, and whether all was well."""
    start = time.monotonic()
    try:
        with Box(binary) as box:
            try:
                client(box)
                assert "panicked" not in box.log(), "the server has panicked"
            except Exception:
                print("\n".join(line for line in box.log().splitlines() if " info " not in line)[-3000:])
                raise
        return f"ok      {client.__name__} ({time.monotonic() - start:.1f} s)", True
    except Exception:
        return f"FAILED  {client.__name__} ({time.monotonic() - start:.1f} s)\n{traceback.format_exc()}", False


def main():
    binary, names = sys.argv[1], sys.argv[2:]
    # The long ones first, so that they do not stand alone at the end.
    every = [c for kind in (syncing, large, migrating, reading, libraries, fetching) for c in kind.CLIENTS]
    chosen = [c for c in every if not names or c.__name__ in names]
    return run_all(chosen, lambda c: attempt(binary, c), AT_ONCE)


if __name__ == "__main__":
    sys.exit(main())
