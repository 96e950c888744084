"""Connections, blocks, rules and lists: what is clicked counts on the wire at once."""

import imaplib
import ssl

from addresses import first_line, own_address
from box import PASSWORD
from console import ADMIN, USER

ANY_CERTIFICATE = ssl._create_unverified_context()


def logs_in(console, address, password=PASSWORD):
    """Does the password let in over IMAP from this address?"""
    client = imaplib.IMAP4(address, console.box.ports["imap"], timeout=10)
    try:
        client.starttls(ANY_CERTIFICATE)
        return client.login(USER, password)[0] == "OK"
    except imaplib.IMAP4.error:
        return False
    finally:
        client.shutdown()


def a_connection_is_dropped_by_click(console):
    session, anonymous = console.imap(USER), console.imap()
    with console.browser(ADMIN) as browser:
        browser.open("/connections?view=imap")
        browser.wait(lambda: len(browser.rows()) == 2, "two sessions")
        users = {row["User"] if "User" in row else row["1"]: number for number, row in browser.rows().items()}
        assert set(users) == {USER, "anonymous"}, users
        browser.choose(users[USER])
        browser.press("Drop")
        browser.notice("1 connection dropped").wait_until_row_is_gone(users[USER])
        assert session.readline().startswith(b"* BYE"), "the session goes on"
        assert anonymous.noop()[0] == "OK", "the other session has ended"
        browser.press("By address")
        browser.wait_for_row("127.0.0.1")
        browser.choose("127.0.0.1")
        browser.press("Drop all connections")
        browser.notice("dropped")
        assert anonymous.readline().startswith(b"* BYE"), "the other session goes on"


def ten_wrong_passwords_are_blocked_listed_and_deleted(console):
    address = own_address()
    with console.browser(ADMIN) as browser:
        browser.open("/rules")
        browser.click("input[name=private]")
        browser.press("Save")
        browser.notice("1 rule changed")
        assert logs_in(console, address)
        assert not any(logs_in(console, address, "wrong") for _ in range(10))
        assert first_line(address, console.box.ports["imap"]).startswith(b"* BYE [UNAVAILABLE]")
        browser.open("/blocks").wait_for_row(address, Type="IMAP")
        browser.choose(address)
        browser.press("Delete")
        browser.notice("1 block lifted").says("Nobody is blocked")
        assert logs_in(console, address)


def a_rule_is_changed_and_reset(console):
    def shown():
        return next(rule for rule in console.box.rows("rule", "list") if rule["name"] == "brute-force.imap")
    before = shown()
    with console.browser(ADMIN) as browser:
        browser.open("/rules").fill("input[name='threshold brute-force.imap']", "3")
        browser.press("Save")
        browser.notice("1 rule changed")
        assert shown()["threshold"] == 3
        browser.fill("input[name='threshold brute-force.imap']", "0")
        browser.press("Save")
        browser.wait(lambda: browser.all("input:invalid"), "a complaint about the number")
        browser.click("button[value='reset brute-force.imap']")
        browser.wait(lambda: not browser.all("button[value='reset brute-force.imap']"), "the rule as it was")
        assert shown() == before


def networks_are_shut_out_and_let_in(console):
    address, port = own_address(), console.box.ports["pop3"]
    with console.browser(ADMIN) as browser:
        browser.open("/networks").says("The list is empty")
        browser.fill("input[name=network]", "300.0.0.1")
        browser.press("Add")
        browser.notice("300.0.0.1")
        browser.fill("input[name=network]", address)
        browser.fill("input[name=note]", "a test")
        browser.press("Add")
        browser.notice(f"{address} is on the blacklist").wait_for_row(address, Note="a test", Until="for good")
        assert first_line(address, port).startswith(b"-ERR")
        browser.press("Allowlist")
        browser.says("The list is empty").fill("input[name=network]", f"{address}/32")
        browser.press("Add")
        browser.notice("is on the allowlist")
        assert first_line(address, port).startswith(b"+OK"), "the allowlist goes first"
        browser.choose(next(iter(browser.rows())))
        browser.press("Remove")
        browser.notice("1 network taken off the allowlist")
        assert first_line(address, port).startswith(b"-ERR")
        browser.press("Blacklist")
        browser.choose(address)
        browser.press("Remove")
        browser.notice("1 network taken off the blacklist").says("The list is empty")
        assert first_line(address, port).startswith(b"+OK")


def who_is_connected_is_blacklisted_by_click(console):
    address = own_address()
    session = imaplib.IMAP4(address, console.box.ports["imap"], timeout=10)
    with console.browser(ADMIN) as browser:
        browser.open("/connections?view=addresses").wait_for_row(address, Connections="1", Users="anonymous")
        browser.choose(address)
        browser.press("Blacklist")
        browser.confirm()
        browser.notice("1 address blacklisted").wait_until_row_is_gone(address)
        assert session.readline().startswith(b"* BYE"), "the session goes on"
        assert first_line(address, console.box.ports["smtp"]).startswith(b"554")
        browser.open("/networks").wait_for_row(address, Note="From current connections")


# Loopback is never shut out: these listen where another address of the machine reaches them.
for test in (ten_wrong_passwords_are_blocked_listed_and_deleted, networks_are_shut_out_and_let_in,
             who_is_connected_is_blacklisted_by_click):
    test.host = "0.0.0.0"

TESTS = [a_connection_is_dropped_by_click, ten_wrong_passwords_are_blocked_listed_and_deleted, a_rule_is_changed_and_reset,
         networks_are_shut_out_and_let_in, who_is_connected_is_blacklisted_by_click]
