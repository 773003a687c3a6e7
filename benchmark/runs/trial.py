"""The trial of a judge: one that cannot tell a good edit from none is not asked about others.

Drawn cases whose right results are known are shown to it four times each: edited rightly, not at
all, to black, and wrongly. The good edit must come out above each of the others.
"""

from collections.abc import Sequence

import numpy as np

from benchmark.asked import Weightless
from benchmark.cases import BenchCase
from benchmark.editors.editor import EditCall
from benchmark.editors.oracle import OracleEditor
from benchmark.judging.judge import BenchJudge
from benchmark.protocols.protocol import CaseScore, ScoringProtocol, Status
from benchmark.runs.folder import RunFolder
from benchmark.runs.generate import Generator, outputs_of
from benchmark.runs.judge import Judging
from benchmark.runs.score import score_outputs
from models.faults import Fault, ImgEditError
from models.geometry import Rgb
from models.judge.trial import EDITS, in_order, told
from models.studio.spoil import Flaw


class TrialEditor(Weightless):
    """Edits a case in one of the four ways, by the epoch."""

    name = "trial"
    version = "1"
    at_once = len(EDITS)
    lanes = 1

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """The results, in order."""
        return [self._edited(call, EDITS[call.epoch - 1]) for call in calls]

    def _edited(self, call: EditCall, edit: str) -> Rgb | Fault:
        if edit == "copied":
            return call.image
        if edit == "black":
            return np.zeros_like(call.image)
        wrong = OracleEditor(flaw=Flaw.WRONG_OBJECT, degree=1)
        return (wrong if edit == "wrong" else OracleEditor()).edit([call])[0]


def try_judge(
    judge: BenchJudge, protocol: ScoringProtocol, cases: Sequence[BenchCase], run: RunFolder
) -> None:
    """Ask a judge about the four edits of each case; answers are kept, and paid for once.

    Args:
        judge: Set up.
        protocol: By which it is asked.
        cases: Of the studio (`benchmark.suites.studio.trial`).
        run: The folder of the run, in which the trial has one of its own.

    Raises:
        ImgEditError: A good edit is not above each of the others; the text says what they got.
    """
    generator = Generator(folder=run.trial, editor=TrialEditor(), seed=0)
    if todo := generator.todo(cases, len(EDITS), retry_failed=True):
        generator.make(todo)
    judging = Judging(
        folder=run.trial,
        protocol=protocol,
        judge=judge,
        cases={case.id: case for case in cases},
        outputs=outputs_of(run.trial),
    )
    judging.ask(judging.todo(retry_failed=True))
    scored = score_outputs(cases, len(EDITS), judging.outputs, judging.answers(), protocol)
    for case in cases:
        found = [one.score for one in scored if one.case is case]
        if not in_order([_points(score) for score in found]):
            raise ImgEditError(_told(judge, case, found, run.trial))


def _points(found: CaseScore) -> float | None:
    return found.score if found.status is Status.SCORED else None


def _told(judge: BenchJudge, case: BenchCase, found: Sequence[CaseScore], folder: RunFolder) -> str:
    return (
        f"{told(judge.name, case.instruction, [_said(score) for score in found])}\n"
        f"The pictures and its answers are in {folder.path}. Give another --judge, or --no-trial "
        "if that is meant"
    )


def _said(score: CaseScore) -> str:
    criteria = ", ".join(f"{name} {value:g}" for name, value in score.criteria.items())
    points = str(score.status) if score.score is None else f"{score.score:.2f} ({criteria})"
    return f"{points} {score.reason}".rstrip()
