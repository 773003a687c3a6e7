"""`imgedit bench report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmark.progress import Progress
from models.faults import ImgEditError

if TYPE_CHECKING:
    from benchmark.report.figures import Table
    from benchmark.report.pictures import Gallery
    from benchmark.report.runs import ReportedRun

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
    reference_run: Annotated[
        Path | None,
        typer.Option(
            "--reference-run",
            metavar="RUN",
            help="Compare each output with that of this run, pixel by pixel.",
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", metavar="DIR", help="Show the ranking that `pairs` made there."),
    ] = None,
) -> None:
    """Write report.md, report.csv and report.html of one or more runs."""
    from benchmark.report.ranking import ranking_table
    from benchmark.report.runs import read_runs
    from benchmark.report.write import write_report

    folders = [*runs, *([baseline] if baseline and baseline not in runs else [])]
    found = read_runs(folders)
    base = found[folders.index(baseline)] if baseline else found[0]
    tables, galleries = _against(found, reference_run) if reference_run else ([], [])
    if pairs:
        tables.append(ranking_table(pairs))
    try:
        written = write_report(found, base, output, tables=tables, galleries=galleries)
    except OSError as error:
        message = f"{output}: {error.strerror}; name a folder that can be written to"
        raise ImgEditError(message) from None
    for path in written:
        typer.echo(path)
    for run in found:
        if not run.folder.measures.exists():
            typer.echo(f"{run.label} is not measured: `measure --output-path {run.folder.path}`")


def view(runs: Runs) -> None:
    """Write the report of runs into the first one's folder, and open it in a browser."""
    folder = runs[0] / "report"
    report(runs, folder)
    typer.launch(str(folder / "report.html"))


def _against(runs: "list[ReportedRun]", reference: Path) -> "tuple[list[Table], list[Gallery]]":
    from benchmark.measures.perceptual import perceptual
    from benchmark.measures.reference import against_reference
    from benchmark.report.measures import reference_gallery, reference_table
    from benchmark.report.runs import read_runs

    (origin,) = read_runs([reference])
    others = [
        run
        for run in runs
        if run.spec.suite == origin.spec.suite and run.folder.path.resolve() != reference.resolve()
    ]
    if not others:
        message = f"{reference} is of {origin.spec.suite}, and no other run is: name one that is"
        raise ImgEditError(message)
    tables, galleries, theirs = [], [], origin.folder
    with Progress(Console(stderr=True, highlight=False)) as progress:
        for run in others:
            network = perceptual(drawn=run.spec.suite.startswith("studio-"))
            lines = against_reference(run.folder, theirs, network, progress)
            tables.append(reference_table(run, str(reference), lines))
            galleries.append(reference_gallery(run, theirs, lines))
    return tables, galleries
