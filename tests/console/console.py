"""The console of a box that runs: who may sign in, and browsers to do it with."""

import pathlib

from box import PASSWORD, Box
from browser import Browser

ADMIN = "admin@example.test"
DOMAIN_ADMIN = "dean@example.test"
USER = "alice@example.test"
OTHER = "bob@example.test"

PICTURES = pathlib.Path(__file__).resolve().parents[2] / "target" / "console"


class Console:
    """A box with somebody of each kind."""

    def __init__(self, binary, settings=""):
        self.box = Box(binary, users=(USER, OTHER), settings=settings)
        for user, role in ((ADMIN, "system-administrator"), (DOMAIN_ADMIN, "domain-administrator")):
            self.box.cli("user", "add", user, "--role", role, "--password-stdin", input=PASSWORD + "\n")
        # The browser keeps secure cookies of this name without encryption, and of 127.0.0.1 it does not.
        self.base = f"http://localhost:{self.box.ports['web']}"

    def __enter__(self):
        self.box.start()
        self.box.wait_for_port(self.box.ports["web"])
        return self

    def __exit__(self, *_):
        self.box.__exit__()

    def browser(self, user=None, password=PASSWORD):
        """A browser in which this user is signed in."""
        browser = Browser(self.base, PICTURES)
        try:
            return browser.sign_in(user, password) if user else browser
        except BaseException:
            browser.__exit__()
            raise
