"""`imgedit plan`: what a run of any size will take, before it is paid for."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.stores import store_with_rows
from imgedit_assets.cli.terminal import out, print_json, table, tell

if TYPE_CHECKING:
    from rich.table import Table

    from imgedit_assets.planning.estimate import Estimate, Range, RoleLoad, Target
    from imgedit_assets.planning.measured import Measured

_LEAST_SHOWN = 0.001
"""Share of all hours below which a role is left out of the table."""

USUAL_PAIRS = 1_000_000
"""What a plan by budget is scaled from: large enough that what happens once does not count."""


def plan(
    *,
    pairs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Accepted pairs that are wanted.")
    ] = None,
    budget_usd: Annotated[
        float | None,
        typer.Option(min=0.01, metavar="USD", help="Instead of --pairs: what may be spent."),
    ] = None,
    gpus: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="GPUs to share out among the roles. Without it: this machine as it was measured.",
        ),
    ] = None,
    cores: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="With --gpus: cores for code. Default: this many."),
    ] = None,
    mix: Annotated[
        Literal["measured", "equal", "paper"],
        typer.Option(help="Of edit types: as they came, as many of each, or the paper's shares."),
    ] = "measured",
    seconds: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=S",
            help="What a unit of a role takes on one GPU, in place of what was measured here; "
            "e.g. painter=1.4. May be given several times.",
        ),
    ] = None,
    usd: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=USD", help="What a unit of a role is billed, likewise; e.g. judge=0.002."
        ),
    ] = None,
    usd_per_gpu_hour: Annotated[
        float, typer.Option(min=0, metavar="USD", help="The price of a GPU, 0 for one's own.")
    ] = 0.0,
    profile: options.ProfileName = None,
    json: options.Json = False,
) -> None:
    """Say what a run of any size will take: sources, time by role, money, disk and partitions.

    It is worked out from what stands in this home, so make a small run with the same profile
    first. The more sources that has, the narrower the intervals.

        imgedit plan --pairs 1200000 --gpus 16
        imgedit plan --pairs 1200000 --gpus 16 --seconds painter=1.4 --seconds judge=0.5
        imgedit plan --budget-usd 5000 --usd-per-gpu-hour 2.5 --gpus 16

    Intervals are 95 %: of the sources, which give more pairs or fewer, and of what a unit takes.
    They do not know whether other sources are like those that were measured.
    """
    from contextlib import nullcontext
    from dataclasses import replace

    from imgedit_assets.planning.estimate import affordable, estimate
    from imgedit_assets.planning.measured import measure
    from resources.factory import Factory
    from resources.home import profile_name
    from resources.instance import open_instance

    if (pairs is None) == (budget_usd is None):
        msg = "give one of: --pairs, --budget-usd"
        raise typer.BadParameter(msg)
    factory = Factory.open(store_with_rows().home, profile or profile_name())
    ran_here = factory.home.dagster.exists()
    with open_instance() if ran_here else nullcontext() as instance:
        measured = measure(
            factory.store,
            instance,
            lanes=factory.engine.lanes,
            had_gpu=any(device.is_gpu for device in factory.devices),
        )
    target = _target(
        measured,
        pairs=pairs or USUAL_PAIRS,
        mix=mix,
        gpus=gpus,
        cores=cores,
        shard_size=factory.profile.sources.shard_size,
        seconds=_by_role(measured, "--seconds", seconds or ()),
        usd=_by_role(measured, "--usd", usd or ()),
        usd_per_gpu_hour=usd_per_gpu_hour,
    )
    if budget_usd is not None:
        target = replace(target, pairs=max(1, affordable(measured, target, budget_usd)))
    found = estimate(measured, target)
    if json:
        print_json({"pairs": target.pairs, **asdict(found), "measured": _base(measured)})
        return
    _show(found, measured, target)


def _target(
    measured: "Measured",
    *,
    mix: str,
    cores: int | None,
    **given: Any,  # noqa: ANN401 - its fields
) -> "Target":
    import os

    from imgedit_assets.dataset.report_sections import paper
    from imgedit_assets.planning.estimate import Target

    shares: dict[str, float] = {}
    if mix == "equal":
        shares = dict.fromkeys(measured.accepted, 1.0)
    if mix == "paper":
        shares = {name: float(n) for name, n in paper()["pairs"].items()}
    return Target(shares=shares, cores=cores or os.cpu_count() or 1, **given)


def _by_role(measured: "Measured", option: str, given: Sequence[str]) -> dict[str, float]:
    """Numbers by role, as they were typed."""
    roles = {step.role for step in measured.steps}
    found: dict[str, float] = {}
    for each in given:
        role, _, number = each.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if role not in roles or not 0 <= value < float("inf"):
            msg = f"{each!r} is not ROLE=NUMBER, with a role of {', '.join(sorted(roles))}"
            raise typer.BadParameter(msg, param_hint=option)
        found[role] = value
    return found


def _base(measured: "Measured") -> dict[str, Any]:
    """What a plan rests on, as JSON."""
    return {
        "images": measured.images,
        "clips": measured.clips,
        "edit_pairs": sum(measured.pairs.values()),
        "accepted_pairs": measured.n_accepted,
        "accepted_by_edit_type": {name: int(n.sum()) for name, n in measured.accepted.items()},
    }


def _show(found: "Estimate", measured: "Measured", target: "Target") -> None:
    release = found.release_hours
    out().print(_roles(found.roles, shared=target.gpus is not None))
    made = table(f"{target.pairs:,} accepted pairs", "what", numbers=["estimate", "95 % interval"])
    for name, value, unit in (
        ("images", found.images, ""),
        ("clips", found.clips, ""),
        ("time until the pairs are there", *_time(found.wall_hours)),
        *([("time to write their release here", *_time(release))] if release else []),
        ("disk, sources and patches", found.disk_bytes.times(1e-9), " GB"),
        ("USD", found.usd, ""),
    ):
        made.add_row(name, f"{_number(value.value)}{unit}", _interval(value, unit))
    made.add_row("shards", f"{found.shards:,}", "")
    made.add_row("partitions", f"{found.partitions:,}", "")
    out().print(made)
    out().print(_waits(found, target), markup=False)
    base = (
        f"Worked out from {measured.n_accepted:,} accepted pairs of {measured.images:,} images and "
        f"{measured.clips:,} clips in this home. Trainings, benchmark and reports come on top"
        f"{', and the release' if release is None else ''}."
    )
    out().print(base, markup=False)
    if target.gpus and not any(load.on_gpu for load in found.roles):
        tell(
            "nothing here was measured on a GPU: say what a unit will take there, e.g. "
            "--seconds painter=1.4 --seconds judge=0.5"
        )
    if found.short:
        tell(f"not in it, since none was accepted so far: {', '.join(found.short)}")


def _roles(roles: "Sequence[RoleLoad]", *, shared: bool) -> "Table":
    """The roles that anything depends on; `--json` has all."""
    numbers = ["units", "hours", "95 % interval", "USD"]
    numbers += ["GPUs", "one more saves"] if shared else []
    made = table("Work by role, in hours of one device", "role", "on", numbers=numbers)
    all_hours = sum(load.hours.value for load in roles)
    for load in roles:
        if load.hours.value < _LEAST_SHOWN * all_hours and not load.usd:
            continue
        cells = [load.role, "GPU" if load.on_gpu else "CPU", f"{load.units:,.0f}"]
        cells += [_number(load.hours.value), _interval(load.hours), _number(load.usd)]
        if shared:
            given = str(load.devices or "in turn") if load.on_gpu else ""
            cells += [given, f"{load.saved_frac:.1%}" if load.on_gpu else ""]
        made.add_row(*cells)
    return made


def _waits(found: "Estimate", target: "Target") -> str:
    if target.gpus is None:
        return f"Most of the time goes to {found.bottleneck}."
    return f"What all wait for on {target.gpus} GPUs and {target.cores} cores: {found.bottleneck}."


def _time(hours: "Range") -> "tuple[Range, str]":
    """In the unit that a person would say."""
    if hours.value >= 48:
        return hours.times(1 / 24), " d"
    return (hours, " h") if hours.value >= 1 else (hours.times(60), " min")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _interval(found: "Range", unit: str = "") -> str:
    if found.low == found.high:
        return ""
    return f"{_number(found.low)} to {_number(found.high)}{unit}"
