"""Running everything: register sources, then materialise the graph, layer by layer.

The command line, the `everything` job and the tests all come through here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import dagster as dg

from models.faults import ImgEditError
from resources.claims import claim_tags
from resources.factory import Factory
from resources.registration import Registered, Source, register, registered_shards

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

_OUR_ERROR = re.compile(r"^(?:models|resources)\.[\w.]+: ")

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's event log still gets everything; the terminal belongs to our progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to ingest and to make. Empty fields mean: what the profile says."""

    images: tuple[Path, ...] = ()
    coco: Path | None = None
    tables: tuple[Path, ...] = ()
    videos: tuple[Path, ...] = ()
    studio_shards: int | None = None
    photos: bool | None = None
    edit_types: tuple[str, ...] = ()
    shards: tuple[str, ...] = ()
    shard_size: int | None = None
    limit: int | None = None


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a run did."""

    shards: list[str] = field(default_factory=list)
    sources: dict[str, Registered] = field(default_factory=dict)
    failed_runs: list[str] = field(default_factory=list)
    """Run ids; what they finished is kept."""
    errors: list[str] = field(default_factory=list)
    """Why, a line each."""


def run_everything(factory: Factory, instance: dg.DagsterInstance, wanted: Wanted) -> Outcome:
    """Ingest what is wanted and materialise every asset of its shards and edit types.

    Raises:
        ImgEditError: A source cannot be listed, or an edit type is unknown.
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    types = wanted_edit_types(factory, wanted)
    outcome = ingest(factory, instance, wanted)
    for layer, keys in layers(instance, outcome.shards, types):
        for span in keys:
            result = _materialise(factory, instance, layer, span)
            if _was_interrupted(result):
                raise KeyboardInterrupt
            if not result.success:
                outcome.failed_runs.append(result.run_id)
                outcome.errors += [_reason(event) for event in result.get_step_failure_events()]
        if outcome.failed_runs:
            # Made from half a layer, the next would drop rows that are only missing for now.
            break
    factory.store.compact()
    return outcome


def wanted_edit_types(factory: Factory, wanted: Wanted) -> list[str]:
    """The edit types to make, in the registry's order.

    Raises:
        ImgEditError: One of them does not exist.
    """
    ours = factory.profile.edits.types
    # A type that the profile leaves out has no partition key, so nothing could be made of it.
    known = [t for t in factory.edit_types if not ours or t in ours]
    asked = wanted.edit_types or ours or tuple(known)
    if unknown := [t for t in asked if t not in known]:
        msg = f"there is no edit type {unknown[0]!r}; there are {', '.join(known)}"
        raise ImgEditError(msg)
    return [t for t in known if t in asked]


def ingest(factory: Factory, instance: dg.DagsterInstance, wanted: Wanted) -> Outcome:
    """Register the wanted sources and their shards, in the store and with Dagster.

    Raises:
        ImgEditError: A source cannot be listed, or a wanted shard is not registered.
    """
    known = registered_shards(factory.store) if wanted.shards else []
    if unknown := [s for s in wanted.shards if s not in known]:
        msg = f"there is no shard {unknown[0]!r}; there are {', '.join(known) or 'none yet'}"
        raise ImgEditError(msg)
    outcome = Outcome(shards=list(wanted.shards))
    size = wanted.shard_size or factory.profile.sources.shard_size
    for source in wanted_sources(factory, wanted):
        found = register(factory.store, source, shard_size=size, limit=wanted.limit)
        outcome.sources[source.name] = found
        outcome.shards += [s for s in found.shards if s not in outcome.shards]
    instance.add_dynamic_partitions("shard", outcome.shards)
    return outcome


def wanted_sources(factory: Factory, wanted: Wanted) -> Iterator[Source]:
    """The sources to register: those asked for, or else the profile's own."""
    from resources.sources.folder import FolderSource
    from resources.sources.photos import PackagePhotos
    from resources.sources.studio import StudioSource
    from resources.sources.table import TableSource
    from resources.sources.video import VideoSource

    ours = factory.profile.sources
    named = bool(wanted.images or wanted.tables or wanted.videos or wanted.shards)
    studio = wanted.studio_shards
    if studio is None:
        studio = 0 if named else ours.studio_shards
    if studio:
        yield StudioSource(
            shards=studio,
            scenes_per_shard=ours.scenes_per_shard,
            clips_per_shard=ours.clips_per_shard,
        )
    if wanted.photos if wanted.photos is not None else (ours.photos and not named):
        yield PackagePhotos()
    for folder in wanted.images:
        yield FolderSource(folder, coco=wanted.coco)
    for table in wanted.tables:
        yield TableSource(table)
    for video in wanted.videos:
        yield VideoSource(video, every_s=ours.frame_every_s)


Layer = tuple[dg.AssetKey, ...]
"""Assets of one partitions definition: they run together."""

Span = tuple[str, str]
"""First and last partition key of a range; of a pair's keys, the corners of a rectangle."""


def layers(
    instance: dg.DagsterInstance, shards: Sequence[str], edit_types: Sequence[str]
) -> Iterator[tuple[Layer, list[Span]]]:
    """The assets by partitions definition, with the ranges of keys that cover what is asked."""
    from imgedit_assets.definitions import defs
    from imgedit_assets.partitions import edit_types as edit_type_axis

    by_shard: list[dg.AssetKey] = []
    by_pair: list[dg.AssetKey] = []
    for node in defs.resolve_asset_graph().asset_nodes:
        multi = isinstance(node.partitions_def, dg.MultiPartitionsDefinition)
        (by_pair if multi else by_shard).append(node.key)
    shard_runs = contiguous(instance.get_dynamic_partitions("shard"), shards)
    type_runs = contiguous(edit_type_axis.get_partition_keys(), edit_types)
    yield tuple(by_shard), shard_runs
    yield (
        tuple(by_pair),
        [(f"{t0}|{s0}", f"{t1}|{s1}") for (t0, t1), (s0, s1) in product(type_runs, shard_runs)],
    )


def contiguous(axis: Sequence[str], wanted: Sequence[str]) -> list[Span]:
    """The fewest ranges of an axis, first and last key, that cover the wanted keys exactly."""
    ranges: list[Span] = []
    previous = ""
    for key in axis:
        if key not in wanted:
            previous = ""
            continue
        ranges[-1:] = [(ranges[-1][0], key)] if previous else [*ranges[-1:], (key, key)]
        previous = key
    return ranges


def _materialise(
    factory: Factory, instance: dg.DagsterInstance, layer: Layer, span: Span
) -> dg.ExecuteInProcessResult:
    from imgedit_assets.definitions import defs

    job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection=set(layer))
    return job.execute_in_process(
        instance=instance,
        run_config=QUIET,
        tags={RANGE_START: span[0], RANGE_END: span[1], **claim_tags(instance)},
        resources=_resources(factory),
        raise_on_error=False,
    )


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether Ctrl-C ended a run: Dagster reports it as a failure, and would go on to the next."""
    return any(
        event.event_type == dg.DagsterEventType.RUN_FAILURE
        and (reason := event.job_failure_data.failure_reason) is not None
        and reason.name == "UNEXPECTED_TERMINATION"
        for event in result.all_events
    )


def _resources(factory: Factory) -> dict[str, Any]:
    return {"factory": dg.ResourceDefinition.hardcoded_resource(factory)}


def _reason(event: dg.DagsterEvent) -> str:
    """What a step's code raised, in one line."""
    error = event.step_failure_data.error
    if error is None:
        return f"{event.step_key}: no reason was given"
    # Dagster wraps what was raised once. Its causes are left out: our own errors hold the remedy,
    # and lose nothing but their class's name.
    raised = error.cause or error
    line = raised.message.strip().partition("\n")[0]
    return f"{event.step_key}: {_OUR_ERROR.sub('', line)}"
