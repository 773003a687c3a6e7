"""What tests start programs with: the command, a port, and a profile's plainest end."""

import socket
import sys

IMGEDIT = [sys.executable, "-c", "from imgedit_assets.cli import main; main()"]

PAIRS_ALONE = """\
[benchmark]
editors = []
[judges.small]
enabled = false
[editors.e1_studio]
enabled = false
"""
"""Sections of a profile that trains nothing and measures no editor."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
