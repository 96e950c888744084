"""Finding mail: a person searches, opens and downloads; an administrator has the messages of a user read again."""

import smtplib
import urllib.parse
import urllib.request
from email.message import EmailMessage

from console import ADMIN, OTHER, USER


def send(console, subject, text, user=USER, file=None):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "Anna Schmidt <anna@remote.example>", user
    mail.set_content(text)
    if file:
        mail.add_attachment(file[1], filename=file[0])
    with smtplib.SMTP("127.0.0.1", console.box.ports["smtp"]) as s:
        s.send_message(mail)


def wait_until_found(browser, query, count):
    def found():
        browser.open("/me/search?" + urllib.parse.urlencode({"q": query}))
        return len(browser.rows()) == count
    browser.wait(found, f"{count} messages for {query}")


def a_person_finds_opens_and_downloads(console):
    send(console, "Offer 2026", "The houses are <b>large</b> & white.\n" + "More of it. " * 200, file=("plan.txt", "a garden\n"))
    send(console, "Lunch", "At the house of Jörg.\n")
    send(console, "Not yours", "A house of somebody else.\n", user=OTHER)
    with console.browser(USER) as browser:
        wait_until_found(browser, "house", 2)
        browser.open("/me/search")
        browser.fill("input[type=search]", "house from:anna has:attachment\n")
        browser.says("1 message")
        (row,) = browser.rows().values()
        assert row["0"].startswith("Offer 2026") and row["From"] == "Anna Schmidt" and row["Mailbox"] == "INBOX", row
        assert [mark.text for mark in browser.all("main mark")] == ["houses"], row
        # What a message says is text, not markup.
        assert "<b>large</b> & white" in row["0"], row
        browser.photograph("user-search-found")
        browser.check_accessibility()
        browser.press("Offer 2026")
        browser.says("Anna Schmidt <anna@remote.example>").says("<b>large</b> & white").says("plan.txt")
        browser.photograph("user-search-message")
        browser.check_accessibility()
        link = browser.find("a[download]").get_attribute("href")
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in browser.driver.get_cookies())
        answer = urllib.request.urlopen(urllib.request.Request(link, headers={"Cookie": cookies}), timeout=20)
        assert answer.headers["Content-Disposition"].startswith("attachment"), answer.headers
        assert b"Subject: Offer 2026\r\n" in answer.read()
        # The number of a message of somebody else leads nowhere.
        browser.open("/me/search/1/999")
        browser.says("no such")
        for query, answer in (("is:odd", "This cannot be looked for"), ("nothing-like-this", "Nothing is found")):
            browser.open("/me/search?" + urllib.parse.urlencode({"q": query})).says(answer)
        browser.open("/me/search?q=house").press("Oldest")
        browser.wait(lambda: "order=Oldest" in browser.driver.current_url, "the other order")
        assert [link.text for link in browser.all("td.title a")] == ["Offer 2026", "Lunch"], browser.rows()


def a_page_after_the_other(console):
    for number in range(3):
        send(console, f"number {number}", "several\n")
    with console.browser(USER) as browser:
        wait_until_found(browser, "several", 3)
        browser.open("/me/search?q=several&per=2")
        assert len(browser.rows()) == 2
        browser.press("Next")
        browser.wait(lambda: len(browser.rows()) == 1, "the last page")


def the_messages_of_one_user_are_read_again(console):
    for number in range(400):
        send(console, f"number {number}", "several\n")
    console.box.wait_until_delivered()
    with console.browser(ADMIN) as browser:
        browser.open("/indexing").says("Active")
        browser.says("400 messages")
        browser.fill("input[name=user]", "nobody@example.test")
        browser.press("Read again")
        browser.notice("there is no user nobody@example.test")
        browser.fill("input[name=user]", USER)
        browser.press("Read again")
        browser.notice(f"The messages of {USER} are read again")
        browser.photograph("admin-indexing-again")
        browser.says("400 messages").says("nobody: everything is read")
        browser.fill("input[name=user]", "")
        browser.press("Read again")
        browser.says("which may take hours")
        browser.check_accessibility()
        browser.press("Cancel")
        browser.press("Services", within="#menu")
        browser.choose("indexing")
        browser.press("Stop")
        browser.notice("1 service stopped")
        browser.open("/indexing").says("Inactive")


TESTS = [a_person_finds_opens_and_downloads, a_page_after_the_other, the_messages_of_one_user_are_read_again]
