"""Mail programs that people use in a terminal: NeoMutt and aerc."""

from account import Account, message
from box import PASSWORD
from program import Terminal, eventually, run


def neomutt_rc(box, *more):
    rc = box.dir / "neomuttrc"
    (box.dir / "headers").mkdir(exist_ok=True)
    rc.write_text("\n".join([
        f'set folder="imap://alice%40example.test@127.0.0.1:{box.ports["imap"]}/"', "set spoolfile=+INBOX",
        f'set imap_pass="{PASSWORD}"', "set ssl_starttls=no", "set ssl_force_tls=no", "set record=", "set sort=mailbox-order",
        "set quit=yes", "set delete=yes", "set confirmappend=no", "set mark_old=no", "set wait_key=no", "set move=no", "set beep=no",
        f'set header_cache="{box.dir}/headers"', "set mail_check=1", "set timeout=1", "set editor=true", "set imap_check_subscribed=no",
        'set index_format="%4C %Z %s"', 'set status_format="[%f %m messages %?n?%n new?]"', *more]) + "\n")
    return rc


def by_identity(box, mailbox="INBOX"):
    with Account(box) as account:
        return {int(name.partition("@")[0]): flags for name, flags in account.flags(mailbox).items()}


def neomutt(box):
    """Reads, flags, deletes, saves to another mailbox, sees new mail in IDLE."""
    with Account(box) as account:
        account.append(message(n) for n in range(1, 201))
    with Terminal(box, "neomutt", "neomutt", "-F", neomutt_rc(box, "set imap_idle=yes")) as screen:
        screen.wait_for("200 messages", "message 1")
        screen.type("5", "Enter", "Enter")
        screen.wait_for("Line of message 5.")
        screen.type("i", "7", "Enter", "F", "9", "Enter", "d")
        screen.type("11", "Enter", "s", "C-u", "=Archive", "Enter")
        screen.type("$")
        screen.wait_for("198 messages")
        eventually(lambda: len(by_identity(box)) == 198, "two messages have left the INBOX")
        now = by_identity(box)
        assert now.keys() == set(range(1, 201)) - {9, 11}, now.keys()
        assert r"\Seen" in now[5] and r"\Flagged" in now[7] and r"\Seen" not in now[8], now
        assert by_identity(box, "Archive").keys() == {11}
        with Account(box) as account:
            account.append([message(300, subject="fresh as the morning")])
        screen.wait_for("199 messages")
        screen.type("End")
        screen.wait_for("fresh as the morning")
        # A search on the server, a change of mailbox, and out.
        screen.type("l", "~b 'Line of message 42'", "Enter")
        screen.wait_until(lambda shown: "message 42" in shown and "message 43" not in shown, "message 42 alone")
        screen.type("c", "C-u", "=Archive", "Enter")
        screen.wait_for("1 messages", "message 11")
        screen.type("q")


def neomutt_resyncs(box):
    """Leaves a mailbox, and comes back when much has changed: its cache and QRESYNC give what is there."""
    rc = neomutt_rc(box, "set imap_qresync=yes", "set imap_condstore=yes")
    with Account(box) as account:
        account.append(message(n) for n in range(1, 201))
    # Its cache of headers is slow on a busy disk.
    with Terminal(box, "first", "neomutt", "-F", rc) as screen:
        screen.wait_for("200 messages", "message 1", seconds=60)
        screen.type("q")
        screen.wait_until(lambda shown: "messages" not in shown, "its end", seconds=60)
    with Account(box) as account:
        account.select()
        account.expunge("1:40,43")
        account.store("1", r"\Flagged")
        account.append([message(n) for n in range(201, 211)])
    with Terminal(box, "second", "neomutt", "-F", rc) as screen:
        screen.wait_for("169 messages", seconds=60)
        screen.type("1", "Enter")
        shown = screen.wait_for("message 41")
        lines = [line for line in shown.splitlines() if "message 4" in line]
        assert "!" in lines[0] and "message 41" in lines[0] and "message 42" in lines[1] and "message 44" in lines[2], shown
        screen.type("End")
        screen.wait_for("message 210")
        screen.type("1", "Enter", "d", "q")
        eventually(lambda: len(by_identity(box)) == 168, "one message is deleted")
    assert by_identity(box).keys() == set(range(42, 211)) - {43}


def aerc(box):
    """Reads, deletes, moves, marks, and follows another session's changes."""
    with Account(box) as account:
        account.append(message(n, subject=f"[letter {n}]") for n in range(1, 31))
    config = box.dir / ".config" / "aerc"
    config.mkdir(parents=True)
    accounts = config / "accounts.conf"
    accounts.write_text(f"[alice]\nsource = imap+insecure://alice%40example.test:{PASSWORD}@127.0.0.1:{box.ports['imap']}\n"
                        f"outgoing = smtp+plain+insecure://alice%40example.test:{PASSWORD}@127.0.0.1:{box.ports['submission']}\n"
                        "default = INBOX\nfrom = Alice <alice@example.test>\ncopy-to = Sent\ncache-headers = false\n")
    accounts.chmod(0o600)
    with Terminal(box, "aerc", "aerc") as screen:
        screen.wait_for("[letter 30]", "Archive")
        screen.type("g", "g", "Enter")
        screen.wait_for("Line of message 30.")
        screen.type(":close", "Enter")
        for command, told in ((":delete-message", "Messages deleted"), (":move Archive", "Messages moved"),
                              (":flag -x Flagged", "Setting flag")):
            screen.type(":select 0", "Enter", command, "Enter")
            screen.wait_for(told)
        eventually(lambda: len(by_identity(box)) == 28, "two messages have left the INBOX")
        now = by_identity(box)
        assert len(by_identity(box, "Archive")) == 1
        eventually(lambda: any(r"\Flagged" in flags for flags in by_identity(box).values()), "a flag")
        with Account(box) as account:
            account.append([message(99, subject="[just in]")])
        screen.wait_for("[just in]")
        with Account(box) as account:
            account.select()
            account.expunge(str(len(now) + 1))
        screen.wait_until(lambda shown: "[just in]" not in shown, "that a message is gone")
        screen.type(":cf Archive", "Enter")
        screen.wait_until(lambda shown: shown.count("[letter") == 1, "the one message of Archive")
        screen.type(":quit", "Enter")


CLIENTS = [neomutt, neomutt_resyncs, aerc]
