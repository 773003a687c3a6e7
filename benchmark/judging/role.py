"""Judges of the pipeline as judges of a benchmark: the embedded metric one, and a profile's own.

They read no rubric: of a case they take the instruction and what it means, and of a question its
first two pictures, source and edit. They answer in the form of `models.judge.chat.MeasuredReply`,
with all their decimals; of a pair both edits are graded, and the better is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from benchmark.asked import Weightless
from benchmark.cases import BenchCase, pixels
from benchmark.judging.judge import Answer, Ask
from benchmark.judging.pair import PairReply
from benchmark.suites.studio.versions import TYPES, masks_before, type_of
from models.edit_types.spec import EditType
from models.faults import Fault, FaultError, Reason
from models.geometry import Bitmap, Rgb
from models.judge.chat import Measure, MeasuredReply
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.pair import MetricJudge
from resources.roles import Judge

_AT_ONCE = 2
_DIGITS = 3
"""Decimals of a grade."""


@dataclass(frozen=True, kw_only=True)
class RoleBenchJudge(Weightless):
    """A judge of a profile's role, with a template and an answer contract of its own."""

    judge: Judge
    label: str = ""
    """What it is called in reports; its own name where it is empty."""
    kind: str = "trained judge"

    at_once = 16
    lanes = 1

    @property
    def name(self) -> str:
        """The label, or what it calls itself."""
        return self.label or self.judge.name

    @property
    def version(self) -> str:
        """Its own."""
        return self.judge.version

    def params(self) -> Mapping[str, object]:
        """All that changes its answers."""
        return self.judge.params()

    def check(self) -> None:
        """Nothing: what it lacks is told when it is made."""

    def setup(self) -> None:
        """Load it."""
        self.judge.setup()

    def answer(self, asks: Sequence[Ask]) -> list[Answer | Fault]:
        """An answer to each question, in order; a fault where nothing tells what to look at."""
        prepared = [[self._request(ask, edit) for edit in _edits(ask)] for ask in asks]
        ready = [r for each in prepared for r in each if isinstance(r, JudgeRequest)]
        verdicts = iter(self.judged(ready))
        return [_answer(ask, each, verdicts) for ask, each in zip(asks, prepared, strict=True)]

    def judged(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """The verdicts."""
        return self.judge.judge(requests)

    def masks(self, ask: Ask) -> tuple[Bitmap, ...]:
        """Where the edit was asked for: none, where it is not needed.

        Raises:
            FaultError: It is needed, and not known.
        """
        del ask
        return ()

    def _request(self, ask: Ask, edited: Rgb) -> JudgeRequest | Fault:
        turn, source = ask.case.turns[ask.turn - 1], ask.images[0]
        try:
            masks = tuple(_sized(mask, source) for mask in self.masks(ask))
        except FaultError as error:
            return error.fault
        operations = turn.operations
        if len(masks) == 1:
            operations = tuple(replace(o, subject=0) for o in operations)
        return JudgeRequest(
            edit_type=_type_of(ask.case, ask.turn),
            instruction=turn.instruction,
            operations=operations,
            source=source,
            target=edited,
            masks=masks,
            edit_types=TYPES,
        )


@dataclass(frozen=True, kw_only=True)
class BenchMetricJudge(RoleBenchJudge):
    """Measures pixels: change in the masks and beside them, traces, colours, seams, layout."""

    judge: Judge = field(default_factory=MetricJudge)
    label: str = "metric"
    kind: str = "metric, no model"
    lanes = 2

    def judged(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """The verdicts."""
        # OpenCV and NumPy leave the interpreter free while they compute.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return [one for (one,) in pool.map(lambda r: self.judge.judge([r]), requests)]

    def masks(self, ask: Ask) -> tuple[Bitmap, ...]:
        """A mask for each subject, or the case's own.

        Raises:
            FaultError: There is none, or nothing tells what was meant.
        """
        case = ask.case
        if not case.turns[ask.turn - 1].operations:
            detail = (
                f"{case.id}: the metric judge needs what was meant; put cases without operations "
                "before a language model"
            )
            raise FaultError(Reason.UNPAINTABLE, detail)
        if case.truth is not None:
            return masks_before(case, ask.turn)
        if case.mask is None:
            detail = f"{case.id}: the metric judge needs a mask of where the edit was asked for"
            raise FaultError(Reason.EMPTY_MASK, detail)
        return (np.asarray(pixels(case.mask).max(axis=2) > 0),)


def _edits(ask: Ask) -> tuple[Rgb, ...]:
    """The pictures to grade: of a pair there are two."""
    return ask.images[1 : 3 if ask.form is PairReply else 2]


def _answer(
    ask: Ask, prepared: Sequence[JudgeRequest | Fault], verdicts: Iterator[Judgement | Fault]
) -> Answer | Fault:
    found = [each if isinstance(each, Fault) else next(verdicts) for each in prepared]
    if fault := next((one for one in found if isinstance(one, Fault)), None):
        return fault
    judged = [one for one in found if isinstance(one, Judgement)]
    if not judged:
        detail = f"{ask.case.id}: the judge needs a source and an edit, and is shown one picture"
        return Fault(reason=Reason.UNPAINTABLE, detail=detail)
    return Answer(text=_compared(*judged) if ask.form is PairReply else _said(*judged))


def _compared(first: Judgement, second: Judgement) -> str:
    """Which of two has the higher capped score; equal ones are a tie."""
    one, two = first.capped().score, second.capped().score
    winner = "tie" if one == two else "first" if one > two else "second"
    return PairReply(reason=f"{one:.2f} against {two:.2f}", winner=winner).model_dump_json()


def _type_of(case: BenchCase, turn: int) -> EditType:
    """By what the turn means, else by the suite's task, else the mixed one."""
    if operations := case.turns[turn - 1].operations:
        return type_of(operations)
    by_task = {edit_type.benchmark_task: edit_type for edit_type in TYPES.values()}
    return by_task.get(case.task or "-", TYPES["hybrid"])


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
        name: Measure(reason=judged.reason[:200], score=round(getattr(judged, name), _DIGITS))
        for name in ("adherence", "quality", "preservation")
    }
    return MeasuredReply(measured=True, **grades).model_dump_json()
