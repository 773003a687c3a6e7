"""A small release to write, read and damage."""

import os
from pathlib import Path

# Before any test imports `datasets`, which reads these once.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

import pytest

from resources.releases.front_matter import Layout
from resources.releases.sample import ReleaseSample
from resources.releases.write import Written, write_release
from tests.resources.releases.small_samples import FACTS, Release, samples


@pytest.fixture(scope="session")
def small_samples() -> list[ReleaseSample]:
    """Eight samples."""
    return samples()


@pytest.fixture
def release(tmp_path: Path, small_samples: list[ReleaseSample]) -> Release:
    """Writes a release of the small samples, or of others, in some layouts."""

    def write(*layouts: Layout, of: list[ReleaseSample] | None = None) -> Written:
        return write_release(
            tmp_path / "release",
            iter(small_samples if of is None else of),
            facts=FACTS,
            layouts=layouts,
            shard_mb=1,
            published_at="2026-11-23",
        )

    return write
