"""Fake scores: what the profile's detector of edits says of outputs and of their sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.forensics.figures import FakeShares, fake_shares
from imgedit_assets.stages.base import AssetStage
from imgedit_assets.stages.contest import new_detector, plain, ready_detector
from models.faults import Fault
from models.geometry import Rgb
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import BenchmarkCase, BenchmarkOutput, FakeScore

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One output, and the source of its case."""

    output: BenchmarkOutput
    case: BenchmarkCase


class FakeScores(AssetStage[Suspect, tuple[Rgb, Rgb | None], tuple[float, float]]):
    """One row for each output that the detector answered for."""

    record = FakeScore

    def make_recipe(self) -> Recipe:
        """The detector with its arguments, and the threshold."""
        detector = new_detector(self.factory)
        return Recipe(
            stage=self.record.TABLE,
            version=self.record.VERSION,
            backend=f"{detector.name} {detector.version}",
            params={
                "detector": plain(detector.params()),
                "threshold": self.profile.benchmark.forensics.threshold,
            },
        )

    def work(self) -> list[Work[Suspect]]:
        """One unit for each output."""
        cases = {case.id: case for case in self.current(BenchmarkCase)}
        return [
            self.unit(
                [output.id],
                Suspect(output=output, case=cases[output.parent_ids[0]]),
                subject=f"{output.case_id}: {output.instruction}",
            )
            for output in self.current(BenchmarkOutput)
            if output.parent_ids[0] in cases
        ]

    def setup(self) -> None:
        """Load the detector."""
        self._warm = ready_detector(self.factory)

    def pixels(self, work: Work[Suspect]) -> int:
        """Those of both pictures."""
        output, case = work.payload.output, work.payload.case
        return output.width * output.height + case.width * case.height

    def prepare(self, work: Work[Suspect]) -> tuple[Rgb, Rgb | None]:
        """Decode the output, and the source where nobody asked about it yet."""
        output, case = work.payload.output, work.payload.case
        is_known = case.version_id in self._warm.sources
        source = None if is_known else self.store.render(case.version_id)
        return self.store.render(output.target_version_id), source

    def process(
        self, batch: Sequence[tuple[Work[Suspect], tuple[Rgb, Rgb | None]]]
    ) -> Sequence[tuple[float, float] | Fault]:
        """Ask about outputs that are not the source itself, and about sources once."""
        return [self._answer(work.payload, *images) for work, images in batch]

    def _answer(
        self, suspect: Suspect, image: Rgb, source: Rgb | None
    ) -> tuple[float, float] | Fault:
        known, version = self._warm.sources, suspect.case.version_id
        if version not in known and source is not None:
            (known[version],) = self._warm.detector.detect([source])
        of_source = known[version]
        if suspect.output.target_version_id == version:
            of_output = of_source
        else:
            (of_output,) = self._warm.detector.detect([image])
        if isinstance(of_output, Fault):
            return of_output
        return of_source if isinstance(of_source, Fault) else (of_output, of_source)

    def finish(self, work: Work[Suspect], result: tuple[float, float]) -> Output:
        """The two probabilities."""
        output = work.payload.output
        row = self.row(
            FakeScore,
            work,
            case_id=output.case_id,
            task=output.task,
            cluster=output.cluster,
            epoch=output.epoch,
            turn=output.turn,
            turns=output.turns,
            instruction=output.instruction,
            source_version_id=output.source_version_id,
            target_version_id=output.target_version_id,
            probability=result[0],
            source_probability=result[1],
            threshold=self.profile.benchmark.forensics.threshold,
            detector=self.recipe.backend,
        )
        return Output(rows=[row])

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, and of one editor on one suite the recall and the false-positive rate."""
        of_one = frame.select("editor", "suite").n_unique() == 1
        shares = shares_of(frame) if of_one else None
        return {"rows": frame.height, **(shares_figures(shares) if shares else {})}


def shares_of(frame: "pl.DataFrame") -> FakeShares | None:
    """Recall and false positives of one editor on one suite; None unless of one threshold."""
    if frame["threshold"].n_unique() != 1:
        return None
    sources = frame.unique("cluster", keep="first")["source_probability"]
    return fake_shares(frame["probability"], sources, frame["threshold"][0])


def shares_figures(shares: FakeShares, suffix: str = "") -> dict[str, float]:
    """Both shares by name, each with `_n`, `_low` and `_high`; what is not defined is left out."""
    named = {"recall": shares.recall, "false_positive_rate": shares.false_positive_rate}
    return {
        f"{name}{suffix}{end}": value
        for name, share in named.items()
        if share
        for end, value in (
            *(("", share.value), ("_n", share.n)),
            *(("_low", share.low), ("_high", share.high)),
        )
    }
