"""How far judges agree with the truth on held-out sources, as figures and as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmark.agreement import Correlation, Proportion, spearman
from benchmark.ordinal import (
    PairAccuracy,
    bias,
    exact,
    kendall,
    krippendorff_alpha,
    pair_accuracy,
    quadratic_kappa,
    within,
)
from imgedit_assets.dataset.report_markdown import NOTHING, named, number, rate, table
from imgedit_assets.judging.corpus_files import CRITERIA
from imgedit_assets.judging.trying import SETS, Tried
from imgedit_assets.stages.proven import GOOD_SCORE
from models.judge.calibration import expected_calibration_error

FOLDS = 5
"""Where a judge tells no probability, its score is turned into one by a logistic fit on the pairs
of other source images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One judge on one set."""

    judge: str
    of: str
    """The set."""
    n: int
    within_one: Proportion
    exact: Proportion
    spearman: Correlation
    kendall: float
    alpha: float
    kappa: float
    bias: float
    pairs: PairAccuracy
    """Of results of one class."""
    ece: float
    faults: int
    noise: float


def standings(tried: Mapping[str, Tried]) -> list[Standing]:
    """Every judge on every set that has rows, by name of the judge as given."""
    return [
        _standing(judge, of, one.rows.filter(pl.col("set") == of), one)
        for judge, one in tried.items()
        for of in SETS
        if not one.rows.filter(pl.col("set") == of).is_empty()
    ]


def _standing(judge: str, of: str, rows: pl.DataFrame, tried: Tried) -> Standing:
    said, true = rows["score"].to_numpy(), rows["true_score"].to_numpy()
    return Standing(
        judge=judge,
        of=of,
        n=rows.height,
        within_one=within(said, true),
        exact=exact(said, true),
        spearman=spearman(said, true),
        kendall=kendall(said, true),
        alpha=krippendorff_alpha([said, true]),
        kappa=quadratic_kappa(said, true),
        bias=bias(said, true),
        pairs=pair_accuracy(said, true, rows["edit_type"].to_numpy()),
        ece=calibration_error(rows),
        faults=tried.faults,
        noise=tried.noise,
    )


def confidences(rows: pl.DataFrame) -> NDArray[np.float64]:
    """How likely each pair is good by its judge, from 0 to 1.

    Of a judge that does not tell, by its score: the pairs of one source image are never fitted on
    and predicted at once; NaN where there are too few images, or the others are all good or bad.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    said = rows["score"].to_numpy().reshape(-1, 1)
    good = rows["true_score"].to_numpy() > GOOD_SCORE
    groups = rows["group"].to_numpy()
    own = rows["probability"].cast(pl.Float64).to_numpy()
    if not np.isnan(own).all():
        return np.asarray(own, np.float64)
    found = np.full(rows.height, np.nan)
    folds = min(FOLDS, len(set(groups)))
    if folds < 2:
        return found
    for learnt, left in GroupKFold(folds).split(said, good, groups):
        if len(set(good[learnt])) == 2:
            fit = LogisticRegression(C=10.0).fit(said[learnt], good[learnt])
            found[left] = fit.predict_proba(said[left])[:, 1]
    return found


def calibration_error(rows: pl.DataFrame) -> float:
    """The expected calibration error of what is told of pairs; NaN where nothing is."""
    sure, good = told(rows)
    return expected_calibration_error(sure, good) if sure.size else np.nan


def told(rows: pl.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How likely pairs are good by their judge, and whether they are; of those that it tells."""
    sure, good = confidences(rows), rows["true_score"].to_numpy() > GOOD_SCORE
    known = ~np.isnan(sure)
    return sure[known], good[known]


def agreement_figures(found: Sequence[Standing], judges: Sequence[str]) -> dict[str, float]:
    """`spearman_<judge>_<set>`, `within_one_<judge>_<set>` and `ece_<judge>_<set>`.

    The first two with `_low`, `_high` and `_n`; what is not defined is left out.
    """
    figures: dict[str, float] = {}
    for one in found:
        if one.judge in judges:
            for name, value in (("spearman", one.spearman), ("within_one", one.within_one)):
                key = f"{name}_{one.judge}_{one.of}"
                ends = {"": value.value, "_low": value.low, "_high": value.high, "_n": value.n}
                figures |= {f"{key}{end}": float(number) for end, number in ends.items()}
            figures[f"ece_{one.judge}_{one.of}"] = one.ece
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def standings_markdown(found: Sequence[Standing]) -> str:
    """Every figure of every judge, a table for each set."""
    head = ["judge", "n", "within 1", "exact", "Spearman", "Kendall", "alpha", "kappa", "bias"]
    head += ["pairs, ties wrong", "ties half", "best epsilon", "ECE", "noise", "failed"]
    parts = []
    for of in SETS:
        lines = [_cells(one) for one in found if one.of == of]
        if lines:
            parts.append(f"**{of}**\n\n{table(head, lines)}")
    return "\n\n".join(parts) or "No source image is held out: there is nothing to agree on."


def _cells(one: Standing) -> list[str]:
    rho = one.spearman
    spread = f" ({number(rho.low)} to {number(rho.high)})" if np.isfinite(rho.low) else ""
    best = f"{number(one.pairs.best)} at {number(one.pairs.epsilon)}" if one.pairs.n else NOTHING
    return [
        named(one.judge),
        str(one.n),
        rate(one.within_one, 0),
        rate(one.exact, 0),
        f"{number(rho.value)}{spread}",
        *(number(value) for value in (one.kendall, one.alpha, one.kappa, one.bias)),
        *(number(value) for value in (one.pairs.ties_wrong, one.pairs.ties_half)),
        best,
        *(number(value) for value in (one.ece, one.noise)),
        str(one.faults),
    ]


def class_markdown(tried: Mapping[str, Tried], judges: Sequence[str]) -> str:
    """Spearman of some judges by class and by criterion, over the oracle's sets."""
    rows = {judge: tried[judge].rows.filter(pl.col("set") != "human") for judge in judges}
    classes = sorted({name for frame in rows.values() for name in frame["edit_type"]})
    lines = [
        [named(name), *(_rho(frame.filter(edit_type=name)) for frame in rows.values())]
        for name in classes
    ]
    lines += [
        [f"all: {criterion}", *(_rho(frame, criterion) for frame in rows.values())]
        for criterion in CRITERIA
    ]
    return table(["class or criterion", *map(named, judges)], lines)


def _rho(rows: pl.DataFrame, what: str = "score") -> str:
    found = spearman(rows[what].to_numpy(), rows[f"true_{what}"].to_numpy())
    return f"{number(found.value)}, n = {found.n}"
