"""The short gates keep their floors; `gates.py` measures the long ones."""

import pytest
from gates import FLOORS, all_gates

SECONDS = {"storage": 40, "engine_driver": 35, "definitions_load": 30}
"""About what the slow ones take on two busy cores."""


def _marked(name: str) -> object:
    return pytest.param(name, marks=pytest.mark.slow) if name in SECONDS else name


@pytest.mark.parametrize("name", [_marked(n) for n in all_gates() if FLOORS[n]["short"]])
def test_a_gate_keeps_its_floor(name: str) -> None:
    measured = list(all_gates()[name]())
    print(*measured, sep="\n")
    assert [str(m) for m in measured if not m.passed] == []
