"""Addresses of this machine."""

import socket
import subprocess


def own_address():
    """An address of this machine that is not in 127/8; nothing is sent to find it. A machine without a network gets one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("198.51.100.1", 9))
            return s.getsockname()[0]
        except OSError:
            address = "198.51.100.2"
            subprocess.run(["ip", "address", "replace", f"{address}/32", "dev", "lo"], check=True)
            return address


def first_line(address, port):
    """What a server says first."""
    with socket.create_connection((address, port), 10) as s:
        return s.makefile("rb").readline()
