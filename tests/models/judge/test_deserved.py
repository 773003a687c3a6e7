import numpy as np
import pytest

from models.judge.deserved import GOOD_FAILURE, deserved
from models.studio.failures import either


@pytest.mark.parametrize("seed", range(40))
def test_the_score_says_the_degree_and_the_criteria_say_whose_fault_it_is(seed: int) -> None:
    meant, craft, harm = np.random.default_rng(seed).uniform(0, 1, 3)
    undone = either(meant, craft)
    degree = either(undone, harm)
    label = deserved(degree=degree, undone=undone, craft=craft, harm=harm)

    assert label.capped() == label
    assert label.score == pytest.approx(5 - 4 * degree)
    assert 1 <= min(label.quality, label.preservation) <= label.adherence <= 5
    assert (label.quality < label.preservation) == (craft > harm)


def test_a_result_that_is_just_good_passes_every_criterion() -> None:
    label = deserved(degree=GOOD_FAILURE, undone=0, craft=0, harm=GOOD_FAILURE)

    assert label.score == 4
    assert label.preservation >= 3
    assert "changed around it" in label.reason
