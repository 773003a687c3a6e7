"""The two partition axes: shards of images (dynamic), and edit types (from the registry)."""

import logging

import dagster as dg

from resources.edit_types import find_types
from resources.home import Home, profile_name
from resources.profile import load_profile

log = logging.getLogger(__name__)

SHARDS_PER_RUN = 16
"""Partitions in one run of a backfill: one warm process, a second or two of event log."""

shards = dg.DynamicPartitionsDefinition(name="shard")


def _edit_types() -> tuple[list[str], tuple[str, ...]]:
    """The edit types of the profile that the environment names, and what is wrong with others."""
    edits = load_profile(profile_name()).edits
    found = find_types(edits, Home.of().folder)
    for problem in found.problems:
        # One broken file must not take the rest of the location with it.
        log.error("left out: %s", problem)
    return [n for n in found.types if not edits.types or n in edits.types], found.problems


_names, left_out = _edit_types()
"""`left_out`: a line for each file or package whose edit type has no partitions, and why."""

edit_types = dg.StaticPartitionsDefinition(_names)
pairs = dg.MultiPartitionsDefinition({"edit_type": edit_types, "shard": shards})


def split_key(key: str) -> tuple[str, str]:
    """Edit type (empty for a shard's key) and shard of a partition key."""
    edit_type, _, shard = key.rpartition("|")
    return edit_type, shard
