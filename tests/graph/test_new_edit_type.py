"""A fourteenth edit type: a file in a folder, a backfill, and no other row done again."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from shutil import copy

import pytest

from resources.home import Home
from resources.schema import Unit
from resources.store import Store
from tests.programs import IMGEDIT, PAIRS_ALONE

pytestmark = pytest.mark.slow

RESIZE = Path(__file__).parent / "edit_types" / "resize.py"
PROFILE = """
name = "mine"
[sources]
scenes_per_shard = 1
clips_per_shard = 0
photos = false
[edits]
types = {types}
folders = ["{folder}"]
"""


class Place:
    """A home with a profile that names a folder of edit types."""

    def __init__(self, root: Path) -> None:
        self.folder, self.home = root / "edit_types", root / "home"
        self.profile = root / "mine.toml"
        self.folder.mkdir()
        self.declare("remove")

    def declare(self, *types: str) -> None:
        text = PROFILE.format(types=json.dumps(types), folder=self.folder) + PAIRS_ALONE
        self.profile.write_text(text)

    def imgedit(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        named = {"IMGEDIT_HOME": str(self.home), "IMGEDIT_PROFILE": str(self.profile)}
        return subprocess.run(
            [*IMGEDIT, *arguments],
            env={**os.environ, **named, "COLUMNS": "160"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def store(self) -> Store:
        return Store(Home.of(self.home))

    def units(self) -> set[str]:
        return set(self.store.table_frame(Unit, ["id"])["id"])

    def pairs(self) -> Counter[str]:
        return Counter(self.store.frame("edit_pairs", ["edit_type"])["edit_type"])


def test_a_new_type_is_a_backfill_and_leaves_when_its_file_does(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.imgedit("run").returncode == 0
    before = place.units()

    copy(RESIZE, place.folder)
    place.declare("remove", "resize")
    filled = place.imgedit("backfill")
    assert filled.returncode == 0, filled.stderr
    worked = [line.split() for line in filled.stderr.splitlines() if line.endswith("units done")]
    assert {words[1] for words in worked if words[0] != "dataset_release:"} == {"resize"}
    assert before < place.units()
    assert place.pairs()["resize"] > 0

    (place.folder / "broken.py").write_text("raise ValueError('half written')\n")
    again = place.imgedit("backfill")
    assert again.returncode == 1, "it was asked for every type"
    assert "1 edit type(s) left out, see above; mend them" in again.stderr
    assert f"left out: {place.folder / 'broken.py'}: cannot be imported" in again.stderr

    (place.folder / "broken.py").unlink()
    (place.folder / "resize.py").unlink()
    place.declare("remove")
    assert place.pairs()["resize"] > 0
    assert "resize: no file that loads declares it" in place.imgedit("status").stdout
    made = place.pairs()
    forgot = place.imgedit("forget", "--edit-type", "resize", "--yes")
    assert forgot.returncode == 0, forgot.stderr
    assert place.pairs() == {"remove": made["remove"]}

    # Of what was forgotten Dagster still says that it was made.
    copy(RESIZE, place.folder)
    place.declare("remove", "resize")
    assert place.imgedit("backfill").returncode == 0
    assert place.pairs() == made


def test_two_types_of_one_name_are_told_apart_by_their_files(tmp_path: Path) -> None:
    place = Place(tmp_path)
    copy(RESIZE, place.folder / "one.py")
    copy(RESIZE, place.folder / "two.py")
    said = json.loads(place.imgedit("doctor", "--json").stdout)
    (finding,) = (check for check in said["checks"] if check["name"] == "edit types")
    assert not finding["ok"]
    assert f"two.py: edit type 'resize' is already declared by {place.folder}" in finding["detail"]
