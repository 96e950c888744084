"""The API and its description: schemathesis sends it whatever the OpenAPI document allows, and much that it does not, and
no answer may be the server's fault."""

import http.client
import json
import pathlib
import socket
import subprocess
import sys

from console import ADMIN, USER

# Seconds for the whole of it.
TIME = 40


class Control(http.client.HTTPConnection):
    """The control socket of a box."""

    def __init__(self, path):
        super().__init__("mailstead")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def token_of(console, user, role):
    """A token of this user that may do everything the role may."""
    control = Control(str(pathlib.Path(console.box.data) / "control.sock"))
    wanted = json.dumps({"name": "test", "writes": True, "role": role})
    control.request("POST", f"/api/v1/users/{user}/tokens", wanted, {"Content-Type": "application/json"})
    answer = control.getresponse()
    body = json.loads(answer.read())
    assert answer.status == 201, body
    return body["secret"]


def no_request_is_answered_with_a_fault_of_the_server(console):
    token = token_of(console, ADMIN, "system_administrator")
    tool = pathlib.Path(sys.executable).with_name("schemathesis")
    command = [tool, "run", f"{console.base}/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}",
               "--checks", "not_a_server_error", "--max-time", str(TIME), "--request-timeout", "20", "--no-color",
               "--warnings", "off", "--continue-on-failure", "--phases", "coverage,fuzzing",
               # It goes on until the reader leaves.
               "--exclude-path", "/api/v1/logs/tail",
               # It may stop what answers.
               "--exclude-path", "/api/v1/services/{name}/stop"]
    # It leaves a folder of its own where it runs.
    ran = subprocess.run(command, capture_output=True, text=True, timeout=TIME * 4, cwd=console.box.dir)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]


def a_token_without_rights_opens_nothing(console):
    token = token_of(console, ADMIN, "user")
    for path, expected in (("/api/v1/services", 403), ("/api/v1/status", 200)):
        assert status(connect(console), token, path) == expected, path


def a_token_is_made_used_and_removed_on_the_command_line(console):
    cli, path = console.box.cli, f"/api/v1/users/{USER}"
    token = cli("token", "add", USER, "calendar").split()[0]
    assert status(connect(console), token, path) == 200
    [row] = console.box.rows("token", "list", USER)
    assert (row["name"], row["writes"], row["role"]) == ("calendar", False, "user"), row
    assert status(connect(console), token, f"{path}/tokens/{row['id']}", "DELETE") == 403, "it may only read"
    cli("token", "remove", USER, row["id"])
    assert console.box.rows("token", "list", USER) == []
    assert status(connect(console), token, path) == 401


def whoever_asks_through_a_proxy_is_listed(console):
    token = token_of(console, ADMIN, "system_administrator")
    connection = connect(console)

    def listed(client):
        assert status(connection, token, "/api/v1/status", client=client) == 200
        return [row["peer"].rsplit(":", 1)[0] for row in console.box.rows("session", "list") if row["user"] == ADMIN]

    assert listed("192.0.2.77") == ["192.0.2.77"]
    assert listed("2001:db8::9") == ["[2001:db8::9]"], "the one for whom it asked last"


whoever_asks_through_a_proxy_is_listed.settings = 'trusted_proxies = ["127.0.0.1"]'


def connect(console):
    return http.client.HTTPConnection("127.0.0.1", console.box.ports["web"], timeout=10)


def status(connection, token, path, method="GET", client=None):
    """What a request with this token is answered with."""
    headers = {"Authorization": f"Bearer {token}"} | ({"X-Forwarded-For": client} if client else {})
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


TESTS = [no_request_is_answered_with_a_fault_of_the_server, a_token_without_rights_opens_nothing,
         a_token_is_made_used_and_removed_on_the_command_line, whoever_asks_through_a_proxy_is_listed]
