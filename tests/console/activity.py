"""Who is online and who has not been for long, mass messages, and what administrators of a domain do not see."""

import urllib.request

from console import ADMIN, DOMAIN_ADMIN, OTHER, USER, has_heard

STRANGER = "eve@other.test"
SLEEPER = "sleeper@example.test"


def sessions_are_ended_and_a_user_is_disabled_while_connected(console):
    first, second = console.imap(USER), console.imap(USER)
    with console.browser(ADMIN) as browser:
        browser.open("/online").wait_for_row(USER, IMAP="2")
        browser.click(f"tr[data-row='{USER}'] summary")
        browser.press("End session")
        browser.notice("The session is ended").wait_for_row(USER, IMAP="1")
        ended, other = (first, second) if has_heard(first) else (second, first)
        assert ended.readline().startswith(b"* BYE") and other.noop()[0] == "OK"
        browser.choose(USER)
        browser.press("Drop connections")
        browser.notice("1 connection dropped").wait_until_row_is_gone(USER)
        assert other.readline().startswith(b"* BYE")
        third = console.imap(USER)
        browser.wait_for_row(USER, IMAP="1")
        browser.choose(USER)
        browser.press("Disable user")
        browser.confirm()
        browser.notice("1 user disabled").wait_until_row_is_gone(USER)
        assert third.readline().startswith(b"* BYE")
        assert not console.logs_in(USER) and console.logs_in(OTHER)


def who_was_away_for_long_is_listed_written_down_and_deleted(console):
    with console.browser(DOMAIN_ADMIN) as browser:
        browser.open("/inactive").wait_for_row(SLEEPER, Enabled="yes", Administration="no", **{"Last login": "never"})
        assert list(browser.rows()) == [SLEEPER], "who was added a moment ago is not inactive"
        answer = fetched(browser, browser.find("a[href*='format=csv']").get_attribute("href")).decode()
        assert answer.splitlines() == ["user,enabled,administration,last login", f"{SLEEPER},yes,no,"], answer
        browser.choose(SLEEPER)
        browser.press("Disable")
        browser.notice("1 user disabled").wait_for_row(SLEEPER, Enabled="no")
        assert not console.logs_in(SLEEPER)
        browser.choose(SLEEPER)
        browser.press("Enable")
        browser.notice("1 user enabled").wait_for_row(SLEEPER, Enabled="yes")
        browser.press("12 months")
        browser.says("No inactive users")
        browser.press("30 days")
        browser.choose(SLEEPER)
        browser.press("Delete")
        browser.confirm()
        browser.notice("1 user deleted").says("No inactive users")
        assert SLEEPER not in console.box.cli("user", "list")


def asleep(box):
    """A user of long ago."""
    box.cli("user", "add", SLEEPER, "--password-stdin", input="demo-secret\n", under=["faketime", "-f", "-100d"])


who_was_away_for_long_is_listed_written_down_and_deleted.before = asleep


def fetched(browser, address):
    """What is at an address, for whom the browser is signed in as."""
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in browser.driver.get_cookies())
    return urllib.request.urlopen(urllib.request.Request(address, headers={"Cookie": cookies}), timeout=20).read()


def a_message_to_all_is_previewed_sent_and_followed(console):
    with console.browser(ADMIN) as browser:
        browser.open("/messages").says("Nothing was sent yet")
        browser.fill("input[name=subject]", "Window on Sunday")
        browser.fill("textarea[name=text]", "We are away from 2 to 3.")
        browser.press("Preview")
        browser.says("4 users:").says("System Administrator")
        browser.press("Send")
        browser.notice("The message goes to 4 users")
        browser.wait(lambda: any(row.get("Delivered") == "4 of 4" for row in browser.rows().values()), "all delivered")
        arrived(console, USER, "Window on Sunday")
        browser.press("Send reminder")
        browser.driver.execute_script("document.querySelector('select[name=to]').value = 'user'")
        browser.fill("input[name=user]", "nobody@example.test")
        browser.fill("input[name=subject]", "Today")
        browser.fill("textarea[name=text]", "As announced.")
        browser.press("Preview")
        browser.notice("nobody@example.test")
        assert browser.find("textarea[name=text]").get_attribute("value") == "As announced.", "what was written is kept"
        browser.fill("input[name=user]", OTHER)
        browser.press("Preview")
        browser.says("1 user: bob@example.test")
        browser.press("Send")
        browser.notice("The message goes to 1 user")
        arrived(console, OTHER, "Today")


def arrived(console, user, subject):
    console.box.wait_until_delivered()
    client = console.imap(user)
    client.select("INBOX", readonly=True)
    assert client.search(None, "SUBJECT", f'"{subject}"')[1][0].split(), f"{user} has no letter {subject!r}"
    client.logout()


def an_administrator_of_a_domain_sees_nothing_of_others(console):
    box = console.box
    box.cli("domain", "add", "other.test")
    box.cli("user", "add", STRANGER, "--password-stdin", input="demo-secret\n")
    box.cli("alias", "add", "sales@other.test", STRANGER)
    box.cli("shared", "add", "other.test", "Office")
    box.cli("user", "add", "frank@example.test", "--password-stdin", input="demo-secret\n")
    own, foreign = console.imap(USER), console.imap(STRANGER)
    with console.browser(ADMIN) as browser:
        for path in ("/users", "/domains", "/aliases", "/shared", "/online"):
            browser.open(path).says("other.test")
    with console.browser(DOMAIN_ADMIN) as browser:
        browser.open("/online").wait_for_row(USER)
        menu = browser.menu()
        assert {"/users", "/domains", "/spool", "/inactive"} <= set(menu) and "/connections" not in menu, menu
        views = ["/inactive?days=365", "/compliance?view=all", "/users?q=other", "/users?format=html&per=200", "/online?sort=-imap"]
        for path in [*menu, *views]:
            browser.open(path)
            assert "other.test" not in browser.driver.page_source, f"{path}: {browser.main()}"
        for path in (f"/users/{STRANGER}", f"/users/{STRANGER}/mail", "/domains/other.test", "/domains/other.test/check"):
            browser.open(path).says("There is nothing here")
        for path in ("/connections", "/blocks", "/rules", "/networks", "/messages", "/services", "/logs", "/audit", "/settings", "/dashboard"):
            browser.open(path)
            assert "administrator" in browser.main().lower(), f"{path}: {browser.main()}"
    assert own.noop()[0] == foreign.noop()[0] == "OK"


def a_user_sees_what_others_did_with_the_account(console):
    with console.browser(USER) as browser:
        browser.open("/me/visits").says("user added")
        assert ADMIN not in browser.main()
    with console.browser(ADMIN) as browser:
        browser.open("/users").choose(USER)
        browser.press("Disable")
        browser.notice("1 user disabled").choose(USER)
        browser.press("Enable")
        browser.notice("1 user enabled").choose(OTHER)
        browser.press("Disable")
        browser.notice("1 user disabled")
    with console.browser(USER) as browser:
        browser.open("/me/visits").says("disabled").says(ADMIN)
        assert OTHER not in browser.main(), "what was done with others is not shown"


TESTS = [sessions_are_ended_and_a_user_is_disabled_while_connected, who_was_away_for_long_is_listed_written_down_and_deleted,
         a_message_to_all_is_previewed_sent_and_followed, an_administrator_of_a_domain_sees_nothing_of_others,
         a_user_sees_what_others_did_with_the_account]
