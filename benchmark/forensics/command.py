"""Any program as a detector of edits, in an environment of its own (`docs/benchmark.md`).

we    {"id": "1", "image": "/…/image.png"}
it    {"id": "1", "ok": true, "probability": 0.97}
"""

from collections.abc import Sequence
from tempfile import TemporaryDirectory

from benchmark.own_program import OwnProgram
from models.faults import Fault, FaultError, Reason
from models.geometry import Rgb


class CommandDetector(OwnProgram):
    """A program that is asked about one picture at a time."""

    verb = "detect"

    def detect(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """What it says of each picture; a fault where it fails, or gives no probability."""
        return [self._asked(image) for image in images]

    def _asked(self, image: Rgb) -> float | Fault:
        with TemporaryDirectory(prefix="imgedit-detector-") as folder:
            try:
                said = self.ask(folder, {"image": image}).get("probability")
            except FaultError as error:
                return error.fault
        if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 1:
            detail = f'a reply has a "probability" of 0 to 1; this has {said!r}'
            return Fault(reason=Reason.BAD_REPLY, detail=detail)
        return float(said)
