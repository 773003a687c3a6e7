"""What every test may use: a small profile, a factory on an empty home, and a Dagster instance."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from hypothesis import settings

from resources.devices.quiet import hush
from resources.factory import Factory
from resources.home import Home
from resources.sqlite_engines import share_engines
from tests.programs import PAIRS_ALONE

# Before any test imports a model library of its own accord.
hush(Path(__file__).parents[1] / ".pytest_cache")
# As in a process that opens the home's own instance.
share_engines()

# A busy machine must not fail a property.
settings.register_profile("imgedit", deadline=None)
settings.load_profile("imgedit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that none is left to one worker when the others are done."""
    slow = {
        item.path
        for item in items
        if item.get_closest_marker("slow") or "browser" in item.path.parts
    }
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests stay in one process; those of the browser all do, for one `imgedit up`."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            browser = "tests/browser/"
            return browser if nodeid.startswith(browser) else str(super()._split_scope(nodeid))

    return Scheduling(config, log)


SMALL_PROFILE = """
name = "small"
[sources]
scenes_per_shard = 2
clips_per_shard = 1
photos = false
[checks]
probed_edits = 1
[engine]
lanes = 2
"""


@pytest.fixture(scope="session")
def small_profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studio scenes, one clip, no benchmark, nothing to train; else as embedded."""
    path = tmp_path_factory.mktemp("profile") / "small.toml"
    path.write_text(SMALL_PROFILE + PAIRS_ALONE)
    return path


@pytest.fixture
def factory(tmp_path: Path, small_profile: Path) -> Factory:
    """A factory on an empty home."""
    return Factory.open(Home.of(tmp_path / "home"), profile=str(small_profile))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance of its own."""
    with dg.instance_for_test() as instance:
        yield instance
