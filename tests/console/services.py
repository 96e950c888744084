"""The page of services: what a click stops is gone from the wire."""

import socket

from console import ADMIN


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5):
            return True
    except OSError:
        return False


def a_service_is_stopped_and_started_by_click(console):
    port = console.box.ports["pop3"]
    with console.browser(ADMIN) as browser:
        browser.open("/services").wait_for_row("pop3", Status="Active")
        browser.choose("pop3")
        browser.press("Stop")
        browser.notice("1 service stopped").wait_for_row("pop3", Status="Inactive")
        assert not answers(port) and answers(console.box.ports["imap"])
        browser.choose("pop3")
        browser.press("Start")
        browser.notice("1 service started").wait_for_row("pop3", Status="Active")
        assert answers(port)


def what_the_command_line_stops_shows_by_itself(console):
    with console.browser(ADMIN) as browser:
        browser.open("/services").wait_for_row("imap", Status="Active")
        console.box.cli("service", "stop", "imap")
        browser.wait_for_row("imap", Status="Inactive")


def who_stops_the_console_is_asked_first(console):
    with console.browser(ADMIN) as browser:
        browser.open("/services").wait_for_row("web", Status="Active")
        browser.choose("web")
        browser.press("Stop")
        browser.says("Stopping web ends this console")
        browser.press("Cancel")
        browser.wait_for_row("web", Status="Active")


TESTS = [a_service_is_stopped_and_started_by_click, what_the_command_line_stops_shows_by_itself, who_stops_the_console_is_asked_first]
