"""`python -m resources.chat.server`: the scripted server on loopback, until Ctrl-C."""

import argparse
from pathlib import Path

from resources.chat.server.script import Script, read_script
from resources.chat.server.serve import LOOPBACK, serve, serve_inherited

PORT = 8377


def main() -> None:
    """Read the arguments, and serve."""
    parser = argparse.ArgumentParser(prog="python -m resources.chat.server", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help=f"on {LOOPBACK}; default {PORT}")
    parser.add_argument("--script", type=Path, help="a TOML file; see `imgedit fake-endpoint -h`")
    parser.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fd is not None:
        serve_inherited(given.fd)
        return
    serve(read_script(given.script) if given.script else Script(), port=given.port)


if __name__ == "__main__":
    main()
