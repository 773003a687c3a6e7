from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from benchmark.cases import pixels
from benchmark.suites.studio.pictures import DrawnPicture
from models.faults import FaultError
from models.studio.scene import render
from tests.benchmark.studio_suites import case_of, suite


def _picture(folder: Path) -> DrawnPicture:
    source = case_of("studio-basic", "remove").source
    assert isinstance(source, DrawnPicture)
    return DrawnPicture(source.scene, folder / "revision" / "picture.png")


def test_a_picture_is_drawn_once_and_then_read(tmp_path: Path) -> None:
    picture = _picture(tmp_path)
    assert np.array_equal(pixels(picture), render(picture.scene))
    picture.path.write_bytes(b"as it lies there")
    assert picture.data() == b"as it lies there"


def test_those_who_draw_at_once_leave_one_whole_picture(tmp_path: Path) -> None:
    picture = _picture(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: picture.data(), range(4)))
    assert len(set(drawn)) == 1
    assert [path.name for path in picture.path.parent.iterdir()] == ["picture.png"]


def test_a_cache_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "revision").write_text("a file where a folder should be")
    with pytest.raises(FaultError, match="cache folder"):
        _picture(tmp_path).data()


def test_pictures_are_shared_by_cases() -> None:
    cases = suite("studio-basic").cases()
    assert len({case.cluster for case in cases}) < len(cases) / 3
    assert len({(case.cluster, case.source) for case in cases}) == len(
        {case.cluster for case in cases}
    )
