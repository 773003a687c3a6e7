"""Which pairs a variant learns from: the scored ones of a home, through its data filter."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

import polars as pl

from imgedit_assets.dataset.release_plan import originals
from imgedit_assets.judging.exercises import source_group
from imgedit_assets.sample.quarantine import active, pairs_touched
from models.faults import ImgEditError
from models.judge.lesson import is_held_out
from resources.factory import Factory
from resources.profile import Accept
from resources.profile_editors import EditorVariant
from resources.recipes import digest
from resources.schema import AcceptedPair, ScoredPair
from resources.store import Store

TRIED = 64
"""Held-out pairs at most."""

COLUMNS = (
    *("id", "edit_type", "instruction", "root_version_id", "source_version_id"),
    *("target_version_id", "reference_version_id", "width", "height", "score"),
    *("adherence", "quality", "preservation", "unsafe", "oracle_failure"),
)


class NothingToLearnError(ImgEditError):
    """A data filter leaves no pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The pairs of a variant."""

    rows: pl.DataFrame
    """`COLUMNS` of `scored_pairs`, with `group`, `accepted_id` (null of what was not accepted),
    `is_bad`, `is_held_out` and `order`."""
    notes: tuple[str, ...] = ()
    """What was short, a line each."""
    held_out: pl.DataFrame = field(default_factory=pl.DataFrame)
    """Accepted pairs of held-out source images, the same for all variants: learners try
    themselves on them, and learn nothing from them (`is_held_out`)."""

    @property
    def shown(self) -> pl.DataFrame:
        """All that a learner is given."""
        return pl.concat([self.rows.drop("order"), self.held_out])

    @property
    def row_ids(self) -> tuple[str, ...]:
        """The rows of `accepted_pairs`; of what was not accepted, those of `scored_pairs`."""
        return tuple(self.rows["accepted_id"].fill_null(self.rows["id"]).sort())

    @property
    def facts(self) -> dict[str, object]:
        """What a checkpoint says of them."""
        known = self.rows["oracle_failure"].drop_nulls()
        failure = round(float(known.to_numpy().mean()), 3) if len(known) else None
        return {
            "pairs": self.rows.height,
            "not accepted": self.rows["accepted_id"].null_count(),
            "bad": self.rows["is_bad"].sum(),
            "sources": self.rows["group"].n_unique(),
            "failure by the oracle": failure,
        }


def candidates(store: Store, accept: Accept) -> pl.DataFrame:
    """Every scored pair that is safe and in no quarantine, with `is_held_out`."""
    scored = store.frame(ScoredPair.TABLE, COLUMNS)
    accepted = store.frame(AcceptedPair.TABLE, ["id", "parent_ids"])
    known = originals(store).select("root_version_id", "uri", "group")
    marks = active(store)
    taken = pairs_touched(store, marks)["id"] if marks else pl.Series("id", [], pl.String)
    found = (
        scored.filter(pl.col("unsafe").fill_null(0.0) <= accept.max_unsafe)
        .join(taken.to_frame(), on="id", how="anti")
        .join(
            accepted.select(accepted_id="id", id=pl.col("parent_ids").list.first()),
            on="id",
            how="left",
        )
        .join(known, on="root_version_id", how="left")
        .with_columns(uri=pl.col("uri").fill_null(""), group=pl.col("group").fill_null(""))
    )
    groups = [
        source_group(uri, group) or root
        for uri, group, root in found.select("uri", "group", "root_version_id").iter_rows()
    ]
    low = (
        pl.col(name) < getattr(accept, f"min_{name}")
        for name in ("score", "adherence", "quality", "preservation")
    )
    return (
        found.drop("uri")
        .with_columns(
            group=pl.Series(groups, dtype=pl.String),
            is_held_out=pl.Series([is_held_out(group) for group in groups], dtype=pl.Boolean),
            is_bad=pl.col("accepted_id").is_null() & reduce(or_, low),
        )
        .sort("id")
    )


def choose(factory: Factory, name: str) -> Chosen:
    """The pairs that a variant of [editors] learns from, in an order that no run changes.

    Raises:
        NothingToLearnError: There is none; the text says why.
    """
    variant = factory.profile.editors[name]
    every = candidates(factory.store, factory.profile.accept)
    if variant.edit_types:
        every = every.filter(pl.col("edit_type").is_in(variant.edit_types))
    learnable = every.filter(~pl.col("is_held_out"))
    chosen = filtered(learnable, variant)
    if chosen.rows.is_empty():
        msg = f"{name} has no pair to learn from: {_lacking(learnable, variant)}"
        raise NothingToLearnError(msg)
    accepted = pl.col("accepted_id").is_not_null()
    return replace(chosen, held_out=every.filter(pl.col("is_held_out") & accepted).head(TRIED))


def _lacking(every: pl.DataFrame, variant: EditorVariant) -> str:
    of_types = f" of {', '.join(variant.edit_types)}" if variant.edit_types else ""
    if every.is_empty():
        return (
            f"none{of_types} was scored, but for held-out source images; `imgedit run` makes "
            "some, more sources make more"
        )
    accepted, bad = every["accepted_id"].count(), every["is_bad"].sum()
    return (
        f"of {every.height} that were scored{of_types}, {accepted} are accepted and {bad} bad, and "
        f"none passes {variant.data_recipe}; change its section in the profile"
    )


def filtered(every: pl.DataFrame, variant: EditorVariant) -> Chosen:
    """What a variant's filter leaves of some candidates.

    Bad pairs take the place of others, so that there are as many as without them; where too few
    are bad, there are fewer of both.
    """
    ordered = every.with_columns(order=_order(every["id"], variant.seed)).sort("order")
    good = ordered.filter(pl.col("score") >= variant.min_score)
    accepted = good.filter(pl.col("accepted_id").is_not_null())
    if variant.data == "accepted":
        good = accepted
    elif variant.data == "random":
        good = good.head(accepted.height)
    if not variant.bad_frac:
        return Chosen(rows=good)
    # Those that are drawn must be other ones than those that stay.
    bad = ordered.filter("is_bad")
    good = good.filter(~pl.col("is_bad"))
    wanted = good.height
    total = min(wanted, int(bad.height / variant.bad_frac))
    n_bad = round(total * variant.bad_frac)
    rows = pl.concat([good.head(total - n_bad), bad.head(n_bad)]).sort("order")
    short = f"{total} pairs in place of {wanted}: only {bad.height} are bad"
    return Chosen(rows=rows, notes=(short,) if total < wanted else ())


def _order(ids: Sequence[str] | pl.Series, seed: int) -> pl.Series:
    return pl.Series("order", [digest("editor", str(seed), one) for one in ids], dtype=pl.String)
