"""Debian's Postfix as an instance of its own: takes mail for post.test, sends all else to one host."""

import os
import pathlib
import pwd
import shutil
import subprocess
import time

from sasl import Sasl


class Postfix:
    """Listens on one loopback address. Needs root. Use it in a with statement."""

    def __init__(self, folder, address, port, relay, certificate, key, submission, submissions):
        self.folder = pathlib.Path(folder)
        self.sasl = Sasl(self.folder / "sasl", "relay", "secret")
        self.etc, self.queue, self.data, self.mail = (self.folder / name for name in ("etc", "queue", "data", "mail"))
        for path in (self.etc, self.queue, self.data, self.mail):
            path.mkdir(parents=True)
        user = pwd.getpwnam("postfix")
        for path in (self.data, self.mail):
            os.chown(path, user.pw_uid, user.pw_gid)
        os.chmod(self.folder, 0o755)
        for name in ("postfix-files", "dynamicmaps.cf"):
            shutil.copy(f"/etc/postfix/{name}", self.etc)
            shutil.copytree(f"/etc/postfix/{name}.d", self.etc / f"{name}.d")
        (self.folder / "log").mkdir()
        (self.etc / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.queue}
data_directory = {self.data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {self.folder}/log/mail.log
maillog_file_prefixes = {self.folder}/log
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.post.test
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = post.test, by-starttls.test, by-tls.test
virtual_mailbox_base = {self.mail}
virtual_mailbox_maps = inline:{{ {{ carol@post.test = carol/ }}, {{ carol@by-starttls.test = carol/ }}, {{ carol@by-tls.test = carol/ }} }}
virtual_uid_maps = static:{user.pw_uid}
virtual_gid_maps = static:{user.pw_gid}
virtual_minimum_uid = 1
virtual_transport = virtual
default_transport = smtp:[{relay[0]}]:{relay[1]}
smtp_tls_security_level = may
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_loglevel = 1
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {self.sasl.socket}
smtpd_sasl_authenticated_header = yes
smtpd_tls_received_header = yes
alias_maps =
alias_database =
local_recipient_maps =
""")
        (self.etc / "master.cf").write_text(f"""
{address}:{port} inet n - n - - smtpd
{address}:{submission} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_discard_ehlo_keywords=8bitmime,smtputf8,chunking
{address}:{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
""")

    def control(self, *words):
        return subprocess.run(["/usr/sbin/postfix", "-c", str(self.etc), *words], capture_output=True, text=True)

    def __enter__(self):
        self.sasl.__enter__()
        done = self.control("start")
        if done.returncode != 0:
            raise AssertionError(f"postfix does not start: {done.stdout}{done.stderr}{self.log()}")
        return self

    def __exit__(self, *_):
        self.control("stop")
        self.sasl.__exit__()

    def log(self):
        path = self.folder / "log" / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for_mail(self, text, seconds=30):
        """The message that holds this text."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for path in self.mail.glob("carol/new/*"):
                if text in (content := path.read_text(errors="replace")):
                    return content
            time.sleep(0.1)
        raise AssertionError(f"{text!r} did not come: {self.log()[-3000:]}")
