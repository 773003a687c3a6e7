"""Puts the outputs of a run and its untouched sources to a detector, each picture once."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from benchmark.cases import BenchCase, pixels
from benchmark.forensics.figures import FakeFigures, task_shares
from benchmark.runs.folder import FakeLine, OutputLine, RunFolder, append, drop_torn_line, lines
from benchmark.runs.generate import Key
from benchmark.runs.shown import Shown
from models.faults import Fault, FaultError
from models.geometry import Rgb
from resources.recipes import digest
from resources.roles import ForensicDetector

_AT_ONCE = 2
Question = tuple[FakeLine, Callable[[], Rgb]]
"""A line that lacks its answer, and the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detecting:
    """Asks what was not asked yet, and keeps a line for each answer.

    Args:
        cases: Of the run.
        outputs: All of the run.
        detector: Not yet set up.
        on_progress: Told of each picture that is done.
    """

    folder: RunFolder
    cases: Sequence[BenchCase]
    outputs: Mapping[Key, OutputLine]
    detector: ForensicDetector
    on_progress: Callable[[], None] = lambda: None

    def todo(self) -> list[Question]:
        """What is to be asked: pictures with an answer, and with a fault, are not asked again."""
        known = {line.of for line in lines(self.folder.fakes, FakeLine)}
        return [(line, read) for line, read in self._questions() if line.of not in known]

    def ask(self, todo: Sequence[Question]) -> None:
        """Set the detector up, ask, and keep the answers.

        Raises:
            ImgEditError: The detector cannot be used.
        """
        drop_torn_line(self.folder.fakes)
        if not todo:
            return
        self.detector.setup()
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for line in pool.map(self._answered, todo):
                    append(self.folder.fakes, line)
                    self.on_progress()
        finally:
            self.detector.close()

    def figures(self, threshold: float) -> FakeFigures:
        """The figures of the answers that are there."""
        known = {line.of: line for line in lines(self.folder.fakes, FakeLine)}
        asked = [line for line, _ in self._questions()]
        found = [
            replace(line, probability=(said := known[line.of]).probability, fault=said.fault)
            for line in asked
            if line.of in known
        ]
        overall, tasks = task_shares(found, threshold)
        return FakeFigures(
            detector=self._detector(),
            threshold=threshold,
            overall=overall,
            tasks=tasks,
            missing=sum(not output.image for output in self.outputs.values()),
            unscored=sum(line.probability is None for line in found),
        )

    def _questions(self) -> Iterator[Question]:
        shown = Shown(folder=self.folder, outputs=self.outputs)
        by_id = {case.id: case for case in self.cases}
        who = json.dumps(self._detector(), sort_keys=True)
        for case in {case.cluster: case for case in reversed(self.cases)}.values():
            of = digest("fake", who, case.cluster)
            line = FakeLine(id=case.id, epoch=0, turn=0, task="", cluster=case.cluster, of=of)
            yield line, partial(pixels, case.source)
        for output in self.outputs.values():
            if not output.image or output.id not in by_id:
                continue
            case = by_id[output.id]
            line = FakeLine(
                id=case.id,
                epoch=output.epoch,
                turn=output.turn,
                task=case.task,
                cluster=case.cluster,
                of=digest("fake", who, output.digest),
            )
            yield line, partial(shown.result, output)

    def _detector(self) -> dict[str, object]:
        one = self.detector
        return {"name": one.name, "version": one.version, "params": dict(one.params())}

    def _answered(self, question: Question) -> FakeLine:
        line, read = question
        try:
            (found,) = self.detector.detect([read()])
        except FaultError as error:
            found = error.fault
        if isinstance(found, Fault):
            return replace(line, fault=f"{found.reason}: {found.detail}")
        return replace(line, probability=found)
