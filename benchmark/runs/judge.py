"""Answers: every output put to a judge as the protocol says, and kept."""

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from benchmark.cases import BenchCase, pixels
from benchmark.judging.judge import Answer, Ask, BenchJudge, ask_key
from benchmark.protocols.protocol import ScoringProtocol
from benchmark.runs.folder import (
    AnswerLine,
    OutputLine,
    RunFolder,
    append,
    drop_torn_line,
    lines,
)
from benchmark.runs.generate import Key
from benchmark.runs.guarded import answers_to, in_lanes
from benchmark.runs.shown import Shown
from models.faults import Fault, FaultError, Reason
from models.geometry import Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a judge said of one output."""

    texts: Mapping[str, str]
    """By part."""
    fault: Fault | None = None
    """Why one of the parts has no answer."""


@dataclass(frozen=True, kw_only=True)
class Judging:
    """Asks one judge what it has not been asked yet.

    Args:
        cases: By id.
        outputs: All of the run.
        true_version: What a version of a case looks like if all was done right, where later turns
            are given that; None where they are given the editor's own results.
        on_progress: Told of each output that is judged, with its case.
    """

    folder: RunFolder
    protocol: ScoringProtocol
    judge: BenchJudge
    cases: Mapping[str, BenchCase]
    outputs: Mapping[Key, OutputLine]
    true_version: Callable[[BenchCase, int], Rgb] | None = None
    on_progress: Callable[[BenchCase], None] = lambda case: None

    def answers(self) -> dict[Key, Answers]:
        """The complete answers to what would be asked now; of those asked again the last.

        Raises:
            ImgEditError: The file is damaged.
        """
        found: dict[tuple[str, str], dict[str, AnswerLine]] = defaultdict(dict)
        for line in lines(self.folder.answers(self.judge.name), AnswerLine):
            output_key, part = _split(line)
            found[output_key, line.asked][part] = line
        current = {key: found.get((ask_key(*key), self._asked(key)), {}) for key in self._judged()}
        return {key: _answers(by_part) for key, by_part in current.items() if _is_whole(by_part)}

    def todo(self, *, retry_failed: bool = False) -> list[OutputLine]:
        """The outputs that it has not been asked about, as they are now."""
        known = {k for k, said in self.answers().items() if not (retry_failed and said.fault)}
        return [self.outputs[key] for key in self._judged() if key not in known]

    def ask(self, todo: Sequence[OutputLine]) -> None:
        """Ask about the outputs, several batches at a time where the judge allows it.

        Raises:
            ImgEditError: The judge cannot be asked any more: no budget, no answer.
        """
        path = self.folder.answers(self.judge.name)
        drop_torn_line(path)
        for answered in in_lanes(todo, self.judge, self._answered):
            append(path, *answered)

    def _judged(self) -> list[Key]:
        return [k for k, output in self.outputs.items() if output.image and output.id in self.cases]

    @cached_property
    def _shown(self) -> Shown:
        return Shown(folder=self.folder, outputs=self.outputs, true_version=self.true_version)

    @cached_property
    def _asker(self) -> str:
        """The way of asking and the judge, of which answers are."""
        told = [self.judge.name, self.judge.version, dict(self.judge.params())]
        return json.dumps([dict(self.protocol.asking()), *told], sort_keys=True, default=str)

    def _asked(self, key: Key) -> str:
        """What an answer depends on: who is asked how, the output, and what it was made of."""
        output = self.outputs[key]
        base = self._shown.base(self.cases[output.id], output)
        told = [self._asker, output.id, output.digest, base.digest if base else ""]
        return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]

    def _asks(self, output: OutputLine) -> tuple[Ask, ...]:
        """The protocol's questions about an output.

        Raises:
            FaultError: A picture cannot be read.
        """
        case = self.cases[output.id]
        questions = self.protocol.questions(
            case,
            output.turn,
            self._shown.given(case, output),
            self._shown.result(output),
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

    def _answered(self, batch: Sequence[OutputLine]) -> list[AnswerLine]:
        """Lines for all questions about some outputs."""
        prepared = [(output, self._prepared(output)) for output in batch]
        asks = [ask for _, made in prepared if not isinstance(made, Fault) for ask in made]
        began = time.monotonic()
        replies = iter(answers_to(asks, self.judge.answer))
        each_s = (time.monotonic() - began) / max(1, len(asks))
        found = [
            line for output, made in prepared for line in self._lines(output, made, replies, each_s)
        ]
        for output in batch:
            self.on_progress(self.cases[output.id])
        return found

    def _prepared(self, output: OutputLine) -> tuple[Ask, ...] | Fault:
        try:
            return self._asks(output)
        except FaultError as error:
            return error.fault

    def _lines(
        self,
        output: OutputLine,
        made: tuple[Ask, ...] | Fault,
        replies: Iterator[Answer | Fault],
        each_s: float,
    ) -> Iterator[AnswerLine]:
        key = (output.id, output.epoch, output.turn)
        line = AnswerLine(key=ask_key(*key), asked=self._asked(key))
        if isinstance(made, Fault):
            yield replace(line, reason=str(made.reason), detail=made.detail)
            return
        for ask in made:
            said = next(replies)
            line = replace(line, key=ask.key, parts=len(made))
            if isinstance(said, Fault):
                yield replace(line, reason=str(said.reason), detail=said.detail)
            else:
                yield replace(line, text=said.text, seconds=said.seconds or each_s, usd=said.usd)


def _split(line: AnswerLine) -> tuple[str, str]:
    """The key without its part, and the part."""
    if line.parts == 1:
        return line.key, ""
    key, _, part = line.key.rpartition("/")
    return key, part


def _is_whole(by_part: Mapping[str, AnswerLine]) -> bool:
    return bool(by_part) and all(line.parts <= len(by_part) for line in by_part.values())


def _answers(by_part: Mapping[str, AnswerLine]) -> Answers:
    told = by_part.values()
    faults = [Fault(reason=Reason(o.reason), detail=o.detail) for o in told if o.reason]
    return Answers(
        texts={part: line.text for part, line in by_part.items() if not line.reason},
        fault=faults[0] if faults else None,
    )
