"""`python -m benchmark`: the same as `imgedit bench`, without the graph."""

import sys

from benchmark.cli import app
from models.faults import ImgEditError


def main() -> None:
    """Run a command; a fault is one line and exit code 1."""
    try:
        app(prog_name="python -m benchmark")
    except (ImgEditError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
