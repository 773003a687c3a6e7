"""The painters of the data pipeline as an editor: they are told what is meant and where.

So they show what painting alone is worth, without understanding words or finding objects: their
figures belong beside those of editors that get no masks, not among them.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.asked import Weightless
from benchmark.editors.editor import EditCall
from benchmark.suites.studio.versions import TYPES, masks_before
from models.dialogues.scenes import Effect, effect_of
from models.edit_types.spec import EditType, Operation, Step
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Rgb
from models.paint.classical import ClassicalPainter
from models.painting import PaintRequest
from models.vocabulary import PaintKind
from resources.roles import Painter

_REFERENCE_SHORT_SIDE_PX = 1024
"""`Step.grow_px` is given for images of this short side."""

_ADDING = Step(paint=PaintKind.INSERT, grow_px=8)
"""The pipeline makes pairs of *add* backwards, by erasing; an editor has to put the thing there."""


class PainterEditor(Weightless):
    """Paints each operation of a turn, in their order, with the truth's mask.

    Args:
        painter: Any backend of the painter's role; the embedded one if None.
    """

    name = "painters"
    at_once = 4
    lanes = 2

    def __init__(self, painter: Painter | None = None) -> None:
        self._painter: Painter = painter or ClassicalPainter()

    @property
    def version(self) -> str:
        """That of its painter."""
        return f"{self._painter.name} {self._painter.version}"

    def params(self) -> Mapping[str, object]:
        """Those of its painter."""
        return {"painter": self._painter.name, **self._painter.params()}

    def setup(self) -> None:
        """Load what the painter needs."""
        self._painter.setup()

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """The painted images; a fault for a case that says no operations, or one nobody paints."""
        return [self._edited(call) for call in calls]

    def _edited(self, call: EditCall) -> Rgb | Fault:
        asked = call.case.turns[call.turn - 1].operations
        if not asked:
            detail = f"{call.case.id}: painters follow operations, and the case says none"
            return Fault(reason=Reason.UNPAINTABLE, detail=detail)
        try:
            masks = masks_before(call.case, call.turn)
            image = call.image
            for operation in asked:
                mask = masks[operation.subject if len(masks) > 1 else 0]
                for step in _steps(TYPES[operation.edit_type]):
                    image = self._painted(image, operation, step, mask, call.seed)
        except FaultError as error:
            return error.fault
        return image

    def _painted(
        self, image: Rgb, operation: Operation, step: Step, mask: np.ndarray, seed: int
    ) -> Rgb:
        if not isinstance(step.paint, PaintKind):
            message = f"edit type {operation.edit_type!r} paints by itself; ask for a built-in one"
            raise ImgEditError(message)
        request = PaintRequest(
            kind=step.paint,
            image=image,
            mask=mask,
            name=operation.name,
            target=operation.target,
            grow_px=round(step.grow_px * min(mask.shape) / _REFERENCE_SHORT_SIDE_PX),
            seed=seed,
        )
        (painting,) = self._painter.paint([request])
        if isinstance(painting, Fault):
            raise FaultError(painting.reason, painting.detail)
        painted = image.copy()
        part = painted[painting.box.slices]
        part[painting.alpha] = painting.rgb[painting.alpha]
        return painted


def _steps(edit_type: EditType) -> tuple[Step, ...]:
    """What an editor does to the source."""
    if effect_of(edit_type) is Effect.APPEARS:
        return (_ADDING,)
    return tuple(step for step in edit_type.steps if step.onto == "target")
