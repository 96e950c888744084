"""The console of a box that runs: who may sign in, and browsers to do it with."""

import imaplib
import pathlib
import select

from box import PASSWORD, Box
from browser import Browser

ADMIN = "admin@example.test"
DOMAIN_ADMIN = "dean@example.test"
USER = "alice@example.test"
OTHER = "bob@example.test"

PICTURES = pathlib.Path(__file__).resolve().parents[2] / "target" / "console"


class Console:
    """A box with somebody of each kind. A test says as attributes of its own what it needs: `settings`, the `host` to
    listen on, and what is to be done `before` the box starts."""

    def __init__(self, binary, test):
        self.box = Box(binary, users=(USER, OTHER), settings=getattr(test, "settings", ""), host=getattr(test, "host", "127.0.0.1"))
        for user, role in ((ADMIN, "system-administrator"), (DOMAIN_ADMIN, "domain-administrator")):
            self.box.cli("user", "add", user, "--role", role, "--password-stdin", input=PASSWORD + "\n")
        getattr(test, "before", lambda box: None)(self.box)
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

    def imap(self, user=None, password=PASSWORD):
        """An IMAP session, logged in if there is a user."""
        client = imaplib.IMAP4("127.0.0.1", self.box.ports["imap"], timeout=20)
        if user:
            client.login(user, password)
        return client

    def logs_in(self, user, password=PASSWORD):
        """Does the password let in over IMAP?"""
        try:
            self.imap(user, password).logout()
            return True
        except imaplib.IMAP4.error:
            return False


def has_heard(client):
    """Does a session have something to read that nobody asked for?"""
    return bool(select.select([client.sock], [], [], 0)[0])
