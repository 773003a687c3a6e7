"""Acceptance: of each instruction the best result that nothing speaks against."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING

from imgedit_assets.sample.quarantine import active, hits
from imgedit_assets.sample.reviews import (
    ACCEPTED,
    decided,
    enqueue,
    opened,
    painted_ids,
    review_id,
    reviews,
)
from imgedit_assets.stages.agreement import CRITERIA
from imgedit_assets.stages.base import Picture, shared_columns
from imgedit_assets.stages.episodes import by_episode
from imgedit_assets.stages.gate import Gate
from imgedit_assets.stages.proven import proven_acceptance
from models.faults import Fault, FaultError, Reason
from models.image_statistics import STATISTICS
from models.judge.calibration import Acceptance, Decision
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import (
    AcceptedPair,
    Quarantine,
    RetriedPair,
    Review,
    ScoredPair,
    ScoredRow,
)

if TYPE_CHECKING:
    import polars as pl


Candidate = tuple[ScoredRow, ...]
"""One result of an episode."""


class AcceptedPairs(Gate[tuple[Candidate, ...]]):
    """Pairs that reach the profile's thresholds; a dialogue only if all of its turns do.

    Of several results of one instruction the best that does is accepted, and the others are
    rejected as outdone by it. Where the profile bounds the share of bad ones, a pair must reach
    the threshold that is proven for its judge as well; below it stands who is undecided, and waits
    in the review queue. What a person decided holds, whatever the judge says.
    """

    record = AcceptedPair
    hears = True

    def make_recipe(self) -> Recipe:
        """The thresholds are the gate, and those that are proven for the judge."""
        proven = asdict(self._proven) if self._proven else {}
        return Recipe(
            stage=self.record.TABLE,
            version=self.record.VERSION,
            gate={**self.profile.accept.model_dump(), **proven},
        )

    @cached_property
    def _proven(self) -> Acceptance | None:
        """The thresholds of the judge's probability; None where the profile bounds nothing.

        Raises:
            ImgEditError: They could not be proven, or not yet.
        """
        if not self.profile.accept.max_bad_frac:
            return None
        return proven_acceptance(self.factory.home, self.profile.judged_by)

    def work(self) -> list[Work[tuple[Candidate, ...]]]:
        """One unit for each episode; a quarantine that begins or ends makes it a new one."""
        return [
            self.unit(
                [pair.id for pairs in candidates for pair in pairs],
                candidates,
                subject=f"{candidates[0][0].instruction} ({candidates[0][0].id})",
                stamp=" ".join(said for pairs in candidates for said in self._said(pairs)),
            )
            for candidates in self._candidates
        ]

    @cached_property
    def _candidates(self) -> list[tuple[Candidate, ...]]:
        """Of each episode its results, that of the first painting first."""
        further: dict[str, dict[int, list[RetriedPair]]] = defaultdict(lambda: defaultdict(list))
        for pair in self._further:
            further[pair.instruction_id][pair.number].append(pair)
        return [
            (pairs, *(tuple(some) for _, some in sorted(further[pairs[0].instruction_id].items())))
            for pairs in by_episode(self._scored)
        ]

    @cached_property
    def _scored(self) -> list[ScoredPair]:
        return self.current(ScoredPair)

    @cached_property
    def _further(self) -> list[RetriedPair]:
        found = self.current(RetriedPair)
        return sorted(found, key=lambda pair: (pair.instruction_id, pair.number, pair.turn))

    @cached_property
    def _marked(self) -> dict[str, Quarantine]:
        marks = active(self.store)
        return hits(self.store, self._scored, marks) | hits(self.store, self._further, marks)

    def _mark(self, pairs: Candidate) -> Quarantine | None:
        return next((self._marked[p.id] for p in pairs if p.id in self._marked), None)

    @cached_property
    def _decided(self) -> dict[str, Review]:
        return decided(self.store)

    def _review(self, pairs: Candidate) -> Review | None:
        """What a person decided of a result, if anybody did."""
        return self._decided.get(review_id(painted_ids(pairs))) if self._decided else None

    def _said(self, pairs: Candidate) -> Iterator[str]:
        """What people said of a result: to be decided anew when it changes."""
        if mark := self._mark(pairs):
            yield mark.id
        if review := self._review(pairs):
            yield f"{review.id} {review.status} {review.at}{review.fixed}"

    def conclude(self) -> None:
        """Queue what is undecided for people to look at."""
        doubtful = []
        for candidates in self._candidates:
            (pairs, against), *_ = self._ranked(candidates)
            if against and against.reason is Reason.UNDECIDED:
                doubtful.append(opened(pairs, against.detail))
        known = reviews(self.store, self.partition)
        if doubtful or known:
            enqueue(self.store, self.partition, known, doubtful)

    def _ranked(self, candidates: Sequence[Candidate]) -> list[tuple[Candidate, Fault | None]]:
        """An episode's results, the one to choose first, with what speaks against each.

        Of those that may be accepted, or of all where none may, the longest, then the best.
        """
        judged = [(pairs, self._against(pairs)) for pairs in candidates]
        return sorted(
            judged, key=lambda one: (one[1] is not None, -len(one[0]), -one[0][0].dialogue_score)
        )

    def finish(self, work: Work[tuple[Candidate, ...]], result: None) -> Output:
        """Gate: the longest and best result that nothing speaks against."""
        (pairs, against), *others = self._ranked(work.payload)
        if against:
            return Output(faults=[against])
        chosen = replace(work, parents=tuple(pair.id for pair in pairs))
        review = self._review(pairs)
        fixed = review.fixed.splitlines() if review else []
        rows = [
            self.row(
                AcceptedPair,
                chosen,
                *((pair.id,) if pair.turns > 1 else ()),
                *fixed[place : place + 1],
                parents=(pair.id,),
                **shared_columns(ScoredRow, pair)
                | ({"instruction": fixed[place]} if fixed else {}),
            )
            for place, pair in enumerate(pairs)
        ]
        return Output(rows=rows, faults=[_outdone(other, by=pairs) for other, _ in others])

    def _against(self, pairs: Candidate) -> Fault | None:
        """Why a result is not accepted; None where it may be."""
        try:
            if mark := self._mark(pairs):
                raise FaultError(Reason.QUARANTINED, f"{mark.why} ({mark.who}, {mark.id})")
            for pair in pairs:
                self._check_safety(pair)
            if review := self._review(pairs):
                if review.status == ACCEPTED:
                    return None
                raise FaultError(Reason.REVIEWED, f"{review.why} ({review.who}, {review.id})")
            for pair in pairs:
                self._check(pair)
        except FaultError as error:
            return error.fault
        return None

    def _check_safety(self, pair: ScoredRow) -> None:
        most = self.profile.accept.max_unsafe
        if pair.unsafe is not None and pair.unsafe > most:
            raise FaultError(Reason.UNSAFE, f"{_turn(pair)}{pair.unsafe:.2f} above {most}")

    def _check(self, pair: ScoredRow) -> None:
        accept, turn = self.profile.accept, _turn(pair)
        for criterion in CRITERIA:
            least = getattr(accept, f"min_{criterion}")
            if (value := getattr(pair, criterion)) < least:
                detail = f"{turn}{criterion} {value:.2f} below {least}: {pair.reason}"
                raise FaultError(Reason.LOW_SCORE, detail)
        if self._proven:
            self._decide(pair, self._proven, turn)

    def _decide(self, pair: ScoredRow, proven: Acceptance, turn: str) -> None:
        likely = pair.good_probability
        decision = Decision.UNDECIDED if likely is None else proven.decide(likely)
        if decision is Decision.ACCEPT:
            return
        wanted = "none is proven" if proven.accept_from is None else f"{proven.accept_from:.2f}"
        said = "that its judge does not tell" if likely is None else f"{likely:.2f}"
        detail = f"{turn}good with probability {said}, accepted from {wanted}: {pair.reason}"
        rejected = decision is Decision.REJECT
        raise FaultError(Reason.LOW_SCORE if rejected else Reason.UNDECIDED, detail)

    def pictures(self, rows: Sequence[AcceptedPair]) -> list[Picture]:
        """Source and target over the instruction."""
        return [
            Picture(
                images=tuple(self.shown(v) for v in (r.source_version_id, r.target_version_id)),
                text=f"{r.score:.2f} {r.instruction}",
                id=r.id,
            )
            for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, their mean score, and what no judge sees of them."""
        if frame.is_empty():
            return {"rows": 0}
        means = {f"mean_{c}": float(frame[c].to_numpy().mean()) for c in ("score", *STATISTICS)}
        return {"rows": frame.height, **means}


def _turn(pair: ScoredRow) -> str:
    """Which turn is meant, before what is told of it; empty for a single edit."""
    return f"turn {pair.turn}: " if pair.turns > 1 else ""


def _outdone(pairs: Candidate, *, by: Candidate) -> Fault:
    """What is told of a result of which another was chosen."""
    ids = ", ".join(pair.id for pair in pairs)
    detail = (
        f"{ids}: {pairs[0].dialogue_score:.2f}, where {by[0].id} has {by[0].dialogue_score:.2f}: "
        f"{min(pairs, key=lambda pair: pair.score).reason}"
    )
    return Fault(reason=Reason.OUTDONE, detail=detail)
