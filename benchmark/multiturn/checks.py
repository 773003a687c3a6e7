"""Whether a turn of a studio dialogue was done, yes or no, from what can be measured.

    done       the turn's object changed plainly
    reference  it was that object that changed, and no other one
    premise    the result has the look that the first turn asked for
    reverted   a turn that goes back shows the version it goes back to, but for its own edit

A turn is a yes if all its checks are, a session if all its turns are. What an object should have
become is not checked: judges and people look at that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from benchmark.cases import BenchCase, pixels
from benchmark.suites.studio.versions import (
    RIM_PX,
    masks_before,
    pixels_of,
    truth_of,
    version_of,
)
from models.geometry import Bitmap, Box, Rgb
from models.judge.change import changed_frac, noticed
from models.judge.local import wears
from models.judge.view import CANVAS_PX, PairView, grown, view_of
from models.vocabulary import APPEARANCES

DONE_FRAC = 0.1
"""Least change of the turn's object."""
UNTOUCHED_FRAC = 0.1
"""Most change of any other object, and of a place that was put back."""
SAME_FRAC = 0.03
"""Most change of all that a turn which goes back does not ask for, as a share of it."""
PREMISE_SCORE = 2.6
"""Least grade of the look (`models.judge.local.WORN`): 60 % of the object has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of one turn."""

    name: str
    passed: bool
    measure: float
    """What was measured: a share from 0 to 1, of a premise a grade from 1 to 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnVerdict:
    """What the checks of a turn say."""

    case_id: str
    turn: int
    """Counted from 1."""
    checks: tuple[Check, ...]
    """None where there is no output."""

    @property
    def yes(self) -> bool:
        """Whether the turn was done."""
        return bool(self.checks) and all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionVerdict:
    """A dialogue as a whole."""

    turns: tuple[TurnVerdict, ...]

    @property
    def yes(self) -> bool:
        """Whether every turn was done."""
        return all(turn.yes for turn in self.turns)


def check_session(
    case: BenchCase, outputs: Mapping[int, Rgb], *, independent: bool = False
) -> SessionVerdict:
    """The verdict on one dialogue.

    Args:
        case: Of `studio-multiturn`.
        outputs: The result of each turn, counted from 1; a turn that is missing is a no.
        independent: Whether each turn was done to the truth's version, not to the editor's own.

    Raises:
        FaultError: The case has no truth.
    """
    truth_of(case)
    verdicts = []
    for number, turn in enumerate(case.turns, 1):
        given = _given(case, turn.starts_from, outputs, independent=independent)
        known = number in outputs and given is not None
        checks = (
            check_turn(case, number, given, outputs[number]) if known and given is not None else ()
        )
        verdicts.append(TurnVerdict(case_id=case.id, turn=number, checks=checks))
    return SessionVerdict(turns=tuple(verdicts))


def _given(
    case: BenchCase, version: int, outputs: Mapping[int, Rgb], *, independent: bool
) -> Rgb | None:
    if version == 0:
        return pixels(case.source)
    return pixels_of(version_of(case, version)) if independent else outputs.get(version)


def check_turn(case: BenchCase, turn: int, given: Rgb, result: Rgb) -> tuple[Check, ...]:
    """The checks that the case lists for a turn.

    Args:
        case: Of `studio-multiturn`.
        turn: Counted from 1.
        given: The version that the turn starts from, as the editor was given it.
        result: What the editor made of it, of any size.

    Raises:
        FaultError: The case has no truth.
    """
    looked = _Looked.at(case, turn, given, result)
    measures = {
        "done": looked.done,
        "reference": looked.reference,
        "premise": looked.premise,
        "reverted": looked.reverted,
    }
    return tuple(measures[name]() for name in case.turns[turn - 1].checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """A turn's two pictures side by side, with the places that its checks look at."""

    case: BenchCase
    turn: int
    view: PairView
    """Its mask is where the turn changes the picture."""
    after: Bitmap
    """The turn's object in the right result."""
    others: tuple[Bitmap, ...]
    """Every other object that is there."""
    undone: tuple[Bitmap, ...]
    """What the turns changed that are taken back, but where the turn edits itself."""

    @classmethod
    def at(cls, case: BenchCase, turn: int, given: Rgb, result: Rgb) -> "_Looked":
        truth, asked = truth_of(case), case.turns[turn - 1]
        scene = truth.scene
        size = (scene.width, scene.height)
        own = sorted({truth.subjects[o.subject] for o in asked.operations})
        before = version_of(case, asked.starts_from)
        after = version_of(case, turn)
        region = np.logical_or.reduce([*before.masks(own), *after.masks(own)])
        view = view_of(
            _sized(given, size),
            _sized(result, size),
            region,
            np.zeros_like(region),
            box=Box.canvas(*size),
            limit_px=CANVAS_PX,
        )
        rest = [at for at in range(len(scene.objects)) if at not in own and at not in before.gone]
        return cls(
            case=case,
            turn=turn,
            view=view,
            after=view.fitted(np.asarray(np.logical_or.reduce(after.masks(own)))),
            others=tuple(map(view.fitted, before.masks(rest))),
            undone=tuple(
                view.fitted(mask)
                for back in range(asked.starts_from + 1, turn)
                for mask in _changed_by(case, back)
            ),
        )

    def done(self) -> Check:
        share = changed_frac(self.view.delta, self.view.mask)
        return Check(name="done", passed=share >= DONE_FRAC, measure=share)

    def reference(self) -> Check:
        beyond = ~self._around()
        others = [changed_frac(self.view.delta, mask & beyond) for mask in self.others]
        worst = max(others, default=0.0)
        right = changed_frac(self.view.delta, self.view.mask) >= DONE_FRAC
        return Check(name="reference", passed=right and worst <= UNTOUCHED_FRAC, measure=worst)

    def premise(self) -> Check:
        region = self.after & (noticed(self.view.delta) > 0.5)
        graded = wears(self.view.after, region, _premise(self.case)) if region.any() else ()
        score = graded[0].score if graded else 1.0
        return Check(name="premise", passed=score >= PREMISE_SCORE, measure=score)

    def reverted(self) -> Check:
        beyond = ~self._around()
        worst = max((changed_frac(self.view.delta, m & beyond) for m in self.undone), default=0.0)
        share = changed_frac(self.view.delta, beyond)
        passed = worst <= UNTOUCHED_FRAC and share <= SAME_FRAC
        return Check(name="reverted", passed=passed, measure=max(worst, share))

    def _around(self) -> Bitmap:
        return grown(self.view.mask, self.view.px(RIM_PX))


def _premise(case: BenchCase) -> str:
    """The look that the first turn asks for."""
    target = case.turns[0].operations[0].target
    return target.look or (target.key if target.key in APPEARANCES else "")


def _changed_by(case: BenchCase, turn: int) -> tuple[Bitmap, ...]:
    subjects = {operation.subject for operation in case.turns[turn - 1].operations}
    before = masks_before(case, turn)
    after = version_of(case, turn).masks(truth_of(case).subjects)
    return tuple(np.asarray(before[s] | after[s]) for s in sorted(subjects))


def _sized(image: Rgb, size: tuple[int, int]) -> Rgb:
    if image.shape[1::-1] == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
