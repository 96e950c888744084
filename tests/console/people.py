"""Users and what lets them in: what is clicked is true for mail programs at once."""

import base64
import hashlib
import hmac
import imaplib
import struct
import time

from box import PASSWORD
from console import ADMIN, DOMAIN_ADMIN, USER


def shown_code(key):
    """What a device shows (RFC 6238)."""
    digest = hmac.new(base64.b32decode(key), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def a_user_is_added_disabled_enabled_and_deleted(console):
    carol = "carol@example.test"
    with console.browser(DOMAIN_ADMIN) as browser:
        browser.open("/users/new")
        browser.fill("input[name=address]", carol)
        browser.fill("input[name=password]", PASSWORD)
        browser.press("Add user")
        browser.notice("carol@example.test is added").wait_for_row(carol, Login="Enabled")
        assert console.logs_in(carol, PASSWORD)
        client = imaplib.IMAP4("127.0.0.1", console.box.ports["imap"], timeout=10)
        client.login(carol, PASSWORD)
        browser.choose(carol)
        browser.press("Disable")
        browser.notice("1 user disabled").wait_for_row(carol, Login="Disabled")
        assert b"BYE" in client.readline(), "the session goes on"
        client.shutdown()
        assert not console.logs_in(carol, PASSWORD)
        browser.choose(carol)
        browser.press("Enable")
        browser.wait_for_row(carol, Login="Enabled")
        assert console.logs_in(carol, PASSWORD)
        browser.choose(carol)
        browser.press("Delete")
        browser.says("This cannot be undone")
        browser.press("Delete")
        browser.notice("1 user deleted").wait_until_row_is_gone(carol)


def a_second_factor_keeps_the_password_out_of_mail_programs(console):
    with console.browser(USER) as browser:
        browser.open("/me").press("Set up")
        key = browser.find("main code").text
        browser.fill("input[name=code]", shown_code(key))
        browser.press("Set second factor")
        recovery = browser.find("#secret").text.split()
        assert len(recovery) == 8, recovery
        browser.press("I have kept it")
        assert not console.logs_in(USER, PASSWORD)
        browser.fill("form[action='/me/app-passwords'] input[name=name]", "Phone")
        browser.press("Make an app password")
        password = browser.find("#secret").text.strip()
        assert console.logs_in(USER, password)
        browser.open("/me").press("Remove", within="form[action='/me/app-passwords/remove']")
        browser.confirm()
        browser.notice("The app password is removed")
        assert not console.logs_in(USER, password)
    with console.browser() as browser:
        browser.open("/sign-in")
        browser.fill("input[name=user]", USER)
        browser.fill("input[name=password]", PASSWORD)
        browser.press("Sign in")
        browser.fill("input[name=code]", recovery[0])
        browser.press("Sign in")
        browser.says("Where you are signed in")


def who_signs_out_everywhere_is_out_elsewhere(console):
    with console.browser(USER) as one, console.browser(USER) as other:
        one.open("/me").press("Sign out everywhere else")
        one.notice("1 session ended")
        other.open("/me")
        other.wait(lambda: "/sign-in" in other.driver.current_url, "the sign-in")


def a_domain_gets_keys_and_an_alias(console):
    with console.browser(ADMIN) as browser:
        browser.open("/domains/example.test").press("Make keys")
        browser.notice("Keys are made").says("mail1-rsa")
        browser.open("/aliases")
        browser.fill("input[name=address]", "team@example.test")
        browser.fill("textarea[name=targets]", USER)
        browser.press("Store alias")
        browser.notice("team@example.test is stored").wait_for_row("team@example.test")


def a_filter_with_a_fault_is_kept_in_the_form(console):
    with console.browser(USER) as browser:
        browser.open("/me/mail").press("New filter")
        browser.fill("input[name=name]", "news")
        browser.fill("textarea[name=script]", "frobnicate;")
        browser.press("Store")
        browser.says("frobnicate")
        browser.fill("textarea[name=script]", "keep;")
        browser.press("Store")
        browser.notice("The filter news is stored")


TESTS = [a_user_is_added_disabled_enabled_and_deleted, a_second_factor_keeps_the_password_out_of_mail_programs,
         who_signs_out_everywhere_is_out_elsewhere, a_domain_gets_keys_and_an_alias,
         a_filter_with_a_fault_is_kept_in_the_form]
