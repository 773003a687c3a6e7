"""`imgedit review`: what a judge was not sure of, and what a person decides of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.quarantine import login
from imgedit_assets.cli.stores import store_with_rows
from imgedit_assets.cli.terminal import out, print_json, table
from imgedit_assets.effects import counted, refreshed
from models.faults import ImgEditError

if TYPE_CHECKING:
    from imgedit_assets.sample.reviews import Decision
    from resources.schema import Review
    from resources.store import Store


def review(
    *,
    review_id: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="A review or a pair in it, or a unique beginning."),
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="The pair is good enough.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="It is not.")] = False,
    reopen: Annotated[bool, typer.Option("--reopen", help="Take a decision back.")] = False,
    why: Annotated[str, typer.Option(help="The reason; it stands beside the pair.")] = "",
    scores: Annotated[
        str | None,
        typer.Option(
            metavar="A,Q,P",
            help="Adherence, quality and preservation, 1 to 5: a lesson for judges.",
        ),
    ] = None,
    instruction: Annotated[
        str,
        typer.Option(help="With --accept: what it should say; a line for each turn of a dialogue."),
    ] = "",
    who: Annotated[
        str | None, typer.Option(help="Who decides.", show_default="your login name")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="List what is decided as well.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The most to list.")] = 50,
    profile: options.ProfileName = None,
    json: options.Json = False,
) -> None:
    """List the review queue, or decide one of it.

    Where the profile bounds the share of bad pairs ([accept] max_bad_frac), what its judge is not
    sure of waits here. A decision holds whichever judge comes after; pairs are accepted or
    rejected by it at once.

        imgedit review
        imgedit review 3f9a --accept --why "the seam is hardly seen"
        imgedit review 3f9a --reject --why "the hand is gone" --scores 4,2,2
        imgedit review 3f9a --accept --why "a bus" --instruction "Remove the bus on the left."
        imgedit review 3f9a --reopen

    Exit code: 0 when the accepted pairs are up to date afterwards, else 1.
    """
    said = {"accepted": accept, "rejected": reject, "open": reopen}
    decided = [status for status, given in said.items() if given]
    if len(decided) != bool(review_id):
        msg = "give ID with one of --accept, --reject or --reopen, or neither to list the queue"
        raise typer.BadParameter(msg)
    store = store_with_rows()
    if not review_id:
        _list(store, every=every, limit=limit, json=json)
        return
    from imgedit_assets.sample.reviews import Decision

    decision = Decision(
        status=decided[0],
        who=who or login(),
        why=why,
        scores=_parsed(scores) if scores else None,
        fixed=instruction,
    )
    _decide(store, review_id, decision, profile, json=json)


def _decide(
    store: "Store", review_id: str, decision: "Decision", profile: str | None, *, json: bool
) -> None:
    from imgedit_assets.sample.reviews import decide

    made = decide(store, review_id, decision)
    change = refreshed(store, [f"{made.edit_type}|{made.shard}"], profile)
    if json:
        print_json({"review": asdict(made), "errors": list(change.errors)})
    else:
        out().print(f"review {made.id} is {made.status}: {made.instruction}", markup=False)
        for some, verb in ((change.came, "came to"), (change.left, "left")):
            if some:
                out().print(f"{counted(some)} {verb} accepted_pairs", markup=False)
    if change.errors:
        msg = f"the accepted pairs are not up to date ({change.errors[0]}): run `imgedit run`"
        raise ImgEditError(msg)


def _parsed(scores: str) -> tuple[float, float, float]:
    try:
        adherence, quality, preservation = (float(part) for part in scores.split(","))
    except ValueError:
        msg = f"{scores!r} is not three numbers with commas between, as in 4,2,2"
        raise typer.BadParameter(msg, param_hint="--scores") from None
    return adherence, quality, preservation


def _list(store: "Store", *, every: bool, limit: int, json: bool) -> None:
    from resources.schema import Review

    where = None if every else "status = 'open'"
    found, of = store.select(Review, where, limit=limit), store.count(Review, where)
    found.sort(key=lambda one: (one.status != "open", one.edit_type, one.id))
    if json:
        print_json({"reviews": [asdict(one) for one in found], "of": of})
    elif found:
        _show(found, of)
    else:
        out().print("Nothing waits for review.")


def _show(found: "Sequence[Review]", of: int) -> None:
    from rich.markup import escape

    made = table(
        f"Reviews ({len(found):,} of {of:,})",
        *("id", "edit type", "status"),
        folded=["about", "in doubt because", "decided"],
    )
    for one in found:
        decided = f"{one.who}, {one.at[:16]}: {one.why}" if one.at else ""
        about = f"{one.instruction} ({', '.join(one.pair_ids)})"
        cells = map(escape, (about, one.doubt, decided))
        made.add_row(one.id[:12], one.edit_type, one.status, *cells)
    out().print(made)
