"""Further results of instructions whose first was no clear success, so that the best can be kept.

Each round paints and judges once more what no result of yet is a clear success, until the number
that the profile's `[retries]` gives its edit type is used up. The last round repairs: it does
otherwise what the best result so far lacks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture, shared_columns
from imgedit_assets.stages.easel import Easel
from imgedit_assets.stages.episodes import Episode, by_episode, episodes
from imgedit_assets.stages.pairs import EditPairs
from imgedit_assets.stages.scores import Judged, ScoredPairs, Shown
from models.edit_types.spec import Ability
from models.faults import Fault, FaultError
from models.judge.judgement import JudgeRequest
from resources.engine.stage import Output, Work
from resources.factory import Factory
from resources.recipes import Recipe, digest
from resources.schema import EditPair, RetriedPair, ScoredPair, ScoredRow, Version

if TYPE_CHECKING:
    import polars as pl

GROWN_PX = 8
"""How much further a repair grows the masks, at 1024 px."""


class Way(StrEnum):
    """What a further result has otherwise than the first."""

    SEED = "seed"
    """Chance alone."""
    MASK = "mask"
    """A larger mask: for what still shows around an edit."""
    TURNS = "turns"
    """Fewer turns: the dialogue as it was painted first, ended before the turn that failed. So it
    says what was really done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """An episode whose first result was no clear success."""

    episode: Episode
    shown: Shown
    """Its pairs as they were painted first, and what is known of the image."""
    scored: tuple[ScoredPair, ...]
    """The verdict on them."""

    @property
    def first(self) -> "Result":
        """The first result."""
        return Result(pairs=self.shown.pairs, scored=self.scored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result of an episode, with its verdict."""

    pairs: tuple[EditPair, ...]
    scored: tuple[ScoredPair, ...]
    versions: tuple[Version, ...] = ()

    @property
    def score(self) -> float:
        """That of its worst turn, 1 to 5."""
        return min(pair.score for pair in self.scored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What is to be made once more."""

    work: Work[Episode]
    easel: Easel
    retry: Retry
    number: int
    way: Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An attempt, and what came of it."""

    attempt: Attempt
    result: Result | Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A further result that is yet to be judged."""

    work: Work[Shown]
    requests: tuple[JudgeRequest, ...]
    versions: tuple[Version, ...]


class RetriedPairs(AssetStage[Retry, Easel, list[Tried]]):
    """Paints as `EditPairs` and judges as `ScoredPairs` does, by turns."""

    record = RetriedPair
    role = "painter"
    batch_size = 2

    def __init__(self, factory: Factory, *, run_id: str = "", **keys: str) -> None:
        super().__init__(factory, run_id=run_id, **keys)
        self._painting = EditPairs(factory, run_id=run_id, **keys)
        self._judging = ScoredPairs(factory, run_id=run_id, **keys)
        self._settings = factory.profile.retries
        self._most = self._settings.most_of(self.partition.edit_type)

    def make_recipe(self) -> Recipe:
        """That of painting and that of judging; how many results there are is the gate."""
        painting, judging = self._painting.recipe, self._judging.recipe
        return Recipe(
            stage=self.record.TABLE,
            version=self.record.VERSION,
            backend=painting.backend,
            params={
                "painting": {"version": painting.version, **painting.params},
                "judging": {
                    "version": judging.version,
                    "judge": judging.backend,
                    **judging.params,
                },
            },
            gate={"most": self._most, **self._settings.model_dump(exclude={"most", "hard"})},
        )

    def work(self) -> list[Work[Retry]]:
        """One unit for each episode that is retried: the worst ones, as many as the budget has."""
        if not self._most:
            return []
        asked = {episode.row.id: episode for episode in episodes(self.store, self.partition)}
        firsts = {work.parents: work.payload for work in self._judging.work()}
        scored = by_episode(self.current(ScoredPair))
        poor = [
            Retry(
                episode=asked[pairs[0].instruction_id],
                shown=firsts[tuple(pair.parent_ids[0] for pair in pairs)],
                scored=pairs,
            )
            for pairs in sorted(scored, key=lambda pairs: pairs[0].dialogue_score)
            if pairs[0].dialogue_score < self._settings.enough
            # What came with its source cannot be painted again.
            and not asked[pairs[0].instruction_id].results
        ]
        return [
            self.unit(
                [retry.episode.row.id],
                retry,
                subject=retry.episode.subject,
                stamp=digest(*(pair.id for pair in retry.scored)),
            )
            for retry in poor[: ceil(self._settings.per_pair * len(scored) / self._most)]
        ]

    def pixels(self, work: Work[Retry]) -> int:
        """Those of its image, once for each turn of each result."""
        row, turns = work.payload.episode.row, len(work.payload.episode.turns)
        return row.width * row.height * turns * (1 + self._most)

    def prepare(self, work: Work[Retry]) -> Easel:
        """Decode the image and the masks."""
        return self._painting.prepare(_about(work, work.payload.episode, work.recipe))

    def process(self, batch: Sequence[tuple[Work[Retry], Easel]]) -> list[list[Tried]]:
        """Round after round, of what is not good enough yet."""
        found: list[list[Tried]] = [[] for _ in batch]
        for number in range(1, self._most + 1):
            asked: dict[int, Attempt] = {}
            for i, (work, easel) in enumerate(batch):
                best = _best(work.payload, found[i])
                way = next(self._ways(work.payload, [t.attempt.way for t in found[i]]), None)
                if way and best.score < self._settings.enough:
                    asked[i] = self._attempt(work, easel, number, way)
            for i, result in zip(asked, self._results([*asked.values()]), strict=True):
                found[i].append(Tried(attempt=asked[i], result=result))
        return found

    def _ways(self, retry: Retry, before: Sequence[Way]) -> Iterator[Way]:
        """What may still help, in the order of trying: chance, then repairs, each of them once."""
        if self._is_chancy and len(before) < self._most - self._settings.repair:
            yield Way.SEED
        if self._settings.repair:
            if Way.TURNS not in before and self._done_turns(retry.first):
                yield Way.TURNS
            if Way.MASK not in before and any(p.grow_px is not None for p in retry.first.pairs):
                yield Way.MASK

    @cached_property
    def _is_chancy(self) -> bool:
        """Whether another seed can give the edit type another picture."""
        types = self.factory.edit_types
        own = types[self.partition.edit_type]
        painted = {
            step.paint
            for one in (own, *(types[name] for name in own.operations))
            for step in one.steps
        }
        certain = getattr(self.factory.backend("painter", ready=False), "without_chance", ())
        return not painted.issubset(certain)

    def _done_turns(self, first: Result) -> int:
        """How many first turns of a dialogue are good enough, if they are a dialogue by themselves.

        0 where they are none, or all.
        """
        rule = self.factory.edit_types[self.partition.edit_type].dialogue
        good = [pair.score >= self._settings.enough for pair in first.scored]
        done = (*good, False).index(False)
        goes_back = any(p.source_version_id != p.previous_version_id for p in first.pairs[:done])
        if rule is None or done == len(good) or done < rule.min_turns:
            return 0
        return done if goes_back or rule.ability is not Ability.BACKTRACKING else 0

    def _attempt(self, work: Work[Retry], easel: Easel, number: int, way: Way) -> Attempt:
        # What is done otherwise is part of how the picture is made, and so of its rows' names.
        params = {**self.recipe.params, "number": number, "way": way}
        more_px = GROWN_PX if way is Way.MASK else 0
        return Attempt(
            work=_about(
                work,
                replace(work.payload.episode, more_px=more_px),
                replace(self.recipe, params=params),
            ),
            easel=easel,
            retry=work.payload,
            number=number,
            way=way,
        )

    def _results(self, attempts: Sequence[Attempt]) -> list[Result | Fault]:
        """Those of one round, painted together and judged together."""
        asked = [a for a in attempts if a.way is not Way.TURNS]
        easels = iter(self._painting.process([(a.work, a.easel) for a in asked]))
        drawn = [
            self._shortened(a.retry.first) if a.way is Way.TURNS else self._drawn(a, next(easels))
            for a in attempts
        ]
        ready = [one for one in drawn if isinstance(one, Drawn)]
        answers = iter(self._judging.process([(one.work, one.requests) for one in ready]))
        return [self._judged(d, next(answers)) if isinstance(d, Drawn) else d for d in drawn]

    def _shortened(self, first: Result) -> Result:
        turns = self._done_turns(first)
        worst = min(pair.score for pair in first.scored[:turns])
        return Result(
            pairs=tuple(replace(pair, turns=turns) for pair in first.pairs[:turns]),
            scored=tuple(
                replace(pair, turns=turns, dialogue_score=worst) for pair in first.scored[:turns]
            ),
        )

    def _drawn(self, attempt: Attempt, easel: Easel | Fault) -> Drawn | Fault:
        if isinstance(easel, Fault):
            return easel
        try:
            output = self._painting.finish(attempt.work, easel)
        except FaultError as error:
            return error.fault
        pairs = tuple(row for row in output.rows if isinstance(row, EditPair))
        shown = self._painting.shown_by(attempt.work, easel)
        where = self.partition
        return Drawn(
            work=self._judging.unit(
                [pair.id for pair in pairs],
                replace(attempt.retry.shown, pairs=pairs),
                subject=attempt.work.subject,
            ),
            requests=tuple(self._judging.request(pair, shown.__getitem__) for pair in pairs),
            versions=tuple(
                replace(v, asset=where.asset, partition=where.key) for v in output.versions
            ),
        )

    def _judged(self, drawn: Drawn, answer: tuple[Judged, ...] | Fault) -> Result | Fault:
        if isinstance(answer, Fault):
            return answer
        rows = self._judging.finish(drawn.work, answer).rows
        return Result(
            pairs=drawn.work.payload.pairs,
            scored=tuple(row for row in rows if isinstance(row, ScoredPair)),
            versions=drawn.versions,
        )

    def finish(self, work: Work[Retry], result: list[Tried]) -> Output:
        """The rows of every result; the worse ones too, which are preferences."""
        del work
        made = [(t.attempt, t.result) for t in result if isinstance(t.result, Result)]
        return Output(
            rows=[row for attempt, one in made for row in self._rows(attempt, one)],
            versions=[version for _, one in made for version in one.versions],
            faults=[t.result for t in result if isinstance(t.result, Fault)],
        )

    def _rows(self, attempt: Attempt, result: Result) -> Iterator[RetriedPair]:
        reused = attempt.way is Way.TURNS
        for pair, scored in zip(result.pairs, result.scored, strict=True):
            yield self.row(
                RetriedPair,
                attempt.work,
                *((f"turn {pair.turn}",) if pair.turns > 1 else ()),
                # Of fewer turns the pictures are those of the first result, and so is what may be
                # wrong with them.
                parents=(attempt.retry.episode.row.id, *([scored.id] if reused else [])),
                **shared_columns(ScoredRow, scored),
                number=attempt.number,
                way=attempt.way,
                grow_px=pair.grow_px,
                patch_bytes=0 if reused else pair.patch_bytes,
                painter=pair.painter,
                seed=pair.seed,
            )

    def pictures(self, rows: Sequence[RetriedPair]) -> list[Picture]:
        """Source and target over the score and what was done otherwise."""
        return [
            Picture(
                images=tuple(self.shown(v) for v in (r.source_version_id, r.target_version_id)),
                text=f"{r.score:.2f} {r.way}: {r.instruction}",
                id=r.id,
            )
            for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, of how many instructions, and their mean score."""
        if frame.is_empty():
            return {"rows": 0}
        return {
            "rows": frame.height,
            "instructions": frame["instruction_id"].n_unique(),
            "mean_score": float(np.mean(frame["score"].to_numpy())),
        }


def _about(work: Work[Retry], episode: Episode, recipe: Recipe) -> Work[Episode]:
    """The same unit as painters know it."""
    return Work(parents=work.parents, recipe=recipe, payload=episode, subject=work.subject)


def _best(retry: Retry, found: Sequence[Tried]) -> Result:
    """The best result so far; of equal ones the first."""
    later = [tried.result for tried in found if isinstance(tried.result, Result)]
    return max((retry.first, *later), key=lambda result: result.score)
