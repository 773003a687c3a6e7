"""Curves and criteria."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.judge.findings import Findings, GradedFact, criterion, decisive, graded

CURVE = ((0.0, 5.0), (0.5, 3.0), (1.0, 1.0))
scores = st.lists(st.floats(1, 5), min_size=1, max_size=6)


def of(values: list[float]) -> tuple[GradedFact, ...]:
    return tuple(GradedFact(score=v, fact=f"fact {i}") for i, v in enumerate(values))


@given(value=st.floats(allow_nan=True, allow_infinity=True))
def test_every_measure_maps_into_one_to_five(value: float) -> None:
    assert 1 <= graded(value, CURVE, "{:.2f}").score <= 5


def test_a_measure_that_is_no_number_is_the_worst() -> None:
    assert graded(np.nan, CURVE, "{:.1f}").score == 1


@given(values=scores)
def test_a_criterion_lies_between_its_worst_finding_and_the_mean(values: list[float]) -> None:
    found = criterion(of(values))
    assert min(values) - 1e-9 <= found <= np.mean(values) + 1e-9


@given(values=scores, drop=st.floats(0, 4), index=st.integers(0, 5))
def test_no_finding_can_worsen_and_raise_the_criterion(
    values: list[float], drop: float, index: int
) -> None:
    worse = list(values)
    worse[index % len(values)] = max(1.0, worse[index % len(values)] - drop)
    assert criterion(of(worse)) <= criterion(of(values)) + 1e-9


def test_the_reason_names_the_worst_findings_first() -> None:
    told = decisive(Findings(adherence=of([4.0, 1.0, 2.0]), quality=(), preservation=()))
    assert told == "fact 1, fact 2"
