"""Dovecot, which does nothing but tell Postfix whether a password is right."""

import pathlib
import shutil
import subprocess
import time


class Sasl:
    """Knows one user. Use it in a with statement."""

    def __init__(self, folder, user, password):
        self.folder, self.process = pathlib.Path(folder), None
        self.socket = self.folder / "auth"
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        (self.folder / "users").write_text(f"{user}:{{PLAIN}}{password}\n")
        (self.folder / "dovecot.conf").write_text(f"""
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/log
protocols =
ssl = no
auth_mechanisms = plain login
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
passdb {{
  driver = passwd-file
  args = {self.folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  user = root
  unix_listener {self.socket} {{
    mode = 0666
  }}
}}
""")

    def __enter__(self):
        program = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
        self.process = subprocess.Popen([program, "-F", "-c", self.folder / "dovecot.conf"])
        end = time.monotonic() + 20
        while not self.socket.exists():
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"dovecot does not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
