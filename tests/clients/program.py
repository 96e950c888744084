"""Runs the clients' programs, in a terminal where they want one."""

import os
import shlex
import subprocess
import time


def run(*command, home, seconds=120, input=None):
    """Runs a program with this home directory, and gives what it printed."""
    done = subprocess.run([str(word) for word in command], input=input, capture_output=True, timeout=seconds,
                          env={**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"})
    printed = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr.decode()[-3000:]}{printed[-3000:]}"
    return printed


class Terminal:
    """A program in a terminal of its own (tmux); use it in a with statement."""

    def __init__(self, box, name, *command):
        self.tmux = ["tmux", "-S", str(box.dir / f"{name}.tmux")]
        self.name = name
        line = " ".join(shlex.quote(str(word)) for word in command)
        self.do("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "50", "-s", name,
                f"HOME={shlex.quote(str(box.dir))} XDG_CONFIG_HOME={shlex.quote(str(box.dir / '.config'))} "
                f"TERM=screen-256color LC_ALL=C.UTF-8 {line}; sleep 60")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True)

    def do(self, *words):
        return subprocess.run([*self.tmux, *words], capture_output=True, text=True, check=True).stdout

    def screen(self):
        return self.do("capture-pane", "-p", "-t", self.name)

    def type(self, *keys):
        """Presses keys: texts, or tmux's names of keys such as Enter."""
        for key in keys:
            self.do("send-keys", "-t", self.name, key)

    def wait_for(self, *texts, seconds=30):
        """Waits until the screen shows all of these."""
        return self.wait_until(lambda screen: all(text in screen for text in texts), f"{texts}", seconds)

    def wait_until(self, true, what, seconds=30):
        end = time.monotonic() + seconds
        while not true(screen := self.screen()):
            assert time.monotonic() < end, f"{self.name} does not show {what}:\n{screen}"
            time.sleep(0.05)
        return screen


def eventually(true, what, seconds=30):
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} seconds: {what}"
        time.sleep(0.1)
