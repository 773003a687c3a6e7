"""Scores: the judge's verdict, the oracle's beside it, and the pairs good enough to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imgedit_assets.stages.agreement import agreement_figures
from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.operations import operations_from_json
from imgedit_assets.stages.pairs import decoded_masks
from imgedit_assets.stages.truth import image_uris, studio_case
from models.edit_types.recipe import rubric_params
from models.edit_types.spec import Onto
from models.faults import Fault, FaultError, Reason
from models.geometry import Rgb
from models.judge.base import JudgeRequest, Verdict
from models.studio.oracle import failure_degree
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import AcceptedPair, EditPair, Instruction, PairRow, ScoredPair

if TYPE_CHECKING:
    import polars as pl

PAIR_COLUMNS = (
    *("instruction_id", "instruction", "operations", "source_version_id", "target_version_id"),
    *("reference_version_id", "width", "height", "masks"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A pair, and the URIs of the image or frames it was made from."""

    pair: EditPair
    uris: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pair's pictures with the verdict on them."""

    request: JudgeRequest
    verdict: Verdict


class ScoredPairs(AssetStage[Shown, JudgeRequest, Judged]):
    """One verdict for each pair."""

    record = ScoredPair
    by_edit_type = True
    batch_size = 2

    def make_recipe(self) -> Recipe:
        """The judge and the class's rubric."""
        edit_types = self.factory.edit_types
        rubric = rubric_params(edit_types[self.partition.edit_type], edit_types)
        return self.backend_recipe("judge", params={"rubric": rubric})

    def work(self) -> list[Work[Shown]]:
        """One unit for each pair."""
        where = self.partition
        rows = self.store.current(EditPair, where.shard, where.edit_type)
        instructions = self.store.current(Instruction, where.shard, where.edit_type)
        uris = image_uris(self.store, instructions)
        return [
            self.unit(
                [r.id],
                Shown(pair=r, uris=uris[r.instruction_id]),
                subject=f"{r.instruction} ({r.id})",
            )
            for r in rows
            if r.instruction_id in uris
        ]

    def prepare(self, work: Work[Shown]) -> JudgeRequest:
        """Render the pair."""
        row, render = work.payload.pair, self.store.render
        reference = render(row.reference_version_id) if row.reference_version_id else None
        return JudgeRequest(
            edit_type=self.factory.edit_types[self.partition.edit_type],
            instruction=row.instruction,
            operations=operations_from_json(row.operations),
            source=render(row.source_version_id),
            target=render(row.target_version_id),
            reference=reference,
            masks=decoded_masks(row.masks, width=row.width, height=row.height),
        )

    def process(self, batch: Sequence[tuple[Work[Shown], JudgeRequest]]) -> list[Judged | Fault]:
        """Judge."""
        requests = [request for _, request in batch]
        verdicts = self.factory.backend("judge").judge(requests)
        return [
            v if isinstance(v, Fault) else Judged(request=r, verdict=v.capped())
            for r, v in zip(requests, verdicts, strict=True)
        ]

    def finish(self, work: Work[Shown], result: Judged) -> Output:
        """The row; on studio pairs with what the oracle says."""
        pair, verdict = work.payload.pair, result.verdict
        row = self.row(
            ScoredPair,
            work,
            adherence=verdict.adherence,
            quality=verdict.quality,
            preservation=verdict.preservation,
            score=verdict.score,
            reason=verdict.reason,
            judge=self.recipe.backend,
            changed_frac=pair.changed_frac,
            oracle_failure=self._oracle_failure(work.payload, result.request),
            **pair_columns(pair),
        )
        return Output(rows=[row])

    def _oracle_failure(self, shown: Shown, judged: JudgeRequest) -> float | None:
        case = studio_case(shown.uris, shown.pair.operations, judged.masks, self.factory.edit_types)
        if case is None:
            return None
        images: dict[Onto, Rgb] = {"source": judged.source, "target": judged.target}
        if judged.reference is not None:
            images["reference"] = judged.reference
        return failure_degree(case, images).degree

    def pictures(self, rows: Sequence[ScoredPair]) -> list[Picture]:
        """The worst pairs first."""
        worst = sorted(rows, key=lambda r: r.score)
        return [
            Picture(
                images=tuple(self.shown(v) for v in (r.source_version_id, r.target_version_id)),
                text=f"{r.score:.2f} {r.instruction} - {r.reason}",
            )
            for r in worst
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows and mean scores, and how the judge agrees with the oracle on studio pairs."""
        if frame.is_empty():
            return {"rows": 0}
        means = {
            f"mean_{c}": float(frame[c].to_numpy().mean())
            for c in ("score", "adherence", "quality", "preservation")
        }
        known = frame.drop_nulls("oracle_failure")
        if known.is_empty():
            return {"rows": frame.height, **means}
        failures = known["oracle_failure"].to_numpy()
        agreement = agreement_figures(known["score"].to_numpy(), failures)
        oracle = {"oracle_failure_mean": float(failures.mean()), "oracle_n": failures.size}
        return {"rows": frame.height, **means, **oracle, **agreement}


class AcceptedPairs(AssetStage[ScoredPair, None, None]):
    """Pairs that reach the profile's thresholds."""

    record = AcceptedPair
    by_edit_type = True
    batch_size = 256

    def make_recipe(self) -> Recipe:
        """The thresholds are the gate."""
        return Recipe(
            stage=self.record.TABLE, version=self.version, gate=self.profile.accept.model_dump()
        )

    def work(self) -> list[Work[ScoredPair]]:
        """One unit for each scored pair."""
        where = self.partition
        rows = self.store.current(ScoredPair, where.shard, where.edit_type)
        return [self.unit([r.id], r, subject=f"{r.instruction} ({r.id})") for r in rows]

    def prepare(self, work: Work[ScoredPair]) -> None:
        """Nothing to decode."""

    def process(self, batch: Sequence[tuple[Work[ScoredPair], None]]) -> list[Fault | None]:
        """Nothing to compute."""
        return [None] * len(batch)

    def finish(self, work: Work[ScoredPair], result: None) -> Output:
        """Gate."""
        pair, accept = work.payload, self.profile.accept
        for criterion in ("score", "adherence", "quality", "preservation"):
            least = getattr(accept, f"min_{criterion}")
            if (value := getattr(pair, criterion)) < least:
                detail = f"{criterion} {value:.2f} below {least}: {pair.reason}"
                raise FaultError(Reason.LOW_SCORE, detail)
        row = self.row(
            AcceptedPair, work, score=pair.score, reason=pair.reason, **pair_columns(pair)
        )
        return Output(rows=[row])

    def pictures(self, rows: Sequence[AcceptedPair]) -> list[Picture]:
        """Source and target over the instruction."""
        return [
            Picture(
                images=tuple(self.shown(v) for v in (r.source_version_id, r.target_version_id)),
                text=f"{r.score:.2f} {r.instruction}",
            )
            for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows and their mean score."""
        if frame.is_empty():
            return {"rows": 0}
        return {"rows": frame.height, "mean_score": float(np.mean(frame["score"].to_numpy()))}


def pair_columns(pair: PairRow) -> dict[str, Any]:
    """The columns that describe the pair itself."""
    return {column: getattr(pair, column) for column in PAIR_COLUMNS}
