"""A small embedded graph to measure: its profile, and its stages run without Dagster."""

from collections.abc import Iterable
from pathlib import Path

from imgedit_assets.harness import materialise
from imgedit_assets.stages.registry import STAGES
from resources.factory import Factory
from resources.registration import register
from resources.sources.studio import StudioSource


def embedded_factory(home: Path, *, scenes: int) -> tuple[Factory, str]:
    """A factory on an empty home, and the one shard of studio scenes that is registered there."""
    profile = home / "perf.toml"
    profile.write_text(
        f'name = "perf"\n[sources]\nscenes_per_shard = {scenes}\n'
        f"clips_per_shard = {scenes // 4}\nphotos = false\n"
    )
    factory = Factory.open(where=str(home), profile=str(profile))
    sources = factory.profile.sources
    source = StudioSource(
        shards=1,
        scenes_per_shard=sources.scenes_per_shard,
        clips_per_shard=sources.clips_per_shard,
    )
    (shard,) = register(factory.store, source, shard_size=sources.shard_size).shards
    return factory, shard


def run_stages(factory: Factory, shard: str, edit_types: Iterable[str]) -> None:
    """Everything up to the painted pairs of some edit types."""
    for stage in STAGES:
        for edit_type in edit_types if stage.by_edit_type else [""]:
            materialise(stage(factory, shard=shard, edit_type=edit_type))
        if stage.record.TABLE == "edit_pairs":
            return
