"""The embedded metric judge, as one of a benchmark's judges.

It reads no rubric: of a case it takes the operations and the masks, and of a question its first two
pictures, source and edit. It answers in the form that `models.judge.chat.JudgeReply` describes,
grades in halves; of a pair it grades both edits, and names the better.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np

from benchmark.asked import Weightless
from benchmark.cases import BenchCase, pixels
from benchmark.judging.judge import Answer, Ask
from benchmark.judging.pair import PairReply
from benchmark.suites.studio.versions import TYPES, masks_before, type_of
from models.faults import Fault, FaultError, Reason
from models.geometry import Bitmap, Rgb
from models.judge.chat import Grade, JudgeReply
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.pair import MetricJudge

_AT_ONCE = 2


class BenchMetricJudge(Weightless):
    """Measures pixels: change in the masks and beside them, traces, colours, seams, layout."""

    name = "metric"
    kind = "metric, no model"
    at_once = 16
    lanes = 2

    def __init__(self) -> None:
        self._judge = MetricJudge()

    @property
    def version(self) -> str:
        """That of the embedded judge."""
        return self._judge.version

    def params(self) -> Mapping[str, object]:
        """There are none."""
        return self._judge.params()

    def check(self) -> None:
        """Nothing: it always can."""

    def setup(self) -> None:
        """Draw the catalogue."""
        self._judge.setup()

    def answer(self, asks: Sequence[Ask]) -> list[Answer | Fault]:
        """An answer to each question, in order.

        A case without operations, or without masks, is a fault: nothing tells what to measure.
        """
        # OpenCV and NumPy leave the interpreter free while they compute.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._answered, asks))

    def _answered(self, ask: Ask) -> Answer | Fault:
        if ask.form is PairReply:
            source, *edits = ask.images
            return _compared([self._judged(replace(ask, images=(source, e))) for e in edits])
        judged = self._judged(ask)
        return judged if isinstance(judged, Fault) else Answer(text=_said(judged))

    def _judged(self, ask: Ask) -> Judgement | Fault:
        try:
            request = _request(ask)
        except FaultError as error:
            return error.fault
        (judged,) = self._judge.judge([request])
        return judged


def _compared(judged: Sequence[Judgement | Fault]) -> Answer | Fault:
    """Which of two has the higher capped score; equal ones are a tie."""
    scores = []
    for one in judged:
        if isinstance(one, Fault):
            return one
        scores.append(one.capped().score)
    first, second = scores
    winner = "tie" if first == second else "first" if first > second else "second"
    reply = PairReply(reason=f"{first:.2f} against {second:.2f}", winner=winner)
    return Answer(text=reply.model_dump_json())


def _request(ask: Ask) -> JudgeRequest:
    turn = ask.case.turns[ask.turn - 1]
    if not turn.operations or len(ask.images) < 2:
        detail = (
            f"{ask.case.id}: the metric judge needs a source, an edit and what was meant; put "
            "cases without operations before a language model"
        )
        raise FaultError(Reason.UNPAINTABLE, detail)
    source, target = ask.images[:2]
    masks = tuple(_sized(mask, source) for mask in _masks(ask.case, ask.turn))
    operations = turn.operations
    if len(masks) == 1:
        operations = tuple(replace(o, subject=0) for o in operations)
    return JudgeRequest(
        edit_type=type_of(operations),
        instruction=turn.instruction,
        operations=operations,
        source=source,
        target=target,
        masks=masks,
        edit_types=TYPES,
    )


def _masks(case: BenchCase, turn: int) -> tuple[Bitmap, ...]:
    if case.truth is not None:
        return masks_before(case, turn)
    if case.mask is None:
        detail = f"{case.id}: the metric judge needs a mask of where the edit was asked for"
        raise FaultError(Reason.EMPTY_MASK, detail)
    return (np.asarray(pixels(case.mask).max(axis=2) > 0),)


def _sized(mask: Bitmap, like: Rgb) -> Bitmap:
    """A protocol may have shown the pictures at another size."""
    height, width = like.shape[:2]
    if mask.shape == (height, width):
        return mask
    small = cv2.resize(mask.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(small, np.bool_)


def _said(judged: Judgement) -> str:
    """The three grades; the one reason stands with each, since it names what decided all."""
    grades = {
        name: Grade(reason=judged.reason[:200], score=round(2 * getattr(judged, name)) / 2)
        for name in ("adherence", "quality", "preservation")
    }
    return JudgeReply(**grades).model_dump_json()
