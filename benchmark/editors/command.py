"""Any program as an editor, in an environment of its own (`docs/editors.md`).

    we    {"id": "1", "image": "/…/input.png", "instruction": "…", "seed": 7, "output": "/…"}
    it    {"id": "1", "ok": true}, once it has written a picture to `output`

`reference` names a second picture where the case has one. A program that dies, hangs, floods its
output or writes no picture is that case's fault, and the next case meets it started anew.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from benchmark.editors.editor import EditCall
from benchmark.editors.names import report_name
from benchmark.programs import Message, Program
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Rgb
from models.images import decode
from resources.pasted_keys import without_keys
from resources.reading import MAX_IMAGE_BYTES, read_regular

_RESTARTS = 10
"""A model may run out of memory on some large pictures in a row; it is not started for ever."""


class CommandEditor:
    """A program that is asked for one edit at a time.

    Args:
        run: The program with its arguments, as a shell has them; no shell runs it.
        timeout_s: For one edit.
        start_s: Until it is ready; it may load a model, and download it first.
        folder: Where it runs; here if empty.
        log: A file for the last that it wrote besides answers.
        name: What it is called in reports; by default as its script.
        version: Which edition it is; what it says itself is recorded beside.

    Raises:
        ImgEditError: `run` names no program.
    """

    at_once = 1
    lanes = 1

    def __init__(
        self,
        *,
        run: str,
        timeout_s: float = 600.0,
        start_s: float = 1800.0,
        folder: str = "",
        log: str = "",
        name: str = "",
        version: str = "",
    ) -> None:
        self._command = command_words(run)
        self._timeout_s, self._start_s = float(timeout_s), float(start_s)
        self._folder = Path(folder).expanduser().absolute() if folder else None
        scripts = [word for word in self._command if word.endswith(".py")]
        self.name = report_name(str(name), Path((scripts or self._command)[-1]).stem)
        self.version = str(version) or "as it says"
        self._program = Program(
            self._command,
            verb="edit",
            start_s=self._start_s,
            restarts=_RESTARTS,
            folder=self._folder,
            log=Path(log).expanduser().absolute() if log else None,
        )
        self._scratch: TemporaryDirectory[str] | None = None
        self.told: dict[str, str] = {}
        """What it says of itself, once it is ready: "name" and "version"."""

    def params(self) -> Mapping[str, object]:
        """The command and its bounds, without keys, should it hold any."""
        return {
            "run": without_keys(shlex.join(self._command)),
            "timeout_s": self._timeout_s,
            "folder": str(self._folder or ""),
        }

    def setup(self) -> None:
        """Start it.

        Raises:
            ImgEditError: It does not get ready.
        """
        ready = self._program.start()
        self.told = {key: str(ready[key]) for key in ("name", "version") if key in ready}
        self._scratch = TemporaryDirectory(prefix="imgedit-command-")

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """What it wrote for each call, in whatever format and size."""
        return [self._edited(call) for call in calls]

    def close(self) -> None:
        """End it, and all that it started."""
        self._program.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    def _edited(self, call: EditCall) -> Rgb | Fault:
        if self._scratch is None:
            message = f"{self.name} is not set up"
            raise ImgEditError(message)
        folder = Path(self._scratch.name)
        output = folder / "output.png"
        output.unlink(missing_ok=True)
        try:
            self._program.ask(_request(call, folder, output), timeout_s=self._timeout_s)
            return decode(read_regular(output, max_bytes=MAX_IMAGE_BYTES))
        except FaultError as error:
            if error.fault.reason is not Reason.MISSING_FILE:
                return error.fault
            detail = "the program says ok, and has written nothing to the output that was named"
            return Fault(reason=Reason.BAD_REPLY, detail=detail)


def command_words(run: str) -> list[str]:
    """A command as a shell has it, in words.

    Raises:
        ImgEditError: It names no program.
    """
    try:
        words = shlex.split(str(run))
    except ValueError as error:
        message = f"run={run}: {error}"
        raise ImgEditError(message) from None
    if not words:
        message = 'run= names no program: give run="python my_program.py"'
        raise ImgEditError(message)
    return words


def _request(call: EditCall, folder: Path, output: Path) -> Message:
    pictures = {"image": call.image, "reference": call.reference}
    named = {}
    for name, picture in pictures.items():
        if picture is not None:
            named[name] = str(folder / f"{name}.png")
            cv2.imwrite(named[name], picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    asked = {"instruction": call.instruction, "seed": call.seed, "output": str(output)}
    return {**named, **asked}
