"""`imgedit forget`: retire an edit type, a shard or a source."""

from shutil import rmtree
from typing import Annotated

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.stores import store_with_rows
from imgedit_assets.cli.terminal import out, tell


def forget(
    *,
    edit_type: Annotated[
        str | None, typer.Option(metavar="NAME", help="One that was renamed or removed.")
    ] = None,
    shard: Annotated[str | None, typer.Option(metavar="NAME", help="One shard, instead.")] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="All shards of a source, instead: `studio`, say."),
    ] = None,
    editor: Annotated[
        str | None, typer.Option(metavar="NAME", help="An editor of the benchmark, instead.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option(metavar="NAME", help="A suite of the benchmark, instead.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    profile: options.ProfileName = None,
) -> None:
    """Delete the rows of an edit type, a shard, a source, an editor or a suite, for good.

    Releases that are written keep their pairs, and tell where they came from; the next holds none
    of them. Your own files are left alone: what a profile still names is made again by the next
    run. Deleting a partition in Dagster's pages does not do this: it takes a key off its lists
    alone, and rows and releases keep what was made.

        imgedit forget --edit-type resize --dry-run
        imgedit forget --shard folder-2b6f-0003
    """
    from imgedit_assets.forgetting import Kind, look
    from imgedit_assets.forgetting import forget as delete
    from resources.home import Home
    from resources.instance import enter_home, open_instance

    asked: dict[Kind, str | None] = {
        "edit_type": edit_type,
        "shard": shard,
        "source": source,
        "editor": editor,
        "suite": suite,
    }
    given = [(kind, name) for kind, name in asked.items() if name]
    if len(given) != 1:
        msg = "give one of --edit-type, --shard, --source, --editor or --suite"
        raise typer.BadParameter(msg)
    store, ((kind, name),) = store_with_rows(), given
    found = look(store, kind, name or "")
    shards = f", {len(found.shards)} shards with their registered items" if found.shards else ""
    what = (
        f"{found.rows:,} rows in {len(found.partitions):,} partitions{shards}, {found.accepted:,} "
        "accepted pairs among them"
    )
    if dry_run:
        out().print(f"{what}, would go", markup=False)
        return
    if not yes:
        typer.confirm(f"Delete {what}?", abort=True)
    enter_home(profile)
    with open_instance() as instance:
        delete(store, instance, found, tell=tell)
    if kind == "editor" and name:
        rmtree(Home.of().paid / name, ignore_errors=True)
    tell(f"forgot {what}; the next `imgedit run` writes a release without them")
