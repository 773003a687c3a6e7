"""Published sets, in small files of just their layouts."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

from benchmark.cases import pixels
from benchmark.public_sets import compared, rated_edits
from benchmark.suites.pictures import Pictures
from models.faults import ImgEditError


def png(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), value, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def cell(value: int) -> Mapping[str, Any]:
    """A picture in a table, as `datasets` writes it."""
    return {"bytes": png(value), "path": None}


def opened(folder: Path) -> Pictures:
    return Pictures(cache=folder / "cache")


def test_editscore_s_bench_has_the_better_result_first_and_names_what_is_compared(
    tmp_path: Path,
) -> None:
    rows = [
        {
            "key": [f"a{n}", f"b{n}"],
            "task_type": "add",
            "dimension": dimension,
            "instruction": "add a cat",
            "input_image": cell(0),
            "output_images": [cell(1), cell(2)],
        }
        for n, dimension in enumerate(("overall", "consistency"))
    ]
    data = pa.Table.from_pylist(rows)
    with pa.ipc.new_stream(str(tmp_path / "data-00000-of-00001.arrow"), data.schema) as stream:
        stream.write_table(data)
    first, second = compared("editscore", tmp_path, opened(tmp_path))
    assert (first.criterion, second.criterion) == ("score", "preservation")
    assert first.worth == (1, 0)
    assert [int(pixels(result)[0, 0, 0]) for result in first.results] == [1, 2]
    assert first.group != second.group


def test_tiger_s_bench_keeps_the_comparisons_of_one_ranking_together(tmp_path: Path) -> None:
    (tmp_path / "3pair").mkdir()
    orders = (("AvsB", "A>B"), ("AvsC", "C>A"), ("BvsC", "B=C"))
    pl.DataFrame(
        [
            {
                "id": f"x_{n}",
                "dataset": "3pair",
                "instruction": "make it blue",
                "source_image": png(0),
                "candidate_1": png(1),
                "candidate_2": png(2),
                "comparison_type": kind,
                "ranking": ranking,
            }
            for n, (kind, ranking) in enumerate(orders)
        ]
    ).write_parquet(tmp_path / "3pair" / "train-00000-of-00001.parquet")
    found = [*compared("tiger", tmp_path, opened(tmp_path))]
    assert [one.worth for one in found] == [(1, 0), (0, 1), (0, 0)]
    assert len({one.group for one in found}) == 1


def test_genai_bench_and_vcreward_tell_a_side_or_a_tie(tmp_path: Path) -> None:
    genai, vcreward = tmp_path / "genai", tmp_path / "vc"
    (genai / "image_edition").mkdir(parents=True)
    pl.DataFrame(
        [
            {
                "source_prompt": "",
                "target_prompt": "",
                "instruct_prompt": "remove the car",
                "source_image": cell(0),
                "left_model": "a",
                "left_output_image": cell(1),
                "right_model": "b",
                "right_output_image": cell(2),
                "vote_type": vote,
            }
            for vote in ("leftvote", "rightvote", "bothbad_vote")
        ]
    ).write_parquet(genai / "image_edition" / "test-00000-of-00001.parquet")
    found = [*compared("genai", genai, opened(tmp_path))]
    assert [one.worth for one in found] == [(1, 0), (0, 1), (0, 0)]

    (vcreward / "images").mkdir(parents=True)
    for n in range(3):
        (vcreward / "images" / f"{n}.png").write_bytes(png(n))
    line = {
        "key": "k",
        "task": "subject_add",
        "instruction": "add a hat",
        "source_image": "images/0.png",
        "edited_images": ["images/1.png", "images/2.png"],
        "winner": "Image B",
    }
    (vcreward / "metadata.jsonl").write_text(json.dumps(line))
    (one,) = compared("vcreward", vcreward, opened(tmp_path))
    assert (one.worth, one.criterion) == ((0, 1), "preservation")


def test_editreward_s_scores_come_on_our_scale_from_both_of_its_layouts(tmp_path: Path) -> None:
    table, listed = tmp_path / "table", tmp_path / "listed"
    table.mkdir()
    listed.mkdir()
    scores = {
        f"{side}_{name}_score": score
        for side, some in (("left", (4.0, 1.0)), ("right", (1.0, 4.0)))
        for name, score in zip(("instruction_following", "quality_aesthetic"), some, strict=True)
    }
    pictures = {"source_img": 0, "left_output_image": 1, "right_output_image": 2}
    row = {"instruction": "turn it", **{k: cell(v) for k, v in pictures.items()}, **scores}
    pl.DataFrame([row, row]).write_parquet(table / "train-00000-of-00001.parquet")
    left, right = rated_edits("editreward_data", table, opened(tmp_path))
    assert (left.label.adherence, left.label.quality, left.label.preservation) == (5, 1, 5)
    assert right.label.score == 1  # adherence caps
    assert left.cluster == right.cluster

    (listed / "x").mkdir()
    for n, name in enumerate(("source", "a", "b")):
        (listed / "x" / f"{name}.png").write_bytes(png(n))
    entry = {
        "prompt": "turn it",
        **{"path_src": "x/source.png", "path1": "x/a.png", "path2": "x/b.png"},
        **{"model1_dim1_score": 4, "model1_dim2_score": 1},
        **{"model2_dim1_score": 1, "model2_dim2_score": 4},
    }
    (listed / "train.json").write_text(json.dumps([entry]))
    same = [*rated_edits("editreward_data", listed, opened(tmp_path))]
    assert [edit.label for edit in same] == [left.label, right.label]


def test_editscore_s_two_answers_about_an_edit_make_one_rating(tmp_path: Path) -> None:
    for n, name in enumerate(("source", "edit", "other")):
        (tmp_path / f"{name}.png").write_bytes(png(n))

    def entry(images: list[str], scores: list[int], said: str = "") -> dict[str, Any]:
        answer = json.dumps({"reasoning": "as asked", "score": scores})
        turns = [{"from": "human", "value": f"<image> {said}"}, {"from": "gpt", "value": answer}]
        return {"conversations": turns, "images": images}

    semantics = "RULES ...\n\nEditing instruction: add a dog\n"
    (tmp_path / "reward.json").write_text(
        json.dumps(
            [
                entry(["source.png", "edit.png"], [25, 20], semantics),
                entry(["source.png", "other.png"], [0, 0], semantics),
                entry(["edit.png"], [15, 10]),
            ]
        )
    )
    (edit,) = rated_edits("editscore_data", tmp_path, opened(tmp_path))
    assert edit.instruction == "add a dog"
    label = edit.label
    assert (label.adherence, label.quality, label.preservation) == pytest.approx((5, 2.6, 4.2))


def test_what_is_not_as_published_is_said_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match=r"no metadata\.jsonl below"):
        next(compared("vcreward", tmp_path, opened(tmp_path)))
    (tmp_path / "metadata.jsonl").write_text('{"key": "k"}\n{"key": "l", "winner": "the left one"}')
    with pytest.raises(ImgEditError, match=r"line 1: no 'winner'(.|\n)*line 2: the winner is"):
        next(compared("vcreward", tmp_path, opened(tmp_path)))
    with pytest.raises(ImgEditError, match="choose one of editscore, tiger"):
        next(compared("hpd", tmp_path, opened(tmp_path)))
