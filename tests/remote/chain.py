"""Somebody who passes mail on, and seals what came to it (RFC 8617) by a library that is not ours: dkimpy."""

import subprocess

import dkim


class Hop:
    """A domain with a key."""

    def __init__(self, domain, folder):
        self.domain, key = domain, folder / f"{domain}.key"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", key, "2048"], check=True, capture_output=True)
        self.key = key.read_bytes()
        public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout"], check=True, capture_output=True, text=True)
        self.public = "".join(line for line in public.stdout.splitlines() if not line.startswith("-----"))

    def record(self):
        """The line of the zone that publishes its key."""
        text = f"v=DKIM1; k=rsa; p={self.public}"
        parts = " ".join(f'"{text[at:at + 200]}"' for at in range(0, len(text), 200))
        return f"seal._domainkey.{self.domain}. TXT {parts}"

    def seal(self, message, chain):
        """The message with one more link; `chain` is what it makes of the links before: none, pass or fail."""
        checked = f"Authentication-Results: {self.domain}; arc={chain}\r\n".encode() + message
        fields = dkim.arc_sign(checked, b"seal", self.domain.encode(), self.key, self.domain.encode(),
                               include_headers=[b"from", b"to", b"subject"])
        if not fields:
            raise AssertionError("dkimpy did not seal")
        return b"".join(fields) + checked
