"""Chooses one way to say a thing among a type's templates."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from models.edit_types.templates import fill, slots_of, variants
from models.write.asking import Asked
from models.write.english import sentence

MAX_WORDS = 30
"""docs/paper.md, "Instructions"."""


def phrase(
    templates: Sequence[str],
    slots: Mapping[str, str],
    rng: np.random.Generator,
    *,
    needs: frozenset[str] = frozenset(),
    max_words: int = MAX_WORDS,
) -> str:
    """A sentence by a template drawn at random, or "" where none can be filled and is short enough.

    Templates are equally likely, however many variants each has. Those that name all of `needs`
    are taken first.
    """
    order = list(_shuffled(templates, rng))
    ranked = sorted(order, key=lambda text: not needs <= slots_of(text))
    for text in ranked:
        filled = fill(text, slots)
        if filled and len(said := sentence(filled).split()) <= max_words:
            return " ".join(said)
    return ""


def _shuffled(templates: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    for i in rng.permutation(len(templates)):
        choices = variants(templates[i])
        for j in rng.permutation(len(choices)):
            yield choices[j]


MAX_CLAUSE_WORDS = 12
"""Two clauses of this length leave room for the words that join them."""


def clause(asked: Asked, rng: np.random.Generator, *, placed: bool) -> str:
    """An imperative in lower case and without its full stop; with the object's place if asked.

    It is "" where no template of the type can be filled and is short enough.
    """
    text = phrase(
        asked.edit_type.brief.templates["terse"],
        asked.slots,
        rng,
        needs=asked.needs | ({"place"} if placed else set()),
        max_words=MAX_CLAUSE_WORDS,
    )
    return text[:1].lower() + text[1:].removesuffix(".")
