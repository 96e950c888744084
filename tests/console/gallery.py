"""Every page of the menu, as each kind of user sees it: in the narrowest and the widest window, in light and in dark,
without a complaint of the browser, of axe-core or of the eye. The pictures are kept in `target/console`."""

import imaplib
import re
import ssl

from addresses import own_address
from console import ADMIN, DOMAIN_ADMIN, USER
from spool import NOWHERE, send, waiting

ANY_CERTIFICATE = ssl._create_unverified_context()

# Pages that a link of another page leads to.
BEYOND_THE_MENU = {
    ADMIN: ["/connections?view=addresses", "/networks?list=allowlist", "/messages?kind=reminder", "/logs/files", "/logs/levels",
            "/logs/follow", "/users/new", f"/users/{USER}", "/domains/example.test", "/compliance?view=all", "/spool/deleted"],
}


def furnished(console):
    """Puts something into every list; the sessions that it returns last as long as they are kept."""
    box, address = console.box, own_address()
    box.cli("domain", "add", "example.org")
    box.cli("alias", "add", "team@example.test", USER, ADMIN)
    box.cli("shared", "add", "example.test", "Office/Invoices")
    box.cli("shared", "grant", "example.test", "Office/Invoices", USER, "lrswi")
    box.cli("allowlist", "add", "198.51.100.0/24", "--note", "the office")
    box.cli("blacklist", "add", "203.0.113.0/24", "--note", "sends nothing else")
    box.cli("rule", "private", "on")
    for number in range(3):
        send(console, f"someone{number}@remote.example", "postmaster@remote.example", subject=f"Invoice {number}")
    waiting(console, 3)
    for _ in range(10):
        guesser = imaplib.IMAP4(address, box.ports["imap"], timeout=10)
        try:
            guesser.starttls(ANY_CERTIFICATE)
            guesser.login(USER, "wrong")
        except imaplib.IMAP4.error:
            pass
    return [console.imap(USER), console.imap(USER), console.imap(ADMIN), console.imap()]


def look_at_all(console, user, kind, picture):
    sessions = furnished(console)
    with console.browser(user) as browser:
        paths = browser.menu()
        assert paths, f"{user} has an empty menu: {browser.main()}"
        browser.complaints()
        for path in [*paths, *BEYOND_THE_MENU.get(user, ())]:
            browser.open(path)
            browser.find("main h1")
            name = re.sub("[^a-z]+", "-", path.strip("/"))
            if picture:
                browser.photograph(f"{kind}-{name}")
            browser.check_accessibility()
            # A page that changes by itself keeps a connection: what it says of it on leaving is no complaint.
            said = [line for line in browser.complaints() if "/frame/news" not in line]
            assert not said, f"{path}: {said}"
    assert len(sessions) == 4


def every_page_of_a_system_administrator(console):
    look_at_all(console, ADMIN, "admin", True)


def every_page_of_a_domain_administrator(console):
    look_at_all(console, DOMAIN_ADMIN, "domain-admin", False)


def every_page_of_a_user(console):
    look_at_all(console, USER, "user", True)


def the_sign_in(console):
    with console.browser() as browser:
        browser.open("/sign-in")
        browser.find("input[name=user]")
        browser.photograph("sign-in")
        browser.check_accessibility()


def the_first_load_is_light(console):
    with console.browser(ADMIN) as browser:
        requests, size = browser.load("/dashboard")
        print(f"    first load: {requests} requests, {size / 1000:.0f} KB")
        assert requests <= 5 and size <= 200_000


TESTS = [every_page_of_a_system_administrator, every_page_of_a_domain_administrator, every_page_of_a_user, the_sign_in,
         the_first_load_is_light]
for test in TESTS[:3]:
    test.settings, test.host = NOWHERE, "0.0.0.0"
