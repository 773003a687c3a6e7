"""`imgedit bench raters`: a form for people, and what it says once it is filled in."""

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.options import Data
from models.faults import ImgEditError

if TYPE_CHECKING:
    from benchmark.agreement import Proportion


def raters(
    output: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of the run.")],
    form: Annotated[
        Path, typer.Option("--form", metavar="CSV", help="Where the form is, or is to be.")
    ],
    rater: Annotated[
        list[str],
        typer.Option("--rater", metavar="NAME", help="Write a form for them; repeatable."),
    ] = [],  # noqa: B006 - typer copies it
    data: Data = None,
) -> None:
    """Write the form and the guideline for raters of dialogues; or tell what a form says."""
    if rater:
        _write(output, form, rater, data)
    else:
        _tell(output, form)


def _write(output: Path, form: Path, names: list[str], data: Path | None) -> None:
    from benchmark.multiturn.raters import guideline, write_form
    from benchmark.session import Session

    if form.exists():
        message = f"{form} is there already, perhaps filled in: name another --form"
        raise ImgEditError(message)
    session = Session.reopen(output, data)
    cases = [case for case in session.cases() if len(case.turns) > 1]
    if not cases:
        message = f"{session.suite.name} has no dialogues: raters judge turns of studio-multiturn"
        raise ImgEditError(message)
    beside = form.with_suffix(".guideline.md")
    try:
        write_form(form, cases, names, session.folder)
        beside.write_text(guideline(), encoding="utf-8")
    except OSError as error:
        message = f"{form}: {error.strerror}; name a place that can be written to"
        raise ImgEditError(message) from None
    typer.echo(f"{form} and {beside}: fill in `done`, then `raters {output} --form {form}`")


def _tell(output: Path, form: Path) -> None:
    from benchmark.agreement import wilson
    from benchmark.measures.lines import measured
    from benchmark.multiturn.raters import agreement, read_form
    from benchmark.runs.folder import RunFolder

    votes = read_form(form)
    if not votes:
        message = f"{form} holds no vote: fill in `done` with yes or no"
        raise ImgEditError(message)
    lines = measured(RunFolder(output)).values()
    checked = {
        (line.id, line.turn): line.values["turn_yes"] > 0
        for line in lines
        if line.epoch == 1 and "turn_yes" in line.values
    }
    for name in dict.fromkeys(vote.rater for vote in votes):
        own = [vote.yes for vote in votes if vote.rater == name]
        typer.echo(f"{name}: yes {_share(wilson(sum(own), len(own)))}")
    if not checked:
        message = (
            f"{output} has no checks to agree with: `measure --output-path {output}` makes them"
        )
        raise ImgEditError(message)
    found = agreement(checked, votes)
    kappa = "not defined" if isnan(found.kappa) else f"{found.kappa:.2f}"
    typer.echo(f"agreement with the checks: {_share(found.share)}, kappa {kappa}")


def _share(share: "Proportion") -> str:
    low, high = share.low, share.high
    return f"{share.value:.2f} ({low:.2f} to {high:.2f}), {share.hits} of {share.n}"
