"""`imgedit bench`, which is `python -m benchmark`: run an editor on a suite, and score it."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from benchmark.arguments import Turns, arguments, parts
from benchmark.fake import fake
from benchmark.options import Data, Output, Scoring, with_scoring
from benchmark.outcome import demand_scored, tell
from benchmark.pairs_command import pairs, rank
from benchmark.progress import Progress
from benchmark.raters_command import raters
from benchmark.report.command import report, view
from models.faults import ImgEditError

HELP = """
Benchmark an editor: cases, outputs, a judge, figures with intervals.

```
imgedit bench ls
imgedit bench run --tasks studio-basic --editor painters --judge metric --output-path out
imgedit bench score --output-path out --judge chat --judge-args model=gpt-4.1
imgedit bench report out other --output-path report
```

The same command again goes on where it was, and makes, asks and pays nothing twice.
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, rich_markup_mode="markdown", add_completion=False
)


@app.command()
@with_scoring
def run(
    *,
    output: Output,
    tasks: Annotated[
        str,
        typer.Option(
            metavar="A,B", help="Suites: `ls tasks` lists them; of several each in its folder."
        ),
    ] = "studio-basic",
    editor: Annotated[
        str, typer.Option("--editor", "--model", help="The editor: `ls models` lists them.")
    ] = "copy-input",
    editor_args: Annotated[
        str, typer.Option("--editor-args", "--model-args", metavar="K=V,...")
    ] = "",
    data: Data = None,
    epochs: Annotated[int, typer.Option(min=1, max=100, help="Outputs of each case.")] = 3,
    seed: Annotated[int, typer.Option(help="Each output has a seed of its own from it.")] = 0,
    limit: Annotated[
        str,
        typer.Option(
            metavar="N|M-N|0.1",
            help="So many cases, a range, or a share; those that the folder has stay in.",
        ),
    ] = "",
    sample_id: Annotated[str, typer.Option(metavar="A,B", help="Only these cases.")] = "",
    turns: Annotated[
        Turns,
        typer.Option(
            help="What later turns of a dialogue are given: the editor's own results, or the "
            "right ones, which the studio suites know."
        ),
    ] = "iterative",
    mode: Annotated[
        Literal["all", "infer", "eval"], typer.Option(help="Make outputs, score them, or both.")
    ] = "all",
    predict_only: Annotated[
        bool, typer.Option("--predict-only", "--no-score", help="As --mode infer.")
    ] = False,
    scoring: Scoring,
) -> None:
    """Put every case to an editor, and its outputs to the judges."""
    from benchmark.editors.registry import make_editor
    from benchmark.runs.generate import selected
    from benchmark.session import Session

    suites, faults = parts(tasks), []
    for suite in suites:
        folder = output / suite if len(suites) > 1 else output
        session = Session.open(folder, suite, data, scoring.protocol)
        made = make_editor(editor, arguments(editor_args, "--editor-args"), scoring.service)
        judges = [] if predict_only or mode == "infer" else session.judges(scoring)
        for each in judges:
            each.check()
        cases = selected(session.suite.cases(), limit=limit, ids=parts(sample_id))
        with Progress(_ERR) as progress:
            if mode != "eval":
                session.estimate(cases, judges, progress, epochs=epochs, editor=made)
                session.generate(
                    made,
                    cases,
                    epochs=epochs,
                    seed=seed,
                    turns=turns,
                    retry_failed=scoring.retry_failed,
                    progress=progress,
                )
            figures = session.score(judges, scoring, progress) if judges else None
        faults += tell(figures, scoring.fail_on_error) if figures else []
    demand_scored(faults)


@app.command()
@with_scoring
def score(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output-path", metavar="DIR", help="The folder of the run; of --answers a new one."
        ),
    ] = None,
    data: Data = None,
    answers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Recorded answers, {key: text}: no judge is asked."),
    ] = None,
    tasks: Annotated[str, typer.Option(help="The suite of --answers.")] = "imgedit-basic",
    scoring: Scoring,
) -> None:
    """Score a run anew, or recorded answers; outputs are left as they are."""
    from benchmark.recorded import score_recorded
    from benchmark.session import Session

    if answers:
        figures = score_recorded(
            *(tasks, data, answers, scoring.protocol),
            output=output,
            baseline=scoring.baseline,
            counting=scoring.counting,
        )
        return demand_scored(tell(figures, scoring.fail_on_error))
    if output is None:
        message = "give --output-path, the folder of a run, or --answers, a file of answers"
        raise ImgEditError(message)
    session = Session.reopen(output, data, scoring.protocol)
    judges = session.judges(scoring)
    with Progress(_ERR) as progress:
        session.estimate(session.cases(), judges, progress)
        figures = session.score(judges, scoring, progress)
    return demand_scored(tell(figures, scoring.fail_on_error))


@app.command()
def validate(
    outputs: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of outputs, or the JSONL of them.")
    ],
    tasks: Annotated[str, typer.Option(help="The suite: `ls` lists them.")],
    data: Data = None,
    layout: Annotated[str, typer.Option(help="imgedit, gedit, kris or run; else by suite.")] = "",
    most: Annotated[int, typer.Option(min=1, help="So many names of each kind are told.")] = 8,
) -> None:
    """Tell what is missing, misnamed or broken among outputs, before a judge is asked."""
    from benchmark.editors.ready import FolderOutputs, ListedOutputs
    from benchmark.session import Session
    from benchmark.validation import findings, told

    is_list = outputs.is_file()
    ready = ListedOutputs(str(outputs)) if is_list else FolderOutputs(str(outputs), layout)
    found = findings(Session.open(outputs, tasks, data).suite.cases(), ready)
    for line in told(found, most=most):
        typer.echo(line)
    if counted := sum(finding.kind.counts_one for finding in found):
        message = f"{outputs}: {counted} output(s) would count as missing"
        raise ImgEditError(message)


@app.command()
def measure(output: Output, data: Data = None) -> None:
    """Measure pixels beside the judge: what should have stayed, shift, zoom, dialogues' checks."""
    from benchmark.session import Session

    with Progress(_ERR) as progress:
        Session.reopen(output, data).measure(progress)
    typer.echo("measured: `report` shows it")


@app.command()
def ls(
    what: Annotated[
        str,
        typer.Argument(metavar="[KIND]", help="tasks, models, judges, protocols or detectors."),
    ] = "",
) -> None:
    """List the tasks, models, judges, protocols with their quirks, and detectors of edits."""
    from benchmark.editors.registry import EDITORS
    from benchmark.forensics.registry import DETECTORS
    from benchmark.judging.registry import JUDGES
    from benchmark.names import demand_known
    from benchmark.protocols.registry import PROTOCOLS, quirks_of
    from benchmark.suites.registry import SUITES

    kinds = {
        "tasks": {name: kind.about for name, kind in SUITES.items()},
        "models": {name: about for name, (_, about) in EDITORS.items()},
        "judges": JUDGES,
        "protocols": {name: kind.about for name, kind in PROTOCOLS.items()},
        "detectors": DETECTORS,
    }
    if what:
        demand_known("kind", what, kinds)
    for kind in [what] if what else kinds:
        typer.echo(kind)
        for name, about in kinds[kind].items():
            typer.echo(f"  {name:18} {about}")
            for quirk, does in quirks_of(name).items() if kind == "protocols" else ():
                typer.echo(f"    {quirk:16} {does}")


app.command()(report)
app.command()(view)
app.command()(pairs)
app.command()(rank)
app.command()(raters)
app.command()(fake)

_ERR = Console(stderr=True, highlight=False)
