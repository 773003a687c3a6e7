"""The strict protocol: what it reads, what it refuses, and what it asks."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmark.cases import BenchCase, CaseTurn, PictureFile
from benchmark.protocols.protocol import Status, protocol_hash
from benchmark.protocols.strict import StrictProtocol
from models.edit_types.registry import built_in_types
from models.judge.chat import JudgeReply

STRICT = StrictProtocol()


def case(task: str = "remove") -> BenchCase:
    return BenchCase(
        id="1",
        suite="own",
        task=task,
        source=PictureFile(Path("nowhere")),
        turns=(CaseTurn(instruction="Remove the {odd} cat.", starts_from=0),),
        cluster="c",
    )


def answer(*scores: object) -> str:
    names = ("adherence", "quality", "preservation", "more")
    return json.dumps(
        {name: {"reason": "so", "score": s} for name, s in zip(names, scores, strict=False)}
    )


def test_adherence_caps_the_others() -> None:
    nothing_done = STRICT.read(case(), 1, {"": answer(1, 5, 5)})
    assert (nothing_done.status, nothing_done.score) == (Status.SCORED, 1.0)
    assert STRICT.read(case(), 1, {"": answer(4, 3, 5)}).score == pytest.approx(11 / 3)


@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "<think>hm {{</think>{}"])
def test_an_object_is_read_in_a_fence_and_after_a_thought(around: str) -> None:
    text = around.replace("{}", answer(5, 4.5, 5)).replace("{{", "{")
    assert STRICT.read(case(), 1, {"": text}).score == pytest.approx((5 + 4.5 + 5) / 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Prompt Compliance: 4\nVisual Naturalness: 4\nPhysical & Detail Integrity: 4",
        "Très bien, cinq sur cinq.",
        answer(0, 5, 5),
        answer(6, 5, 5),
        answer(9, 9, 9),
        answer(4.3, 4, 4),
        answer(4, 4),
        answer(4, 4, 4, 4),
        answer("4/5", 4, 4),
        "**Adherence:** 4",
        answer(4, 4, 4)[:-9],
        "[" * 100_000,
    ],
)
def test_anything_else_is_unparsable_and_says_why(text: str) -> None:
    read = STRICT.read(case(), 1, {"": text})
    assert (read.status, read.score) == (Status.UNPARSABLE, None)
    assert read.reason


def test_a_judge_that_measures_keeps_its_decimals_and_a_model_has_none() -> None:
    said = json.dumps({"measured": True, **json.loads(answer(4.337, 3.25, 5))})
    read = STRICT.read(case(), 1, {"": said})
    assert read.criteria == {"adherence": 4.337, "quality": 3.25, "preservation": 4.337}
    assert STRICT.read(case(), 1, {"": answer(4.337, 3, 5)}).status is Status.UNPARSABLE
    beyond = said.replace("4.337", "5.2")
    assert STRICT.read(case(), 1, {"": beyond}).status is Status.UNPARSABLE


def test_a_missing_output_counts_as_the_least() -> None:
    assert STRICT.unscored(Status.MISSING, "none").score == 1.0
    assert STRICT.unscored(Status.FAILED, "no answer").score is None


def test_the_question_holds_rubric_and_instruction_and_pictures_of_one_size() -> None:
    source, edited = np.zeros((40, 60, 3), np.uint8), np.full((20, 20, 3), 9, np.uint8)
    questions = [
        STRICT.questions(case(task), 1, source, edited, None)[0] for task in ("remove", "?")
    ]
    for question in questions:
        assert "Remove the {odd} cat." in question.prompt
        assert [image.shape for image in question.images] == [source.shape, source.shape]
        assert question.form is JudgeReply
    assert questions[0].prompt != questions[1].prompt
    with_reference = STRICT.questions(case(), 1, source, edited, source)[0]
    assert len(with_reference.images) == 3
    assert "reference" in with_reference.prompt


def test_the_hash_is_that_of_all_that_scores_depend_on() -> None:
    class Lenient(StrictProtocol):
        def params(self) -> dict[str, object]:
            return {**super().params(), "cap": "none"}

    assert protocol_hash(STRICT) == protocol_hash(StrictProtocol()) != protocol_hash(Lenient())


def test_what_else_is_installed_changes_neither_rubrics_nor_hash() -> None:
    assert set(built_in_types()) == {path.stem for path in _declarations()}


def _declarations() -> list[Path]:
    folder = Path(__file__).parents[3] / "models" / "edit_types"
    return [p for p in folder.glob("*.py") if "\nEDIT_TYPE = " in p.read_text("utf-8")]
