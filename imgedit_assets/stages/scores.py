"""Scores: the judge's verdict, and the oracle's beside it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING

from imgedit_assets.stages.agreement import CRITERIA, agreement_figures
from imgedit_assets.stages.base import AssetStage, Picture, shared_columns
from imgedit_assets.stages.episodes import by_episode, episodes
from imgedit_assets.stages.pairs import decoded_masks
from imgedit_assets.stages.truth import image_uris, studio_case
from models.edit_types.recipe import rubric_params
from models.edit_types.spec import Onto
from models.faults import Fault, FaultError
from models.geometry import Rgb
from models.image_statistics import STATISTICS, image_statistics
from models.judge.judgement import Judgement, JudgeRequest
from models.studio.oracle import failure_degree
from resources.engine.stage import Output, Work
from resources.operations import operations_from_json
from resources.profile import Accept
from resources.recipes import Recipe
from resources.schema import (
    EditPair,
    FilteredImage,
    PairRow,
    ScoredPair,
)

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An episode's pairs, and what is known of the image or frames that they were made from."""

    pairs: tuple[EditPair, ...]
    uris: tuple[str, ...]
    root_unsafe: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pair's pictures with the verdict on them."""

    request: JudgeRequest
    verdict: Judgement
    unsafe: float | None


class ScoredPairs(AssetStage[Shown, tuple[JudgeRequest, ...], tuple[Judged, ...]]):
    """One verdict for each pair; the turns of a dialogue are judged together."""

    record = ScoredPair
    role = "judge"
    batch_size = 1

    def make_recipe(self) -> Recipe:
        """The judge, the class's rubric, and the safety filter."""
        edit_types = self.factory.edit_types
        rubric = rubric_params(edit_types[self.partition.edit_type], edit_types)
        params = {"rubric": rubric, **self.optional_backend("safety_filter")}
        return self.backend_recipe("judge", params=params)

    def work(self) -> list[Work[Shown]]:
        """One unit for each episode."""
        rows = self.current(EditPair)
        known = image_uris(self.store, [e.row for e in episodes(self.store, self.partition)])
        unsafe = self._unsafe_roots(rows)
        return [
            self.unit(
                [pair.id for pair in pairs],
                Shown(
                    pairs=pairs,
                    uris=known[pairs[0].instruction_id],
                    root_unsafe=unsafe.get(pairs[0].root_version_id),
                ),
                subject=f"{' / '.join(p.instruction for p in pairs)} ({pairs[0].id})",
            )
            for pairs in by_episode(rows)
            if pairs[0].instruction_id in known
        ]

    def _unsafe_roots(self, pairs: Sequence[EditPair]) -> dict[str, float | None]:
        """What the safety filter said of the images, by root version; frames are not among them."""
        if not pairs:
            return {}
        images = self.current(FilteredImage)
        return {image.version_id: image.unsafe for image in images}

    def pixels(self, work: Work[Shown]) -> int:
        """Those of its pairs."""
        return sum(pair.width * pair.height for pair in work.payload.pairs)

    def prepare(self, work: Work[Shown]) -> tuple[JudgeRequest, ...]:
        """Render the pairs."""
        # A turn's source is mostly the target of the turn before.
        render = cache(self.store.render)
        return tuple(self.request(pair, render) for pair in work.payload.pairs)

    def request(self, row: EditPair, render: Callable[[str], Rgb]) -> JudgeRequest:
        """What the judge is shown of a pair; `render` gives the picture of a version."""
        reference = render(row.reference_version_id) if row.reference_version_id else None
        return JudgeRequest(
            edit_type=self.factory.edit_types[self.partition.edit_type],
            edit_types=self.factory.edit_types,
            instruction=row.instruction,
            operations=operations_from_json(row.operations),
            source=render(row.source_version_id),
            target=render(row.target_version_id),
            reference=reference,
            masks=decoded_masks(row.masks, width=row.width, height=row.height),
        )

    def process(
        self, batch: Sequence[tuple[Work[Shown], tuple[JudgeRequest, ...]]]
    ) -> list[tuple[Judged, ...] | Fault]:
        """Judge."""
        flat = [request for _, requests in batch for request in requests]
        verdicts = iter(self.factory.backend("judge").judge(flat))
        return [self._judged(work.payload, requests, verdicts) for work, requests in batch]

    def _judged(
        self,
        shown: Shown,
        requests: Sequence[JudgeRequest],
        verdicts: Iterator[Judgement | Fault],
    ) -> tuple[Judged, ...] | Fault:
        answers = [next(verdicts) for _ in requests]
        if faults := [answer for answer in answers if isinstance(answer, Fault)]:
            return faults[0]
        unsafe = self._unsafe(shown, requests)
        return tuple(
            Judged(request=r, verdict=v.capped(), unsafe=u)
            for r, v, u in zip(requests, answers, unsafe, strict=True)
            if not isinstance(v, Fault)
        )

    def _unsafe(self, shown: Shown, requests: Sequence[JudgeRequest]) -> Sequence[float | None]:
        """How unsafe each pair is: the worse of its pictures, those that were not looked at yet."""
        if not self.factory.binds("safety_filter"):
            return [None] * len(requests)
        safety = self.factory.backend("safety_filter")
        worst = [known if (known := shown.root_unsafe) is not None else 0.0] * len(requests)
        for i, (pair, request) in enumerate(zip(shown.pairs, requests, strict=True)):
            images = [request.target]
            if shown.root_unsafe is None and i == 0:
                images += [p for p in (request.source, request.reference) if p is not None]
            answers = safety.unsafe(images)
            if faults := [a for a in answers if isinstance(a, Fault)]:
                raise FaultError(faults[0].reason, f"{pair.id}: {faults[0].detail}")
            worst[i] = max(worst[i], *(a for a in answers if not isinstance(a, Fault)))
        return worst

    def finish(self, work: Work[Shown], result: tuple[Judged, ...]) -> Output:
        """The rows; on studio pairs with what the oracle says."""
        worst = min(judged.verdict.score for judged in result)
        rows = [
            self.row(
                ScoredPair,
                work,
                *((pair.id,) if pair.turns > 1 else ()),
                parents=(pair.id,),
                **shared_columns(PairRow, pair),
                adherence=judged.verdict.adherence,
                quality=judged.verdict.quality,
                preservation=judged.verdict.preservation,
                score=judged.verdict.score,
                dialogue_score=worst,
                reason=judged.verdict.reason,
                judge=self.recipe.backend,
                changed_frac=pair.changed_frac,
                unsafe=judged.unsafe,
                oracle_failure=self._oracle_failure(work.payload, pair, judged.request),
                good_probability=judged.verdict.good_probability,
                **asdict(image_statistics(judged.request.target)),
            )
            for pair, judged in zip(work.payload.pairs, result, strict=True)
        ]
        return Output(rows=rows)

    def _oracle_failure(self, shown: Shown, pair: EditPair, judged: JudgeRequest) -> float | None:
        """The oracle knows what follows from the image as it came, not from painted turns."""
        if pair.turns > 1 and pair.source_version_id != pair.root_version_id:
            return None
        case = studio_case(shown.uris, pair.operations, judged.masks, self.factory.edit_types)
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
                id=r.id,
            )
            for r in worst
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows and mean scores, and what the oracle says of studio pairs."""
        if frame.is_empty():
            return {"rows": 0}
        shown = (*CRITERIA, *STATISTICS)
        means = {f"mean_{name}": float(frame[name].to_numpy().mean()) for name in shown}
        failures = frame["oracle_failure"].drop_nulls().to_numpy()
        if not failures.size:
            return {"rows": frame.height, **means}
        oracle = {"oracle_failure_mean": float(failures.mean()), "oracle_n": failures.size}
        return {"rows": frame.height, **means, **oracle}

    @classmethod
    def figures_at(cls, frame: "pl.DataFrame", accept: Accept) -> dict[str, float]:
        """The same, and how the judge agrees with the oracle on studio pairs."""
        return {**cls.figures(frame), **agreement_figures(frame, accept)}
