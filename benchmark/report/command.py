"""`imgedit bench report`."""

from pathlib import Path
from typing import Annotated

import typer

from models.faults import ImgEditError

Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")]


def report(
    runs: Runs,
    output: Annotated[
        Path, typer.Option("--output-path", metavar="DIR", help="Where the three files go.")
    ],
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="RUN", help="Compared with the others; else the first."),
    ] = None,
) -> None:
    """Write report.md, report.csv and report.html of one or more runs."""
    from benchmark.report.runs import read_runs
    from benchmark.report.write import write_report

    folders = [*runs, *([baseline] if baseline and baseline not in runs else [])]
    found = read_runs(folders)
    base = found[folders.index(baseline)] if baseline else found[0]
    try:
        written = write_report(found, base, output)
    except OSError as error:
        message = f"{output}: {error.strerror}; name a folder that can be written to"
        raise ImgEditError(message) from None
    for path in written:
        typer.echo(path)
