"""The commands that read: `status`, `render`, `lineage`, `figures`, `doctor`."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.stores import existing_store, store_with_rows
from imgedit_assets.cli.terminal import out, print_json, tell, tell_left_out

if TYPE_CHECKING:
    from models.edit_types.registry import EditTypes
    from resources.profile import Profile
    from resources.store import Store


def status(profile: options.ProfileName = None, json: options.Json = False) -> None:
    """Count what there is: rows by table, shard and edit type, rejects by reason, accepted pairs.

    Where the profile's editors were benchmarked, the leaderboard is shown as well. Releases that
    hold what was put into quarantine since are named as stale.

    Only finished partitions count. `imgedit status --json | jq .accepted.total` suits scripts.
    """
    from imgedit_assets.artefacts.staleness import stale
    from imgedit_assets.cli import tables
    from imgedit_assets.cli.descents import holding_table
    from imgedit_assets.tally import as_json, tally

    store = existing_store()
    made = tally(store.counted() if store else None)
    old = stale(store) if store else ()
    found = _edit_types(profile)
    tell_left_out(found.problems)
    if json:
        print_json({**as_json(made), "stale": [asdict(holding) for holding in old]})
        return
    if not any(counts.partitions for counts in made.assets.values()):
        out().print("Nothing has been made here yet: `imgedit run` makes something.", markup=False)
        return
    out().print(tables.asset_table(made))
    if made.by_shard:
        out().print(tables.shard_table(made))
        out().print(tables.edit_type_table(made))
    if store:
        tables.show_leaderboard(store, _loaded(profile).benchmark)
    if old:
        out().print(holding_table(old, "Stale: they hold rows in quarantine"))
    for name in _undeclared(made.by_edit_type, found):
        out().print(_undeclared_line(name, profile), markup=False)


def render(
    version_id: Annotated[
        str,
        typer.Argument(
            help="The id of a version or an image, or a unique beginning of it (4 digits or more)."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where to: .png and .webp keep every pixel, .jpg is quality 95.",
        ),
    ],
    force: Annotated[bool, typer.Option(help="Overwrite a file that is there.")] = False,
) -> None:
    """Write the full picture of one version: its root with all patches pasted.

    Rows name their versions: see source_version_id and target_version_id in `imgedit lineage`.
    """
    from imgedit_assets.cli.pictures import check_target, save
    from imgedit_assets.sample.lookup import full_id
    from resources.schema import FilteredImage, SourceImage, Version

    check_target(output, force=force)
    store = store_with_rows()
    record, found = full_id(store, (Version, FilteredImage, SourceImage), version_id)
    if record is FilteredImage:
        found = store.by_ids(FilteredImage, [found])[found].version_id
    elif record is SourceImage:
        found = store.by_ids(SourceImage, [found])[found].version_id
    save(store.render(found), output, force=force)


def lineage(
    row_id: Annotated[
        str,
        typer.Argument(help="A row's or version's id, or a unique beginning (4 digits or more)."),
    ],
    down: Annotated[
        bool,
        typer.Option(
            "--down",
            help="Show what came out of the row instead: rows by asset and edit type, rejects, and "
            "the releases, training corpora and checkpoints that hold any of them.",
        ),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="With --down: name every row, not the first few.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Show where a row came from: its ancestors up to the source, with run and recipe of each.

    A quarantined row says so, and why. With --json, prompts and parameters stand whole.

        imgedit lineage 3f9a
        imgedit lineage 3f9a --down
    """
    store = store_with_rows()
    if every and not down:
        msg = "it says how much of --down is shown: give --down as well"
        raise typer.BadParameter(msg, param_hint="--all")
    if down:
        _show_descent(store, row_id, every=every, json=json)
        return
    from imgedit_assets.cli.trees import lineage_json, lineage_tree
    from imgedit_assets.sample.lineage import lineage as ancestors

    found = ancestors(store, row_id)
    if json:
        print_json(lineage_json(found))
    else:
        out().print(lineage_tree(found))


def _show_descent(store: "Store", row_id: str, *, every: bool, json: bool) -> None:
    from imgedit_assets.cli.descents import descent_json, descent_view
    from imgedit_assets.sample.descent import descent

    found = descent(store, row_id)
    if json:
        print_json(descent_json(found, every=every))
    else:
        out().print(descent_view(found, every=every))


def figures(profile: options.ProfileName = None, json: options.Json = False) -> None:
    """Show the headline figures of every asset, over all its partitions.

    The judge's precision and recall are those at the profile's thresholds, which stand beside them.

    `imgedit figures --json` is {asset: {name: value}}, with null where a figure is not defined.
    """
    from imgedit_assets.cli.tables import figure_table
    from imgedit_assets.figures import headline_figures
    from imgedit_assets.stages.agreement import in_words, left_out, thresholds
    from resources.edit_types import find_types
    from resources.home import Home

    store, loaded = store_with_rows(), _loaded(profile)
    found = headline_figures(store, loaded)
    if json:
        print_json(found)
        return
    out().print(figure_table(found))
    out().print(
        f"Precision and recall are those of accepting at {in_words(thresholds(loaded.accept))}. "
        f"{left_out(find_types(loaded.edits, Home.of().folder).types)}",
        markup=False,
    )


def doctor(
    profile: options.ProfileName = None,
    json: options.Json = False,
    mend: Annotated[
        bool,
        typer.Option(
            "--mend",
            help="Set damaged parts of tables aside (nothing is deleted), and name the run that "
            "makes the rows again which are gone.",
        ),
    ] = False,
) -> None:
    """Check what the profile needs and whether it is here; each missing thing with its remedy.

    The tables are looked at as well: small ones to the last byte, of large ones each file; with
    --mend all to the last byte.

    Exit code: 0 when nothing that is needed is missing or damaged, else 1.
    """
    if mend:
        _mend()
    from imgedit_assets.cli.tables import finding_table
    from resources.doctor import examine

    findings = examine(profile)
    well = not any(f.is_missing for f in findings)
    if json:
        checks: list[dict[str, Any]] = [f.as_dict() for f in findings]
        print_json({"ok": well, "checks": checks})
    else:
        out().print(finding_table(findings))
    if not well:
        raise typer.Exit(1)


def _mend() -> None:
    from resources.home import Home
    from resources.table_mending import lines_of
    from resources.table_mending import mend as mend_tables

    store_with_rows()
    for line in lines_of(mend_tables(Home.of())):
        tell(line)


def _edit_types(profile: str | None) -> "EditTypes":
    from resources.edit_types import find_types
    from resources.home import Home

    return find_types(_loaded(profile).edits, Home.of().folder)


def _loaded(profile: str | None) -> "Profile":
    from resources.home import profile_name
    from resources.profile import load_profile

    return load_profile(profile or profile_name())


def _undeclared_line(name: str, profile: str | None) -> str:
    from resources.home import profile_name

    return (
        f"{name}: no file that loads declares it under the profile {profile or profile_name()}; "
        "give --profile the one that made it. Its pairs stay readable, and go into releases until "
        f"`imgedit forget --edit-type {name}`"
    )


def _undeclared(edit_types: Iterable[str], found: "EditTypes") -> list[str]:
    """Edit types with rows, of which no file of the profile tells."""
    return [name for name in edit_types if name not in found.types]
