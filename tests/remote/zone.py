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
        self.records, self.serial = list(records), 0
        self.write()
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

    def write(self):
        # What is not there may be there soon: it is not remembered for long that it is not.
        self.serial += 1
        (self.folder / "test.zone").write_text("\n".join([
            "$ORIGIN test.", "$TTL 60", f"@ SOA ns.test. hostmaster.test. {self.serial} 3600 600 86400 1",
            "@ NS ns.test.", "ns.test. A 127.0.0.1", *self.records, ""]))

    def add(self, records):
        """Publishes more."""
        self.records += records
        self.write()
        control = shutil.which("knotc", path="/usr/sbin:/usr/bin")
        done = subprocess.run([control, "-b", "-c", self.config, "zone-reload", "test."], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"the zone was not loaded again: {done.stdout}{done.stderr}")

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
