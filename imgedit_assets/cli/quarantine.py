"""`imgedit quarantine`: take a bad row, and all that it spoiled, out of the accepted pairs."""

import getpass
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.stores import store_with_rows
from imgedit_assets.cli.terminal import out, print_json, table, tell
from imgedit_assets.effects import Change, counted, foreseen, refreshed
from models.faults import ImgEditError

if TYPE_CHECKING:
    from rich.table import Table

    from imgedit_assets.sample.quarantine import Selector
    from resources.schema import Quarantine
    from resources.store import Store


def quarantine(
    *,
    row_id: Annotated[
        str | None,
        typer.Argument(help="A row's or version's id, or a unique beginning (4 digits or more)."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="ID", help="All rows that a recipe made, instead.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="URI", help="All that was made of one source, instead.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(metavar="ID", help="All rows that one run made, instead.")
    ] = None,
    why: Annotated[str, typer.Option(help="The reason; it stands beside every reject.")] = "",
    who: Annotated[
        str | None, typer.Option(help="Who says so.", show_default="your login name")
    ] = None,
    undo: Annotated[
        str | None, typer.Option(metavar="ID", help="End a quarantine, by its own id.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show all quarantines.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be taken out; change nothing.")
    ] = False,
    profile: options.ProfileName = None,
    json: options.Json = False,
) -> None:
    """Take a row and everything derived from it out of the accepted pairs and the next release.

    Nothing is deleted: the pairs become rejects of `accepted_pairs` that say who and why, and come
    back with --undo.

        imgedit quarantine 3f9a --why "a logo in the sky" --dry-run
        imgedit quarantine 3f9a --why "a logo in the sky"
        imgedit quarantine --source file:///data/cat.jpg --why "no licence"
        imgedit quarantine --list
        imgedit quarantine --undo 81c0

    Exit code: 0 when the accepted pairs are up to date afterwards, else 1.
    """
    named = {"row": row_id, "recipe": recipe, "source": source, "run": run}
    given = [name for name, value in named.items() if value] + ["undo"] * bool(undo)
    if len(given) + listed != 1:
        msg = "give one of ROW_ID, --recipe, --source, --run, --undo or --list"
        raise typer.BadParameter(msg)
    store = store_with_rows()
    if listed:
        _list(store, json=json)
        return
    if undo:
        _end(store, undo, who or login(), profile, json=json)
        return
    if not why and not dry_run:
        msg = "say why: the reason stands beside every pair that is taken out"
        raise typer.BadParameter(msg, param_hint="--why")
    from imgedit_assets.sample.quarantine import SELECTED_BY, Selector

    (kind,) = (kind for kind in SELECTED_BY if kind == given[0])
    selector = Selector(kind=kind, value=named[kind] or "")
    _begin(store, selector, why, who or login(), profile, dry_run=dry_run, json=json)


def _begin(
    store: "Store",
    selector: "Selector",
    why: str,
    who: str,
    profile: str | None,
    *,
    dry_run: bool,
    json: bool,
) -> None:
    from imgedit_assets.sample.quarantine import drafted, mark, partitions_touched

    if dry_run:
        draft = drafted(store, selector, why, who)
        _show(draft, foreseen(store, draft), json=json, dry_run=True)
        return
    made = mark(store, selector, why, who)
    _show(made, refreshed(store, partitions_touched(store, [made]), profile), json=json)


def _end(store: "Store", quarantine_id: str, who: str, profile: str | None, *, json: bool) -> None:
    from imgedit_assets.sample.quarantine import partitions_touched, undo

    undone = undo(store, quarantine_id, who)
    _show(undone, refreshed(store, partitions_touched(store, [undone]), profile), json=json)


def _show(made: "Quarantine", change: Change, *, json: bool, dry_run: bool = False) -> None:
    if json:
        print_json({"quarantine": asdict(made), "dry_run": dry_run, **_as_json(change)})
    else:
        _tell(made, change, dry_run=dry_run)
    for line in change.errors:
        tell(f"error: {line}")
    if change.errors:
        msg = "the accepted pairs are not up to date: run `imgedit run`, which finishes it"
        raise ImgEditError(msg)


def _tell(made: "Quarantine", change: Change, *, dry_run: bool) -> None:
    from imgedit_assets.cli.descents import holding_table

    console = out()
    if dry_run:
        console.print(f"dry run: the {made.kind} {made.value} is left as it is", markup=False)
    else:
        state = f"ended by {made.undone_by}" if made.undone_by else f"by {made.who}: {made.why}"
        line = f"quarantine {made.id} of the {made.kind} {made.value}, {state}"
        console.print(line, markup=False)
    if change.came:
        console.print(f"{counted(change.came)} came back to accepted_pairs", markup=False)
    if change.left or not change.came:
        verb = "would leave" if dry_run else "left"
        console.print(f"{counted(change.left)} {verb} accepted_pairs", markup=False)
    if change.holdings:
        console.print(holding_table(change.holdings))


def login() -> str:
    """Who is at the keyboard; a container may know no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _as_json(change: Change) -> dict[str, Any]:
    return {
        "left": {"total": change.left.total(), "by_edit_type": dict(sorted(change.left.items()))},
        "came": {"total": change.came.total(), "by_edit_type": dict(sorted(change.came.items()))},
        "collections": [asdict(holding) for holding in change.holdings],
        "errors": list(change.errors),
    }


def _list(store: "Store", *, json: bool) -> None:
    from resources.schema import Quarantine

    marks = sorted(store.select(Quarantine), key=lambda made: made.at)
    if json:
        print_json({"quarantines": [asdict(made) for made in marks]})
    elif marks:
        out().print(_quarantine_table(marks))
    else:
        out().print("Nothing is in quarantine.")


def _quarantine_table(marks: "Sequence[Quarantine]") -> "Table":
    from rich.markup import escape

    listed = table("Quarantines", "id", folded=["of", "why", "who", "state"])
    for made in marks:
        ended = f"ended by {made.undone_by}, {made.undone_at[:16]}" if made.undone_by else "holds"
        cells = (f"{made.kind} {made.value}", made.why, f"{made.who}, {made.at[:16]}", ended)
        listed.add_row(made.id, *(escape(cell) for cell in cells))
    return listed
