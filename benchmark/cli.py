"""`imgedit bench`, which is `python -m benchmark`: run an editor on a suite, and score it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmark.arguments import arguments
from benchmark.fake import fake
from benchmark.progress import Progress
from benchmark.raters_command import raters
from benchmark.report.command import report
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

Output = Annotated[
    Path, typer.Option("--output-path", metavar="DIR", help="The folder of the run.")
]
Judges = Annotated[
    list[str], typer.Option("--judge", metavar="NAME", help="`ls` lists them; may be repeated.")
]
JudgeArgs = Annotated[
    list[str],
    typer.Option("--judge-args", metavar="K=V,...", help="One for each judge, in their order."),
]
CostLimit = Annotated[
    float | None, typer.Option("--cost-limit", metavar="USD", help="The most a chat judge costs.")
]
Retry = Annotated[
    bool, typer.Option("--retry-failed", help="Try again what failed, of outputs and answers.")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The folder of a published suite.")
]

NoTrial = Annotated[
    bool,
    typer.Option(
        "--no-trial", help="Ask a judge that was not seen to tell good edits from bad ones."
    ),
]
ByProtocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        metavar="NAME[,QUIRK=false]",
        help="How it is scored, and quirks to be switched: `ls protocols` lists them.",
    ),
]


class GivenTurns(StrEnum):
    """What later turns are given."""

    ITERATIVE = "iterative"
    INDEPENDENT = "independent"


Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="DIR", help="Compare with another run, case by case."),
]
FailShare = Annotated[
    float,
    typer.Option(
        "--fail-on-error", min=0, max=1, help="Exit 1 where a larger share is left unscored."
    ),
]


@app.command()
def run(  # noqa: PLR0917 - options are named
    output: Output,
    tasks: Annotated[str, typer.Option(help="The suite: `ls` lists them.")] = "studio-basic",
    editor: Annotated[
        str, typer.Option("--editor", "--model", help="The editor: `ls` lists them.")
    ] = "copy-input",
    editor_args: Annotated[
        str, typer.Option("--editor-args", "--model-args", metavar="K=V,...")
    ] = "",
    judge: Judges = ["metric"],  # noqa: B006 - typer copies it
    judge_args: JudgeArgs = [],  # noqa: B006
    protocol: ByProtocol = "strict",
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
        GivenTurns,
        typer.Option(
            help="What later turns of a dialogue are given: the editor's own results, or the "
            "right ones, which the studio suites know."
        ),
    ] = GivenTurns.ITERATIVE,
    cost_limit: CostLimit = None,
    retry_failed: Retry = False,
    predict_only: Annotated[
        bool, typer.Option("--predict-only", "--no-score", help="Make outputs, ask no judge.")
    ] = False,
    no_trial: NoTrial = False,
    baseline: Baseline = None,
    fail_on_error: FailShare = 0.05,
) -> None:
    """Put every case to an editor, and its outputs to the judges."""
    from benchmark.editors.registry import make_editor
    from benchmark.session import Session

    session = Session.open(output, tasks, data, protocol)
    made = make_editor(editor, arguments(editor_args, "--editor-args"))
    judges = [] if predict_only else session.judges(judge, judge_args, cost_limit)
    for each in judges:
        each.check()
    cases = session.selected(limit, [part for part in sample_id.split(",") if part])
    with Progress(_ERR) as progress:
        session.estimate(cases, judges, progress, epochs=epochs, editor=made)
        session.generate(
            made,
            cases,
            epochs=epochs,
            seed=seed,
            turns="independent" if turns is GivenTurns.INDEPENDENT else "iterative",
            retry_failed=retry_failed,
            progress=progress,
        )
        if predict_only:
            return
        figures = session.score(
            judges,
            baseline=baseline,
            retry_failed=retry_failed,
            trial=not no_trial,
            progress=progress,
        )
    _tell(figures, fail_on_error)


@app.command()
def score(  # noqa: PLR0917 - options are named
    output: Annotated[
        Path | None,
        typer.Option(
            "--output-path", metavar="DIR", help="The folder of the run; of --answers a new one."
        ),
    ] = None,
    judge: Judges = ["metric"],  # noqa: B006 - typer copies it
    judge_args: JudgeArgs = [],  # noqa: B006
    protocol: ByProtocol = "strict",
    data: Data = None,
    cost_limit: CostLimit = None,
    retry_failed: Retry = False,
    no_trial: NoTrial = False,
    baseline: Baseline = None,
    answers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Recorded answers, {key: text}: no judge is asked."),
    ] = None,
    tasks: Annotated[str, typer.Option(help="The suite of --answers.")] = "imgedit-basic",
    fail_on_error: FailShare = 0.05,
) -> None:
    """Score a run anew, or recorded answers; outputs are left as they are."""
    from benchmark.recorded import score_recorded
    from benchmark.session import Session

    if answers:
        found = score_recorded(tasks, data, answers, protocol, output=output, baseline=baseline)
        return _tell(found, fail_on_error)
    if output is None:
        message = "give --output-path, the folder of a run, or --answers, a file of answers"
        raise ImgEditError(message)
    session = Session.reopen(output, data, protocol)
    judges = session.judges(judge, judge_args, cost_limit)
    with Progress(_ERR) as progress:
        session.estimate(session.cases(), judges, progress)
        figures = session.score(
            judges,
            baseline=baseline,
            retry_failed=retry_failed,
            trial=not no_trial,
            progress=progress,
        )
    return _tell(figures, fail_on_error)


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
def rank(
    votes: Annotated[
        Path, typer.Argument(metavar="CSV", help="Columns first, second, winner, source.")
    ],
) -> None:
    """Rank editors by votes on pairs of their outputs, each pair best shown in both orders."""
    from benchmark.statistics.bradley_terry import rank as ranked
    from benchmark.votes import read_votes

    found = ranked(read_votes(votes))
    for name, one in found.strengths.items():
        interval = f"{one.low:+.2f} to {one.high:+.2f}"
        typer.echo(f"{name:22} {one.value:+.2f} ({interval})  votes {one.votes}")
    typer.echo(
        f"log-odds against the mean of all; shown first is worth {found.first:+.2f}; "
        f"{found.both_orders:.0%} of the pairs in both orders; pictures {found.clusters}"
    )


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
app.command()(raters)
app.command()(fake)

_ERR = Console(stderr=True, highlight=False)


def _tell(figures: dict[str, Any], most_unscored: float) -> None:
    for name, task in figures["tasks"].items():
        typer.echo(f"{name:22} {_estimate(task)}")
    typer.echo(f"protocol {figures['protocol']} {figures['protocol_hash']}")
    each = figures.get("judges", {figures["judge"]: figures})
    for name, one in each.items():
        counts = ", ".join(f"{n} {status}" for status, n in one["counts"].items() if n)
        typer.echo(f"judge {name}: {counts}; overall {_estimate(one['overall'])}")
        for quirk, n in one.get("quirks", {}).items():
            typer.echo(f"  quirk {quirk}: {n}")
    if found := figures.get("recorded"):
        typer.echo(
            f"{found['answers']} recorded answers: {found['unknown']} of no case, "
            f"{found['twice']} given twice; {found['absent']} cases without any"
        )
        for reason, n in found["reasons"].items():
            typer.echo(f"  {n} {reason}")
    if against := figures.get("baseline"):
        gain = against["overall"]
        typer.echo(f"against {against['run']}: {_estimate(gain)}, p {gain['p']:.3f}")
    for name, one in each.items():
        if one["unscored"] > most_unscored * one["total"]:
            why = ": samples.jsonl says why of each; --retry-failed asks again"
            message = (
                f"judge {name}: {one['unscored']} of {one['total']} are unscored, more than "
                f"--fail-on-error {most_unscored:g} allows{'' if 'recorded' in figures else why}"
            )
            raise ImgEditError(message)


def _estimate(figure: dict[str, Any]) -> str:
    if figure["mean"] is None:
        return "none scored"
    spread = "" if figure["stderr"] is None else f" ± {figure['stderr']:.3f}"
    return f"{figure['mean']:.3f}{spread}  n {figure['n']}, pictures {figure['clusters']}"
