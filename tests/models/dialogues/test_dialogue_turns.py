import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.dialogues.dialogue import Turn, turns_from_json, turns_to_json
from models.edit_types.spec import Operation
from models.vocabulary import Target

TARGETS = st.builds(Target, key=st.text(), phrase=st.text(), look=st.text())
OPERATIONS = st.builds(
    Operation, edit_type=st.text(), subject=st.integers(0, 9), name=st.text(), target=TARGETS
)
TURNS = st.builds(
    Turn,
    instruction=st.text(),
    starts_from=st.integers(0, 9),
    operations=st.lists(OPERATIONS, max_size=2).map(tuple),
    reference=st.sampled_from(["name", "pronoun", "ellipsis", "position", "premise", "version"]),
)


@given(st.lists(TURNS, max_size=3).map(tuple))
def test_turns_survive_the_way_through_json(turns: tuple[Turn, ...]) -> None:
    text = turns_to_json(turns)
    assert turns_from_json(text) == turns
    assert text == json.dumps(
        json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


@pytest.mark.parametrize("text", ["", "{}", '[{"instruction":"x"}]', "[1]"])
def test_other_json_is_an_error_that_says_where(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        turns_from_json(text)
