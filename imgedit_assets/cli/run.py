"""`imgedit run`: ingest, and materialise everything."""

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, redirect_stdout
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.terminal import err, out, tell, tell_left_out
from models.faults import ImgEditError

if TYPE_CHECKING:
    from pathlib import Path

    import dagster as dg

    from imgedit_assets.cli.progress import ProgressView
    from imgedit_assets.wanted import Outcome
    from resources.factory import Factory

log = logging.getLogger(__name__)

LOG_BYTES = 2_000_000


def run(
    *,
    images: options.Images = None,
    coco: options.Coco = None,
    tables: options.Tables = None,
    allow_paths: options.AllowPaths = None,
    videos: options.Videos = None,
    studio: options.Studio = None,
    photos: options.Photos = None,
    profile: options.ProfileName = None,
    edit_types: options.EditTypes = None,
    shards: options.Shards = None,
    shard_size: options.ShardSize = None,
    limit: options.Limit = None,
) -> None:
    """Ingest images and make everything from them, up to accepted pairs.

    Without options it takes what the profile names, for `embedded` studio scenes and the
    photographs of installed packages, and every shard that is registered. Run it again after any
    change: only what the change touches is done again, and a run that was killed resumes at its
    last batch.

        imgedit run --images ~/photos --limit 50 --edit-types remove,background_change
        imgedit run --images val2017 --coco instances_val2017.json
        imgedit run --studio 4 --no-photos

    Exit code: 0 when everything asked for was materialised, 1 when something failed, 130 after
    Ctrl-C.
    """
    if allow_paths and not tables:
        msg = "it is for the paths of a table: give --table as well"
        raise typer.BadParameter(msg, param_hint="--allow-paths")
    if coco and not images:
        msg = "it describes the images of a folder: give --images as well"
        raise typer.BadParameter(msg, param_hint="--coco")
    from resources.instance import enter_home

    home = enter_home(profile)
    from imgedit_assets.wanted import Wanted

    wanted = Wanted(
        images=tuple(images or ()),
        coco=coco,
        tables=tuple(tables or ()),
        allow_paths=tuple(allow_paths or ()),
        videos=tuple(videos or ()),
        studio_shards=studio,
        photos=photos,
        edit_types=options.names(edit_types),
        shards=options.names(shards),
        shard_size=shard_size,
        limit=limit,
    )
    from imgedit_assets.run import run_everything

    carry_out(
        home,
        lambda factory, instance: run_everything(factory, instance, wanted),
        every_type=not wanted.edit_types,
    )


def backfill(profile: options.ProfileName = None) -> None:
    """Make the partitions that failed or were never made, of every shard, and nothing else.

    This is how a new edit type is filled: put its file into a folder that the profile names under
    `[edits] folders`, then

        imgedit backfill --profile mine.toml

    Exit code: as for `run`.
    """
    from resources.instance import enter_home

    home = enter_home(profile)
    from imgedit_assets import run as making

    carry_out(home, making.backfill)


def carry_out(
    home: "Path",
    work: "Callable[[Factory, dg.DagsterInstance], Outcome]",
    *,
    every_type: bool = True,
) -> None:
    """Run something and show what came of it; exits with 1 where some of it failed.

    Args:
        home: Dagster's folder.
        work: What to run.
        every_type: Whether every edit type is asked for, so that one left out is a failure.
    """
    from imgedit_assets.cli.progress import ProgressView
    from imgedit_assets.forgetting import undeclared
    from imgedit_assets.tally import scaled_labels
    from resources.claims import close_dead_runs
    from resources.factory import Factory
    from resources.instance import open_instance

    log_file = home / "run.log"
    _log_to(log_file)
    factory = Factory.open()
    tell_left_out(factory.edit_type_problems)
    with (
        # What libraries print (Ray of its nodes) is no result.
        redirect_stdout(sys.stderr),
        open_instance() as instance,
        ProgressView(err()) as view,
    ):
        close_dead_runs(instance)
        factory.on_progress = view.hear
        factory.journal.on_warning = tell
        with closing(factory):
            outcome = work(factory, instance)
        _log_failures(instance, outcome.failed_runs)
    if not outcome.shards:
        beside = "".join(f"; left out of {line}" for line in outcome.left_out)
        msg = f"nothing to do: the sources hold no images{beside}"
        raise ImgEditError(msg)
    _summarise(factory, outcome, view)
    for line in outcome.left_out:
        tell(f"left out of {line}")
    if outcome.sources and (scaled := scaled_labels(factory.store, outcome.shards)):
        tell(
            f"the labels of {scaled:,} images were drawn on another size of theirs, and brought to "
            "the files'"
        )
    for line in (*outcome.unlabelled, *outcome.notes):
        tell(line)
    for name, pairs in undeclared(factory.store, tuple(factory.edit_types)).items():
        tell(
            f"{name}: {pairs:,} accepted pairs of it are in the release, though no file of the "
            f"profile declares it: `imgedit forget --edit-type {name}` retires it"
        )
    for line in outcome.errors:
        tell(f"error: {line}")
    if outcome.failed_runs:
        tell(f"failed runs: {', '.join(outcome.failed_runs)}; the tracebacks are in {log_file}")
    if factory.profile.caution:
        tell(f"profile {factory.profile.name}: {factory.profile.caution}")
    tell("Look at it: `imgedit up` opens the graph, with pictures; `imgedit status` counts.")
    if every_type and (missed := len(factory.edit_type_problems)):
        tell(
            f"error: {missed} edit type(s) left out, see above; mend them, then `imgedit backfill`"
        )
        raise typer.Exit(1)
    if outcome.failed_runs or outcome.errors:
        raise typer.Exit(1)


def _summarise(factory: "Factory", outcome: "Outcome", view: "ProgressView") -> None:
    from imgedit_assets.cli.tables import (
        asset_table,
        edit_type_table,
        show_agreement,
        show_leaderboard,
    )
    from imgedit_assets.tally import tally
    from resources.profile_variants import variant_names
    from resources.schema.keys import key_on

    # Of no shard are those of the benchmark alone.
    of_run = {"edit_type": ["", *outcome.edit_types], "shard": ["", *outcome.shards]}
    asked = (key_on(axis).is_in(keys) for axis, keys in of_run.items())
    made = tally(factory.store.counted().filter(*asked))
    out().print(asset_table(made, seconds=view.seconds, computed=view.computed))
    out().print(edit_type_table(made))
    show_agreement(factory.home, variant_names(factory.profile.judges))
    show_leaderboard(factory.store, factory.profile.benchmark)


def _log_failures(instance: "dg.DagsterInstance", run_ids: Sequence[str]) -> None:
    """Write the tracebacks of failed steps into the log."""
    for run_id in run_ids:
        for entry in instance.all_logs(run_id):
            event = entry.dagster_event
            if event and event.is_step_failure and event.step_failure_data.error:
                failure = event.step_failure_data.error.to_string()
                log.error("run %s, %s: %s", run_id, event.step_key, failure)


def _log_to(path: "Path") -> None:
    """Keep warnings and tracebacks of workers in a file, away from the progress."""
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
