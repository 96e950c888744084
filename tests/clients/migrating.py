"""To a real Dovecot and back: nothing may be lost on either way."""

import os
import pathlib
import pwd
import shutil
import tempfile

from account import Account, difference, message
from box import PASSWORD
from program import run

ODD = [
    b"Subject: no sender, no date\r\n\r\n",
    b"\r\nno header at all\r\n",
    b"From: a@b.example\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n" + "Grüße, unangekündigt\r\n".encode(),
    b"From: a@b.example\r\nSubject: long line\r\n\r\n" + b"x" * 70_000 + b"\r\n",
    b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: inside\r\n\r\ntwo\r\n--x--\r\n",
    b"From: a@b.example\r\nSubject: no line end at the end\r\n\r\nend",
]


def fill(box):
    """Folders in folders, names in other scripts, all flags, keywords, dates, odd messages."""
    with Account(box) as account:
        for name in ("Projects/2024/Acme", "Gr&APwA3w-e/&Z3FOrA-", "with space", 'quo\\"ted'):
            account.ok(account.client.create(f'"{name}"'))
            account.ok(account.client.subscribe(f'"{name}"'))
        account.append(message(n) for n in range(1, 301))
        account.append([message(n) for n in range(301, 351)], mailbox="Sent", flags=r"\Seen", date='"01-Jan-1995 23:59:59 +0000"')
        account.append([message(n) for n in range(351, 381)], mailbox="Projects/2024/Acme", flags=r"\Flagged $Forwarded Work/Later")
        account.append([message(381)], mailbox="Drafts", flags=r"\Draft")
        account.append(ODD, mailbox="Gr&APwA3w-e/&Z3FOrA-", flags="$MDNSent")
        account.append([message(382)], mailbox='quo\\"ted')
        account.select()
        account.store("1:100", r"\Seen")
        account.store("50:60", r"\Answered \Flagged $Label1 NonJunk")
        account.expunge("10:20,299")


class Dovecot:
    """Dovecot's own store, with our box as what it knows as `imapc:`; use it in a with statement."""

    def __init__(self, box):
        self.box = box
        # It refuses to work as root, and whoever it works as instead has to reach its files.
        self.user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="dovecot-"))

    def __enter__(self):
        if os.geteuid() == 0:
            shutil.chown(self.home, self.user)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home)

    def adm(self, user, *command):
        """Runs doveadm, which sees this user's mailboxes of the box."""
        config = self.home / "dovecot.conf"
        config.write_text(f"""
base_dir = {self.home}/run
state_dir = {self.home}/state
default_internal_user = {self.user}
default_login_user = {self.user}
mail_uid = {self.user}
mail_gid = {pwd.getpwnam(self.user).pw_gid}
first_valid_uid = 0
first_valid_gid = 0
mail_home = {self.home}
mail_location = mdbox:{self.home}/mail
mail_fsync = never
log_path = /dev/stderr
ssl = no
namespace inbox {{
  inbox = yes
  separator = /
}}
imapc_host = 127.0.0.1
imapc_port = {self.box.ports['imap']}
imapc_user = {user}
imapc_password = {PASSWORD}
imapc_features = rfc822.size fetch-headers
imapc_ssl = no
""")
        return run("env", f"USER={self.user}", "doveadm", "-c", config, *command, home=self.home)

    def sync_to_new(self, user):
        """Gives a new user what is in the store. dsync asks to be run again when a mailbox that it has just made surprises
        it, and then stumbles over what it has left: so the user is made anew."""
        for attempt in range(4):
            self.box.cli("user", "add", user, "--password-stdin", input=PASSWORD + "\n")
            try:
                return self.adm(user, "sync", "-1", "imapc:")
            except AssertionError as error:
                if attempt == 3 or "You may want to run dsync again" not in str(error):
                    raise
                self.box.cli("user", "remove", user)


def dovecot_and_back(box):
    fill(box)
    with Dovecot(box) as dovecot:
        there_and_back(box, dovecot)


def there_and_back(box, dovecot):
    with Account(box) as account:
        before, subscribed = account.snapshot(), account.folders("LSUB")
    dovecot.adm("alice@example.test", "backup", "-R", "imapc:")
    # Dora has nothing but the folders that every user has.
    dovecot.sync_to_new("dora@example.test")
    with Account(box, "dora@example.test") as dora:
        assert not (told := difference(before, dora.snapshot())), told
        assert dora.folders("LSUB") == subscribed
    # Once more in both directions: nothing has changed, so nothing may change.
    dovecot.adm("alice@example.test", "sync", "-1", "-R", "imapc:")
    with Account(box) as account:
        assert not (told := difference(before, account.snapshot())), told
    with Account(box) as account:
        account.select()
        account.store("1:5", r"\Deleted")
        account.append([message(1000)])
        changed = account.snapshot()
    dovecot.adm("alice@example.test", "backup", "-R", "imapc:")
    # To somebody else: dsync cannot choose UIDs through IMAP, and takes dora's for other messages now.
    dovecot.sync_to_new("carol@example.test")
    with Account(box, "carol@example.test") as carol:
        assert not (told := difference(changed, carol.snapshot())), told


def dovecot_import(box):
    fill(box)
    with Account(box) as account:
        before = {name: len(messages) for name, messages in account.snapshot().items()}
    with Dovecot(box) as dovecot:
        dovecot.adm("alice@example.test", "import", "imapc:", "moved", "ALL")
        listed = dovecot.adm("alice@example.test", "mailbox", "status", "messages", "moved*")
    lines = [line for line in listed.splitlines() if "messages=" in line]
    assert len(lines) == sum(count > 0 for count in before.values()), listed
    there = sum(int(line.rpartition("=")[2]) for line in lines)
    assert there == sum(before.values()), (before, listed)


CLIENTS = [dovecot_and_back, dovecot_import]
