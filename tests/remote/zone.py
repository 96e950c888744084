"""A signed DNS zone `test.` on a real server (Knot) on loopback."""

import pathlib
import shutil
import subprocess
import time


class Zone:
    """The records are lines of a zone file with absolute names. Use it in a with statement."""

    def __init__(self, folder, port, records):
        self.folder, self.port, self.process = pathlib.Path(folder), port, None
        self.anchor = self.folder / "anchor.key"
        for name in ("run", "db"):
            (self.folder / name).mkdir(parents=True)
        head = "$TTL 60\n@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n@ NS ns.test.\nns.test. A 127.0.0.1\n"
        (self.folder / "test.zone").write_text("$ORIGIN test.\n" + head + "\n".join(records) + "\n")
        self.config = self.folder / "knot.conf"
        self.config.write_text(f"""
server:
    rundir: "{self.folder}/run"
    listen: 127.0.0.1@{port}
database:
    storage: "{self.folder}/db"
log:
  - target: stderr
    any: warning
policy:
  - id: plain
    algorithm: ecdsap256sha256
    single-type-signing: on
zone:
  - domain: test.
    file: "{self.folder}/test.zone"
    storage: "{self.folder}"
    zonefile-sync: -1
    journal-content: none
    dnssec-signing: on
    dnssec-policy: plain
""")

    def __enter__(self):
        log = open(self.folder / "knot.log", "ab")
        self.process = subprocess.Popen([shutil.which("knotd", path="/usr/sbin:/usr/bin"), "-c", self.config],
                                        stdout=log, stderr=log)
        end = time.monotonic() + 20
        while time.monotonic() < end and not self.anchor.exists():
            keys = subprocess.run([shutil.which("keymgr", path="/usr/sbin:/usr/bin"), "-c", self.config, "test.", "dnskey"],
                                  capture_output=True, text=True)
            fields = keys.stdout.split()
            if keys.returncode == 0 and "DNSKEY" in fields:
                # name DNSKEY flags protocol algorithm key
                rest = " ".join(fields[fields.index("DNSKEY"):])
                self.anchor.write_text(f"test. 3600 IN {rest}\n")
                return self
            time.sleep(0.2)
        raise AssertionError(f"no key: {keys.stdout}{keys.stderr}{(self.folder / 'knot.log').read_text()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
