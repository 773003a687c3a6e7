"""`imgedit bench pairs` and `rank`: outputs judged two at a time, and editors ranked by it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmark.options import Data
from benchmark.progress import Progress
from models.faults import ImgEditError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.pairs import Pair, Pairing
    from benchmark.statistics.bradley_terry import Ranking


def pairs(  # noqa: PLR0917 - options are named
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of runs.")],
    output: Annotated[
        Path, typer.Option("--output-path", metavar="DIR", help="Where answers are kept.")
    ],
    judge: Annotated[str, typer.Option(metavar="NAME", help="`ls judges` lists them.")] = "metric",
    judge_args: Annotated[str, typer.Option(metavar="K=V,...")] = "",
    data: Data = None,
    limit: Annotated[str, typer.Option(metavar="N|M-N|0.1", help="Of the cases.")] = "",
    epochs: Annotated[int, typer.Option(min=1, help="So many outputs of each case.")] = 1,
    cost_limit: Annotated[
        float | None, typer.Option(metavar="USD", help="The most a chat judge costs.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again where an answer failed.")
    ] = False,
) -> None:
    """Put each two outputs of a case to a judge, in both orders, and rank the editors."""
    from benchmark.judging.registry import make_judges
    from benchmark.pairs import Pairing, ranked, votes_of
    from benchmark.report.runs import read_runs
    from benchmark.runs.folder import RunFolder, write_json
    from benchmark.runs.generate import selected
    from benchmark.runs.spent import spent
    from benchmark.session import Session
    from benchmark.votes import write_votes

    found = read_runs(runs)
    if len(found) < 2 or len({(run.spec.suite, run.spec.revision) for run in found}) > 1:
        message = "pairs are of two runs or more of one suite and revision: name such"
        raise ImgEditError(message)
    folder = RunFolder(output)
    (made,) = make_judges([judge], [judge_args], ledger=folder.ledger, cost_limit_usd=cost_limit)
    made.check()
    with Progress(Console(stderr=True, highlight=False)) as progress:
        pairing = Pairing(
            folder=folder,
            runs={run.label: run.folder for run in found},
            cases=selected(Session.reopen(runs[0], data).cases(), limit=limit),
            epochs=epochs,
            judge=made,
            on_progress=progress.advance,
        )
        _ask(pairing, pairing.todo(retry_failed=retry_failed), progress)
    judged = pairing.pairs()
    write_votes(output / "votes.csv", votes_of(judged))
    outcome = ranked(judged, made)
    write_json(folder.stats, spent(folder, [made.name]))
    write_json(output / "ranking.json", asdict(outcome))
    _tell(outcome.ranking)
    steady = outcome.same_in_both_orders
    again = "" if steady is None else f"; the same in both orders {steady:.0%}"
    answered = f"{outcome.questions - outcome.without_answer} of {outcome.questions} answered"
    typer.echo(f"judge {made.name}: {answered}{again}")


def _ask(pairing: "Pairing", todo: "Sequence[Pair]", progress: Progress) -> None:
    from benchmark.estimate import Estimate, price_usd

    judge, total = pairing.judge, len(pairing.pairs())
    each_usd = price_usd(judge, pairing.asks(todo[:1]))
    most_usd = None if each_usd is None else each_usd * len(todo)
    what, there = f"{judge.name}: pairs", total - len(todo)
    progress.tell(str(Estimate(what=what, total=total, there=there, most_usd=most_usd)))
    progress.begin(what, len(todo))
    if todo:
        judge.setup()
        try:
            pairing.ask(todo)
        finally:
            judge.close()


def rank(
    votes: Annotated[
        Path, typer.Argument(metavar="CSV", help="Columns first, second, winner, source.")
    ],
) -> None:
    """Rank editors by votes on pairs of their outputs, each pair best shown in both orders."""
    from benchmark.statistics.bradley_terry import rank as ranked
    from benchmark.votes import read_votes

    _tell(ranked(read_votes(votes)))


def _tell(found: "Ranking") -> None:
    for name, one in found.strengths.items():
        interval = f"{one.low:+.2f} to {one.high:+.2f}"
        typer.echo(f"{name:22} {one.value:+.2f} ({interval})  votes {one.votes}")
    typer.echo(
        f"log-odds against the mean of all; shown first is worth {found.first:+.2f}; "
        f"{found.both_orders:.0%} of the pairs in both orders; pictures {found.clusters}"
    )
