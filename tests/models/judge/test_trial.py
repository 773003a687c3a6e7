"""The trial of a judge: what passes, and what whoever is refused is told."""

from collections.abc import Sequence

import numpy as np
import pytest

from models.faults import Fault, Reason
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.pair import MetricJudge
from models.judge.trial import UntrustworthyJudgeError, trial_cases, try_judge


def test_a_judge_that_looks_passes() -> None:
    judge = MetricJudge()
    judge.setup()
    try_judge("metric", judge.judge)


def test_one_that_prefers_what_changed_least_is_refused_with_what_it_said() -> None:
    def lazy(requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        changed = [float(np.mean(r.source != r.target)) for r in requests]
        scores = [5 - 4 * share for share in changed]
        return [
            Judgement(adherence=s, quality=s, preservation=s, reason="So it stays.") for s in scores
        ]

    with pytest.raises(UntrustworthyJudgeError) as refused:
        try_judge("lazy", lazy)
    assert "copied: 5.00 (adherence 5, quality 5, preservation 5) So it stays." in str(
        refused.value
    )
    assert "Remove the pagoda." in str(refused.value)


def test_equal_scores_and_faults_are_no_order() -> None:
    same = Judgement(adherence=3, quality=3, preservation=3, reason="As always.")
    fault = Fault(reason=Reason.BAD_REPLY, detail="no line")
    pairs = sum(len(case) for case in trial_cases())
    for verdicts in ([same] * pairs, [fault] * pairs):
        with pytest.raises(UntrustworthyJudgeError, match=r"black: (3\.00|bad_reply: no line)"):
            try_judge("dull", lambda _, verdicts=verdicts: verdicts)
