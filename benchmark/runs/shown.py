"""The pictures of a run: of an output, and of what its turn was said of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmark.cases import BenchCase, pixels
from benchmark.runs.folder import OutputLine, RunFolder
from benchmark.runs.generate import Key
from models.faults import FaultError, Reason
from models.geometry import Rgb
from models.images import decode
from resources.reading import MAX_IMAGE_BYTES, read_regular


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Reads them.

    Args:
        outputs: All of the run.
        true_version: What a version of a case looks like if all was done right, where later turns
            are given that; None where they are given the editor's own results.
    """

    folder: RunFolder
    outputs: Mapping[Key, OutputLine]
    true_version: Callable[[BenchCase, int], Rgb] | None = None

    def result(self, output: OutputLine) -> Rgb:
        """The output.

        Raises:
            FaultError: It cannot be read.
        """
        return decode(read_regular(self.folder.path / output.image, max_bytes=MAX_IMAGE_BYTES))

    def given(self, case: BenchCase, output: OutputLine) -> Rgb:
        """What the turn was said of.

        Raises:
            FaultError: It cannot be read, or is the result of a turn that has none.
        """
        version = case.turns[output.turn - 1].starts_from
        if version == 0:
            return pixels(case.source)
        if self.true_version:
            return self.true_version(case, version)
        before = self.base(case, output)
        if before is None or not before.image:
            raise FaultError(Reason.UNKNOWN_VERSION, f"the result of turn {version} is not there")
        return self.result(before)

    def base(self, case: BenchCase, output: OutputLine) -> OutputLine | None:
        """The output that the turn was said of; None for the source, and for a true version."""
        version = case.turns[output.turn - 1].starts_from
        return None if self.true_version else self.outputs.get((case.id, output.epoch, version))
