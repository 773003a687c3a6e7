"""Outputs of several runs before a judge, two at a time, each pair in both orders.

    pairs.jsonl     a line for each question, as it was answered; what is answered is kept
    judge/ledger/   what was paid for, also what a killed run had not kept yet
    votes.csv       what `rank` reads
    ranking.json    the strengths, and how sure the judge is of itself

An output that is not there loses against one that is, and two that are equal to the byte are a tie:
nobody is asked about those. Only first turns are compared, which are said of the same picture.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from pathlib import Path
from statistics import fmean

from benchmark.cases import BenchCase, pixels
from benchmark.judging.judge import Ask, BenchJudge
from benchmark.judging.pair import PairReply, Winner, pair_ask, wording
from benchmark.runs.folder import OutputLine, PairLine, RunFolder, append, drop_torn_line, lines
from benchmark.runs.generate import Key, outputs_of
from benchmark.runs.guarded import answers_to, in_lanes
from benchmark.runs.shown import Shown
from benchmark.statistics.bradley_terry import Ranking, Vote, rank
from models.chat.replies import ReplyError, read_reply
from models.faults import Fault, FaultError, Reason
from resources.recipes import digest

_OTHER = {"first": "second", "second": "first", "tie": "tie"}


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Asks a judge about pairs what it was not asked yet.

    Args:
        folder: Where answers are kept.
        runs: By what their editors are called in reports.
        cases: Those that are compared.
        epochs: How many outputs of each case.
        judge: Set up before it is asked.
        on_progress: Told of each question that is answered.
    """

    folder: Path
    runs: Mapping[str, RunFolder]
    cases: Sequence[BenchCase]
    epochs: int
    judge: BenchJudge
    on_progress: Callable[[], None] = lambda: None

    def todo(self, *, retry_failed: bool = False) -> list[PairLine]:
        """The questions that are open; one that failed is asked again only if that is wanted."""
        known = {line.of for line in self._kept() if not (retry_failed and line.fault)}
        # Two runs may have the same picture: the question is the same one.
        wanted = {line.of: line for line in self._wanted if line.is_asked}
        return [line for of, line in wanted.items() if of not in known]

    def ask(self, todo: Sequence[PairLine]) -> None:
        """Ask, several batches at a time where the judge allows it, and keep the answers.

        Raises:
            ImgEditError: The judge cannot be asked any more: no budget, no answer.
        """
        drop_torn_line(self._path)
        for answered in in_lanes(todo, self.judge, self._answered):
            append(self._path, *answered)

    def asks(self, todo: Sequence[PairLine]) -> list[Ask]:
        """The questions as a judge is asked them, but for those whose pictures cannot be read."""
        return [ask for line in todo if isinstance(ask := self._asked(line), Ask)]

    def lines(self) -> list[PairLine]:
        """Every question with its answer; without a winner where there is none."""
        kept = {line.of: line for line in self._kept()}
        return [
            replace(kept.get(line.of, line), first=line.first, second=line.second, id=line.id)
            for line in self._wanted
        ]

    @property
    def _path(self) -> Path:
        return self.folder / "pairs.jsonl"

    def _kept(self) -> Iterator[PairLine]:
        return lines(self._path, PairLine)

    @cached_property
    def _by_id(self) -> dict[str, BenchCase]:
        return {case.id: case for case in self.cases}

    @cached_property
    def _outputs(self) -> dict[str, dict[Key, OutputLine]]:
        return {label: outputs_of(run) for label, run in self.runs.items()}

    @cached_property
    def _wanted(self) -> list[PairLine]:
        """Each pair in both orders; with its winner where nobody need be asked."""
        judge = self.judge
        asker = json.dumps(
            [wording(), judge.name, judge.version, dict(judge.params())], default=str
        )
        return [
            PairLine(
                first=first,
                second=second,
                id=case.id,
                epoch=epoch,
                cluster=case.cluster,
                of=digest("pair", asker, case.id, case.cluster, made[first], made[second]),
                winner=_unasked(made[first], made[second]),
                is_asked=_unasked(made[first], made[second]) is None,
            )
            for case in self.cases
            for epoch in range(1, self.epochs + 1)
            for made in [self._made(case, epoch)]
            for first, second in permutations(made, 2)
            if made[first] or made[second]
        ]

    def _made(self, case: BenchCase, epoch: int) -> dict[str, str]:
        """A hash of each run's output; "" for one that is not there."""
        outputs = {label: each.get((case.id, epoch, 1)) for label, each in self._outputs.items()}
        return {label: output.digest if output else "" for label, output in outputs.items()}

    def _answered(self, batch: Sequence[PairLine]) -> list[PairLine]:
        asks = [self._asked(line) for line in batch]
        replies = iter(answers_to([ask for ask in asks if isinstance(ask, Ask)], self.judge.answer))
        found = []
        for line, ask in zip(batch, asks, strict=True):
            said = next(replies) if isinstance(ask, Ask) else ask
            self.on_progress()
            if isinstance(said, Fault):
                found.append(replace(line, fault=f"{said.reason}: {said.detail}"))
                continue
            spent = replace(line, seconds=said.seconds, usd=said.usd)
            try:
                reply = read_reply(said.text, PairReply)
            except ReplyError as error:
                found.append(replace(spent, fault=f"{Reason.BAD_REPLY}: {error}"))
            else:
                found.append(replace(spent, winner=reply.winner, reason=reply.reason))
        return found

    def _asked(self, line: PairLine) -> Ask | Fault:
        case = self._by_id[line.id]
        key = (line.id, line.epoch, 1)
        try:
            first, second = (
                Shown(folder=self.runs[label], outputs={}).result(self._outputs[label][key])
                for label in (line.first, line.second)
            )
            source = pixels(case.source)
        except FaultError as error:
            return error.fault
        return pair_ask(case, epoch=line.epoch, source=source, first=first, second=second)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRanking:
    """What `ranking.json` holds."""

    judge: dict[str, str]
    """`name`, `version`, `kind`."""
    questions: int
    without_answer: int
    same_in_both_orders: float | None
    """Of pairs that were asked in both orders, 0 to 1."""
    ranking: Ranking


def ranked(found: Sequence[PairLine], judge: BenchJudge) -> PairedRanking:
    """What the answers say of the editors.

    Raises:
        ImgEditError: There is no answer.
    """
    votes = votes_of(found)
    return PairedRanking(
        judge={"name": judge.name, "version": judge.version, "kind": judge.kind},
        questions=len(found),
        without_answer=len(found) - len(votes),
        same_in_both_orders=_steadiness(found),
        ranking=rank(votes),
    )


def votes_of(found: Sequence[PairLine]) -> list[Vote]:
    """The votes of the answers."""
    return [
        Vote(first=line.first, second=line.second, winner=line.winner, cluster=line.cluster)
        for line in found
        if line.winner
    ]


def _steadiness(found: Sequence[PairLine]) -> float | None:
    said = {(line.id, line.epoch, line.first, line.second): line for line in found if line.is_asked}
    same = [
        line.winner == _OTHER[other.winner]
        for (case, epoch, first, second), line in said.items()
        if first < second and (other := said.get((case, epoch, second, first)))
        if line.winner and other.winner
    ]
    return fmean(same) if same else None


def _unasked(first: str, second: str) -> Winner | None:
    if first == second:
        return "tie"
    return None if first and second else "first" if first else "second"
