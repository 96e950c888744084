"""The configuration of an mbsync that keeps a Maildir equal to mailboxes of a box."""

from box import PASSWORD

EVERYTHING = "Far :far:\nNear :near:\nPatterns *\nCreate Both"


def configure(box, user="alice@example.test", store="", channel=EVERYTHING):
    """Makes the Maildir and the configuration; gives both back. `store` is more about the box's side, `channel` says
    what is synchronized with what."""
    mail = box.dir / "Maildir"
    mail.mkdir()
    rc = box.dir / "mbsyncrc"
    # Its own disk is not on trial: where that is slow, it takes its own syncs for a silent server.
    rc.write_text(f"""
FSync no

IMAPStore far
Host 127.0.0.1
Port {box.ports['imap']}
User {user}
Pass {PASSWORD}
SSLType None
AuthMechs LOGIN
{store}

MaildirStore near
Path {mail}/
Inbox {mail}/INBOX
SubFolders Verbatim

Channel all
{channel}
Expunge Both
SyncState *
""")
    return mail, rc
