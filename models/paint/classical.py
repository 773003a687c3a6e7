"""The embedded painter: classical image processing on full-resolution pixels."""

from collections.abc import Callable, Mapping, Sequence

from models.faults import Fault, FaultError, Reason
from models.paint.backdrop import paint_backdrop
from models.paint.erase import paint_erased
from models.paint.insert import paint_inserted
from models.paint.isolate import paint_isolated
from models.paint.recolour import paint_recoloured
from models.paint.stylise import paint_style
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind

PAINTERS: Mapping[PaintKind, Callable[[PaintRequest], Painting]] = {
    PaintKind.ERASE: paint_erased,
    PaintKind.INSERT: paint_inserted,
    PaintKind.RECOLOUR: paint_recoloured,
    PaintKind.BACKDROP: paint_backdrop,
    PaintKind.STYLISE: paint_style,
    PaintKind.ISOLATE: paint_isolated,
}


class ClassicalPainter:
    """Paints every kind but the later frame of a clip, which is not painted."""

    name = "classical"
    version = "2"

    def setup(self) -> None:
        """Nothing to load."""

    def params(self) -> Mapping[str, object]:
        """There are none."""
        return {}

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request."""
        return [_painted(request) for request in requests]


def _painted(request: PaintRequest) -> Painting | Fault:
    painter = PAINTERS.get(request.kind) if request.kind else None
    if painter is None:
        detail = f"the classical painter has no {str(request.kind)!r}"
        return Fault(reason=Reason.UNPAINTABLE, detail=detail)
    try:
        return painter(request)
    except FaultError as error:
        return error.fault
