"""Verdicts: every output put to the profile's judge as the protocol asks, and what it counts as.

An output that is not there has a row as well, with what the protocol gives it: an editor gains
nothing by leaving cases out. What the judge fails at is a reject, and counts in no mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from benchmark.cases import pixels
from benchmark.judging.judge import Answer, Ask, BenchJudge
from benchmark.protocols.protocol import CaseScore, Status
from benchmark.runs.guarded import answers_to
from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.contest import (
    PROTOCOL,
    cases_of,
    epochs_of,
    new_judge,
    plain,
    protocol_in_words,
    ready_judge,
)
from imgedit_assets.stages.verdicts import estimate_figures, verdicts
from models.faults import Fault, Reason
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import BenchmarkCase, BenchmarkOutput, BenchmarkScore

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One turn of one case in one epoch, of which there must be an output."""

    case: BenchmarkCase
    epoch: int
    turn: int
    output: BenchmarkOutput | None


class BenchmarkScores(AssetStage[Due, tuple[Ask, ...], CaseScore]):
    """One row for each turn, case and epoch that there is a verdict on."""

    record = BenchmarkScore
    shows_worst = True

    def make_recipe(self) -> Recipe:
        """The judge with its arguments, and the protocol."""
        return Recipe(
            stage=self.record.TABLE,
            version=self.record.VERSION,
            backend=f"{self._unready.name} {self._unready.version}",
            params={
                "judge": plain(self._unready.params()),
                "protocol": protocol_in_words(),
                **plain(PROTOCOL.params()),
            },
        )

    @cached_property
    def _unready(self) -> BenchJudge:
        return new_judge(self.factory)

    def work(self) -> list[Work[Due]]:
        """One unit for each output, and for each that is not there."""
        made = {(o.parent_ids[0], o.epoch, o.turn): o for o in self.current(BenchmarkOutput)}
        return [
            self._unit(
                Due(case=case, epoch=epoch, turn=turn, output=made.get((case.id, epoch, turn)))
            )
            for epoch in range(1, epochs_of(self.factory, self.partition.keys["editor"]) + 1)
            for case in self.current(BenchmarkCase)
            for turn in range(1, len(case.instructions) + 1)
        ]

    def _unit(self, due: Due) -> Work[Due]:
        turns = len(due.case.instructions)
        return self.unit(
            [due.output.id if due.output else due.case.id],
            due,
            subject=f"{due.case.case_id}: {due.case.instructions[due.turn - 1]}",
            ordinal=0 if due.output else (due.epoch - 1) * turns + due.turn,
        )

    def setup(self) -> None:
        """Load the judge, and the suite that knows more of a case than its row."""
        self._judge = ready_judge(self.factory)
        self._cases = cases_of(self.factory, self.partition.keys["suite"])
        self._free = BoundedSemaphore(max(1, self._judge.lanes))
        self.batch_size = max(1, self._judge.at_once)

    def pixels(self, work: Work[Due]) -> int:
        """Those of what is shown to the judge."""
        output = work.payload.output
        source = work.payload.case.width * work.payload.case.height
        return 0 if output is None else 2 * source + output.width * output.height

    def prepare(self, work: Work[Due]) -> tuple[Ask, ...]:
        """Decode the pictures, and word the questions; none about an output that is not there."""
        due, output = work.payload, work.payload.output
        if output is None:
            return ()
        case = self._cases[due.case.case_id]
        questions = PROTOCOL.questions(
            case,
            due.turn,
            self.store.render(output.source_version_id),
            self.store.render(output.target_version_id),
            pixels(case.reference) if case.reference else None,
        )
        return tuple(
            Ask(
                case=case,
                turn=due.turn,
                epoch=due.epoch,
                part=question.part,
                prompt=question.prompt,
                images=question.images,
                form=question.form,
            )
            for question in questions
        )

    def process(
        self, batch: Sequence[tuple[Work[Due], tuple[Ask, ...]]]
    ) -> Sequence[CaseScore | Fault]:
        """Ask the judge, and read what it says."""
        asks = [ask for _, some in batch for ask in some]
        with self._free:
            answers = iter(answers_to(asks, self._judge.answer))
        return [
            self._read(work.payload, {ask.part: next(answers) for ask in asks})
            for work, asks in batch
        ]

    def _read(self, due: Due, answers: Mapping[str, Answer | Fault]) -> CaseScore | Fault:
        if due.output is None:
            why = "there is no output: see the rejects of `benchmark_outputs`"
            return PROTOCOL.unscored(Status.MISSING, why)
        if fault := next((said for said in answers.values() if isinstance(said, Fault)), None):
            return fault
        texts = {part: said.text for part, said in answers.items() if isinstance(said, Answer)}
        read = PROTOCOL.read(self._cases[due.case.case_id], due.turn, texts)
        if read.status is Status.SCORED:
            return read
        return Fault(reason=Reason.BAD_REPLY, detail=f"{read.status}: {read.reason}")

    def finish(self, work: Work[Due], result: CaseScore) -> Output:
        """The verdict."""
        due = work.payload
        assert result.score is not None
        row = self.row(
            BenchmarkScore,
            work,
            case_id=due.case.case_id,
            task=due.case.task,
            cluster=due.case.cluster,
            epoch=due.epoch,
            turn=due.turn,
            turns=len(due.case.instructions),
            instruction=due.case.instructions[due.turn - 1],
            source_version_id=due.output.source_version_id if due.output else due.case.version_id,
            target_version_id=due.output.target_version_id if due.output else "",
            status=str(result.status),
            score=result.score,
            adherence=result.criteria.get("adherence"),
            quality=result.criteria.get("quality"),
            preservation=result.criteria.get("preservation"),
            reason=result.reason,
            judge=self.recipe.backend,
            judge_kind=self._judge.kind,
            protocol=protocol_in_words(),
        )
        return Output(rows=[row])

    def pictures(self, rows: Sequence[BenchmarkScore]) -> list[Picture]:
        """What was given and what came, over the verdict."""
        return [
            Picture(
                images=tuple(
                    self.shown(v) for v in (row.source_version_id, row.target_version_id) if v
                ),
                text=f"{row.score:.2f} {row.task}: {row.instruction} - {row.reason}",
                id=row.id,
            )
            for row in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, outputs that are missing, and of one editor on one suite the headline."""
        missing = int((frame["status"] == Status.MISSING).sum())
        found: dict[str, float] = {"rows": frame.height, "missing": missing}
        if frame.select("editor", "suite").n_unique() != 1:
            return found
        return {**found, **estimate_figures("overall", verdicts(frame).macro)}
