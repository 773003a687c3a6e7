"""Measures beside the judge, on pictures of which the answer is known."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from benchmark.cases import BenchCase, CaseTurn, PictureFile
from benchmark.measures.fidelity import background_purity, displacement
from benchmark.measures.lines import measured
from benchmark.measures.measure import Measuring
from benchmark.measures.perceptual import StudioDistance
from benchmark.measures.region import asked_region
from benchmark.runs.folder import OutputLine, RunFolder, append
from benchmark.runs.generate import outputs_of
from benchmark.runs.shown import Shown
from benchmark.suites.studio.versions import RIM_PX, true_version
from models.geometry import Rgb
from tests.benchmark.studio_suites import case_of

PHOTO: Rgb = np.asarray(cv2.resize(astronaut(), (640, 640)), np.uint8)
EDIT = (slice(200, 300), slice(200, 300))


def moved(dx: float, dy: float, zoom: float) -> Rgb:
    """The photograph moved, and zoomed around its middle."""
    rest = (1 - zoom) * 319.5
    matrix = np.array([[zoom, 0, rest + dx], [0, zoom, rest + dy]])
    flags, border = cv2.INTER_CUBIC, cv2.BORDER_REFLECT
    return np.asarray(cv2.warpAffine(PHOTO, matrix, (640, 640), flags=flags, borderMode=border))


@pytest.mark.parametrize(
    ("dx", "dy", "zoom"), [(0.5, 0.25, 1.0), (-3.0, 2.0, 1.0), (0, 0, 1.01), (12, 5, 0.98)]
)
def test_shift_and_zoom_are_found_to_a_fraction_of_a_pixel(
    dx: float, dy: float, zoom: float
) -> None:
    result = moved(dx, dy, zoom)
    result[EDIT] = (255, 0, 0)
    outside = np.ones((640, 640), np.bool_)
    outside[180:320, 180:320] = False
    found = displacement(PHOTO, result, outside)
    assert found
    assert found.shift_px == pytest.approx(np.hypot(dx, dy), abs=0.1)
    assert found.zoom == pytest.approx(zoom, abs=5e-4)
    assert displacement(PHOTO, PHOTO[::-1, ::-1].copy(), outside) is None


def test_stray_bits_and_a_full_picture_make_a_cut_out_impure() -> None:
    page = np.full((200, 200, 3), 255, np.uint8)
    cv2.circle(page, (100, 100), 40, (200, 30, 30), -1)
    assert background_purity(page) == 1.0
    page[10:30, 10:30] = 90
    assert background_purity(page) == pytest.approx(1 - 400 / (200 * 200 - 81 * 81), abs=1e-3)
    assert background_purity(PHOTO) < 0.2


def test_without_a_mask_the_change_itself_is_left_out() -> None:
    case = photo_case(Path())
    result = PHOTO.copy()
    result[EDIT] = (255, 0, 0)
    region = asked_region(replace(case, mask=None), 1, PHOTO, result)
    assert region[EDIT].all()
    assert region.sum() < (100 + 2 * RIM_PX + 2) ** 2
    assert not asked_region(replace(case, mask=None), 1, PHOTO, PHOTO).any()


def photo_case(folder: Path) -> BenchCase:
    turn = CaseTurn(instruction="paint a red square", starts_from=0)
    source, mask = PictureFile(folder / "source.png"), PictureFile(folder / "mask.png")
    return BenchCase(
        id="a", suite="own", task="add", source=source, turns=(turn,), cluster="c", mask=mask
    )


def put(folder: RunFolder, case: BenchCase, image: Rgb, *, turn: int = 1, digest: str) -> None:
    """An output, as a run keeps it."""
    path = folder.image(case.id, 1, turn)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[..., ::-1])
    name = path.relative_to(folder.path).as_posix()
    line = OutputLine(id=case.id, epoch=1, turn=turn, seed=0, image=name, digest=digest)
    append(folder.outputs, line)


def measure(folder: RunFolder, case: BenchCase) -> list[str]:
    """Measure what is new; the keys of what that was."""
    shown = Shown(folder=folder, outputs=outputs_of(folder))
    measuring = Measuring(folder=folder, cases=[case], epochs=1, shown=shown)
    todo = measuring.todo()
    measuring.measure(todo)
    return [case.id for case, _ in todo]


def test_what_should_have_stayed_is_measured_outside_the_mask_and_once(tmp_path: Path) -> None:
    folder, case = RunFolder(tmp_path / "run"), photo_case(tmp_path)
    cv2.imwrite(str(tmp_path / "source.png"), PHOTO[..., ::-1])
    mask = np.zeros((640, 640), np.uint8)
    mask[EDIT] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    inside = PHOTO.copy()
    inside[EDIT] = (255, 0, 0)
    put(folder, case, inside, digest="one")
    assert measure(folder, case) == ["a"]
    values = measured(folder)["a", 1, 1].values
    assert (values["psnr_db"], values["ssim"], values["shift_px"]) == (100.0, 1.0, 0.0)
    assert values["changed_area"] == pytest.approx(1e4 / 640**2, rel=0.1)
    before = folder.measures.read_bytes()
    assert measure(folder, case) == []
    assert folder.measures.read_bytes() == before
    noisy = np.asarray(np.clip(inside.astype(int) + 10, 0, 255), np.uint8)
    put(folder, case, cv2.resize(noisy, (320, 320)), digest="two")
    assert measure(folder, case) == ["a"]
    values = measured(folder)["a", 1, 1].values
    assert 20 < values["psnr_db"] < 29
    assert (values["width_ratio"], values["height_ratio"]) == (0.5, 0.5)


def test_a_dialogue_is_a_yes_if_every_turn_is(tmp_path: Path) -> None:
    case = case_of("studio-multiturn", "version_backtracking")
    last = len(case.turns)
    folder = RunFolder(tmp_path)
    for turn in range(1, last + 1):
        put(folder, case, true_version(case, turn), turn=turn, digest=f"right {turn}")
    measure(folder, case)
    found = measured(folder)
    assert all(found[case.id, 1, turn].values["turn_yes"] for turn in range(1, last + 1))
    assert found[case.id, 1, last].values["session_yes"] == 1
    assert found[case.id, 1, last].values["psnr_db"] > 40
    assert found[case.id, 1, 1].values["oracle_failure"] == pytest.approx(0, abs=0.02)
    put(folder, case, true_version(case, 0), turn=1, digest="not done")
    put(folder, case, true_version(case, last - 1), turn=last, digest="not taken back")
    measure(folder, case)
    assert measured(folder)[case.id, 1, 1].values["oracle_failure"] > 0.9
    worse = measured(folder)[case.id, 1, last].values
    assert worse["session_yes"] == worse["turn_yes"] == 0
    append(folder.outputs, OutputLine(id=case.id, epoch=1, turn=1, seed=0, reason="refused"))
    measure(folder, case)
    missing = measured(folder)[case.id, 1, 1]
    assert missing.fault
    assert missing.values == {"turn_yes": 0.0}


def test_the_studio_distance_grows_with_what_is_wrong() -> None:
    case = case_of("studio-multiturn", "version_backtracking")
    source, distance = true_version(case, 0), StudioDistance()
    blurred = [np.asarray(cv2.GaussianBlur(source, (0, 0), s), np.uint8) for s in (4.0, 24.0)]
    assert distance(source, source) == 0
    assert 0 < distance(source, blurred[0]) < distance(source, blurred[1])
