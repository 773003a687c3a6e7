"""`imgedit prune`: delete old artefacts, what killed runs left of others, and paid pictures."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgedit_assets.cli.terminal import out, tell
from models.faults import ImgEditError

if TYPE_CHECKING:
    from rich.table import Table

    from imgedit_assets.artefacts.pruning import Found


_PAID = "pictures ({}) that services were paid for"
_FEATURES = "files ({}) of encoded pairs, for training editors, made"


def prune(
    keep: Annotated[
        int, typer.Option(min=0, metavar="N", help="Keep so many of the newest of each kind.")
    ] = 2,
    runs_older_than: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="DAYS",
            help="Keep Dagster's records of runs for so long, paid pictures, and encoded pairs.",
        ),
    ] = 30,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go, and why the rest stays.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete old releases, records of old runs, and what killed runs left unfinished.

    With the records go copies of pictures that a service was paid for, which a killed benchmark
    would need so as not to pay again, and the encoded pairs that editors are trained on, which the
    next training makes again; the rows that are made of them stay.

    Kept are the newest, what `latest` or another link beside them leads to, what another artefact
    is made from, and every folder that holds anything but what was written: it is named with what
    was found. Rows stay, and `imgedit lineage --down` still tells which release held them.
    Exports to other places are left alone. Of Dagster's runs those stay which tell of an asset or a
    partition that it was made.

        imgedit prune --dry-run
        imgedit prune --keep 1 --yes

    Exit code: 0 when all that was to go is gone, else 1.
    """
    from imgedit_assets.artefacts.pruning import look
    from imgedit_assets.cli.stores import store_with_rows
    from resources.home import Home

    store_with_rows()
    _prune_runs(days=runs_older_than, dry_run=dry_run, yes=yes)
    home = Home.of()
    for folder, what in ((home.paid, _PAID), (home.features, _FEATURES)):
        _prune_files(folder, what, days=runs_older_than, dry_run=dry_run, yes=yes)
    if not home.is_local:
        tell(
            f"of artefacts only the copies in {home.folder} are looked at; {home.uri} keeps its own"
        )
    found = look(store_with_rows(), home.folder, keep=keep, tell=tell)
    if not found:
        out().print("There is no release here yet.", markup=False)
        return
    out().print(_table(found))
    going = [one for one in found if not one.kept]
    what = f"{len(going)} of {len(found)} folders, {_size(sum(one.n_bytes for one in going))}"
    if dry_run or not going:
        out().print(f"{what}, would go" if going else "Nothing is to go.", markup=False)
        return
    if not yes:
        typer.confirm(f"Delete {what}?", abort=True)
    _remove(going)


def _prune_runs(*, days: int, dry_run: bool, yes: bool) -> None:
    from imgedit_assets.artefacts.run_records import forget_run, old_runs
    from resources.home import Home
    from resources.instance import open_instance

    with open_instance() as instance:
        going = old_runs(instance, days=days)
        what = f"Dagster's records of {len(going)} runs that ended over {days} days ago"
        if not _goes(what, len(going), dry_run=dry_run, yes=yes):
            return
        for run_id in going:
            forget_run(instance, run_id, Home.of().dagster)
    tell(f"deleted {what}")


def _prune_files(folder: Path, what: str, *, days: int, dry_run: bool, yes: bool) -> None:
    before = time.time() - days * 24 * 3600
    files = (path for path in folder.rglob("*") if path.is_file())
    going = [path for path in files if path.stat().st_mtime <= before]
    size = _size(sum(path.stat().st_size for path in going))
    what = f"{len(going)} {what.format(size)} over {days} days ago"
    if _goes(what, len(going), dry_run=dry_run, yes=yes):
        for path in going:
            path.unlink(missing_ok=True)
        tell(f"deleted {what}")


def _goes(what: str, n: int, *, dry_run: bool, yes: bool) -> bool:
    """Whether so many are to go: said where it is only tried or there are none, else asked."""
    if dry_run or not n:
        out().print(f"{what} would go.", markup=False)
    elif not yes:
        typer.confirm(f"Delete {what}?", abort=True)
    return bool(n) and not dry_run


def _remove(going: "Sequence[Found]") -> None:
    from imgedit_assets.artefacts.pruning import remove

    freed, left = 0, 0
    for one in going:
        try:
            freed += remove(one, tell=tell)
        except (ImgEditError, OSError) as error:
            tell(f"error: {error}")
            left += 1
    tell(f"freed {_size(freed)} in {len(going) - left} folders")
    if left:
        raise typer.Exit(1)


def _table(found: "Sequence[Found]") -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Artefacts", title_justify="left", box=SIMPLE_HEAD, title_style="bold")
    for name in ("kind", "folder"):
        table.add_column(name, overflow="fold")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("stays, because", overflow="fold")
    for one in found:
        fate = escape(one.kept) or "[bad]goes[/]"
        table.add_row(one.kind, escape(one.folder.name), _size(one.n_bytes), fate)
    return table


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB"
