"""The two partition axes: shards of images (dynamic), and edit types (from the registry)."""

from pathlib import Path

import dagster as dg

from models.edit_types.registry import load_edit_types
from resources.factory import profile_name
from resources.profile import load_profile

SHARDS_PER_RUN = 16
"""Partitions in one run of a backfill: one warm process, a second or two of event log."""

shards = dg.DynamicPartitionsDefinition(name="shard")


def edit_type_names() -> list[str]:
    """The edit types of the profile that the environment names."""
    edits = load_profile(profile_name()).edits
    names = list(load_edit_types(tuple(Path(f) for f in edits.folders)))
    return [n for n in names if not edits.types or n in edits.types]


edit_types = dg.StaticPartitionsDefinition(edit_type_names())
pairs = dg.MultiPartitionsDefinition({"edit_type": edit_types, "shard": shards})


def split_key(key: str) -> tuple[str, str]:
    """Edit type (empty for a shard's key) and shard of a partition key."""
    edit_type, _, shard = key.rpartition("|")
    return edit_type, shard
