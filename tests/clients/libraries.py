"""Libraries that programs are written with: Python's own imaplib, and IMAPClient."""

import datetime
import imaplib
import io
import ssl
import threading
import time
import zlib

from account import Account, message
from box import PASSWORD
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

ANY_CERTIFICATE = ssl.create_default_context()
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


def python_imaplib(box):
    """Every command that imaplib has."""
    client = imaplib.IMAP4("127.0.0.1", box.ports["imap"])
    client.starttls(ANY_CERTIFICATE)

    def ok(answer):
        assert answer[0] == "OK", answer
        return answer[1]

    ok(client.authenticate("PLAIN", lambda _: f"\0alice@example.test\0{PASSWORD}".encode()))
    when = imaplib.Time2Internaldate(1_700_000_000)
    for number in range(1, 11):
        ok(client.append("INBOX", r"(\Seen)" if number % 2 else None, when, message(number)))
    # Not before APPEND: once it is on, imaplib writes the word UTF8 into the message.
    ok(client.enable("UTF8=ACCEPT"))
    ok(client.create('"Entwürfe/2024"'))
    ok(client.rename('"Entwürfe/2024"', '"Entwürfe/2025"'))
    assert any("Entwürfe/2025".encode() in line for line in ok(client.list('""', '"*"')))
    ok(client.subscribe('"Entwürfe/2025"'))
    assert any("Entwürfe/2025".encode() in line for line in ok(client.lsub('""', '"*"')))
    ok(client.unsubscribe('"Entwürfe/2025"'))
    assert ok(client.select("INBOX")) == [b"10"]
    assert ok(client.search(None, "UNSEEN")) == [b"2 4 6 8 10"]
    assert ok(client.sort("(REVERSE SUBJECT)", "UTF-8", "SEEN")) == [b"9 7 5 3 1"]
    assert ok(client.thread("REFERENCES", "UTF-8", "ALL"))[0].count(b"(") >= 10
    head, body = ok(client.fetch("3", "(UID INTERNALDATE RFC822.SIZE BODY.PEEK[])"))[0]
    assert body == message(3) and imaplib.Internaldate2tuple(head) == time.localtime(1_700_000_000), head
    assert b"ENVELOPE" in ok(client.fetch("1:*", "FULL"))[0]
    ok(client.store("1:3", "+FLAGS", r"(\Flagged $Label1)"))
    ok(client.copy("1:2", "Archive"))
    assert ok(client.uid("MOVE", "3", "Archive"))
    assert ok(client.status("Archive", "(MESSAGES UIDNEXT UNSEEN)")) == [b'Archive (MESSAGES 3 UIDNEXT 4 UNSEEN 1)']
    ok(client.store("1", "+FLAGS", r"(\Deleted)"))
    assert ok(client.expunge())[-1] == b"1"
    assert ok(client.getquotaroot("INBOX"))[0][0].startswith(b"INBOX")
    assert ok(client.namespace())
    ok(client.noop())
    ok(client.check())
    ok(client.unselect())
    ok(client.select("INBOX", readonly=True))
    ok(client.close())
    ok(client.delete('"Entwürfe/2025"'))
    assert client.logout()[0] == "BYE"
    with imaplib.IMAP4_SSL("127.0.0.1", box.ports["imaps"], ssl_context=ANY_CERTIFICATE) as client:
        ok(client.login("alice@example.test", PASSWORD))


class Inflated(io.RawIOBase):
    """What a socket says, inflated."""

    def __init__(self, socket):
        self.socket, self.inflate = socket, zlib.decompressobj(wbits=-15)

    def readable(self):
        return True

    def readinto(self, room):
        while True:
            packed = self.inflate.unconsumed_tail or self.socket.recv(4096)
            plain = self.inflate.decompress(packed, len(room))
            if plain or not packed:
                room[:len(plain)] = plain
                return len(plain)


def compressed_imaplib(box):
    """imaplib over COMPRESS=DEFLATE and TLS, compressed by zlib."""
    client = imaplib.IMAP4_SSL("127.0.0.1", box.ports["imaps"], ssl_context=ANY_CERTIFICATE)
    client.login("alice@example.test", PASSWORD)
    imaplib.Commands["COMPRESS"] = ("AUTH", "SELECTED")
    assert client._simple_command("COMPRESS", "DEFLATE")[0] == "OK"
    deflate, heard = zlib.compressobj(wbits=-15), io.BufferedReader(Inflated(client.sock))
    client.send = lambda data: client.sock.sendall(deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH))
    client.read, client.readline = heard.read, heard.readline
    for number in range(1, 101):
        assert client.append("INBOX", None, None, message(number))[0] == "OK"
        if number == 50:
            # Longer than the server keeps what it compresses with.
            time.sleep(6)
    assert client.select("INBOX")[1] == [b"100"]
    answers = client.fetch("1:*", "(BODY.PEEK[])")[1]
    assert [body for _, body in (pair for pair in answers if isinstance(pair, tuple))] == [
        message(number) for number in range(1, 101)
    ]
    assert client.logout()[0] == "BYE"


def imapclient(box):
    """What programs do with IMAPClient: folders, flags, searches, threads, IDLE, CONDSTORE, quota."""
    client = IMAPClient("127.0.0.1", port=box.ports["imap"], ssl=False, use_uid=True)
    client.starttls(ANY_CERTIFICATE)
    client.login("alice@example.test", PASSWORD)
    assert b"CONDSTORE" in client.capabilities() and client.has_capability("IDLE")
    assert client.namespace().personal == (("", "/"),), client.namespace()
    client.create_folder("Grüße & Küsse/東京")
    names = {name: flags for flags, _, name in client.list_folders()}
    assert "Grüße & Küsse/東京" in names and b"\\Sent" in names["Sent"], names
    assert client.find_special_folder(b"\\Trash") == "Trash"
    client.rename_folder("Grüße & Küsse/東京", "Grüße & Küsse/大阪")
    client.subscribe_folder("Grüße & Küsse/大阪")
    assert "Grüße & Küsse/大阪" in [name for *_, name in client.list_sub_folders()]
    when = datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc)
    for number in range(1, 31):
        client.append("INBOX", message(number), [b"\\Seen"] if number % 3 == 0 else [], when)
    client.multiappend("INBOX", [message(31), {"msg": message(32), "flags": [b"$Work"], "date": when}])
    chosen = client.select_folder("INBOX")
    assert chosen[b"EXISTS"] == 32 and chosen[b"UIDNEXT"] == 33 and b"\\*" in chosen[b"PERMANENTFLAGS"], chosen
    modseq = chosen[b"HIGHESTMODSEQ"][0] if isinstance(chosen[b"HIGHESTMODSEQ"], list) else chosen[b"HIGHESTMODSEQ"]
    assert client.search(["SEEN"]) == list(range(3, 33, 3))
    assert client.search(["SUBJECT", "message 17", "NOT", ["DELETED"]]) == [17]
    assert client.search(["KEYWORD", "$Work"]) == [32]
    assert client.search(["OR", ["UID", "1:2"], ["FROM", "sender9@"]]) == [1, 2, 9]
    assert client.sort(["REVERSE ARRIVAL", "SUBJECT"])[0] in range(1, 33)
    assert len(client.thread("REFERENCES")) == 32
    fetched = client.fetch([5, 6], ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "INTERNALDATE", "FLAGS", "BODY.PEEK[TEXT]"])
    assert fetched[5][b"ENVELOPE"].subject == b"message 5" and fetched[5][b"RFC822.SIZE"] == len(message(5))
    assert fetched[5][b"BODYSTRUCTURE"][:2] == (b"text", b"plain") or fetched[5][b"BODYSTRUCTURE"][0].lower() == b"text"
    assert fetched[6][b"INTERNALDATE"].timestamp() == when.timestamp() and b"\\Seen" in fetched[6][b"FLAGS"]
    client.add_flags([1, 2, 3], [b"\\Flagged", "$Later"])
    client.remove_flags([3], [b"\\Seen"])
    client.set_flags([4], [b"\\Answered"])
    changed = client.fetch("1:*", ["FLAGS"], modifiers=[f"CHANGEDSINCE {modseq}"])
    assert sorted(changed) == [1, 2, 3, 4] and b"\\Answered" in changed[4][b"FLAGS"], changed
    client.copy([1, 2], "Archive")
    client.move([3, 4], "Grüße & Küsse/大阪")
    assert client.folder_status("Grüße & Küsse/大阪", ["MESSAGES", "UNSEEN"]) == {b"MESSAGES": 2, b"UNSEEN": 2}
    client.delete_messages([5])
    client.expunge([5])
    assert client.search() == [1, 2, *range(6, 33)]
    assert client.get_quota_root("INBOX")
    idle(box, client)
    client.unselect_folder()
    client.delete_folder("Grüße & Küsse/大阪")
    try:
        client.select_folder("Grüße & Küsse/大阪")
        raise AssertionError("a folder that is gone was selected")
    except IMAPClientError:
        pass
    client.logout()


def idle(box, client):
    """News, flags and removals of another session are told in IDLE."""
    def act():
        with Account(box) as other:
            other.append([message(100)])
            other.select()
            other.store("1", r"\Draft")
            other.expunge("2")

    client.idle()
    threading.Thread(target=act).start()
    heard, end = [], time.monotonic() + 15
    while not ({b"EXISTS", b"EXPUNGE"} <= {what for _, what, *_ in heard} and any(b"\\Draft" in str(told).encode() for told in heard)):
        assert time.monotonic() < end, heard
        heard += [told for told in client.idle_check(timeout=1) if told[0] != b"OK"]
    client.idle_done()
    assert client.search(["DRAFT"]) == [1]


CLIENTS = [python_imaplib, compressed_imaplib, imapclient]
