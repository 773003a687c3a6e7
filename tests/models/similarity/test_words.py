"""Sentences are compared by their words, exactly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.similarity.words import nearest, normalised

words = st.sampled_from(["add", "Remove", "the", "a", "dog", "red", "CAR", "left", "dog's", "…"])
sentences = st.lists(words, max_size=8).map(" ".join)


def jaccard(one: str, other: str) -> float:
    first, second = set(normalised(one).split()), set(normalised(other).split())
    return len(first & second) / len(first | second) if first | second else 0.0


# No deadline: the first call imports SciPy.
@settings(deadline=None)
@given(st.lists(sentences, max_size=12), st.lists(sentences, min_size=1, max_size=12))
def test_nearest_is_the_first_of_the_most_similar(ours: list[str], others: list[str]) -> None:
    similarity, index = nearest(ours, others)
    for sentence, value, i in zip(ours, similarity.tolist(), index.tolist(), strict=True):
        alike = [jaccard(sentence, other) for other in others]
        assert value == pytest.approx(max(alike), abs=1e-6)
        assert i == alike.index(max(alike))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Remove the dog!", "remove dog"),
        ("  An apple — on THE table… ", "apple on table"),
        ("Make the dog's ear 2x larger_now", "make dog's ear 2x larger now"),
        ("Ändere die Farbe", "ändere die farbe"),
        ("?!", ""),
    ],
)
def test_normalised_keeps_words_in_order(sentence: str, expected: str) -> None:
    assert normalised(sentence) == expected


@given(st.text(st.characters(codec="ascii")))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_words_of_no_benchmark_still_make_a_sentence_longer() -> None:
    similarity, _ = nearest(["remove red dog", "remove red dog near gate"], ["remove red dog"])
    assert similarity.tolist() == pytest.approx([1, 3 / 5])


def test_sentences_without_words_are_like_nothing() -> None:
    assert nearest(["...", "the"], ["!", "dog"])[0].tolist() == [0, 0]
