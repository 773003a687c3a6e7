"""Dagster's daemon with its files kept open; `imgedit up` runs `python -m resources.daemon run`."""

from dagster._daemon.cli import main

from resources.sqlite_engines import share_engines

if __name__ == "__main__":
    share_engines()
    main()
