"""The cases of a benchmark's suite, or of a fixed part of it, with their pictures.

What a suite asks is listed once and kept under the home: that there is nothing to do is seen
without loading it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cases import BenchCase, Picture
from benchmark.runs.folder import write_json
from benchmark.runs.generate import selected
from imgedit_assets.stages.base import AssetStage
from imgedit_assets.stages.base import Picture as Tile
from imgedit_assets.stages.contest import cases_of, suite_entry, suite_of, suite_stamp
from models.faults import Fault, FaultError
from models.images import ImageHeader, read_header
from models.versions import Codec
from resources.engine.stage import Output, Work
from resources.recipes import Recipe, digest
from resources.schema import BenchmarkCase, Version

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A case with the bytes of its source."""

    case: BenchCase
    data: bytes
    header: ImageHeader


class BenchmarkCases(AssetStage[str, Drawn, Drawn]):
    """One row for each case that the profile takes of the suite."""

    record = BenchmarkCase

    @property
    def _suite(self) -> str:
        return self.partition.keys["suite"]

    def make_recipe(self) -> Recipe:
        """The suite; what each case asks is in its unit."""
        kind = suite_entry(self.factory, self._suite).kind
        return Recipe(stage=self.record.TABLE, version=self.record.VERSION, params={"suite": kind})

    def work(self) -> list[Work[str]]:
        """One unit for each case."""
        return [
            self.unit([f"{self._suite}/{case_id}"], case_id, subject=case_id, stamp=told)
            for case_id, told in self._listed
        ]

    @cached_property
    def _listed(self) -> list[tuple[str, str]]:
        """The ids of the cases, and a hash of what is asked in each."""
        entry = suite_entry(self.factory, self._suite)
        kept = self._listing(digest(self.record.VERSION, suite_stamp(entry)))
        if not kept.exists():
            cases = selected(suite_of(self.factory, self._suite).cases(), limit=entry.limit)
            write_json(kept, [[case.id, _told(case)] for case in cases])
        return [(case_id, told) for case_id, told in json.loads(kept.read_text("utf-8"))]

    def _listing(self, name: str) -> Path:
        return self.factory.home.folder / "benchmark" / "listings" / f"{name}.json"

    def prepare(self, work: Work[str]) -> Drawn:
        """Read, or draw, the source."""
        case = cases_of(self.factory, self._suite)[work.payload]
        data = case.source.data()
        return Drawn(case=case, data=data, header=read_header(data))

    def process(self, batch: Sequence[tuple[Work[str], Drawn]]) -> Sequence[Drawn | Fault]:
        """Nothing is computed."""
        return [drawn for _, drawn in batch]

    def finish(self, work: Work[str], result: Drawn) -> Output:
        """The row, and its source as a root version: one that many cases share is kept once."""
        case, header = result.case, result.header
        version_id = digest("benchmark", hashlib.sha256(result.data).hexdigest())
        row = self.row(
            BenchmarkCase,
            work,
            *(version_id, work.stamp),
            parents=(),
            case_id=case.id,
            task=case.task,
            instructions=tuple(turn.instruction for turn in case.turns),
            cluster=case.cluster,
            revision=suite_of(self.factory, self._suite).revision,
            version_id=version_id,
            width=header.width,
            height=header.height,
        )
        root = Version(
            id=version_id,
            parent_id="",
            row_id=row.id,
            asset=self.partition.asset,
            partition=self.partition.key,
            codec=Codec.SOURCE,
            x0=0,
            y0=0,
            x1=header.width,
            y1=header.height,
            payload=result.data,
        )
        return Output(rows=[row], versions=[root])

    def pictures(self, rows: Sequence[BenchmarkCase]) -> list[Tile]:
        """The sources over what is asked."""
        return [
            Tile(
                images=(self.shown(row.version_id),),
                text=f"{row.task}: {' / '.join(row.instructions)}",
                id=row.id,
            )
            for row in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, and the source pictures that they share."""
        return {"rows": frame.height, "source_pictures": frame["cluster"].n_unique()}


def _told(case: BenchCase) -> str:
    """A hash of all that a case asks; pictures that are drawn follow from it."""
    pictures = (case.source, case.reference, case.mask, case.expected, *case.further)
    shas = [] if case.truth else [_sha256(picture) for picture in pictures if picture]
    return digest(case.task, case.cluster, repr(case.turns), repr(case.facts), *shas)


def _sha256(picture: Picture) -> str:
    try:
        return hashlib.sha256(picture.data()).hexdigest()
    except FaultError as error:
        # One that cannot be read is a reject, or missing, where it is needed.
        return str(error)
