#!/usr/bin/env python3
"""Attacks: a whole box, and clients that mean harm or know no better. Whatever they do, the server's
memory stays under a bound, nothing panics, and afterwards ordinary mail goes in and can be read.

    run.py MAILSTEAD [NAME ...]
"""

import os
import pathlib
import resource
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import connections  # noqa: E402
import damage  # noqa: E402
import disk  # noqa: E402
import messages  # noqa: E402
import words  # noqa: E402
from attack import MIB, ordinary_mail, peak_bytes  # noqa: E402
from box import Box  # noqa: E402
from outcomes import run_all  # noqa: E402

# Attacks at once: the machine has few cores, and most attacks wait.
AT_ONCE = 3

FILES_MAX = 20_000


def attempt(binary, attack):
    """What came of an attack: a line, and whether it was survived."""
    start = time.monotonic()
    try:
        with attack.place() as place:
            if isinstance(place, str):
                return f"skipped {attack.name}: {place}", True
            with Box(binary, settings=attack.settings, data=place) as box:
                try:
                    told = attack.run(box)
                    ordinary_mail(box)
                    peak = peak_bytes(box)
                    assert "panicked" not in box.log(), "the server has panicked"
                    assert peak <= attack.rss_max, f"peak memory is {peak // MIB} MiB, allowed {attack.rss_max // MIB}"
                except Exception:
                    print(box.log()[-3000:])
                    raise
        seconds = time.monotonic() - start
        return f"ok      {attack.name}: {told}; peak {peak // MIB} MiB ({seconds:.1f} s)", True
    except Exception:
        return f"FAILED  {attack.name}\n{traceback.format_exc()}", False


def main():
    binary, names = sys.argv[1], sys.argv[2:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if os.geteuid() == 0:
        hard = max(hard, FILES_MAX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, FILES_MAX), hard))
    every = [a for room in (connections, disk, words, messages, damage) for a in room.ATTACKS]
    chosen = [a for a in every if not names or a.name in names]
    return run_all(chosen, lambda a: attempt(binary, a), AT_ONCE)


if __name__ == "__main__":
    sys.exit(main())
