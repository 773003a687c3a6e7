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
from models.studio.spoil import Flaw

EDITS = ("good", "copied", "black", "wrong")
"""In the order of the trial's epochs."""


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
        if not _in_order(*found):
            raise ImgEditError(_told(judge, case, found, run.trial))


def _in_order(good: CaseScore, *others: CaseScore) -> bool:
    return good.score is not None and all(
        score.status is Status.SCORED and score.score is not None and score.score < good.score
        for score in others
    )


def _told(judge: BenchJudge, case: BenchCase, found: Sequence[CaseScore], folder: RunFolder) -> str:
    lines = (f"\n  {edit}: {_said(score)}" for edit, score in zip(EDITS, found, strict=True))
    return (
        f"judge {judge.name} does not put a good edit above a copied, a black and a wrong one "
        f"({case.instruction}):{''.join(lines)}\nThe pictures and its answers are in "
        f"{folder.path}. Give another --judge, or --no-trial if that is meant"
    )


def _said(score: CaseScore) -> str:
    criteria = ", ".join(f"{name} {value:g}" for name, value in score.criteria.items())
    points = str(score.status) if score.score is None else f"{score.score:.2f} ({criteria})"
    return f"{points} {score.reason}".rstrip()
