"""The `imgedit` command. Nothing heavy is imported before a command needs it."""

import sys

from imgedit_assets.cli.interrupts import INTERRUPTED, exit_at_once, line_for


def main() -> None:
    """Run the command line. Ctrl-C ends it in a line, also while it is being loaded."""
    try:
        from imgedit_assets.cli.app import app

        app()
    except KeyboardInterrupt:
        exit_at_once()
        sys.stderr.write(f"{line_for('')}\n")
        raise SystemExit(INTERRUPTED) from None


__all__ = ["main"]
