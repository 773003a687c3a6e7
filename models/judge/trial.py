"""The trial of a judge: one that cannot tell a good edit from none is not asked about others.

Two drawn edits whose right results are known are shown to it four times each: done rightly, not at
all, to black, and wrongly. The good edit must come out above each of the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.faults import Fault, ImgEditError
from models.geometry import Bitmap, Rgb
from models.judge.judgement import Judgement, JudgeRequest
from models.studio.scene import make_scene, render, visible_masks
from models.studio.spoil import Flaw, spoil
from models.vocabulary import Target

EDITS = ("good", "copied", "black", "wrong")
"""In the order of a trial."""

_SCENE, _SUBJECT = 0, 4
"""The pagoda in the middle of a meadow."""
_SEED = 0
_QUOTED = 80
"""Characters of a reason that are repeated."""


class UntrustworthyJudgeError(ImgEditError):
    """A judge that puts a good edit no higher than a copied, a black or a wrong one."""


def try_judge(
    name: str, judge: Callable[[Sequence[JudgeRequest]], Sequence[Judgement | Fault]]
) -> None:
    """Show a judge the edits of the trial.

    Args:
        name: What it is called.
        judge: Gives a verdict on each pair.

    Raises:
        UntrustworthyJudgeError: A good edit is not above each of the others; the text says what
            the judge answered.
    """
    cases = trial_cases()
    verdicts = iter(judge([request for case in cases for request in case]))
    for case in cases:
        found = [next(verdicts) for _ in case]
        if not in_order([None if isinstance(v, Fault) else v.capped().score for v in found]):
            said = told(name, case[0].instruction, [_said(verdict) for verdict in found])
            # In one line: a run's summary shows no more of an error.
            msg = f"{' '.join(said.split())}; name another judge, or set trial = false"
            raise UntrustworthyJudgeError(msg)


def in_order(scores: Sequence[float | None]) -> bool:
    """Whether all edits of a case have a score, and the first, the good one, the highest."""
    good, *others = (float("nan") if score is None else score for score in scores)
    return all(other < good for other in others)


def told(name: str, instruction: str, answers: Sequence[str]) -> str:
    """What a judge that failed answered, a line for each of `EDITS`."""
    lines = "".join(f"\n  {edit}: {said}" for edit, said in zip(EDITS, answers, strict=True))
    return (
        f"judge {name} does not put a good edit above a copied, a black and a wrong one "
        f"({instruction}):{lines}"
    )


@lru_cache(maxsize=1)
def trial_cases() -> tuple[tuple[JudgeRequest, ...], ...]:
    """Of each case the pairs in the order of `EDITS`: an object is removed, and it is added."""
    scene = make_scene(_SCENE)
    thing, mask = scene.objects[_SUBJECT], visible_masks(scene)[_SUBJECT]
    others = (*scene.objects[:_SUBJECT], *scene.objects[_SUBJECT + 1 :])
    there, gone = render(scene), render(replace(scene, objects=others))
    erase = Operation(
        edit_type="remove", subject=0, name=thing.name, target=Target(key="", phrase="")
    )
    insert = replace(
        erase, edit_type="add", target=Target(key=thing.name, phrase=f"a {thing.name}")
    )
    return (
        _case(erase, f"Remove the {thing.name}.", source=there, good=gone, mask=mask),
        _case(insert, f"Put a {thing.name} in the middle.", source=gone, good=there, mask=mask),
    )


def _case(
    operation: Operation, instruction: str, *, source: Rgb, good: Rgb, mask: Bitmap
) -> tuple[JudgeRequest, ...]:
    wrong = spoil(good, source, mask, Flaw.WRONG_OBJECT, degree=1, seed=_SEED)
    types = load_edit_types()
    return tuple(
        JudgeRequest(
            edit_type=types[operation.edit_type],
            edit_types=types,
            instruction=instruction,
            operations=(operation,),
            source=source,
            target=result,
            masks=(mask,),
        )
        for result in (good, source, np.zeros_like(good), wrong)
    )


def _said(verdict: Judgement | Fault) -> str:
    if isinstance(verdict, Fault):
        return f"{verdict.reason}: {verdict.detail[:_QUOTED]}"
    return (
        f"{verdict.capped().score:.2f} (adherence {verdict.adherence:.3g}, quality "
        f"{verdict.quality:.3g}, preservation {verdict.preservation:.3g}) "
        f"{verdict.reason[:_QUOTED]}"
    )
