import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.annotation import AnnotatedObject, Annotation
from models.describe.annotations import AnnotationDescriber
from models.describe.description import Description
from models.faults import Fault, Reason
from models.geometry import Rgb
from resources.roles import Describer

GREEN = np.full((60, 90, 3), (60, 160, 70), np.uint8)


def describe(annotation: Annotation, image: Rgb = GREEN) -> Description:
    answer = AnnotationDescriber().describe([(image, annotation)])[0]
    assert isinstance(answer, Description)
    return answer


def annotated(caption: str, *names: str, backgrounds: tuple[str, ...] = ()) -> Annotation:
    objects = tuple(AnnotatedObject(name=name, box=(0, 0, 9, 9)) for name in names)
    return Annotation(caption=caption, objects=objects, background_nouns=backgrounds)


def test_is_a_describer() -> None:
    assert isinstance(AnnotationDescriber(), Describer)


def test_a_complete_caption_is_kept() -> None:
    said = describe(annotated("A red apple on the grass", "red apple", backgrounds=("grass",)))
    assert said.caption == "A red apple on the grass."
    assert said.object_nouns == ("red apple",)
    assert said.background_nouns == ("grass",)


def test_nouns_that_the_caption_lacks_are_added() -> None:
    said = describe(annotated("A man on a wave.", "person", "surfboard", backgrounds=("sky",)))
    assert said.caption == "A man on a wave. It also shows a person, a surfboard and the sky."


def test_part_of_a_word_does_not_count_as_the_noun() -> None:
    assert "a car" in describe(annotated("A carpet on the floor", "car")).caption


def test_caption_is_composed_from_names_alone() -> None:
    said = describe(annotated("", "apple", "dog", "dog", "scissors", backgrounds=("sky",)))
    assert said.caption == "A picture of an apple, a dog and scissors in front of the sky."


def test_without_annotation_only_what_is_measured_is_said() -> None:
    said = describe(Annotation())
    assert said.caption == "A photograph of the main subject against a mostly green background."
    assert said.object_nouns == ("main subject",)
    assert said.background_nouns == ("background",)


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((250, 250, 250), "white"),
        ((10, 10, 10), "black"),
        ((128, 128, 128), "grey"),
        ((200, 20, 30), "red"),
        ((30, 60, 200), "blue"),
        ((120, 75, 35), "brown"),
        ((250, 150, 40), "orange"),
    ],
)
def test_background_colours_have_their_names(rgb: tuple[int, int, int], word: str) -> None:
    image = np.full((80, 80, 3), rgb, np.uint8)
    image[20:60, 20:60] = (0, 255, 0)
    assert f"mostly {word} background" in describe(Annotation(), image).caption


def test_bad_row_is_a_fault_in_its_place() -> None:
    tiny = np.zeros((1, 1, 3), np.uint8)
    answers = AnnotationDescriber().describe([(tiny, Annotation()), (GREEN, Annotation())])
    assert isinstance(answers[0], Fault)
    assert answers[0].reason is Reason.TOO_SMALL
    assert isinstance(answers[1], Description)


words = st.text(alphabet="abcdefgh ", min_size=1, max_size=12).filter(lambda text: text.strip())


@given(
    caption=st.lists(words, max_size=25).map(" ".join),
    names=st.lists(words, max_size=4),
    backgrounds=st.lists(words, max_size=2),
)
def test_every_noun_stands_in_the_caption(
    caption: str, names: list[str], backgrounds: list[str]
) -> None:
    said = describe(annotated(caption, *names, backgrounds=tuple(backgrounds)))
    for noun in said.object_nouns + said.background_nouns:
        assert noun in said.caption
    assert 0 < len(said.short_caption.split()) <= 15
