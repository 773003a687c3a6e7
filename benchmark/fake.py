"""`imgedit bench fake`: whether a forensic detector tells outputs from untouched pictures."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmark.arguments import arguments
from benchmark.options import Data
from benchmark.progress import Progress


def fake(
    output: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of the run.")],
    detector: Annotated[str, typer.Option(help="embedded, or command: FakeShield and others.")] = (
        "embedded"
    ),
    detector_args: Annotated[
        str, typer.Option("--detector-args", metavar="K=V,...", help='Such as run="python d.py".')
    ] = "",
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="From which probability on it counts as edited.")
    ] = 0.5,
    data: Data = None,
) -> None:
    """Ask a forensic detector about outputs, and about the sources, which nobody edited."""
    from benchmark.beside import put_beside
    from benchmark.forensics.detecting import Detecting
    from benchmark.forensics.figures import in_words
    from benchmark.forensics.registry import make_detector
    from benchmark.runs.folder import write_json
    from benchmark.runs.generate import outputs_of
    from benchmark.session import Session

    session = Session.reopen(output, data)
    made = make_detector(detector, arguments(detector_args, "--detector-args"))
    with Progress(Console(stderr=True, highlight=False)) as progress:
        detecting = Detecting(
            folder=session.folder,
            cases=session.cases(),
            outputs=outputs_of(session.folder),
            detector=made,
            on_progress=progress.advance,
        )
        todo = detecting.todo()
        progress.begin(f"{made.name}: pictures", len(todo))
        detecting.ask(todo)
    found = detecting.figures(threshold)
    write_json(session.folder.fake, asdict(found))
    put_beside(session.folder)
    for task, score in {"all": found.overall, **found.tasks}.items():
        recall, false = in_words(score.recall), in_words(score.false_positive_rate)
        typer.echo(f"{task:22} recall {recall}  false positives {false}")
    typer.echo(
        f"detector {made.name} {made.version}, edited from {threshold:g} on; "
        f"{found.missing} outputs missing, {found.unscored} pictures without an answer"
    )
