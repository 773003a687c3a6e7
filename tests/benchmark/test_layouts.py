"""Where a folder of outputs holds which output."""

from pathlib import Path

import pytest

from benchmark.cases import BenchCase, CaseTurn, PictureFile
from benchmark.layouts import (
    Layout,
    layout_of,
    output_names,
    output_path_of,
    outputs_root,
    safe_name,
)
from models.faults import ImgEditError


def case(case_id: str, turns: int = 1) -> BenchCase:
    """A case of which only the id and the turns matter."""
    return BenchCase(
        id=case_id,
        suite="own",
        task="add",
        source=PictureFile(Path("source.png")),
        turns=tuple(CaseTurn(instruction="Add a lamp.", starts_from=n) for n in range(turns)),
        cluster="c",
    )


@pytest.mark.parametrize(
    ("layout", "case_id", "expected"),
    [
        (Layout.IMGEDIT, "1082", ("1082.png",)),
        (Layout.GEDIT, "subject-add/en/ab12", ("fullset/subject-add/en/ab12.png",)),
        (Layout.KRIS, "biology/7", ("biology/7.jpg", "biology/7.png")),
        (Layout.RUN, "biology/7", ("images/biology%2F7/1.png",)),
        (Layout.IMGEDIT, "../../etc/x", ("..%2F..%2Fetc%2Fx.png",)),
        (Layout.KRIS, "../x", ("%2E%2E/x.jpg", "%2E%2E/x.png")),
    ],
)
def test_names_follow_each_layout_and_never_leave_the_folder(
    layout: Layout, case_id: str, expected: tuple[str, ...]
) -> None:
    assert output_names(case(case_id), layout) == expected


def test_cases_of_several_turns_have_an_output_of_each() -> None:
    several = case("3", turns=2)
    assert output_names(several, Layout.IMGEDIT, turn=2) == ("3_2.png",)
    assert output_names(several, Layout.RUN, turn=2, epoch=3) == ("images/3/3_2.png",)


def test_the_suffix_that_is_there_counts(tmp_path: Path) -> None:
    (tmp_path / "biology").mkdir()
    (tmp_path / "biology" / "7.png").touch()
    assert output_path_of(case("biology/7"), tmp_path, Layout.KRIS).name == "7.png"
    assert output_path_of(case("biology/8"), tmp_path, Layout.KRIS).name == "8.jpg"


def test_a_run_is_known_by_its_specification(tmp_path: Path) -> None:
    assert layout_of(tmp_path, "gedit") is Layout.GEDIT
    assert layout_of(tmp_path, "imgedit-uge") is Layout.IMGEDIT
    (tmp_path / "run_spec.json").touch()
    assert layout_of(tmp_path, "gedit") is Layout.RUN


@pytest.mark.parametrize("given", ["", "m", "results", "results/m"])
def test_the_folder_of_the_model_is_found(tmp_path: Path, given: str) -> None:
    (tmp_path / "results" / "m" / "biology").mkdir(parents=True)
    (tmp_path / "m" / "fullset").mkdir(parents=True)
    layout = Layout.KRIS if given.startswith("results") else Layout.GEDIT
    root = outputs_root(tmp_path / given, layout)
    assert root == tmp_path / ("results/m" if layout is Layout.KRIS else "m")


def test_outputs_of_several_models_are_not_mixed(tmp_path: Path) -> None:
    for model in ("one", "two"):
        (tmp_path / model / "fullset").mkdir(parents=True)
    with pytest.raises(ImgEditError, match=r"several models \(one, two\): give one"):
        outputs_root(tmp_path, Layout.GEDIT)
    with pytest.raises(ImgEditError, match="not a folder"):
        outputs_root(tmp_path / "nowhere", Layout.IMGEDIT)


@pytest.mark.parametrize("name", ["a/b", "..", ".", "", " ", "ü", "a\0b", "plain-1_x.png"])
def test_any_name_is_one_component_of_a_path(name: str, tmp_path: Path) -> None:
    made = tmp_path / safe_name(name)
    made.touch()
    assert made.parent == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == [safe_name(name)]
