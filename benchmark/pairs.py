"""Outputs of several runs before a judge, two at a time, each pair in both orders.

    judge/<name>.jsonl   each answer as the judge gave it; what is answered is not asked again
    stats.json           seconds, USD and tokens
    votes.csv            what `rank` reads
    ranking.json         the strengths, and how sure the judge is of itself

An output that is not there loses against one that is, and two that are equal to the byte are a tie:
nobody is asked about those. Only first turns are compared, which are said of the same picture.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from statistics import fmean

from benchmark.cases import BenchCase, pixels
from benchmark.judging.judge import Answer, Ask, BenchJudge
from benchmark.judging.pair import PairReply, Winner, pair_ask, wording
from benchmark.runs.folder import (
    AnswerLine,
    OutputLine,
    RunFolder,
    append,
    drop_torn_line,
    lines,
)
from benchmark.runs.generate import Key, outputs_of
from benchmark.runs.guarded import answers_to, in_lanes
from benchmark.runs.shown import Shown
from benchmark.statistics.bradley_terry import Ranking, Vote, rank
from models.chat.replies import ReplyError, read_reply
from models.faults import Fault, FaultError
from resources.recipes import digest

_OTHER = {"first": "second", "second": "first", "tie": "tie"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two outputs of one case, in one order."""

    first: str
    """The run whose output is shown first."""
    second: str
    case: BenchCase
    epoch: int
    of: str
    """A hash of the pictures and the judge, which is not asked about them again."""
    unasked: Winner | None
    """Who wins without a judge; None where one is needed."""
    winner: Winner | None = None
    """None where there is no answer that can be read."""


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

    folder: RunFolder
    runs: Mapping[str, RunFolder]
    cases: Sequence[BenchCase]
    epochs: int
    judge: BenchJudge
    on_progress: Callable[[], None] = lambda: None

    def todo(self, *, retry_failed: bool = False) -> list[Pair]:
        """The questions that are open; one that failed is asked again only if that is wanted."""
        known = {o for o, line in self._answers().items() if _winner(line) or not retry_failed}
        # Two runs may have the same picture: the question is the same one.
        asked = {pair.of: pair for pair in self._wanted if pair.unasked is None}
        return [pair for of, pair in asked.items() if of not in known]

    def ask(self, todo: Sequence[Pair]) -> None:
        """Ask, several batches at a time where the judge allows it, and keep the answers.

        Raises:
            ImgEditError: The judge cannot be asked any more: no budget, no answer.
        """
        path = self.folder.answers(self.judge.name)
        drop_torn_line(path)
        for answered in in_lanes(todo, self.judge, self._answered):
            append(path, *answered)

    def asks(self, todo: Sequence[Pair]) -> list[Ask]:
        """The questions as a judge is asked them, but for those whose pictures cannot be read."""
        return [ask for pair in todo if isinstance(ask := self._asked(pair), Ask)]

    def pairs(self) -> list[Pair]:
        """Every pair, with its winner."""
        answers = self._answers()
        return [
            replace(pair, winner=pair.unasked or _winner(answers.get(pair.of)))
            for pair in self._wanted
        ]

    def _answers(self) -> dict[str, AnswerLine]:
        return {o.asked: o for o in lines(self.folder.answers(self.judge.name), AnswerLine)}

    @cached_property
    def _outputs(self) -> dict[str, dict[Key, OutputLine]]:
        return {label: outputs_of(run) for label, run in self.runs.items()}

    @cached_property
    def _wanted(self) -> list[Pair]:
        """Each pair in both orders."""
        judge = self.judge
        asker = json.dumps(
            [wording(), judge.name, judge.version, dict(judge.params())], default=str
        )
        return [
            Pair(
                first=first,
                second=second,
                case=case,
                epoch=epoch,
                of=digest("pair", asker, case.id, case.cluster, made[first], made[second]),
                unasked=_unasked(made[first], made[second]),
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

    def _answered(self, batch: Sequence[Pair]) -> list[AnswerLine]:
        asks = [self._asked(pair) for pair in batch]
        replies = iter(answers_to([ask for ask in asks if isinstance(ask, Ask)], self.judge.answer))
        return [self._line(pair, ask, replies) for pair, ask in zip(batch, asks, strict=True)]

    def _line(self, pair: Pair, ask: Ask | Fault, replies: Iterator[Answer | Fault]) -> AnswerLine:
        said = next(replies) if isinstance(ask, Ask) else ask
        self.on_progress()
        key = f"{pair.first}|{pair.second}/{pair.case.id}/{pair.epoch}"
        line = AnswerLine(key=key, asked=pair.of)
        if isinstance(said, Fault):
            return replace(line, reason=str(said.reason), detail=said.detail)
        return replace(line, text=said.text, seconds=said.seconds, usd=said.usd)

    def _asked(self, pair: Pair) -> Ask | Fault:
        key = (pair.case.id, pair.epoch, 1)
        try:
            first, second = (
                Shown(folder=self.runs[label], outputs={}).result(self._outputs[label][key])
                for label in (pair.first, pair.second)
            )
            source = pixels(pair.case.source)
        except FaultError as error:
            return error.fault
        return pair_ask(pair.case, epoch=pair.epoch, source=source, first=first, second=second)


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


def ranked(pairs: Sequence[Pair], judge: BenchJudge) -> PairedRanking:
    """What the answers say of the editors.

    Raises:
        ImgEditError: There is no answer.
    """
    votes = votes_of(pairs)
    return PairedRanking(
        judge={"name": judge.name, "version": judge.version, "kind": judge.kind},
        questions=len(pairs),
        without_answer=len(pairs) - len(votes),
        same_in_both_orders=_steadiness(pairs),
        ranking=rank(votes),
    )


def votes_of(pairs: Sequence[Pair]) -> list[Vote]:
    """The votes of the answers."""
    return [
        Vote(first=p.first, second=p.second, winner=p.winner, cluster=p.case.cluster)
        for p in pairs
        if p.winner
    ]


def _steadiness(pairs: Sequence[Pair]) -> float | None:
    said = {
        (pair.case.id, pair.epoch, pair.first, pair.second): pair.winner
        for pair in pairs
        if pair.winner and not pair.unasked
    }
    same = [
        winner == _OTHER[other]
        for (case, epoch, first, second), winner in said.items()
        if first < second and (other := said.get((case, epoch, second, first)))
    ]
    return fmean(same) if same else None


def _winner(line: AnswerLine | None) -> Winner | None:
    if line is None or line.reason:
        return None
    try:
        return read_reply(line.text, PairReply).winner
    except ReplyError:
        return None


def _unasked(first: str, second: str) -> Winner | None:
    if first == second:
        return "tie"
    return None if first and second else "first" if first else "second"
