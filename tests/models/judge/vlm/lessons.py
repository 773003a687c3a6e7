"""Lessons about the edits on which judges are tried, and a base that can be taught."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.chat.chat_model import ChatRequest
from models.faults import Fault
from models.judge.judgement import Judgement
from models.judge.lesson import Lesson, LessonCard, card_of
from models.judge.origin import Origin
from models.judge.trial import EDITS, trial_cases
from models.judge.vlm.learner import QwenLearner
from models.weights import Weights
from models.zoo.vlms import write_qwen3_vl, write_qwen25_vl

WRITERS = {"qwen2.5-vl": write_qwen25_vl, "qwen3-vl": write_qwen3_vl}
DESERVED = {"good": (5, 5, 5), "copied": (1, 1, 1), "black": (1, 1, 1), "wrong": (2, 2, 2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLessons:
    """The pairs of the trial, each with what it deserves."""

    group: str = "learnt from"
    made: Sequence[Lesson] = ()

    @property
    def cards(self) -> list[LessonCard]:
        return [card_of(self[number]) for number in range(len(self))]

    def __len__(self) -> int:
        return sum(len(case) for case in trial_cases())

    def __getitem__(self, index: int) -> Lesson:
        if index >= len(self):
            raise IndexError(index)
        case, kind = divmod(index, len(EDITS))
        adherence, quality, preservation = DESERVED[EDITS[kind]]
        label = Judgement(
            adherence=adherence, quality=quality, preservation=preservation, reason="So."
        )
        return Lesson(
            id=f"{case} {EDITS[kind]}",
            request=trial_cases()[case][kind],
            label=label,
            origin=Origin.ORACLE,
            group=self.group,
            kind=EDITS[kind],
        )


class Sayings:
    """A model that says some free texts in turn."""

    name = "sayings"

    def __init__(self, *texts: str) -> None:
        self._texts = list(texts)
        self.asked: list[ChatRequest] = []

    def params(self) -> dict[str, object]:
        return {}

    def answer(self, requests: Sequence[ChatRequest]) -> list[Any | Fault]:
        self.asked += requests
        return [self._texts.pop(0) for _ in requests]


def learner(base: Path, **more: Any) -> QwenLearner:
    small = dict(
        steps=4,
        rows=4,
        rows_at_once=4,
        min_pixels=84 * 84,
        max_pixels=112 * 140,
        learning_rate=3e-3,
        rank=4,
        save_every=2,
        max_tokens=16,
    )
    return QwenLearner(base=Weights.at(base), **{**small, **more})
