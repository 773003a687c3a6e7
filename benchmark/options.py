"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.statistics.counting import Cluster, Reducer

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

Reduce = Annotated[
    Reducer, typer.Option("--epochs-reducer", help="What the scores of a case's epochs become.")
]
ClusterBy = Annotated[
    Cluster, typer.Option(help="What is independent in intervals: pictures, or cases.")
]
Interval = Annotated[float, typer.Option("--ci", min=0.5, max=0.999, help="Width of intervals.")]
Iterations = Annotated[int, typer.Option("--bootstrap-iters", min=100, max=1_000_000)]
Connections = Annotated[
    int | None,
    typer.Option("--max-connections", min=1, help="Most requests under way at one service."),
]
Retries = Annotated[
    int | None, typer.Option("--max-retries", min=0, help="Of one request to a service.")
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", min=0.001, metavar="S", help="Of one such request.")
]
