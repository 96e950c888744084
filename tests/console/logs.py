"""Logs, message trace, audit log, settings, password policy: what has happened is found, and what is set counts."""

import imaplib
import io
import json
import smtplib
import ssl
import urllib.request
import zipfile
from email.message import EmailMessage

from box import PASSWORD
from console import ADMIN, DOMAIN_ADMIN, USER


def send(console, subject, recipients=(USER,)):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "someone@remote.example", ", ".join(recipients)
    mail.set_content("Hello\n")
    with smtplib.SMTP("127.0.0.1", console.box.ports["smtp"]) as s:
        s.send_message(mail, to_addrs=list(recipients))
    console.box.wait_until_delivered()


def a_search_finds_lines_and_all_that_belongs_to_them(console):
    send(console, "needle in the log")
    with console.browser(ADMIN) as browser:
        def found():
            browser.open("/logs?q=NEEDLE+in")
            return "entered the spool" in browser.main()
        browser.wait(found, "the line of the message")
        assert "delivered" not in browser.main()
        browser.click("input[name=related]")
        browser.click("main form.card button.main")
        browser.says("delivered").says("message accepted")
        assert "service started" not in browser.main()
        browser.photograph("admin-logs-related")
        browser.check_accessibility()
        browser.open("/logs/files").says("delivery")
        link = browser.find("a[download]").get_attribute("href")
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in browser.driver.get_cookies())
        answer = urllib.request.urlopen(urllib.request.Request(link, headers={"Cookie": cookies}), timeout=20)
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
        assert lines and all(json.loads(line)["kind"] for line in lines), lines


def the_log_is_followed_live(console):
    with console.browser(ADMIN) as browser:
        browser.open("/logs/follow?kind=delivery").find("#tail")
        send(console, "seen as it comes")
        browser.says("entered the spool").says("seen as it comes")


def a_level_that_is_set_counts_at_once(console):
    with console.browser(ADMIN) as browser:
        browser.open("/logs/levels")
        browser.driver.execute_script("document.querySelector('select[name=imap]').value = 'debug'")
        browser.press("Save")
        browser.notice("The levels count from now on")
        assert ["imap", "debug"] in [line.split() for line in console.box.cli("log", "levels").splitlines()]
        browser.open("/audit").says("log.levels").says(ADMIN)


def a_mail_is_traced_to_its_mailbox(console):
    send(console, "where is it")
    with console.browser(DOMAIN_ADMIN) as browser:
        def found():
            browser.open("/trace")
            browser.fill("input[name=subject]", "WHERE is")
            browser.press("Find")
            browser.find("#rows section, #rows .empty")
            return "into INBOX" in browser.main()
        browser.wait(found, "the way of the message")
        browser.says("entered the spool").says("message accepted")
        browser.photograph("domain-admin-trace-found")
        browser.check_accessibility()


def a_setting_is_set_and_taken_back(console):
    with console.browser(ADMIN) as browser:
        browser.open("/settings?q=log.level")
        row = "form[data-row='log.level']"
        browser.fill(f"{row} input[name=value]", "warning")
        browser.click(f"{row} button[value=set]")
        browser.notice("log.level is set; it counts at once")
        assert "log.level" in console.box.cli("config", "list")
        browser.fill(f"{row} input[name=value]", "loud")
        browser.click(f"{row} button[value=set]")
        browser.notice("is none of")
        browser.click(f"{row} button[value=unset]")
        browser.notice("as in the configuration file")
        assert "log.level" not in console.box.cli("config", "list")


def a_policy_finds_a_weak_password_when_it_is_used(console):
    with console.browser(ADMIN) as browser:
        browser.open("/password-policy")
        browser.fill("input[name=length_min]", "14")
        browser.press("Save")
        browser.notice("The policy counts from now on")
        context = ssl._create_unverified_context()
        client = imaplib.IMAP4_SSL("127.0.0.1", console.box.ports["imaps"], ssl_context=context)
        client.login(USER, PASSWORD)
        browser.wait(lambda: USER in browser.open("/compliance").rows(), "the user in the list")
        browser.photograph("admin-compliance-found")
        browser.choose(USER)
        browser.driver.execute_script("document.querySelector('#letter').open = true")
        browser.press("Send email")
        browser.notice("1 user written to")
        console.box.wait_until_delivered()
        client.select("INBOX")
        assert client.search(None, "SUBJECT", '"Please change your password"')[1][0], "the letter"
        client.logout()


TESTS = [a_search_finds_lines_and_all_that_belongs_to_them, the_log_is_followed_live, a_level_that_is_set_counts_at_once,
         a_mail_is_traced_to_its_mailbox, a_setting_is_set_and_taken_back, a_policy_finds_a_weak_password_when_it_is_used]
