"""A Mailstead box of its own for a test: configuration, users, start, stop, kill."""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PASSWORD = "demo-secret"
SERVICES = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "sieve", "web"]


# Below the ports that the kernel gives to clients, so that no client takes one before the box does.
PORTS = range(10_000, 32_000)
HANDED_OUT = set()
HANDING_OUT = threading.Lock()


def free_ports(count):
    """Ports that nobody uses at this moment."""
    ports = []
    with HANDING_OUT:
        while len(ports) < count:
            port = random.choice(PORTS)
            with socket.socket() as s:
                try:
                    s.bind(("127.0.0.1", port))
                except OSError:
                    continue
            if port not in HANDED_OUT:
                HANDED_OUT.add(port)
                ports.append(port)
    return ports


class Box:
    """A box in a directory of its own; use it in a with statement."""

    def __init__(self, binary, users=("alice@example.test", "bob@example.test"), settings="", data=None, host="127.0.0.1"):
        self.binary = str(pathlib.Path(binary).resolve())
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mailstead-"))
        self.config = self.dir / "mailstead.toml"
        self.data = pathlib.Path(data or self.dir / "data")
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES))))
        listen = "\n".join(f'[{name}]\nlisten = ["{host}:{port}"]' for name, port in self.ports.items())
        self.config.write_text(f'hostname = "mx.example.test"\ndata = "{self.data}"\n{listen}\n{settings}\n')
        self.process = None
        self.serve_under = []
        self.cli("domain", "add", "example.test")
        for user in users:
            self.cli("user", "add", user, "--password-stdin", input=PASSWORD + "\n")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def cli(self, *words, input=None, check=True, under=()):
        """Runs a command of the binary, under another program if need be, and returns what it printed."""
        done = subprocess.run([*under, self.binary, "--config", self.config, *words], input=input, capture_output=True,
                              text=True, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"mailstead {' '.join(words)}: exit {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout

    def rows(self, *words):
        """The rows of a listing."""
        return next(value for value in json.loads(self.cli(*words, "--json")).values() if isinstance(value, list))

    def start(self):
        log = open(self.dir / "serve.log", "ab")
        self.process = subprocess.Popen([*self.serve_under, self.binary, "--config", self.config, "serve"], stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log)
        self.started = time.monotonic()
        for name in ("smtp", "imap", "pop3"):
            self.wait_for_port(self.ports[name])

    def wait_for_port(self, port, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log()[-2000:]}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise AssertionError(f"nobody listens on {port}: {self.log()[-2000:]}")

    def stop(self):
        """A clean stop: SIGTERM, gone within 10 seconds."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("the server did not stop within 10 seconds")
            assert code == 0, f"the server ended with {code}: {self.log()[-2000:]}"

    def kill(self):
        """As a power cut does it, for the process."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def log(self):
        return (self.dir / "serve.log").read_text(errors="replace")

    def wait_until_delivered(self, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.rows("spool", "list"):
                return
            time.sleep(0.02)
        raise AssertionError(f"the spool is not empty: {self.cli('spool', 'list')}")
