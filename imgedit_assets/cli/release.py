"""The commands of releases: `export`, `verify`, `import`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.terminal import err, out, print_json, tell
from resources.releases.limits import IN_WORDS

if TYPE_CHECKING:
    import dagster as dg

    from imgedit_assets.wanted import Outcome
    from resources.factory import Factory
    from resources.releases.sample import Layout

LIMITS = f"Limits: {IN_WORDS}. What is larger is broken."
"""Ends the help of what reads releases."""

SHOWN_PROBLEMS = 50
"""More are counted; `--json` lists them all."""


class Format(StrEnum):
    """How a release is laid out."""

    HF = "hf"
    WEBDATASET = "webdataset"
    IMGEDIT = "imgedit"
    FOLDERS = "folders"

    @property
    def layout(self) -> "Layout":
        """Its name in `resources.releases`."""
        match self:
            case Format.HF:
                return "huggingface"
            case Format.WEBDATASET:
                return "webdataset"
            case Format.IMGEDIT:
                return "imgedit"
            case Format.FOLDERS:
                return "folders"


Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the release.")]


Place = Annotated[
    str,
    typer.Argument(
        metavar="DIR", help="The folder of the release, or s3://BUCKET/PREFIX with nothing in it."
    ),
]


def export(
    place: Place,
    layout: Annotated[
        Format,
        typer.Option(
            "--format",
            help="hf: Parquet for `datasets.load_dataset`; webdataset: tar shards; imgedit: the "
            "published repository's own layout, Parquet with paths beside the images; folders: "
            "control/ and target/ with captions and lists, as trainers take them.",
        ),
    ] = Format.HF,
    profile: options.ProfileName = None,
) -> None:
    """Write the accepted pairs that pass the gates as a release of your choice.

    `dataset_release` does the same in the graph, and `imgedit run` brings it up to date; this is
    for other places and other formats. The folder appears whole, or not at all.

        imgedit export --format folders ~/pairs
    """
    from imgedit_assets.cli.progress import ProgressView
    from resources.factory import Factory
    from resources.instance import enter_home

    enter_home(profile)
    from imgedit_assets.artefacts import publishing
    from imgedit_assets.dataset.release import release
    from imgedit_assets.dataset.release_plan import plan_release
    from resources.object_store import is_uri, to_write

    factory = Factory.open()
    with ProgressView(err()) as view, to_write(place) as folder:
        factory.on_progress, factory.journal.on_warning = view.hear, tell
        plan = plan_release(factory)
        written = release(factory, plan, [layout.layout], prove=publishing.no_proof)
        address = place.rstrip("/") if is_uri(place) else ""
        made = publishing.place(factory, written, folder, address=address)
    size = f"{made.n_bytes / 1e6:,.0f} MB in {made.files} files"
    tell(f"{plan.rows.height} pairs, {size}: {place}")
    if plan.gated.dropped.height:
        tell(f"left out by the gates: {plan.gated.dropped.height}; the card says why")


def verify(
    place: Annotated[
        str,
        typer.Argument(
            metavar="[DIR]",
            help="The folder of the release, or s3://BUCKET/PREFIX; by default the home's latest.",
        ),
    ] = "",
    json: options.Json = False,
) -> None:
    """Read a release again and check every file, checksum, pair and mask.

    Any of the four layouts, ours or somebody else's. Without checksums the rows are checked all
    the same, and what cannot be told is said. Exit code: 0 when all is well, else 1.
    """
    from imgedit_assets.cli.progress import ProgressView
    from resources.factory import Progress
    from resources.home import Home
    from resources.object_store import at_hand
    from resources.releases.verify import verify as check

    place, progress = place or f"{Home.of().uri}/releases/latest", Progress(asset="verify")
    with ProgressView(err()) as view, at_hand(place) as folder:

        def hear(done: int, total: int) -> None:
            if done == 1:
                view.hear(progress.at(total=total))
            view.hear(progress.at(total=total, advanced=1))

        report = check(folder, progress=hear)
    if json:
        print_json(report.as_dict())
    else:
        for problem in report.problems[:SHOWN_PROBLEMS]:
            out().print(str(problem), markup=False, highlight=False)
        if (more := len(report.problems) - SHOWN_PROBLEMS) > 0:
            out().print(f"and {more} more: `--json` lists all")
        for line in report.unchecked:
            tell(f"not checked: {line}")
        tell(f"{report.summary}")
    if report.problems:
        raise typer.Exit(1)


def import_(
    folder: Folder,
    columns: Annotated[
        str,
        typer.Option(
            metavar="OURS=THEIRS,...",
            help="What a set calls source, target and instruction (and reference, edit_type, "
            "licence, attribution); not needed for the sets that are known.",
        ),
    ] = "",
    profile: options.ProfileName = None,
    shard_size: options.ShardSize = None,
    limit: options.Limit = None,
) -> None:
    """Read a release back, and score and filter its pairs by the same graph.

    Ours, a folder in the published layout, or another set (docs/datasets.md). Its pairs become rows
    of `imported_pairs`, and those of the classes that the profile knows go on to be judged and
    accepted like ours; the others are kept as `unknown`. Broken rows, and those that are not what
    their checksums say, are rejects, counted by reason in `imgedit status`.

        imgedit import ~/downloads/ImgEdit --limit 1000
        imgedit import ~/pairs --columns source=before,target=after,instruction=text
    """
    from imgedit_assets.cli.run import carry_out
    from resources.instance import enter_home

    home = enter_home(profile)
    from imgedit_assets.run import run_everything
    from imgedit_assets.stages.imported import unknown_pairs
    from imgedit_assets.wanted import Wanted
    from resources.releases.mapping import columns_of
    from resources.releases.read import states_digests

    given = columns_of(columns)
    if not states_digests(folder, given):
        tell(
            f"{folder} has no SHA256SUMS and its rows state no checksums: its pairs are taken as "
            "they are, for what was changed on the way cannot be told"
        )
    wanted = Wanted(releases=(folder,), columns=given, shard_size=shard_size, limit=limit)

    def work(factory: "Factory", instance: "dg.DagsterInstance") -> "Outcome":
        outcome = run_everything(factory, instance, wanted)
        if said := unknown_pairs(factory.store, outcome.shards):
            tell(said)
        return outcome

    carry_out(home, work, every_type=False)
