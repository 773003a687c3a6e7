"""A lab in small: two nodes of Ray, a home on an object store, Postgres, and a node's end."""

import os
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from resources.home import Home
from tests.programs import IMGEDIT, PAIRS_ALONE
from tests.resources.lab import HOME, Nodes, lab, rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra `cluster` is not installed"),
]

PROFILE = """
name = "lab"
[sources]
scenes_per_shard = 1
clips_per_shard = 0
photos = false
[edits]
types = ["remove"]
[checks]
probed_edits = 0
"""


def test_a_lab_makes_what_a_laptop_makes_though_a_node_ends(tmp_path: Path) -> None:
    # The path of a socket may have 107 bytes, which pytest's own folders may exceed.
    with (
        tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder,
        lab(Path(folder)) as (env, _),
    ):
        _though_a_node_ends(Path(folder), env, tmp_path)
        laptop = tmp_path / "laptop"
        alone = os.environ | {"IMGEDIT_HOME": str(laptop)}
        (tmp_path / "lab.toml").write_text(PROFILE + PAIRS_ALONE)
        command = [*IMGEDIT, "run", "--profile", str(tmp_path / "lab.toml")]
        subprocess.run(command, env=alone, capture_output=True, check=True)
        ids, pixels = rows(Home.of(HOME))
    assert (ids, pixels) == rows(Home.of(laptop))
    assert ids["accepted_pairs"]


def _though_a_node_ends(folder: Path, env: dict[str, str], cwd: Path) -> None:
    """A run on two nodes, of which one is ended, and a look at its release."""
    nodes = Nodes(folder, env)
    profile, said = folder / "lab.toml", folder / "run.log"
    engine = f'[engine]\nkind = "ray"\naddress = "{nodes.address}"\n'
    profile.write_text(PROFILE + PAIRS_ALONE + engine)
    try:
        # It waits for a node, and takes those that join while it is under way.
        with said.open("wb") as log:
            command = [*IMGEDIT, "run", "--profile", str(profile)]
            run = subprocess.Popen(command, env=env, cwd=cwd, stdout=log, stderr=log)
        nodes.add()
        nodes.add()
        while b"edit_pairs" not in said.read_bytes() and run.poll() is None:
            time.sleep(0.2)
        assert run.poll() is None, said.read_text()
        nodes.end(1)
        assert run.wait(600) == 0, said.read_text()
    finally:
        nodes.end_all()
    verified = subprocess.run(
        [*IMGEDIT, "verify"], env=env, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "sound" in verified.stderr
