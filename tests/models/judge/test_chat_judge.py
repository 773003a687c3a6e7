import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.chat.replies import ReplyError, read_reply
from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.faults import Fault, Reason
from models.judge.chat import ChatJudge, JudgeReply, messages
from models.judge.judgement import Judgement, JudgeRequest
from models.vocabulary import Target

TYPES = load_edit_types()
SOURCE, TARGET, REFERENCE = (np.full((8, 8, 3), level, np.uint8) for level in (10, 20, 30))


def request(kind: str, **changes: Any) -> JudgeRequest:
    operation = Operation(
        edit_type="alter",
        subject=0,
        name="lamp",
        target=Target(key="marble", phrase="a marble lamp"),
    )
    asked = JudgeRequest(
        edit_type=TYPES[kind],
        edit_types=TYPES,
        instruction="Do the {lamp} as well.",
        operations=(operation,),
        source=SOURCE,
        target=TARGET,
        masks=(np.ones((8, 8), np.bool_),),
    )
    return replace(asked, **changes)


def graded(adherence: float, quality: float, preservation: float) -> dict[str, Any]:
    scores = {"adherence": adherence, "quality": quality, "preservation": preservation}
    return {name: {"reason": f" so is {name} ", "score": score} for name, score in scores.items()}


def test_a_class_shares_its_rubric_and_the_instruction_goes_before_the_images() -> None:
    asked = request("visual_edit", reference=REFERENCE)
    system, user = messages(asked)
    other, _ = messages(replace(asked, instruction="Another.", source=TARGET))
    assert system == other
    rubric = TYPES["visual_edit"].rubric
    for criterion in (rubric.adherence, rubric.quality, rubric.preservation):
        assert criterion in str(system.parts[0])
    texts = [part if isinstance(part, str) else int(part[0, 0, 0]) for part in user.parts]
    assert texts == [
        "The instruction: Do the {lamp} as well.",
        "The image before the edit:",
        10,
        "The image after the edit:",
        20,
        "The reference image:",
        30,
    ]


def test_what_a_turn_refers_to_is_said_of_dialogues_alone() -> None:
    _, single = messages(request("alter"))
    _, turn = messages(request("content_memory"))
    assert "marble" not in str(single.parts[0])
    assert "lamp, so that there is a marble lamp." in str(turn.parts[0])


def test_scores_are_the_models_own_and_uncapped(recorded: Callable[..., Any]) -> None:
    chat = recorded(graded(2, 4.5, 5))
    (verdict,) = ChatJudge(chat=chat).judge([request("remove")])
    assert verdict == Judgement(
        adherence=2,
        quality=4.5,
        preservation=5,
        reason="Adherence: so is adherence. Quality: so is quality. "
        "Preservation: so is preservation.",
    )
    assert isinstance(verdict, Judgement)
    assert verdict.capped().score == 2


@pytest.mark.parametrize("score", [0, 0.5, 5.5, 9, -1, 3.2, float("nan"), float("inf")])
def test_other_grades_do_not_count(score: float) -> None:
    with pytest.raises(ReplyError, match=r"quality\.score: .* is no grade"):
        read_reply(json.dumps(graded(3, score, 3)), JudgeReply)


def test_a_grade_needs_its_reason() -> None:
    answer = graded(3, 3, 3)
    answer["preservation"]["reason"] = " "
    with pytest.raises(ReplyError, match=r"preservation\.reason: give a reason"):
        read_reply(json.dumps(answer), JudgeReply)


def test_the_reason_is_asked_for_before_its_grade() -> None:
    assert list(JudgeReply.model_fields) == ["adherence", "quality", "preservation"]
    field = JudgeReply.model_json_schema()["$defs"]["Grade"]
    assert list(field["properties"]) == ["reason", "score"]


def test_a_judge_that_does_not_mend_its_answer_is_a_fault_in_place(
    recorded: Callable[..., Any],
) -> None:
    chat = recorded("I would say 4.", graded(9, 1, 1), graded(3, 3, 3))
    first, second = ChatJudge(chat=chat).judge([request("add"), request("alter")])
    assert first == Fault(
        reason=Reason.BAD_REPLY,
        detail="adherence.score: 9 is no grade: whole or half ones from 1 to 5 are",
    )
    assert isinstance(second, Judgement)
