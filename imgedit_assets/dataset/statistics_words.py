"""What the instructions are made of: words, lengths, and sentences that come again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.agreement import Proportion, wilson
from imgedit_assets.dataset.statistics_spread import Spread, spread

if TYPE_CHECKING:
    import polars as pl

WORD = r"[\p{L}\p{N}]+(?:['\x{2019}-][\p{L}\p{N}]+)*"
"""Runs of letters or digits, joined by apostrophes and hyphens: "dog's", "half-open"."""

LENGTH_EDGES = tuple(n + 0.5 for n in range(41))
"""One bin for each number of words up to 40; a brief asks for 30 at most."""

ROWS_AT_ONCE = 200_000
"""So many sentences are split at once, which bounds the memory that their words take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The instructions in figures. Words are compared in lower case."""

    distinct_words: int
    lengths: Spread
    """In words."""
    repeated: Proportion
    """Instructions whose words, in order, an earlier instruction had."""


def wording(instructions: "pl.Series") -> Wording:
    """The figures of some instructions, each counted as often as it occurs."""
    import polars as pl

    seen = pl.Series(dtype=pl.String)
    lengths, sentences = [np.zeros(0)], [pl.Series(dtype=pl.UInt64)]
    for some in instructions.to_frame("text").iter_slices(ROWS_AT_ONCE):
        words = some["text"].str.to_lowercase().str.extract_all(WORD)
        lengths.append(words.list.len().to_numpy())
        # 64 bits: among ten million sentences two collide with a probability below 1e-5.
        sentences.append(words.list.join(" ").hash())
        seen = pl.concat([seen, words.explode().drop_nulls().unique()]).unique()
    n = len(instructions)
    return Wording(
        distinct_words=len(seen),
        lengths=spread(np.concatenate(lengths), LENGTH_EDGES),
        repeated=wilson(n - pl.concat(sentences).n_unique(), n),
    )
