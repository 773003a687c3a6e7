"""An operation as a clause that can stand inside a longer sentence."""

import numpy as np

from models.write.asking import Asked
from models.write.phrasing import phrase

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
