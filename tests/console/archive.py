"""The archive: what is archived, who sees it, and that it is proved."""

import io
import smtplib
import urllib.request
import zipfile
from email.message import EmailMessage

from console import ADMIN, DOMAIN_ADMIN, USER


def send(console, subject, hidden=()):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "someone@remote.example", USER
    mail.set_content("the secret plan\n")
    with smtplib.SMTP("127.0.0.1", console.box.ports["smtp"]) as s:
        s.send_message(mail, to_addrs=[USER, *hidden])
    console.box.wait_until_delivered()


def link(browser, name):
    """The addresses of the menu's entries of this name."""
    script = "return [...document.querySelectorAll('#menu a')].filter(a => a.innerText.trim() === arguments[0]).length"
    return browser.driver.execute_script(script, name)


def status(browser, path):
    """What the server answers to this browser's user."""
    script = "return fetch(arguments[0]).then(answer => answer.status)"
    return browser.driver.execute_script(script, path)


def a_domain_administrator_sees_the_archive_only_by_a_rule_for_that_very_domain(console):
    paths = ["/archive", "/api/v1/archive", "/api/v1/archive/export?format=zip", "/archive/messages/example.test/1",
             "/api/v1/archive/records/example.test/1/message"]
    console.box.cli("domain", "add", "other.test")
    console.box.cli("archive", "add-rule")
    console.box.cli("archive", "add-rule", "--domain", "other.test")
    send(console, "covered by the rule for all")
    with console.browser(DOMAIN_ADMIN) as browser:
        browser.open("/users")
        assert link(browser, "Archive") == 0 and link(browser, "Users") == 1
        assert [status(browser, path) for path in paths] == [404] * len(paths)
        console.box.cli("archive", "add-rule", "--domain", "example.test")
        browser.open("/users")
        assert link(browser, "Archive") == 1
        assert [status(browser, path) for path in paths] == [200] * len(paths)
        refused = ["/archive/rules", "/archive/holds", "/archive/heads", "/api/v1/archive/rules"]
        assert [status(browser, path) for path in refused] == [403] * len(refused)
        assert status(browser, "/archive/messages/other.test/1") == 404
        browser.open("/archive").says("covered by the rule for all")
        browser.photograph("domain-admin-archive")
        console.box.cli("archive", "end-rule", "3")
        browser.open("/users")
        assert link(browser, "Archive") == 0
        assert [status(browser, path) for path in paths] == [404] * len(paths)
    with console.browser(USER) as browser:
        browser.open("/me")
        assert link(browser, "Archive") == 0
        assert [status(browser, path) for path in paths] == [403] * len(paths)


def what_a_rule_covers_is_found_read_exported_and_held(console):
    with console.browser(ADMIN) as browser:
        browser.open("/archive/rules").says("No mail is archived")
        browser.driver.execute_script("document.querySelector('select[name=domain]').value = 'example.test'")
        browser.fill("input[name=keep_days]", "30")
        browser.press("Add")
        browser.notice("The rule counts from now on")
        send(console, "offer of the year", hidden=["bob@example.test"])
        send(console, "lunch")
        browser.open("/archive/rules").says("example.test")
        browser.photograph("admin-archive-rules")
        browser.open("/archive").says("lunch")
        browser.photograph("admin-archive-found")
        browser.check_accessibility()
        browser.fill("input[name=recipient]", "BOB@")
        browser.press("Find")
        browser.says("offer of the year")
        browser.wait(lambda: "lunch" not in browser.main(), "the search")
        export = [a.get_attribute("href") for a in browser.all("a[download]") if "zip" in a.get_attribute("href")][0]
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in browser.driver.get_cookies())
        answer = urllib.request.urlopen(urllib.request.Request(export, headers={"Cookie": cookies}), timeout=20)
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
        assert archive.namelist() == ["example.test/0000000001.eml", "records-1.csv"], archive.namelist()
        assert b"the secret plan" in archive.read("example.test/0000000001.eml")
        assert b"alice@example.test bob@example.test" in archive.read("records-1.csv")
        browser.wait(lambda: "done" in browser.find("#exports").text, "the export in the list")
        browser.click_one(lambda: [a for a in browser.all("#rows a") if a.text == "offer of the year"], "the message")
        browser.says("the secret plan").says("bob@example.test")
        browser.photograph("admin-archive-message")
        browser.check_accessibility()
        browser.open("/archive/holds?new&subject=offer")
        browser.fill("input[name=why]", "a lawsuit")
        browser.press("Hold")
        browser.notice("held from now on").says("subject offer").says("a lawsuit")
        browser.photograph("admin-archive-holds")
        browser.check_accessibility()
        browser.open("/archive/heads").says("example.test/2/")
        browser.photograph("admin-archive-heads")
        browser.check_accessibility()
        head = browser.find("main dd code").text
    assert "all is as it was written" in console.box.cli("verify", "--archive", "--head", head)
    other = head[:-1] + ("0" if head[-1] != "0" else "1")
    refused = console.box.cli("verify", "--archive", "--head", other, check=False)
    assert "record 2" in refused, refused


TESTS = [a_domain_administrator_sees_the_archive_only_by_a_rule_for_that_very_domain,
         what_a_rule_covers_is_found_read_exported_and_held]
