"""How a judge agrees with the oracle, as figures, at the profile's thresholds."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from benchmark.agreement import acceptance, spearman
from models.edit_types.spec import EditType
from models.judge.deserved import GOOD_FAILURE
from models.studio.known import types_without_truth
from resources.profile import Accept

if TYPE_CHECKING:
    import polars as pl

CRITERIA = ("score", "adherence", "quality", "preservation")
"""What each has its threshold: the mean, and what it is the mean of."""


def thresholds(accept: Accept) -> dict[str, float]:
    """The least of the mean and of each criterion, by their names in the profile."""
    return {name: getattr(accept, name) for name in (f"min_{c}" for c in CRITERIA)}


def in_words(least: Mapping[str, float]) -> str:
    """Thresholds for a label: "score 3.5, adherence 3, quality 2.5, preservation 3"."""
    return ", ".join(f"{name.removeprefix('min_')} {value:g}" for name, value in least.items())


def measured(frame: "pl.DataFrame") -> "pl.DataFrame":
    """The rows that the oracle has a word on, and that tell every criterion."""
    # Probes of an earlier version hold NaN in the criteria that they did not tell.
    return frame.drop_nulls("oracle_failure").drop_nans(list(CRITERIA))


def left_out(edit_types: Mapping[str, EditType]) -> str:
    """Which classes the agreement leaves out, and why; empty where it leaves out none."""
    if not (names := types_without_truth(edit_types)):
        return ""
    return (
        f"Left out of the judge's agreement with the oracle: {listed(names)}. What is right there "
        "only the painter itself could draw."
    )


def listed(edit_types: Iterable[str]) -> str:
    """Names of edit types in words, sorted."""
    return ", ".join(sorted(name.replace("_", " ") for name in edit_types))


def agreement_figures(frame: "pl.DataFrame", accept: Accept) -> dict[str, float]:
    """Spearman, precision and recall of a judge against the oracle, with 95 % intervals.

    The thresholds stand beside them, by their names in the profile. Empty where the oracle has no
    word on any row.

    Args:
        frame: Rows with `CRITERIA`, 1 to 5, and `oracle_failure`, 0 to 1 or null.
        accept: What a row needs to be accepted.
    """
    import polars as pl

    known = measured(frame)
    if known.is_empty():
        return {}
    least = thresholds(accept)
    passes = [pl.col(name.removeprefix("min_")) >= value for name, value in least.items()]
    failures = known["oracle_failure"].to_numpy()
    accepted = acceptance(
        known.select(pl.all_horizontal(passes)).to_series().to_numpy(), failures < GOOD_FAILURE
    )
    named = {
        "spearman": spearman(known["score"].to_numpy(), -failures),
        "precision": accepted.precision,
        "recall": accepted.recall,
    }
    figures = {
        f"{name}{end}": float(getattr(value, field))
        for name, value in named.items()
        for end, field in (("", "value"), ("_low", "low"), ("_high", "high"), ("_n", "n"))
    }
    return {**{k: v for k, v in figures.items() if np.isfinite(v)}, **least}
