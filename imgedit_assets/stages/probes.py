"""Judge probes: studio results of known quality, and what the judge says of them.

Painted pairs alone cannot tell how good a judge is: few of them fail, and nobody knows which. A
probe is the perfect result of a studio edit, or that result with one flaw of known kind and degree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgedit_assets.stages.agreement import agreement_figures
from imgedit_assets.stages.base import AssetStage
from imgedit_assets.stages.pairs import decoded_masks
from imgedit_assets.stages.truth import image_uris, is_known, studio_case
from models.edit_types.recipe import rubric_params
from models.edit_types.spec import Onto
from models.faults import Fault
from models.geometry import Bitmap, Rgb
from models.judge.judgement import Judgement, JudgeRequest
from models.studio.known import has_truth
from models.studio.oracle import failure_degree, perfect_images
from models.studio.perfect import Case
from models.studio.spoil import SUITABLE, Flaw, spoil
from resources.engine.stage import Output, Work
from resources.operations import operations_from_json
from resources.profile import Accept
from resources.recipes import Recipe
from resources.schema import Instruction, JudgeProbe

if TYPE_CHECKING:
    import polars as pl

FLAWS_PER_EDIT = 3
LEAST_DEGREE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One result of known quality, ready to be judged."""

    flaw: str
    degree: float
    oracle_failure: float
    request: JudgeRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A probe with its verdict."""

    probe: Probe
    verdict: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An instruction about studio images."""

    instruction: Instruction
    uris: tuple[str, ...]


class JudgeProbes(AssetStage[Edit, tuple[Probe, ...], tuple[Probed, ...]]):
    """Perfect and spoiled results of some studio edits of a type."""

    record = JudgeProbe
    batch_size = 1

    def make_recipe(self) -> Recipe:
        """The judge, the class's rubric, and how probes are drawn."""
        edit_types = self.factory.edit_types
        params = {
            "rubric": rubric_params(edit_types[self.partition.edit_type], edit_types),
            "flaws_per_edit": FLAWS_PER_EDIT,
            "least_degree": LEAST_DEGREE,
        }
        return self.backend_recipe("judge", params=params)

    def work(self) -> list[Work[Edit]]:
        """One unit for each of the first few studio edits whose perfect result is known."""
        rows = self.current(Instruction)
        uris = image_uris(self.store, rows)
        drawn = [
            r
            for r in rows
            if r.id in uris
            and all(map(is_known, uris[r.id]))
            and has_truth(operations_from_json(r.operations), self.factory.edit_types)
        ]
        return [
            self.unit([r.id], Edit(instruction=r, uris=uris[r.id]), subject=r.instruction)
            for r in drawn[: self.profile.checks.probed_edits]
        ]

    def prepare(self, work: Work[Edit]) -> tuple[Probe, ...]:
        """Render the perfect result and spoil it."""
        row = work.payload.instruction
        masks = decoded_masks(row.masks, width=row.width, height=row.height)
        case = studio_case(work.payload.uris, row.operations, masks, self.factory.edit_types)
        assert case is not None
        rng = np.random.default_rng(work.seed)
        fitting = suitable_flaws(case)
        flaws = rng.choice(fitting, min(FLAWS_PER_EDIT, len(fitting)), replace=False)
        results = [("perfect", 0.0, perfect_images(case))]
        for flaw in flaws:
            degree = float(rng.uniform(LEAST_DEGREE, 1.0))
            results.append((str(flaw), degree, spoiled_images(case, Flaw(flaw), degree, work.seed)))
        return tuple(
            Probe(
                flaw=flaw,
                degree=degree,
                oracle_failure=failure_degree(case, images).degree,
                request=self._request(row, masks, images),
            )
            for flaw, degree, images in results
        )

    def _request(
        self, row: Instruction, masks: tuple[Bitmap, ...], images: dict[Onto, Rgb]
    ) -> JudgeRequest:
        return JudgeRequest(
            edit_type=self.factory.edit_types[self.partition.edit_type],
            instruction=row.instruction,
            operations=operations_from_json(row.operations),
            edit_types=self.factory.edit_types,
            source=images["source"],
            target=images["target"],
            reference=images.get("reference"),
            masks=masks,
        )

    def process(
        self, batch: Sequence[tuple[Work[Edit], tuple[Probe, ...]]]
    ) -> list[tuple[Probed, ...] | Fault]:
        """Judge the probes of each edit."""
        return [self._judged(probes) for _, probes in batch]

    def _judged(self, probes: tuple[Probe, ...]) -> tuple[Probed, ...] | Fault:
        verdicts = self.factory.backend("judge").judge([p.request for p in probes])
        if faults := [v for v in verdicts if isinstance(v, Fault)]:
            return faults[0]
        return tuple(
            Probed(probe=p, verdict=v.capped())
            for p, v in zip(probes, verdicts, strict=True)
            if not isinstance(v, Fault)
        )

    def finish(self, work: Work[Edit], result: tuple[Probed, ...]) -> Output:
        """One row for each probe."""
        rows = [
            self.row(
                JudgeProbe,
                work,
                probed.probe.flaw,
                instruction_id=work.payload.instruction.id,
                flaw=probed.probe.flaw,
                degree=probed.probe.degree,
                oracle_failure=probed.probe.oracle_failure,
                adherence=probed.verdict.adherence,
                quality=probed.verdict.quality,
                preservation=probed.verdict.preservation,
                score=probed.verdict.score,
                reason=probed.verdict.reason,
                judge=self.recipe.backend,
            )
            for probed in result
        ]
        return Output(rows=rows)

    @classmethod
    def figures_at(cls, frame: "pl.DataFrame", accept: Accept) -> dict[str, float]:
        """Rows, and how the judge agrees with the oracle."""
        return {**cls.figures(frame), **agreement_figures(frame, accept)}


def suitable_flaws(case: Case) -> list[Flaw]:
    """The flaws that mean something for every step of an edit, in a stable order."""
    kinds = {part.kind for side in case.sides.values() for part in side.parts}
    return [flaw for flaw in Flaw if all(flaw in SUITABLE[kind] for kind in kinds)]


def spoiled_images(case: Case, flaw: Flaw, degree: float, seed: int) -> dict[Onto, Rgb]:
    """The perfect pair with a flaw in every image that was edited."""
    images = perfect_images(case)
    for onto, side in case.sides.items():
        for part in side.parts:
            images[onto] = spoil(
                images[onto], side.given, part.region, flaw, degree=degree, seed=seed
            )
    return images
