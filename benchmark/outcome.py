"""What a command tells of the figures of a run."""

from typing import Any

import typer

from models.faults import ImgEditError


def tell(figures: dict[str, Any], most_unscored: float) -> list[str]:
    """Tell the figures; gives what is wrong with them."""
    for name, task in figures["tasks"].items():
        typer.echo(f"{name:22} {_estimate(task)}")
    typer.echo(f"protocol {figures['protocol']} {figures['protocol_hash']}")
    reducer = figures["counting"]["epochs_reducer"]
    reduced = "" if reducer == "mean" else f", {reducer} of epochs,"
    each = figures.get("judges", {figures["judge"]: figures})
    for name, one in each.items():
        counts = ", ".join(f"{n} {status}" for status, n in one["counts"].items() if n)
        typer.echo(f"judge {name}: {counts}; overall{reduced} {_estimate(one['overall'])}")
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
    why = "" if "recorded" in figures else ": samples.jsonl says why; --retry-failed asks again"
    return [
        f"judge {name}: {one['unscored']} of {one['total']} are unscored, more than "
        f"--fail-on-error {most_unscored:g} allows{why}"
        for name, one in each.items()
        if one["unscored"] > most_unscored * one["total"]
    ]


def demand_scored(faults: list[str]) -> None:
    """See that nothing is wrong.

    Raises:
        ImgEditError: Something is.
    """
    if faults:
        raise ImgEditError("\n".join(faults))


def _estimate(figure: dict[str, Any]) -> str:
    if figure["mean"] is None:
        return "none scored"
    spread = "" if figure["stderr"] is None else f" ± {figure['stderr']:.3f}"
    return f"{figure['mean']:.3f}{spread}  n {figure['n']}, pictures {figure['clusters']}"
