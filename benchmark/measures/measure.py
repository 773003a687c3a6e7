"""Measures every output of a run against what its turn was said of, once for each picture."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from benchmark.cases import BenchCase, sized
from benchmark.measures.fidelity import (
    LEAST_FRAC,
    background_purity,
    changed_area,
    displacement,
    psnr,
    ssim,
    without_edit,
)
from benchmark.measures.lines import measured, pictures_hash
from benchmark.measures.oracle import oracle_failure
from benchmark.measures.perceptual import Perceptual
from benchmark.measures.region import asked_region, is_extraction
from benchmark.multiturn.checks import check_session
from benchmark.multiturn.drift import drift
from benchmark.runs.folder import MeasureLine, OutputLine, RunFolder, append, drop_torn_line
from benchmark.runs.generate import Key
from benchmark.runs.shown import Shown
from models.faults import FaultError
from models.geometry import Rgb

_AT_ONCE = 2
Values = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """Measures what is not measured yet.

    Args:
        cases: Of the run.
        epochs: Of the run.
        shown: The pictures of the run.
        perceptual: A network's distance, where there is one.
        on_progress: Told of each case and epoch that is done.
    """

    folder: RunFolder
    cases: Sequence[BenchCase]
    epochs: int
    shown: Shown
    perceptual: Perceptual | None = None
    on_progress: Callable[[BenchCase], None] = field(default=lambda case: None)

    def todo(self) -> list[tuple[BenchCase, int]]:
        """Cases and epochs of which a picture is new, or is measured otherwise now."""
        known: Mapping[Key, MeasureLine] = measured(self.folder)
        return [
            (case, epoch)
            for epoch in range(1, self.epochs + 1)
            for case in self.cases
            if not all(
                (line := known.get((case.id, epoch, turn))) and line.of == self._of(case, epoch)
                for turn in range(1, len(case.turns) + 1)
            )
        ]

    def measure(self, todo: Sequence[tuple[BenchCase, int]]) -> None:
        """Measure, and keep a line for each turn."""
        drop_torn_line(self.folder.measures)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for (case, _), found in zip(todo, pool.map(self._measured, todo), strict=True):
                append(self.folder.measures, *found)
                self.on_progress(case)

    def _of(self, case: BenchCase, epoch: int) -> str:
        outputs = self.shown.outputs
        made = [outputs.get((case.id, epoch, turn)) for turn in range(1, len(case.turns) + 1)]
        told = [output.digest if output else "" for output in made]
        way = "independent" if self.shown.true_version else "iterative"
        return pictures_hash(
            case.cluster, way, self.perceptual.name if self.perceptual else "", *told
        )

    def _measured(self, asked: tuple[BenchCase, int]) -> list[MeasureLine]:
        case, epoch = asked
        line = partial(MeasureLine, id=case.id, epoch=epoch, of=self._of(case, epoch))
        results: dict[int, Rgb] = {}
        found: dict[int, MeasureLine] = {}
        for turn in range(1, len(case.turns) + 1):
            output = self.shown.outputs.get((case.id, epoch, turn))
            if output is None or not output.image:
                found[turn] = line(turn=turn, fault="there is no output")
                continue
            try:
                results[turn] = self.shown.result(output)
                found[turn] = line(turn=turn, values=self._values(case, output, results[turn]))
            except FaultError as error:
                found[turn] = line(turn=turn, fault=str(error))
        if any(turn.checks for turn in case.turns):
            for turn, values in self._dialogue(case, results):
                found[turn].values.update(values)
        return list(found.values())

    def _values(self, case: BenchCase, output: OutputLine, result: Rgb) -> Values:
        given = self.shown.given(case, output)
        fitted = sized(result, given)
        region = asked_region(case, output.turn, given, fitted)
        rest = ~region
        values = {
            "changed_area": changed_area(given, fitted),
            "width_ratio": result.shape[1] / given.shape[1],
            "height_ratio": result.shape[0] / given.shape[0],
        }
        failure = oracle_failure(case, output.turn, given, fitted)
        if failure is not None:
            values["oracle_failure"] = failure
        if is_extraction(case, output.turn):
            values["purity"] = background_purity(result)
        if rest.mean() < LEAST_FRAC:
            return values
        kept = without_edit(given, fitted, region)
        values |= {"psnr_db": psnr(given, kept, rest), "ssim": ssim(given, kept, rest)}
        if self.perceptual:
            values[self.perceptual.name] = self.perceptual(given, kept)
        if moved := displacement(given, kept, rest):
            values |= {"shift_px": moved.shift_px, "zoom_off": abs(moved.zoom - 1)}
        return {name: value for name, value in values.items() if np.isfinite(value)}

    def _dialogue(
        self, case: BenchCase, results: Mapping[int, Rgb]
    ) -> Iterator[tuple[int, Values]]:
        """Yes or no by turn, of the session with its last turn, and how far it drifted."""
        session = check_session(case, results, independent=self.shown.true_version is not None)
        drifted = {found.turn: found for found in drift(case, results)}
        for verdict in session.turns:
            values = {check.name: float(check.passed) for check in verdict.checks}
            values["turn_yes"] = float(verdict.yes)
            if at := drifted.get(verdict.turn):
                values |= {"drift_de": at.distance, "drift_area": at.changed_frac}
            if verdict.turn == len(case.turns):
                values["session_yes"] = float(session.yes)
            yield verdict.turn, values
