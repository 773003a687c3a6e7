"""A small release to write, read and damage."""

import os
from pathlib import Path

# Before any test imports `datasets`, which reads these once.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

import pytest

from resources.releases.sample import Layout, ReleaseSample
from tests.resources.releases.small_samples import Release, Written, samples, write


@pytest.fixture(scope="session")
def small_samples() -> list[ReleaseSample]:
    """Eight samples."""
    return samples()


@pytest.fixture
def release(tmp_path: Path, small_samples: list[ReleaseSample]) -> Release:
    """Writes a release of the small samples, or of others, in some layouts."""

    def written(*layouts: Layout, of: list[ReleaseSample] | None = None) -> Written:
        return write(tmp_path / "release", small_samples if of is None else of, *layouts)

    return written
