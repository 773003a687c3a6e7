from dataclasses import replace

import numpy as np
import pytest

from benchmark.agreement import spearman
from benchmark.cases import BenchCase
from benchmark.editors.editor import BenchEditor, EditCall
from benchmark.editors.oracle import OracleEditor
from benchmark.editors.painters import PainterEditor
from benchmark.judging.judge import Ask
from benchmark.judging.role import BenchMetricJudge
from benchmark.suites.studio.basic import COUNTS
from benchmark.suites.studio.multiturn import TURNS
from models.faults import Fault, ImgEditError, Reason
from models.geometry import Rgb
from models.judge.chat import MeasuredReply, verdict
from models.studio.spoil import Flaw
from tests.benchmark.studio_suites import call_for, case_of, suite

TASKS = [
    *(("studio-basic", task) for task in COUNTS),
    ("studio-uge", "uge"),
    *(("studio-multiturn", task) for task in TURNS),
]


def _score(call: EditCall, image: Rgb) -> float:
    ask = Ask(
        case=call.case, turn=call.turn, epoch=1, part="", prompt="", images=(call.image, image)
    )
    (answer,) = BenchMetricJudge().answer([ask])
    assert not isinstance(answer, Fault), answer
    return verdict(MeasuredReply.model_validate_json(answer.text)).capped().score


def _edited(editor: BenchEditor, call: EditCall) -> Rgb:
    (image,) = editor.edit([call])
    assert not isinstance(image, Fault), image
    return image


def _calls(name: str, task: str) -> list[EditCall]:
    cases = [case for case in suite(name).cases() if case.task == task]
    return [
        call_for(case, turn)
        for case in cases[:: max(1, len(cases) // 8)][:8]
        for turn in range(1, len(case.turns) + 1)
    ]


@pytest.mark.parametrize(("name", "task"), TASKS)
def test_the_oracle_and_a_copy_are_the_ends_of_the_scale(name: str, task: str) -> None:
    calls = _calls(name, task)
    perfect = [_score(call, _edited(OracleEditor(), call)) for call in calls]
    copied = [_score(call, call.image) for call in calls]
    assert np.mean(perfect) >= 4.8, perfect
    assert max(copied) <= 1.5


@pytest.mark.parametrize("flaw", [Flaw.NOT_DONE, Flaw.LEFTOVER])
def test_degraded_oracles_fall_in_the_order_of_their_degree(flaw: Flaw) -> None:
    calls = [call_for(case_of("studio-basic", task)) for task in ("remove", "replace", "adjust")]
    levels = (0.1, 0.3, 0.5, 0.75, 1.0)
    means = [
        np.mean(
            [_score(call, _edited(OracleEditor(flaw=flaw, degree=level), call)) for call in calls]
        )
        for level in levels
    ]
    assert spearman(levels, means).value <= -0.9, means


def test_a_degraded_oracle_says_so_and_is_the_same_each_time() -> None:
    editor, call = (
        OracleEditor(flaw="shift", degree=0.5),
        call_for(case_of("studio-basic", "adjust")),
    )
    assert (editor.name, editor.params()) == ("oracle-shift-0.5", {"flaw": "shift", "degree": 0.5})
    assert np.array_equal(_edited(editor, call), _edited(editor, call))
    assert not np.array_equal(_edited(editor, call), _edited(OracleEditor(), call))


def test_a_flaw_that_means_nothing_for_a_task_is_a_fault() -> None:
    (answer,) = OracleEditor(flaw="shift", degree=1).edit(
        [call_for(case_of("studio-basic", "style"))]
    )
    assert isinstance(answer, Fault)
    assert "shift" in answer.detail


@pytest.mark.parametrize(
    ("flaw", "degree"), [("ugly", 0.5), ("shift", 0.0), ("shift", 1.5), ("", 0.5)]
)
def test_a_flaw_without_a_meaning_is_refused(flaw: str, degree: float) -> None:
    with pytest.raises(ImgEditError, match="flaw"):
        OracleEditor(flaw=flaw, degree=degree)


def _untold(case: BenchCase) -> BenchCase:
    turns = tuple(replace(turn, operations=()) for turn in case.turns)
    return replace(case, truth=None, mask=None, turns=turns)


@pytest.mark.parametrize("editor", [OracleEditor(), PainterEditor()])
def test_a_case_of_which_nothing_is_known_is_a_fault(editor: BenchEditor) -> None:
    call = call_for(case_of("studio-basic", "remove"))
    (answer,) = editor.edit([replace(call, case=_untold(call.case))])
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.UNPAINTABLE


@pytest.mark.parametrize("task", ["add", "adjust", "remove", "replace", "background", "style"])
def test_painters_do_what_is_meant(task: str) -> None:
    call = call_for(case_of("studio-basic", task))
    given = call.image.copy()
    assert _score(call, _edited(PainterEditor(), call)) >= 4
    assert np.array_equal(call.image, given)


def test_painters_paint_no_later_frame() -> None:
    (answer,) = PainterEditor().edit([call_for(case_of("studio-basic", "action"))])
    assert isinstance(answer, Fault)


def test_the_metric_judge_judges_an_own_case_with_a_mask_and_operations() -> None:
    call = call_for(case_of("studio-basic", "adjust"))
    own = replace(call, case=replace(call.case, truth=None))
    assert _score(own, _edited(OracleEditor(), call)) >= 4.5
    assert _score(own, call.image) == 1


def test_the_metric_judge_looks_at_pictures_of_another_size() -> None:
    call = call_for(case_of("studio-basic", "remove"))
    small = replace(call, image=call.image[::2, ::2])
    assert _score(small, _edited(OracleEditor(), call)[::2, ::2]) >= 4.5


def test_the_metric_judge_says_what_it_needs() -> None:
    call = call_for(case_of("studio-basic", "remove"))
    unmasked = replace(call.case, truth=None, mask=None)
    for case in (_untold(call.case), unmasked):
        ask = Ask(case=case, turn=1, epoch=1, part="", prompt="", images=(call.image, call.image))
        (answer,) = BenchMetricJudge().answer([ask])
        assert isinstance(answer, Fault)
        assert "needs" in answer.detail
