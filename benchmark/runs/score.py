"""Scores: what is recorded, read by the protocol; nothing is made or asked here."""

from collections.abc import Iterable, Mapping, Sequence

from benchmark.cases import BenchCase
from benchmark.protocols.protocol import CaseScore, Reading, ScoredCase, Status
from benchmark.runs.folder import OutputLine, SampleLine
from benchmark.runs.generate import Key
from benchmark.runs.judge import Answers
from models.faults import Reason

_REFUSALS = frozenset({Reason.REFUSED, Reason.CONTENT_FILTER})


def score_outputs(
    cases: Sequence[BenchCase],
    epochs: int,
    outputs: Mapping[Key, OutputLine],
    answers: Mapping[Key, Answers],
    protocol: Reading,
) -> list[ScoredCase]:
    """How every output that was asked for ended, those as well that are not there."""
    wanted = [
        (case, (case.id, epoch, turn))
        for epoch in range(1, epochs + 1)
        for case in cases
        for turn in range(1, len(case.turns) + 1)
    ]
    return [
        ScoredCase(
            case=case,
            epoch=key[1],
            turn=key[2],
            score=_score(case, key[2], outputs.get(key), answers.get(key), protocol),
        )
        for case, key in wanted
    ]


def _score(
    case: BenchCase,
    turn: int,
    output: OutputLine | None,
    answers: Answers | None,
    protocol: Reading,
) -> CaseScore:
    if output is None or not output.image:
        why = f"{output.reason}: {output.detail}" if output else "not made yet"
        return protocol.unscored(Status.MISSING, why)
    if answers is None:
        return protocol.unscored(Status.FAILED, "not judged yet")
    return read_answers(case, turn, answers, protocol)


def read_answers(case: BenchCase, turn: int, answers: Answers, protocol: Reading) -> CaseScore:
    """What a protocol makes of the answers about one output, or of why there are none."""
    if answers.fault:
        return protocol.unscored(status_of(answers.fault.reason), str(answers.fault.detail))
    return protocol.read(case, turn, answers.texts)


def status_of(reason: Reason) -> Status:
    """How an output ended that the judge did not answer about, and why."""
    if reason in _REFUSALS:
        return Status.REFUSED
    return Status.UNPARSABLE if reason is Reason.BAD_REPLY else Status.FAILED


def sample_lines(
    scored: Iterable[ScoredCase],
    judge: str,
    outputs: Mapping[Key, OutputLine],
) -> list[SampleLine]:
    """The lines of `samples.jsonl` for one judge."""
    found = []
    for one in scored:
        key = (one.case.id, one.epoch, one.turn)
        output = outputs.get(key)
        found.append(
            SampleLine(
                id=one.case.id,
                suite=one.case.suite,
                epoch=one.epoch,
                turn=one.turn,
                task=one.case.task,
                cluster=one.case.cluster,
                groups=one.case.groups,
                instruction=one.case.turns[one.turn - 1].instruction,
                judge=judge,
                status=str(one.score.status),
                score=one.score.score,
                criteria=dict(one.score.criteria),
                reason=one.score.reason,
                quirks=one.score.quirks,
                image=output.image if output else "",
            )
        )
    return found
