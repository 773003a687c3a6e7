"""The `imgedit` command. Nothing heavy is imported before a command needs it."""

from imgedit_assets.cli.app import app


def main() -> None:
    """Run the command line."""
    app()


__all__ = ["main"]
