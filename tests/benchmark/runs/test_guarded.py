"""Batches of what others wrote."""

from collections.abc import Sequence

import pytest

from benchmark.runs.guarded import answers_to
from models.faults import Fault, ImgEditError, Reason


def fragile(batch: Sequence[int]) -> list[int | Fault]:
    if 3 in batch:
        message = "three"
        raise KeyError(message)
    return [n * 2 for n in batch]


def test_one_that_breaks_does_not_take_the_others_with_it() -> None:
    one, broken, other = answers_to([1, 3, 4], fragile)
    assert (one, other) == (2, 8)
    assert isinstance(broken, Fault)
    assert (broken.reason, "three" in broken.detail) == (Reason.WORKER_ERROR, True)


def test_too_few_answers_are_no_answers() -> None:
    (fault,) = answers_to([1], lambda batch: [])
    assert isinstance(fault, Fault)
    assert "0 answers to 1" in fault.detail


def test_what_ends_the_run_ends_it() -> None:
    def over(batch: Sequence[int]) -> list[int | Fault]:
        message = "the budget is spent"
        raise ImgEditError(message)

    with pytest.raises(ImgEditError, match="budget"):
        answers_to([1, 2], over)
    assert answers_to([], over) == []
