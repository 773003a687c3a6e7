"""Ids: what they depend on, and what they must not depend on."""

from hypothesis import given
from hypothesis import strategies as st

from resources.engine.stage import Work
from resources.recipes import Recipe, digest


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_lists_have_different_digests(left: list[str], right: list[str]) -> None:
    assert (digest(*left) == digest(*right)) == (left == right)


def _work(recipe: Recipe, *parents: str, ordinal: int = 0) -> Work[None]:
    return Work(parents=parents, recipe=recipe, payload=None, subject="", ordinal=ordinal)


def test_a_gate_redoes_the_unit_and_keeps_the_row() -> None:
    loose = _work(Recipe(stage="s", version="1", gate={"least": 1}), "p")
    strict = _work(Recipe(stage="s", version="1", gate={"least": 2}), "p")
    assert loose.id != strict.id
    assert loose.row_id() == strict.row_id()
    assert loose.seed == strict.seed


def test_whatever_decides_the_content_names_the_row() -> None:
    base = Recipe(stage="s", version="1", backend="b 1", params={"x": 1, "y": 2})
    others = [
        Recipe(stage="t", version="1", backend="b 1", params={"x": 1, "y": 2}),
        Recipe(stage="s", version="2", backend="b 1", params={"x": 1, "y": 2}),
        Recipe(stage="s", version="1", backend="b 2", params={"x": 1, "y": 2}),
        Recipe(stage="s", version="1", backend="b 1", params={"x": 1, "y": 3}),
    ]
    ids = {_work(r, "p").row_id() for r in [base, *others]}
    ids |= {_work(base, "q").row_id(), _work(base, "p", ordinal=1).row_id()}
    assert len(ids) == 7


def test_the_order_of_parameters_does_not_matter() -> None:
    left = Recipe(stage="s", version="1", params={"x": 1, "y": {"a": 1, "b": 2}})
    right = Recipe(stage="s", version="1", params={"y": {"b": 2, "a": 1}, "x": 1})
    assert left.id == right.id
