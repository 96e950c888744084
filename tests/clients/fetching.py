"""Programs that fetch and go: curl, getmail."""

from account import Account, message
from box import PASSWORD
from program import run


def curl(box):
    """Mailboxes, messages, parts of them, searches, appending; plain, with STARTTLS, over TLS."""
    login = ["-sS", "-k", "-u", f"alice@example.test:{PASSWORD}"]
    with Account(box) as account:
        account.append(message(n) for n in range(1, 21))
        uid_validity = account.client.response("UIDVALIDITY")[1][0] if account.select() else None
    doors = [(f"imap://127.0.0.1:{box.ports['imap']}", []), (f"imap://127.0.0.1:{box.ports['imap']}", ["--ssl-reqd"]),
             (f"imaps://127.0.0.1:{box.ports['imaps']}", [])]

    def ask(url, *options):
        told = [run("curl", *login, *door_options, *options, door + url, home=box.dir) for door, door_options in doors]
        assert told[0] == told[1] == told[2], told
        return told[0]

    assert "Archive" in ask("/") and "INBOX" in ask("/")
    assert ask("/INBOX;UID=3") == message(3).decode()
    assert ask("/INBOX;MAILINDEX=7;SECTION=TEXT").startswith("Line of message 7.")
    assert ask(f"/INBOX;UIDVALIDITY={uid_validity.decode()};UID=3;SECTION=HEADER.FIELDS%20(SUBJECT)").strip() == "Subject: message 3"
    assert "* SEARCH 12" in ask("/INBOX?SUBJECT%20%22message%2012%22")
    assert "EXISTS" in ask("/INBOX", "-X", "EXAMINE Archive")
    assert "(MESSAGES 20 UNSEEN" in ask("/", "-X", "STATUS INBOX (MESSAGES UNSEEN)")
    assert "FETCH (UID 5 FLAGS" in ask("/INBOX", "-X", "UID FETCH 5 (FLAGS)")
    for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
        if mechanism != "SCRAM-SHA-256" or "GSASL" in run("curl", "--version", home=box.dir):
            run("curl", *login, "--login-options", f"AUTH={mechanism}", doors[0][0] + "/", home=box.dir)
    run("curl", *login, "--sasl-ir", "--login-options", "AUTH=PLAIN", doors[0][0] + "/", home=box.dir)
    upload = box.dir / "upload.eml"
    upload.write_bytes(message(99))
    ask("/Archive", "-T", str(upload))
    with Account(box) as account:
        assert account.select("Archive") == 3


def getmail(box):
    """Fetches by IMAP and by POP3, over TLS too, and deletes what it has."""
    directory = box.dir / ".getmail"
    directory.mkdir(mode=0o700)
    retrievers = {"SimpleIMAPRetriever": ("imap", 'mailboxes = ("INBOX", "Archive")'),
                  "SimpleIMAPSSLRetriever": ("imaps", 'mailboxes = ("INBOX", "Archive")'),
                  "SimplePOP3Retriever": ("pop3", ""), "SimplePOP3SSLRetriever": ("pop3s", "")}
    for retriever, (service, more) in retrievers.items():
        with Account(box) as account:
            account.append(message(n) for n in range(30))
            account.append([message(30)], mailbox="Archive")
        fetched = box.dir / retriever
        fetched.mkdir()
        rc = directory / retriever
        # A child that ends before getmail waits for it is waited for in vain, hence the sleep.
        rc.write_text(f"[retriever]\ntype = {retriever}\nserver = 127.0.0.1\nport = {box.ports[service]}\n"
                      f"username = alice@example.test\npassword = {PASSWORD}\n{more}\n"
                      "[destination]\ntype = MDA_external\npath = /bin/sh\nallow_root_commands = true\n"
                      f"arguments = ('-c', 'sleep 0.03; cat >{fetched}/$$')\n[options]\ndelete = true\nread_all = true\n")
        run("getmail", "--getmaildir", directory, "--rcfile", rc.name, "--quiet", home=box.dir)
        count = len(list(fetched.iterdir()))
        assert count == (31 if more else 30), f"{retriever} has fetched {count}"
        with Account(box) as account:
            assert account.select() == 0, f"{retriever} has left messages"
            if not more:
                account.select("Archive")
                account.expunge("1:*")


CLIENTS = [curl, getmail]
