"""The `imgedit` command. Nothing heavy is imported before a command needs it."""

import sys

from imgedit_assets.cli.interrupts import INTERRUPTED, line_for, say_no_more


def main() -> None:
    """Run the command line. Ctrl-C ends it in a line, also while it is being loaded."""
    try:
        from imgedit_assets.cli.app import app

        app()
    except KeyboardInterrupt:
        say_no_more()
        sys.stderr.write(f"{line_for('')}\n")
        raise SystemExit(INTERRUPTED) from None


__all__ = ["main"]
