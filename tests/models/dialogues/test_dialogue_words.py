import pytest

from models.dialogues.referring import pronouns_in, says, says_place
from models.dialogues.version_words import named_versions
from models.geometry import Box


@pytest.mark.parametrize(
    ("text", "starts", "versions"),
    [
        ("Undo the last change and add a dog.", [0], [0]),
        ("Undo the last change and add a dog.", [0, 1], [1]),
        ("Undo the last change and add a dog.", [0, 0], [0]),
        ("Undo that; make the dog red.", [0, 1], [1]),
        ("I do not like it. Undo it and make the dog red.", [0, 1], [1]),
        ("Take back both edits, then make the dog red.", [0, 1], [0]),
        ("Undo everything and make the dog red.", [0, 1], [0]),
        ("Discard all changes and make the dog red.", [0, 1], [0]),
        ("Undo the second change and make the dog red.", [0, 1], [1]),
        ("Undo the first change and make the dog red.", [0, 1], [None]),
        ("Undo that.", [], [None]),
        ("Go back to the original picture and add a dog.", [0, 1], [0]),
        ("Go back to the original and add a dog.", [0, 1], [0]),
        ("Starting from the original photo, add a dog.", [0], [0]),
        ("Revert to the original image and add a dog.", [0], [0]),
        ("Return to how it was after the first edit, then add a dog.", [0, 1], [1]),
        ("Go back to the result of the first change.", [0, 1], [1]),
        ("Go back to the result of step 1.", [0, 1], [1]),
        ("Go back to how it was after the third edit.", [0, 1], [None]),
        ("Go back to before the last edit and add a dog.", [0, 1], [1]),
        ("Go back to before the second edit and add a dog.", [0, 1], [1]),
        ("Undo the last change: back to the original picture.", [0], [0, 0]),
        # Words that speak of no version.
        ("Restore the original colour of the dog.", [0], []),
        ("Discard the lamp.", [0], []),
        ("Replace the dog, matching the light of the original.", [0], []),
        ("Look after the first dog.", [0], []),
        ("Make the dog red before adding shade.", [0], []),
        ("Now make it red.", [0], []),
    ],
)
def test_the_versions_that_words_name(
    text: str, starts: list[int], versions: list[int | None]
) -> None:
    assert list(named_versions(text, starts)) == versions


def test_words_are_whole_and_in_any_case() -> None:
    assert says("Put a Christmas  tree there.", "christmas tree")
    assert not says("The trolleybus is red.", "bus")
    assert says("Carve the jack-o'-lantern.", "jack-o'-lantern")
    assert not says("Anything.", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the one in the bottom left corner", True),
        ("the lower one on the left-hand side", True),
        ("the one on the left", False),
        ("the one at the lower right", False),
        ("the one in the middle", False),
        ("the one at the top and bottom left", False),
    ],
)
def test_a_place_is_said_by_all_of_its_parts_and_no_opposite(text: str, *, said: bool) -> None:
    assert says_place(text, Box(0, 900, 100, 1000), width=1000, height=1000) is said


def test_pronouns_are_taken_as_words_and_by_family() -> None:
    assert pronouns_in("Their item: its hat, hers.") == {"they", "it", "she"}
    assert pronouns_in("The theme is withered.") == frozenset()
