"""Any program as an editor, in an environment of its own (`docs/editors.md`).

    we    {"id": "1", "image": "/…/input.png", "instruction": "…", "seed": 7, "output": "/…"}
    it    {"id": "1", "ok": true}, once it has written a picture to `output`

`reference` names a second picture where the case has one. A program that dies, hangs, floods its
output or writes no picture is that case's fault, and the next case meets it started anew.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmark.editors.editor import EditCall
from benchmark.own_program import OwnProgram
from models.faults import Fault, FaultError, Reason
from models.geometry import Rgb
from models.images import decode
from resources.reading import MAX_IMAGE_BYTES, read_regular


class CommandEditor(OwnProgram):
    """A program that is asked for one edit at a time; it answers in any format and size."""

    at_once = 1
    lanes = 1
    verb = "edit"
    restarts = 10
    """A model may run out of memory on some large pictures in a row; not for ever."""
    unversioned = "as it says"

    def params(self) -> Mapping[str, object]:
        """The command and its bounds, without keys, should it hold any."""
        bounds = {"timeout_s": self._timeout_s, "folder": str(self._folder or "")}
        return {**super().params(), **bounds}

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """What it wrote for each call."""
        return [self._edited(call) for call in calls]

    def _edited(self, call: EditCall) -> Rgb | Fault:
        more = {} if call.reference is None else {"reference": call.reference}
        with TemporaryDirectory(prefix="imgedit-command-") as folder:
            output = Path(folder) / "output.png"
            asked = {"instruction": call.instruction, "seed": call.seed, "output": str(output)}
            try:
                self.ask(folder, {"image": call.image, **more}, **asked)
                return decode(read_regular(output, max_bytes=MAX_IMAGE_BYTES))
            except FaultError as error:
                if error.fault.reason is not Reason.MISSING_FILE:
                    return error.fault
        detail = "the program says ok, and has written nothing to the output that was named"
        return Fault(reason=Reason.BAD_REPLY, detail=detail)
