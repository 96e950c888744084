#!/usr/bin/env python3
"""The console in a real browser, on a whole box: each action is done by click, and its effect seen through the protocols.

    run.py MAILSTEAD [NAME ...]

A module here has a list TESTS of functions that take a `Console`; each test gets a box of its own, so that they run side
by side. Needs what `tests/run` installs. Pictures of the pages are left in `target/console`.
"""

import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import activity  # noqa: E402
import archive  # noqa: E402
import contract  # noqa: E402
import gallery  # noqa: E402
import guard  # noqa: E402
import logs  # noqa: E402
import people  # noqa: E402
import search  # noqa: E402
import services  # noqa: E402
import spool  # noqa: E402
import translation  # noqa: E402
from console import Console  # noqa: E402
from outcomes import run_all  # noqa: E402

MODULES = [gallery, people, contract, spool, services, logs, guard, activity, search, archive, translation]

# Browsers at once: each keeps about one core busy, with its box.
AT_ONCE = 2


def attempt(binary, test):
    """What came of a test: a line, and whether all was well."""
    start = time.monotonic()
    try:
        with Console(binary, test) as console:
            try:
                test(console)
                assert "panicked" not in console.box.log(), "the server has panicked"
            except Exception:
                print("\n".join(line for line in console.box.log().splitlines() if " info " not in line)[-3000:])
                raise
        return f"ok      {test.__name__} ({time.monotonic() - start:.1f} s)", True
    except Exception:
        return f"FAILED  {test.__name__} ({time.monotonic() - start:.1f} s)\n{traceback.format_exc()}", False


def main():
    binary, names = sys.argv[1], sys.argv[2:]
    chosen = [t for module in MODULES for t in module.TESTS if not names or t.__name__ in names or module.__name__ in names]
    return run_all(chosen, lambda test: attempt(binary, test), AT_ONCE)


if __name__ == "__main__":
    sys.exit(main())
