"""The studio's own E1 on cases of the studio, and folders that hold none."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from benchmark.editors.registry import make_editor
from benchmark.judging.judge import Ask
from benchmark.judging.role import BenchMetricJudge
from models.faults import Fault, ImgEditError
from models.judge.chat import MeasuredReply, verdict
from tests.benchmark.studio_suites import call_for, case_of


def test_it_beats_a_copy_where_it_is_sure_and_leaves_the_rest_alone() -> None:
    editor = make_editor("e1", {})
    editor.setup()
    tasks = ("style", "extract", "remove", "adjust")
    calls = [call_for(case_of("studio-basic", task)) for task in tasks]
    made = editor.edit(calls)
    editor.close()
    scores = []
    for call, image in zip(calls, made, strict=True):
        assert not isinstance(image, Fault)
        assert image.shape == call.image.shape
        ask = Ask(case=call.case, turn=1, epoch=1, part="", prompt="", images=(call.image, image))
        (answer,) = BenchMetricJudge().answer([ask])
        assert not isinstance(answer, Fault)
        scores.append(verdict(MeasuredReply.model_validate_json(answer.text)).capped().score)
    assert min(scores) > 1.2
    assert np.mean(scores) > 2.5
    assert (made[3] == calls[3].image).all(axis=2).mean() > 0.5


def test_a_folder_without_one_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match=str(tmp_path)):
        make_editor("e1", {"weights": str(tmp_path)})
