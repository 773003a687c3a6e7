"""The published ImgEdit as it is unpacked: other folders, bare names, a premise, scores."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.faults import Fault, Reason
from resources.releases.read import ReadPair, list_release, load_pair
from tests.resources.releases.small_samples import sample

Turn = dict[str, object]


def turn(source: str, target: str, prompt: str = "Make it red.") -> Turn:
    return {"input_images": [source], "output_images": [target], "prompt": prompt}


def put(root: Path, *names: str) -> None:
    one = sample(0)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_source = path.name.startswith("ori")
        path.write_bytes(one.source.payload if is_source else one.target.payload)


def table(root: Path, name: str, rows: list[dict[str, object]]) -> None:
    (root / "Parquet").mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), root / "Parquet" / f"{name}.parquet")


def loaded(root: Path) -> list[ReadPair | Fault]:
    return [load_pair(ref) for ref in list_release(root)]


@pytest.mark.parametrize(
    ("said", "lies"),
    [
        ("part/1_2_3", "Singleturn/1_2_3"),
        ("replace/1_2_3", "Singleturn/results/1_2_3"),
        ("/mnt/data/part/1_2_3", "Singleturn/part/1_2_3"),
        ("/mnt/data/part/1_2_3", "Multiturn/1_2_3"),
    ],
)
def test_images_are_found_where_the_archives_unpack_them(
    tmp_path: Path, said: str, lies: str
) -> None:
    put(tmp_path, f"{lies}/original.png", f"{lies}/result.png")
    table(tmp_path, "adjust_canny_part2", [turn(f"{said}/original.png", f"{said}/result.png")])
    (pair,) = loaded(tmp_path)
    assert isinstance(pair, ReadPair), pair
    assert pair.label == "adjust_canny"
    assert pair.source == sample(0).source.payload


def test_a_bare_name_is_found_in_a_folder_of_frames(tmp_path: Path) -> None:
    put(tmp_path, "Singleturn/part1/ori_frame_1.jpg", "Singleturn/part1/frame_9.jpg")
    table(tmp_path, "action_part1", [turn("ori_frame_1.jpg", "frame_9.jpg")])
    (pair,) = loaded(tmp_path)
    assert isinstance(pair, ReadPair), pair


def test_a_name_that_may_be_two_files_is_a_fault(tmp_path: Path) -> None:
    for top in ("a", "b"):
        put(tmp_path, f"Singleturn/{top}/1_2_3/original.png", f"Singleturn/{top}/1_2_3/result.png")
    table(tmp_path, "replace_part0", [turn("c/1_2_3/original.png", "c/1_2_3/result.png")])
    (fault,) = loaded(tmp_path)
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.MISSING_FILE
    assert "may be any of" in fault.detail


def test_the_name_that_every_sample_has_is_not_found_by_itself(tmp_path: Path) -> None:
    put(tmp_path, "Singleturn/a/original.png", "Singleturn/a/result.png")
    table(tmp_path, "replace_part0", [turn("c/1_2_3/original.png", "c/1_2_3/result.png")])
    (fault,) = loaded(tmp_path)
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.MISSING_FILE


def test_a_first_turn_without_images_is_the_premise_of_the_next(tmp_path: Path) -> None:
    names = [f"Multiturn/m/1_2/{kind}_{n}.png" for n in (0, 1) for kind in ("origin", "result")]
    put(tmp_path, *names)
    premise: Turn = {"input_images": [], "output_images": [], "prompt": "All must be striped"}
    turns = [premise, *(turn(f"m/1_2/origin_{n}.png", f"m/1_2/result_{n}.png") for n in (0, 1))]
    table(tmp_path, "content_memory_part2", [{"data": turns}, {"data": turns}])
    refs = list(list_release(tmp_path))
    assert [ref.continues for ref in refs] == [False, True, False, True]
    pairs = [pair for pair in map(load_pair, refs) if isinstance(pair, ReadPair)]
    assert [(pair.turn, pair.turns) for pair in pairs] == [(1, 2), (2, 2)] * 2
    assert pairs[0].instruction == "All must be striped. Make it red."
    assert pairs[1].instruction == "Make it red."


def test_the_list_of_scores_is_read(tmp_path: Path) -> None:
    rows = []
    for name in ("x", "y", "z"):
        put(tmp_path, f"Singleturn/p/{name}/original.png", f"Singleturn/p/{name}/result.png")
        rows.append(turn(f"p/{name}/original.png", f"p/{name}/result.png"))
    table(tmp_path, "remove_part5", rows)
    scores = tmp_path / "all_dataset_gpt_score.json"
    scores.write_text(json.dumps({"p/x": 4.5, "p/y/result.png": 2}))
    assert [p.given_score for p in loaded(tmp_path) if isinstance(p, ReadPair)] == [4.5, 2.0, None]
    scores.write_text("[" * 5000)
    assert [p.reason for p in loaded(tmp_path) if isinstance(p, Fault)] == [Reason.BAD_ROW] * 3
