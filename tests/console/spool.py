"""The page of the spool: every action by click, its effect seen on the command line and on the wire."""

import smtplib
import time

from box import PASSWORD
from console import ADMIN, DOMAIN_ADMIN

# Nobody listens there, so that mail for others waits.
NOWHERE = '[delivery]\nsmart_host = { host = "127.0.0.1:9" }\n'


def send(console, *recipients, sender="alice@example.test", subject="waiting"):
    with smtplib.SMTP("127.0.0.1", console.box.ports["submission"], timeout=30) as client:
        client.starttls()
        client.login("alice@example.test", PASSWORD)
        client.sendmail(sender, recipients, f"From: {sender}\r\nSubject: {subject}\r\n\r\nHello there.\r\n")


def waiting(console, count):
    """The ids of the messages that wait, once each was tried."""
    def tried():
        rows = console.box.rows("spool", "list")
        return rows if len(rows) == count and all(row["attempts"] for row in rows) else None
    end = time.monotonic() + 40
    while time.monotonic() < end:
        if rows := tried():
            return [row["id"] for row in rows]
        time.sleep(0.1)
    raise AssertionError(f"not {count} messages wait: {console.box.cli('spool', 'list')}")


def every_action_by_click(console):
    for number in range(3):
        send(console, f"x{number}@remote.example", "y@remote.example")
    first, second, third = waiting(console, 3)
    with console.browser(ADMIN) as browser:
        browser.open("/spool").wait_for_row(first, Recipients="0/2", Attempts="1", Priority="Normal")
        browser.choose(first)
        browser.press("High")
        browser.notice("priority").wait_for_row(first, Priority="High")
        browser.choose(first)
        browser.press("Force")
        browser.notice("forced").wait_for_row(first, Attempts="2")
        browser.press("Reset retries of all messages")
        browser.confirm()
        browser.notice("3 messages")
        browser.choose(second)
        browser.press("Delete")
        browser.notice("deleted").wait_until_row_is_gone(second)
        assert second not in [row["id"] for row in console.box.rows("spool", "list")]
        browser.press("Undo")
        browser.notice("put back").wait_for_row(second)
        browser.open(f"/spool/{third}")
        browser.says("y@remote.example").says("pending")
        browser.open(f"/spool/{third}/text").says("Hello there.")


def mail_comes_and_goes_by_itself(console):
    with console.browser(ADMIN) as browser:
        browser.open("/spool").says("Nothing waits")
        send(console, "x@remote.example")
        browser.wait(lambda: len(browser.rows()) == 1, "the message")
        (message,) = browser.rows()
        console.box.cli("spool", "delete", message)
        browser.says("Nothing waits")


def a_domain_administrator_sees_the_own_domain_only(console):
    console.box.cli("domain", "add", "other.test")
    console.box.cli("user", "add", "eve@other.test", "--password-stdin", input=PASSWORD + "\n")
    send(console, "x@remote.example")
    with smtplib.SMTP("127.0.0.1", console.box.ports["submission"], timeout=30) as client:
        client.starttls()
        client.login("eve@other.test", PASSWORD)
        client.sendmail("eve@other.test", ["z@remote.example"], "From: eve@other.test\r\nSubject: theirs\r\n\r\nSecret.\r\n")
    ids = waiting(console, 2)
    theirs = next(row["id"] for row in console.box.rows("spool", "list") if row["sender"] == "eve@other.test")
    (ours,) = set(ids) - {theirs}
    with console.browser(DOMAIN_ADMIN) as browser:
        browser.open("/spool").wait_for_row(ours)
        assert theirs not in browser.rows()
        for path in (f"/spool/{theirs}", f"/spool/{theirs}/text"):
            browser.open(path)
            assert "Secret" not in browser.driver.page_source and "z@remote" not in browser.driver.page_source


def rows_are_reached_by_keyboard(console):
    send(console, "x@remote.example")
    (message,) = waiting(console, 1)
    with console.browser(ADMIN) as browser:
        browser.open("/spool").wait_for_row(message)
        browser.keys("jkx")
        browser.wait(lambda: browser.all("input[name=id]:checked"), "a chosen row")
        browser.keys("/")
        browser.wait(lambda: browser.driver.switch_to.active_element.get_attribute("name") == "q", "the focus in the search")
        browser.keys("nobody\n")
        browser.says("No message")
        browser.open("/domains/example.test").find("main h1")
        browser.keys("?")
        browser.wait(lambda: any("Next row" in dialog.text for dialog in browser.all("dialog[open]")), "the list of keys")


def every_column_gives_an_order(console):
    send(console, "x@remote.example", sender="alice@example.test")
    send(console, "x@remote.example", sender="alice+second@example.test")
    first, second = waiting(console, 2)
    with console.browser(ADMIN) as browser:
        browser.open("/spool").wait_for_row(first)
        for heading in ("Queue", "Sender", "Size", "Attempts", "In spool", "Priority", "Status", "Next attempt"):
            browser.press(heading)
            browser.wait(lambda: [h.text.strip(" ↑↓") for h in browser.all("th[aria-sort]")] == [heading], f"the order by {heading}")
            assert set(browser.rows()) == {first, second}, heading
        def in_order():
            return [row.get_attribute("data-row") for row in browser.all("tr[data-row]")]
        browser.open("/spool?sort=sender")
        browser.wait(lambda: in_order() == [second, first], "+ before @")
        browser.open("/spool?sort=sender&per=1").press("Next")
        browser.wait(lambda: list(browser.rows()) == [first], "the second page")


for test in (every_action_by_click, every_column_gives_an_order, mail_comes_and_goes_by_itself, a_domain_administrator_sees_the_own_domain_only, rows_are_reached_by_keyboard):
    test.settings = NOWHERE

TESTS = [every_action_by_click, every_column_gives_an_order, mail_comes_and_goes_by_itself, a_domain_administrator_sees_the_own_domain_only, rows_are_reached_by_keyboard]
