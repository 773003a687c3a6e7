"""What adapters to a user's own program have in common: its arguments, and pictures as files."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import cv2

from benchmark.names import report_name
from benchmark.programs import Message, Program
from models.faults import ImgEditError
from models.geometry import Rgb
from resources.pasted_keys import without_keys


class OwnProgram:
    """A program that is asked for one thing at a time.

    Args:
        run: The program with its arguments, as a shell has them; no shell runs it.
        timeout_s: For one request.
        start_s: Until it is ready; it may load a model, and download it first.
        folder: Where it runs; here if empty.
        log: A file for the last that it wrote besides answers.
        name: What it is called in reports; by default as its script.
        version: Which edition it is.

    Raises:
        ImgEditError: `run` names no program.
    """

    verb: ClassVar[str]
    restarts: ClassVar[int] = 2
    unversioned: ClassVar[str] = ""

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
        words = _words(run)
        scripts = [word for word in words if word.endswith(".py")]
        self.name = report_name(str(name), Path((scripts or words)[-1]).stem)
        self.version = str(version) or self.unversioned
        self._run, self._timeout_s = without_keys(shlex.join(words)), float(timeout_s)
        self._folder = Path(folder).expanduser().absolute() if folder else None
        self._program = Program(
            words,
            verb=self.verb,
            start_s=float(start_s),
            restarts=self.restarts,
            folder=self._folder,
            log=Path(log).expanduser().absolute() if log else None,
        )
        self.told: dict[str, str] = {}
        """What it says of itself, once it is ready: "name" and "version"."""

    def params(self) -> Mapping[str, object]:
        """The command, without keys, should it hold any."""
        return {"run": self._run}

    def setup(self) -> None:
        """Start it.

        Raises:
            ImgEditError: It does not get ready.
        """
        ready = self._program.start()
        self.told = {key: str(ready[key]) for key in ("name", "version") if key in ready}

    def close(self) -> None:
        """End it, and all that it started."""
        self._program.close()

    def ask(self, folder: str, pictures: Mapping[str, Rgb], **more: object) -> Message:
        """The reply to one request that names pictures, which are written to a folder.

        Raises:
            FaultError: As of `Program.ask`.
        """
        named = {name: str(Path(folder) / f"{name}.png") for name in pictures}
        for name, picture in pictures.items():
            cv2.imwrite(named[name], picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        return self._program.ask({**named, **more}, timeout_s=self._timeout_s)


def _words(run: str) -> list[str]:
    """A command as a shell has it."""
    try:
        words = shlex.split(str(run))
    except ValueError as error:
        message = f"run={run}: {error}"
        raise ImgEditError(message) from None
    if not words:
        message = 'run= names no program: give run="python my_program.py"'
        raise ImgEditError(message)
    return words
