"""Debug-size CLIPs."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def clip_zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the zoo's checkpoints of open_clip."""
    pytest.importorskip("open_clip")
    from models.zoo.open_clip import BUILDERS

    folder = tmp_path_factory.mktemp("clips")
    for name, build in BUILDERS.items():
        (folder / name).mkdir()
        build(folder / name)
    return folder
