"""A partition's contact sheet shows its rows, whatever became of the run that made them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from skimage import data

from imgedit_assets import harness
from imgedit_assets.harness import StoppedError, materialise
from imgedit_assets.stages.base import Picture
from imgedit_assets.stages.scores import ScoredPairs
from imgedit_assets.stages.sources import SourceImages
from models.images import encode_jpeg
from resources.engine.stage import Work
from resources.factory import Factory
from resources.registration import register, registered_shards
from resources.schema import ScoredPair, Sheet
from resources.sources.folder import FolderSource
from resources.sources.item import SourceItem
from tests.imgedit_assets.lineages import blank


class Stage(SourceImages):
    """The first of some images; counts how often they are drawn, and is killed there if asked."""

    most, drawn, kills = 2, 0, 0

    def work(self) -> list[Work[SourceItem]]:
        return super().work()[: self.most]

    def pictures(self, rows: Sequence[Any]) -> list[Picture]:
        self.drawn += 1
        if self.kills:
            self.kills -= 1
            raise KeyboardInterrupt
        return super().pictures(rows)


@pytest.fixture
def stage(factory: Factory, tmp_path: Path) -> Stage:
    """The stage of a folder with two photographs."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name in ("astronaut", "coffee"):
        picture = getattr(data, name)()[:300, :300]
        (folder / f"{name}.jpg").write_bytes(encode_jpeg(picture, 90))
    register(factory.store, FolderSource(folder), shard_size=10)
    (shard,) = registered_shards(factory.store)
    return Stage(factory, shard=shard)


def test_a_sheet_lost_to_a_kill_is_drawn_by_the_next_run_and_once(stage: Stage) -> None:
    stage.kills = 1
    with pytest.raises(KeyboardInterrupt):
        materialise(stage)
    again = materialise(stage)
    assert (again.computed, again.rows, stage.drawn) == (0, 2, 2)
    assert again.sheet
    assert (materialise(stage).sheet, stage.drawn) == (again.sheet, 2)


def test_a_kill_does_not_leave_the_sheet_of_earlier_rows(stage: Stage) -> None:
    stage.most = 1
    before = materialise(stage).sheet
    stage.most, stage.kills = 2, 1
    with pytest.raises(KeyboardInterrupt):
        materialise(stage)
    again = materialise(stage)
    assert (again.computed, again.rows) == (0, 2)
    assert again.sheet not in {before, None}


def test_rows_that_go_leave_the_sheet_as_well(stage: Stage) -> None:
    both = materialise(stage).sheet
    stage.most = 1
    left = materialise(stage)
    assert (left.computed, left.rows) == (0, 1)
    assert left.sheet not in {both, None}


def test_a_sheet_begins_with_the_worst_and_names_its_rows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Sequence[Picture]] = []
    monkeypatch.setattr(harness, "contact_sheet", lambda pictures: drawn.append(pictures) or b"")
    rows = [
        blank(ScoredPair, id=f"{n:04}", instruction_id=str(n), dialogue_score=1 + n * 7 % 40 / 10)
        for n in range(40)
    ]
    shown = ScoredPairs(stage.factory, shard="s", edit_type="remove")
    monkeypatch.setattr(shown, "shown", lambda version_id: data.astronaut())
    harness._drawn_sheet(shown, rows)
    scores = {row.id: row.dialogue_score for row in rows}
    assert [scores[picture.id] for picture in drawn[0]] == [1 + n / 2 for n in range(8)]


def test_a_partition_that_is_to_end_keeps_what_is_done(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "COMMIT_EVERY_S", 0)
    stage.batch_size = 1
    stopping = stage.factory.stopping
    stage.factory.on_progress = lambda progress: progress.advanced and stopping.set()
    with pytest.raises(StoppedError, match=r"stopped .*: 1 units done and kept, 1 left; run again"):
        materialise(stage)
    stopping.clear()
    assert (materialise(stage).computed, materialise(stage).rows) == (1, 2)


def test_a_partition_without_pictures_is_drawn_once(stage: Stage) -> None:
    stage.most = 0
    assert [materialise(stage).sheet for _ in range(3)] == [None] * 3
    assert stage.drawn == 1
    # As partitions are that were made before an empty sheet was kept.
    stage.store.forget(Sheet, "id != ''")
    assert [materialise(stage).sheet for _ in range(2)] == [None] * 2
    assert stage.drawn == 2
