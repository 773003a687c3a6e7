"""GEdit's and KRIS's formulas: of answers known by hand, and from the command line."""

import json
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmark.cases import sized
from benchmark.protocols.parted import PartedProtocol
from benchmark.protocols.protocol import ScoredCase, Status, protocol_hash
from benchmark.protocols.registry import make_protocol
from benchmark.runs.score import sample_lines
from benchmark.session import figures_of
from benchmark.suites.registry import load_suite
from models.faults import ImgEditError
from tests.benchmark.runs.test_runs import bench
from tests.benchmark.suites.official import gedit_rows, write, write_kris


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path_factory.getbasetemp() / "benchmark-home"))


@pytest.fixture
def gedit(tmp_path: Path) -> Path:
    (tmp_path / "gedit").mkdir()
    pl.DataFrame(gedit_rows()).write_parquet(tmp_path / "gedit" / "train.parquet")
    return tmp_path / "gedit"


def answer(*numbers: float) -> str:
    names = ("first", "second", "third")
    return json.dumps({"reasoning": "so", **dict(zip(names, numbers, strict=False))})


def grade(score: object) -> str:
    return json.dumps({"reasoning": "so", "score": score})


def protocol_of(name: str, data: Path) -> tuple[PartedProtocol, Any]:
    suite = load_suite(name.partition(",")[0], data, data.parent / "cache")
    protocol = make_protocol(name, suite)
    assert isinstance(protocol, PartedProtocol)
    return protocol, suite.cases()


def test_gedit_is_the_root_of_the_lesser_numbers_by_group_and_language(gedit: Path) -> None:
    protocol, cases = protocol_of("gedit", gedit)
    first = {"semantic": answer(9, 4), "quality": answer(10, 9)}
    other = {"semantic": answer(0, 10), "quality": answer(8, 8)}
    scored = [
        ScoredCase(case=case, epoch=1, turn=1, score=protocol.read(case, 1, answers))
        for case, answers in zip(cases, (first, other, first, first), strict=True)
    ]
    assert scored[0].score.score == 6.0
    assert scored[0].score.criteria == {"semantic": 4.0, "quality": 9.0}
    assert scored[1].score.score == 0.0
    figures = figures_of(sample_lines(scored, "j", {}), protocol, "j")
    assert figures["overall"]["mean"] == pytest.approx(((6 + 0) / 2 + 6) / 2)
    criteria = {name: one["mean"] for name, one in figures["criteria"].items()}
    assert criteria == {"semantic": (2 + 4) / 2, "quality": (8.5 + 9) / 2}
    groups = {name: group["mean"] for name, group in figures["groups"].items()}
    assert groups == {
        "en": 6.0, "cn": 3.0, "intersection": 3.0, "en/intersection": 6.0, "cn/intersection": 0.0,
    }  # fmt: skip


def test_gedit_never_guesses(gedit: Path) -> None:
    protocol, (case, *_) = protocol_of("gedit", gedit)
    good = answer(5, 5)
    for text in ("", "I cannot.", answer(5), answer(5, 5, 5), answer(11, 5), answer(-1, 5)):
        read = protocol.read(case, 1, {"semantic": good, "quality": text})
        assert (read.status, read.score) == (Status.UNPARSABLE, None)
        assert read.reason.startswith("quality: ")
    assert protocol.read(case, 1, {"semantic": good, "quality": answer(9, 8)}).score == sqrt(40)


def test_the_scripts_own_ways_are_quirks_that_are_switched_on(gedit: Path, tmp_path: Path) -> None:
    quirks = "guessed=true,source_size=true,jpeg=true"
    protocol, (case, *_) = protocol_of(f"gedit,{quirks}", gedit)
    assert protocol.name == "gedit/1 +guessed +jpeg +source_size"
    said = {"semantic": answer(5, 5), "quality": "I cannot."}
    read = protocol.read(case, 1, said)
    assert read == protocol.read(case, 1, said)
    assert read.criteria["quality"] in range(11)
    noise = np.random.default_rng(0).integers(0, 256, (12, 18, 3), np.uint8)
    semantic, _ = protocol.questions(case, 1, noise[:4, :6], noise, None)
    assert semantic.form is None
    assert semantic.images[1].shape == (4, 6, 3)
    assert not np.array_equal(semantic.images[1], sized(noise, noise[:4, :6]))
    kris, cases = protocol_of("kris,first_digit=true", write_kris(tmp_path / "KRIS_Bench"))
    case = next(case for case in cases if case.task == "viewpoint_change")
    told = dict.fromkeys(("consistency", "instruction", "quality"), "9 of 10, so 4.")
    assert kris.read(case, 1, told).score == 0.0  # The 1 of "10" comes before the 4.


def test_kris_shows_metrics_of_a_hundred_and_asks_for_knowledge_where_there_is_any(
    tmp_path: Path,
) -> None:
    protocol, cases = protocol_of("kris", write_kris(tmp_path / "KRIS_Bench"))
    by_task = {case.task: case for case in cases}
    source = np.zeros((4, 6, 3), np.uint8)
    asked = {
        task: protocol.questions(case, 1, source, source + 9, source if case.further else None)
        for task, case in by_task.items()
    }
    assert [q.part for q in asked["biology"]] == [
        "consistency", "instruction", "quality", "knowledge",
    ]  # fmt: skip
    assert "Two stand." in asked["biology"][3].prompt
    assert [len(q.images) for q in asked["biology"]] == [2, 2, 1, 2]
    assert [len(q.images) for q in asked["viewpoint_change"]] == [3, 3, 1]  # And the right result.
    assert [len(q.images) for q in asked["multi-element_composition"]] == [4, 4, 1]
    assert not any("<" in question.prompt for some in asked.values() for question in some)
    answers = {"consistency": grade(5), "instruction": grade(3), "quality": grade(4)}
    read = protocol.read(by_task["viewpoint_change"], 1, answers)
    assert (read.score, read.criteria["instruction"]) == (75.0, 50.0)
    assert protocol.read(by_task["biology"], 1, answers).status is Status.UNPARSABLE
    for wrong in (0, 6, 2.5, "four"):
        bad = answers | {"quality": grade(wrong)}
        assert protocol.read(by_task["viewpoint_change"], 1, bad).score is None


def test_the_users_own_wording_is_taken_and_changes_the_hash(gedit: Path) -> None:
    ours, _ = protocol_of("gedit", gedit)
    prompts = {"semantic": "Rate <edit_prompt>.", "quality": "How good?"}
    write(gedit / "prompts.json", prompts)
    theirs, (case, *_) = protocol_of("gedit", gedit)
    image = np.zeros((4, 6, 3), np.uint8)
    semantic, quality = theirs.questions(replace(case), 1, image, image, None)
    assert (semantic.prompt, quality.prompt) == ("Rate Add a cat..", "How good?")
    assert protocol_hash(ours) != protocol_hash(theirs)
    write(gedit / "prompts.json", prompts | {"semantic": "Rate."})
    with pytest.raises(ImgEditError, match="no slot <edit_prompt>"):
        protocol_of("gedit", gedit)


@pytest.mark.parametrize("name", ["gedit", "kris"])
def test_a_judge_is_asked_each_part(name: str, gedit: Path, tmp_path: Path) -> None:
    data = gedit if name == "gedit" else write_kris(tmp_path / "KRIS_Bench")
    out = tmp_path / "out"
    given = ("--tasks", name, "--data", data, "--protocol", name, "--output-path", out)
    judge = ("--judge", "scripted", "--judge-args", "script=debug", "--no-trial")
    bench("run", *given, "--epochs", 1, *judge, "--fail-on-error", 1)
    figures = json.loads((out / f"results.{name}.json").read_text())
    parts = 8 if name == "gedit" else 3 + 3 + 4
    asked = (out / "judge" / "scripted.jsonl").read_text().splitlines()
    assert len(asked) == parts
    assert figures["counts"]["scored"] == figures["total"]
    assert (figures["protocol"], figures["protocol_params"]["missing"]) == (f"{name}/1", 0.0)
    with pytest.raises(ImgEditError, match=f"official is for imgedit-basic, not for {name}"):
        bench("score", "--output-path", out, "--data", data, "--protocol", "official")
