"""Answers: every output put to a judge as the protocol says, and kept."""

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from benchmark.cases import BenchCase, pixels
from benchmark.judging.judge import Answer, Ask, BenchJudge, ask_key
from benchmark.protocols.protocol import ScoringProtocol, protocol_hash
from benchmark.runs.folder import (
    AnswerLine,
    OutputLine,
    RunFolder,
    append,
    drop_torn_line,
    lines,
)
from benchmark.runs.generate import Key
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Rgb
from models.images import decode
from resources.reading import MAX_IMAGE_BYTES, read_regular


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a judge said of one output."""

    asked: str
    texts: Mapping[str, str]
    """By part."""
    fault: Fault | None = None
    """Why one of the parts has no answer."""


def answers_of(folder: RunFolder, judge: str) -> dict[Key, Answers]:
    """The complete answers of a judge: of an output that was asked about again, the last ones.

    Raises:
        ImgEditError: The file is damaged.
    """
    found: dict[tuple[str, str], dict[str, AnswerLine]] = defaultdict(dict)
    for line in lines(folder.answers(judge), AnswerLine):
        case_and_turn, part = _split(line)
        found[case_and_turn, line.asked][part] = line
    complete: dict[Key, Answers] = {}
    for (key, asked), by_part in found.items():
        if len(by_part) < next(iter(by_part.values())).parts:
            continue
        case_id, epoch, turn = key.rsplit("/", 2)
        faults = [line for line in by_part.values() if line.reason]
        complete[case_id, int(epoch), int(turn)] = Answers(
            asked=asked,
            texts={part: line.text for part, line in by_part.items() if not line.reason},
            fault=Fault(reason=Reason(faults[0].reason), detail=faults[0].detail)
            if faults
            else None,
        )
    return complete


def _split(line: AnswerLine) -> tuple[str, str]:
    """The key without its part, and the part."""
    if line.parts == 1:
        return line.key, ""
    key, _, part = line.key.rpartition("/")
    return key, part


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Asks one judge what it has not been asked yet.

    Args:
        on_progress: Told of each output that is judged, with its case.
    """

    folder: RunFolder
    protocol: ScoringProtocol
    judge: BenchJudge
    on_progress: Callable[[BenchCase], None] = lambda case: None

    def todo(
        self,
        cases: Mapping[str, BenchCase],
        outputs: Mapping[Key, OutputLine],
        *,
        retry_failed: bool = False,
    ) -> list[OutputLine]:
        """The outputs that it has not been asked about, as they are now."""
        known = answers_of(self.folder, self.judge.name)
        return [
            output
            for key, output in outputs.items()
            if output.image
            and output.id in cases
            and not self._is_known(known.get(key), output, retry_failed=retry_failed)
        ]

    def ask(self, cases: Mapping[str, BenchCase], todo: Sequence[OutputLine]) -> None:
        """Ask about the outputs, several batches at a time where the judge allows it.

        Raises:
            ImgEditError: The judge cannot be asked any more: no budget, no answer.
        """
        path = self.folder.answers(self.judge.name)
        drop_torn_line(path)
        size = max(1, self.judge.at_once)
        batches = [todo[at : at + size] for at in range(0, len(todo), size)]
        with ThreadPoolExecutor(max(1, self.judge.lanes)) as lanes:
            try:
                for answered in lanes.map(lambda batch: self._answered(cases, batch), batches):
                    append(path, *answered)
            except BaseException:
                lanes.shutdown(cancel_futures=True)
                raise

    def asks(self, case: BenchCase, output: OutputLine) -> tuple[Ask, ...]:
        """The protocol's questions about an output.

        Raises:
            FaultError: A picture cannot be read.
        """
        edited = decode(read_regular(self.folder.path / output.image, max_bytes=MAX_IMAGE_BYTES))
        questions = self.protocol.questions(
            case,
            output.turn,
            self._source(case, output),
            edited,
            pixels(case.reference) if case.reference else None,
        )
        return tuple(
            Ask(
                case=case,
                turn=output.turn,
                epoch=output.epoch,
                part=question.part,
                prompt=question.prompt,
                images=question.images,
                form=question.form,
            )
            for question in questions
        )

    def _source(self, case: BenchCase, output: OutputLine) -> Rgb:
        """What the turn was said of: the source, or the editor's own earlier result."""
        version = case.turns[output.turn - 1].starts_from
        if version == 0:
            return pixels(case.source)
        path = self.folder.image(case.id, output.epoch, version)
        return decode(read_regular(path, max_bytes=MAX_IMAGE_BYTES))

    def _is_known(self, answers: Answers | None, output: OutputLine, *, retry_failed: bool) -> bool:
        if answers is None or answers.asked != self._asked(output):
            return False
        return not (retry_failed and answers.fault)

    def _asked(self, output: OutputLine) -> str:
        """What an answer depends on: protocol, judge, and the output's bytes."""
        told = json.dumps(
            [
                protocol_hash(self.protocol),
                self.judge.name,
                self.judge.version,
                dict(self.judge.params()),
                output.id,
                output.digest,
            ],
            sort_keys=True,
            default=str,
        )
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def _answered(
        self, cases: Mapping[str, BenchCase], batch: Sequence[OutputLine]
    ) -> list[AnswerLine]:
        """Lines for all questions about some outputs."""
        prepared = [(output, self._prepared(cases[output.id], output)) for output in batch]
        asks = [ask for _, made in prepared if not isinstance(made, Fault) for ask in made]
        began = time.monotonic()
        answers = iter(self._replies(asks))
        each_s = (time.monotonic() - began) / max(1, len(asks))
        found = [
            line for output, made in prepared for line in self._lines(output, made, answers, each_s)
        ]
        for output in batch:
            self.on_progress(cases[output.id])
        return found

    def _prepared(self, case: BenchCase, output: OutputLine) -> tuple[Ask, ...] | Fault:
        try:
            return self.asks(case, output)
        except FaultError as error:
            return error.fault

    def _replies(self, asks: Sequence[Ask]) -> list[Answer | Fault]:
        if not asks:
            return []
        try:
            return self.judge.answer(asks)
        except ImgEditError:
            raise
        except Exception as error:  # a judge of somebody else's may raise anything
            if len(asks) > 1:
                return [reply for ask in asks for reply in self._replies([ask])]
            detail = f"{type(error).__name__}: {error}"
            return [Fault(reason=Reason.WORKER_ERROR, detail=detail)]

    def _lines(
        self,
        output: OutputLine,
        made: tuple[Ask, ...] | Fault,
        answers: Iterator[Answer | Fault],
        each_s: float,
    ) -> Iterator[AnswerLine]:
        asked = self._asked(output)
        if isinstance(made, Fault):
            key = ask_key(output.id, output.epoch, output.turn)
            yield AnswerLine(key=key, asked=asked, reason=str(made.reason), detail=made.detail)
            return
        for ask in made:
            answer = next(answers)
            line = AnswerLine(key=ask.key, asked=asked, parts=len(made))
            if isinstance(answer, Fault):
                yield replace(line, reason=str(answer.reason), detail=answer.detail)
            else:
                yield replace(
                    line,
                    text=answer.text,
                    seconds=answer.seconds or each_s,
                    usd=answer.usd,
                    input_tokens=answer.input_tokens,
                    output_tokens=answer.output_tokens,
                )
