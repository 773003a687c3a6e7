"""What a run is asked for: sources to register, shards and types to make; and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from models.faults import ImgEditError
from resources.factory import Factory
from resources.registration import Registered, Source, register, registered_shards
from resources.sources.left_out import describe_left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to ingest and to make. Empty fields mean: what the profile says."""

    images: tuple[Path, ...] = ()
    coco: Path | None = None
    tables: tuple[Path, ...] = ()
    allow_paths: tuple[Path, ...] = ()
    """Folders that the paths of a table may lead to, beside its own and the profile's."""
    videos: tuple[Path, ...] = ()
    releases: tuple[Path, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    """What the releases call our columns; empty where they are ours, or those of a known set."""
    studio_shards: int | None = None
    photos: bool | None = None
    edit_types: tuple[str, ...] = ()
    shards: tuple[str, ...] = ()
    shard_size: int | None = None
    limit: int | None = None
    dataset: bool = True
    """Whether to bring the statistics and the release up to date as well, and where no part is
    named the benchmark."""

    @property
    def is_open(self) -> bool:
        """Whether no source and no part of one is named."""
        named = (self.images, self.tables, self.videos, self.releases, self.shards)
        parts = (self.studio_shards, self.photos, self.limit)
        return not any(named) and all(part is None for part in parts)

    @property
    def benchmark(self) -> bool:
        """Whether the benchmark is wanted as well: not where some pairs alone are."""
        return self.dataset and self.is_open and not self.edit_types


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a run did."""

    shards: list[str] = field(default_factory=list)
    edit_types: list[str] = field(default_factory=list)
    sources: dict[str, Registered] = field(default_factory=dict)
    failed_runs: list[str] = field(default_factory=list)
    """Run ids; what they finished is kept."""
    errors: list[str] = field(default_factory=list)
    """Why, a line each."""
    notes: list[str] = field(default_factory=list)
    """What was left out without a failure, a line each."""

    @property
    def left_out(self) -> list[str]:
        """The files of each source that are no images that are read, a line each."""
        return [
            f"{name}: {describe_left_out(found.left_out)}"
            for name, found in self.sources.items()
            if found.left_out
        ]

    @property
    def unlabelled(self) -> list[str]:
        """A line for each source some of whose images its annotations do not speak of."""
        return [
            f"{name}: the annotations label nothing in {found.unlabelled:,} of its images; "
            "their regions are the detector's own, for embedded the main subject"
            for name, found in self.sources.items()
            if found.unlabelled
        ]


def wanted_edit_types(factory: Factory, wanted: Wanted) -> list[str]:
    """The edit types to make, in the registry's order.

    Raises:
        ImgEditError: One of them does not exist.
    """
    # A type that the profile leaves out has no partition key, so nothing could be made of it.
    known = factory.made_types
    asked = wanted.edit_types or factory.profile.edits.types or known
    if unknown := [t for t in asked if t not in known]:
        msg = f"there is no edit type {unknown[0]!r}; there are {', '.join(known)}"
        if factory.edit_type_problems:
            msg += f"; left out: {'; '.join(factory.edit_type_problems)}"
        raise ImgEditError(msg)
    return [t for t in known if t in asked]


def ingest(factory: Factory, instance: dg.DagsterInstance, wanted: Wanted) -> Outcome:
    """Register the wanted sources and their shards, in the store and with Dagster.

    Where none is named, it is every shard that is registered.

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
    if wanted.is_open:
        found_before = registered_shards(factory.store)
        outcome.shards += [s for s in found_before if s not in outcome.shards]
    instance.add_dynamic_partitions("shard", outcome.shards)
    return outcome


def wanted_sources(factory: Factory, wanted: Wanted) -> Iterator[Source]:
    """The sources to register: those asked for, or else the profile's own."""
    from resources.releases.source import ReleaseSource
    from resources.sources.folder import FolderSource
    from resources.sources.photos import PackagePhotos
    from resources.sources.studio import StudioSource
    from resources.sources.table import TableSource
    from resources.sources.video import VideoSource

    ours = factory.profile.sources
    given = (wanted.images, wanted.tables, wanted.videos, wanted.releases, wanted.shards)
    named = any(given)
    allowed = (*wanted.allow_paths, *map(Path, ours.allow_paths))
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
        yield TableSource(table, allow_paths=allowed)
    for video in wanted.videos:
        yield VideoSource(video, every_s=ours.frame_every_s)
    for folder in wanted.releases:
        yield ReleaseSource(folder, wanted.columns)
