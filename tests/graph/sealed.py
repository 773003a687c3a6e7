"""Runs commands where every address is this machine, and tells which others were asked for.

To be started as root of new user, network and mount namespaces:

    unshare --user --map-root-user --net --mount python sealed.py < task.json

The task is {"commands": [[...]], "writable": folder, "read_only": folder, "sealed_from": n}. Of the
root's file system only `writable` can be written, and `read_only` inside it until the n-th command.
Prints {"codes": [...], "said": [...], "asked": [...]}.
"""

import ipaddress
import json
import socket
import struct
import subprocess
import sys
import threading
import time

ALL_FRAMES = 3
DNS_PORT = 53
SYN, ACK = 2, 16
ADDRESSES = {0x0800: (9, slice(16, 20)), 0x86DD: (6, slice(24, 40))}
"""Where a packet holds its protocol and its destination, by the type of its frame."""

PROBE = ("192.0.2.1", 9)
"""An address of nobody (RFC 5737), asked for at the end: whoever does not hear that is deaf."""


def run(*command: str) -> None:
    """Run a command of the system."""
    subprocess.run(command, check=True, capture_output=True)


def close_off(writable: str) -> None:
    """Make every address this machine, and the root's file system read-only but for one folder."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "route", "add", "local", "default", "dev", "lo")
    run("ip", "-6", "route", "add", "local", "default", "dev", "lo")
    run("mount", "--bind", writable, writable)
    run("mount", "-o", "remount,bind,ro", "/")


def make_read_only(folder: str) -> None:
    """Make one more folder read-only."""
    run("mount", "--bind", folder, folder)
    run("mount", "-o", "remount,bind,ro", folder)


def asked_for(kind: int, packet: bytes) -> str:
    """The address that a packet is the first to go to; empty for loopback and for what follows."""
    if kind not in ADDRESSES:
        return ""
    at, where = ADDRESSES[kind]
    header = (packet[0] & 15) * 4 if kind == 0x0800 else 40
    address = ipaddress.ip_address(packet[where])
    (port,) = struct.unpack_from("!H", packet, header + 2)
    udp = packet[at] == socket.IPPROTO_UDP
    opens = packet[at] == socket.IPPROTO_TCP and packet[header + 13] & (SYN | ACK) == SYN
    if udp and port == DNS_PORT:
        return f"name {question(packet[header + 8 :])}"
    return f"{address} port {port}" if (udp or opens) and not address.is_loopback else ""


def question(query: bytes) -> str:
    """The name that a DNS query asks for."""
    labels, at = [], 12
    while at < len(query) and (length := query[at]):
        labels.append(query[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    return ".".join(labels)


def listen(wire: socket.socket, asked: set[str]) -> None:
    """Note whatever is asked for."""
    while True:
        packet, (_, kind, *_) = wire.recvfrom(65536)
        if found := asked_for(kind, packet):
            asked.add(found)


def has_heard_all(asked: set[str]) -> bool:
    """Whether the last packet was heard; it is taken out again."""
    probe = f"{PROBE[0]} port {PROBE[1]}"
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", PROBE)
    give_up_at = time.monotonic() + 10
    while probe not in asked and time.monotonic() < give_up_at:
        time.sleep(0.01)
    heard = probe in asked
    asked.discard(probe)
    return heard


def main() -> None:
    """Do the task."""
    task = json.load(sys.stdin)
    close_off(task["writable"])
    asked: set[str] = set()
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_FRAMES))
    threading.Thread(target=listen, args=(wire, asked), daemon=True).start()
    codes, said = [], []
    for number, command in enumerate(task["commands"]):
        if number == task["sealed_from"]:
            make_read_only(task["read_only"])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        codes.append(done.returncode)
        said.append(done.stderr[-2000:])
    assert has_heard_all(asked)
    print(json.dumps({"codes": codes, "said": said, "asked": sorted(asked)}))


if __name__ == "__main__":
    main()
