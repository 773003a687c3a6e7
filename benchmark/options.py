"""Options that several commands take."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from benchmark.arguments import Service
from benchmark.statistics.counting import Cluster, Counting, Reducer

Output = Annotated[
    Path, typer.Option("--output-path", metavar="DIR", help="The folder of the run.")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The folder of a published suite.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """What a command says of judges, and of how figures are counted."""

    judge: Annotated[
        list[str], typer.Option(metavar="NAME", help="`ls judges` lists them; may be repeated.")
    ] = field(default_factory=lambda: ["metric"])
    judge_args: Annotated[
        list[str], typer.Option(metavar="K=V,...", help="One for each judge, in their order.")
    ] = field(default_factory=list)
    protocol: Annotated[
        str,
        typer.Option(
            metavar="NAME[,QUIRK=false]",
            help="How it is scored, and quirks to be switched: `ls protocols` lists them.",
        ),
    ] = "strict"
    cost_limit: Annotated[
        float | None, typer.Option(metavar="USD", help="The most a chat judge costs.")
    ] = None
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed, of outputs and answers.")
    ] = False
    no_trial: Annotated[
        bool,
        typer.Option(
            "--no-trial", help="Ask a judge that was not seen to tell good edits from bad ones."
        ),
    ] = False
    baseline: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Compare with another run, case by case.")
    ] = None
    fail_on_error: Annotated[
        float, typer.Option(min=0, max=1, help="Exit 1 where a larger share is left unscored.")
    ] = 0.05
    epochs_reducer: Annotated[
        Reducer, typer.Option(help="What the scores of a case's epochs become.")
    ] = "mean"
    cluster: Annotated[
        Cluster, typer.Option(help="What is independent in intervals: pictures, or cases.")
    ] = "source_image"
    ci: Annotated[float, typer.Option(min=0.5, max=0.999, help="Width of intervals.")] = 0.95
    bootstrap_iters: Annotated[int, typer.Option(min=100, max=1_000_000)] = 2000
    max_connections: Annotated[
        int | None, typer.Option(min=1, help="Most requests under way at one service.")
    ] = None
    max_retries: Annotated[int | None, typer.Option(min=0, help="Of one request to a service.")] = (
        None
    )
    timeout: Annotated[
        float | None, typer.Option(min=0.001, metavar="S", help="Of one such request.")
    ] = None

    @property
    def service(self) -> Service:
        """How services are asked, be they editors or judges."""
        return Service(
            max_connections=self.max_connections,
            max_retries=self.max_retries,
            timeout_s=self.timeout,
        )

    @property
    def counting(self) -> Counting:
        """How figures are counted."""
        return Counting(
            epochs_reducer=self.epochs_reducer,
            cluster=self.cluster,
            ci=self.ci,
            bootstrap_iters=self.bootstrap_iters,
        )


def with_scoring(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes `scoring`, as one that takes each field of it as an option."""
    signature = inspect.signature(command)
    own = [p for name, p in signature.parameters.items() if name != "scoring"]
    hints = get_type_hints(Scoring, include_extras=True)
    taken = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=each.default if each.default_factory is MISSING else each.default_factory(),
            annotation=hints[each.name],
        )
        for each in fields(Scoring)
    ]

    def called(**given: Any) -> None:  # noqa: ANN401 - of the options' types
        scoring = Scoring(**{option.name: given.pop(option.name) for option in taken})
        command(**given, scoring=scoring)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + taken
    )
    return called
