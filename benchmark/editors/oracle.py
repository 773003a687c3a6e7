"""The upper end of the scale: what a perfect editor gives, known from the scenes' truth.

Local edits, extractions and later frames are the scene drawn anew. A *background* is the embedded
painter's scenery with the objects drawn before it, and a *style* is the embedded painter's
rendering: nobody else knows what those should look like, so there the oracle is one right answer
of many, and stands or falls with its painter.

With a flaw it is spoilt by a known degree (`models.studio.spoil`), for testing judges.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.asked import Weightless
from benchmark.editors.editor import EditCall
from benchmark.suites.studio.versions import (
    TYPES,
    Version,
    masks_before,
    pixels_of,
    truth_of,
    version_of,
)
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Bitmap, Rgb
from models.studio.perfect import on_white
from models.studio.spoil import SUITABLE, Flaw, spoil
from models.vocabulary import PaintKind

_ANYWHERE = (Flaw.NOT_DONE,)
"""What can be wrong with an edit of the whole picture."""


class OracleEditor(Weightless):
    """Gives the right result of each turn, whatever it was given.

    Args:
        flaw: A flaw of `models.studio.spoil.Flaw`; empty for none.
        degree: How much of it, 0 to 1.

    Raises:
        ImgEditError: There is no such flaw, or no such degree.
    """

    at_once = 1
    lanes = 2
    version = "1"

    def __init__(self, *, flaw: str = "", degree: float = 0.0) -> None:
        if flaw and flaw not in list(Flaw):
            message = f"no flaw {flaw!r}: name one of {', '.join(Flaw)}, or none"
            raise ImgEditError(message)
        if not 0 <= degree <= 1 or bool(flaw) != bool(degree):
            message = f"flaw {flaw!r} of degree {degree}: a flaw has a degree above 0, 1 at most"
            raise ImgEditError(message)
        self._flaw, self._degree = Flaw(flaw) if flaw else None, degree

    @property
    def name(self) -> str:
        """`oracle`, and what is wrong with it."""
        return f"oracle-{self._flaw}-{self._degree:g}" if self._flaw else "oracle"

    def params(self) -> Mapping[str, object]:
        """The flaw and its degree."""
        return {"flaw": str(self._flaw or ""), "degree": self._degree}

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """The right results, spoilt if asked; a fault for a case without truth."""
        return [self._edited(call) for call in calls]

    def _edited(self, call: EditCall) -> Rgb | Fault:
        try:
            after = version_of(call.case, call.turn)
            perfect = pixels_of(after)
            return (
                _spoilt(call, after, perfect, self._flaw, self._degree) if self._flaw else perfect
            )
        except FaultError as error:
            return error.fault


def _spoilt(call: EditCall, after: Version, perfect: Rgb, flaw: Flaw, degree: float) -> Rgb:
    kinds = _kinds(call)
    if any(flaw not in SUITABLE.get(kind, _ANYWHERE) for kind in kinds):
        detail = f"{call.case.id}: {flaw} means nothing for {', '.join(sorted(kinds))}"
        raise FaultError(Reason.UNPAINTABLE, detail)
    given = pixels_of(version_of(call.case, call.case.turns[call.turn - 1].starts_from))
    region = _region(call, after, kinds, perfect)
    return spoil(perfect, given, region, flaw, degree=degree, seed=call.seed)


def _kinds(call: EditCall) -> set[PaintKind]:
    return {
        step.paint
        for operation in call.case.turns[call.turn - 1].operations
        for step in TYPES[operation.edit_type].steps
        if isinstance(step.paint, PaintKind)
    }


def _region(call: EditCall, after: Version, kinds: set[PaintKind], perfect: Rgb) -> Bitmap:
    """Where the turn changes the picture; of a cut-out, where it stands."""
    if PaintKind.ISOLATE in kinds:
        return on_white(perfect)
    asked = {operation.subject for operation in call.case.turns[call.turn - 1].operations}
    before = masks_before(call.case, call.turn)
    if after.whole is not None:
        return before[0]
    subjects = truth_of(call.case).subjects
    later = after.masks([subjects[subject] for subject in sorted(asked)])
    return np.asarray(np.logical_or.reduce([*(before[s] for s in asked), *later]))
