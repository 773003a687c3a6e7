"""Any program as a detector of edits, in an environment of its own (`docs/benchmark.md`).

we    {"id": "1", "image": "/…/image.png"}
it    {"id": "1", "ok": true, "probability": 0.97}
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

import cv2

from benchmark.editors.command import command_words
from benchmark.editors.names import report_name
from benchmark.programs import Program
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Rgb
from resources.pasted_keys import without_keys


class CommandDetector:
    """A program that is asked about one picture at a time.

    Args:
        run: The program with its arguments, as a shell has them; no shell runs it.
        timeout_s: For one picture.
        start_s: Until it is ready; it may load a model.
        folder: Where it runs; here if empty.
        log: A file for the last that it wrote besides answers.
        name: What it is called; by default as its script.
        version: Which edition it is.

    Raises:
        ImgEditError: `run` names no program.
    """

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
        self._timeout_s = float(timeout_s)
        scripts = [word for word in self._command if word.endswith(".py")]
        self.name = report_name(str(name), Path((scripts or self._command)[-1]).stem)
        self.version = str(version)
        self._program = Program(
            self._command,
            verb="detect",
            start_s=float(start_s),
            folder=Path(folder).expanduser().absolute() if folder else None,
            log=Path(log).expanduser().absolute() if log else None,
        )
        self._scratch: TemporaryDirectory[str] | None = None

    def params(self) -> Mapping[str, object]:
        """The command, without keys, should it hold any."""
        return {"run": without_keys(shlex.join(self._command))}

    def setup(self) -> None:
        """Start it.

        Raises:
            ImgEditError: It does not get ready.
        """
        self._program.start()
        self._scratch = TemporaryDirectory(prefix="imgedit-detector-")

    def detect(self, images: Sequence[Rgb]) -> list[float | Fault]:
        """What it says of each picture; a fault where it fails, or gives no probability."""
        return [self._asked(image) for image in images]

    def close(self) -> None:
        """End it, and all that it started."""
        self._program.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    def _asked(self, image: Rgb) -> float | Fault:
        if self._scratch is None:
            message = f"{self.name} is not set up"
            raise ImgEditError(message)
        # Each in a file of its own: several threads may ask.
        with NamedTemporaryFile(dir=self._scratch.name, suffix=".png") as file:
            cv2.imwrite(file.name, image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
            try:
                reply = self._program.ask({"image": file.name}, timeout_s=self._timeout_s)
            except FaultError as error:
                return error.fault
        said = reply.get("probability")
        if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 1:
            detail = f'a reply has a "probability" of 0 to 1; this has {said!r}'
            return Fault(reason=Reason.BAD_REPLY, detail=detail)
        return float(said)
