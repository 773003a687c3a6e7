"""All judged pairs of a home in memory: what pages filter, sort and count by.

A page of the gallery reads no table for its pairs. A million take some 400 MB here.
"""

import threading
import time
from typing import TYPE_CHECKING

from imgedit_assets.pages.filters import COLUMNS, Filters, ranked
from models.judge.findings import BEST, WORST
from resources.filters import quoted
from resources.schema import (
    AcceptedPair,
    Collection,
    EditPair,
    Head,
    Reject,
    RetriedPair,
    Review,
    ScoredPair,
)
from resources.store import Selection, Store

if TYPE_CHECKING:
    import polars as pl

ACCEPTED = "accepted"
WAITING = "waiting"
"""The state of a pair that no gate has seen yet."""

LOOK_EVERY_S = 5.0
"""So often it is seen whether anything was made since."""

MASKS = 64
"""Filters whose pairs are known by heart: an eighth of a megabyte each for a million pairs."""

AT_ONCE_S = 0.5
"""What is read so fast is read before the page is drawn; what takes longer, beside it."""

_COLUMNS = (
    *("id", "parent_ids", "edit_type", "shard", "root_version_id", "instruction_id", "instruction"),
    *("source_version_id", "target_version_id"),
    *("turn", "turns", "score", "adherence", "quality", "preservation", "good_probability"),
    *("changed_frac", "oracle_failure", "recipe_id", "run_id", "seconds", "cost_usd"),
)
_CODED = ("edit_type", "state", "shard", "root_version_id", "recipe_id", "run_id")


class PairIndex:
    """The judged pairs as they are now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._stamp, self._looked_at, self._took_s = "", 0.0, 0.0
        self._frame: pl.DataFrame | None = None
        self._masks: dict[tuple[int, Filters], pl.Series] = {}
        self._counts: dict[tuple[int, Filters, str], dict[str, int]] = {}
        self.names: dict[str, str] = {}
        """Where each root came from, by its version, as last read."""

    def frame(self) -> "pl.DataFrame":
        """A row for each judged pair.

        Returns:
            Columns of `ScoredRow`, and: `state` (`accepted`, `waiting` or the reason that speaks
            against it), `painted_id`, `number` (of a further result, else 0), `disagreement` (of
            those who judged it, 0 to 4; null where only one did). `recipe_id` and `run_id` are
            those of the painting; `seconds` and `cost_usd` of painting and judging together.
        """
        with self._lock:
            if self._frame is not None and time.monotonic() < self._looked_at + LOOK_EVERY_S:
                return self._frame
            self._looked_at = time.monotonic()
            if self._frame is not None and _stamp(self._store) == self._stamp:
                return self._frame
            if self._frame is not None and self._took_s > AT_ONCE_S:
                threading.Thread(target=self.read, daemon=True).start()
                return self._frame
        self.read()
        assert self._frame is not None
        return self._frame

    def mask(self, filters: Filters, frame: "pl.DataFrame") -> "pl.Series":
        """Which rows of the frame, as last given, some filters show; kept for the next page."""
        key = (id(frame), filters.narrowed())
        known = self._masks.get(key)
        if known is None or known.len() != frame.height:
            known = (
                frame.lazy()
                .with_columns(shown=filters.condition)
                .select("shown")
                .collect()["shown"]
            )
            if filters.release:
                known = known & frame["accepted_id"].is_in(_members(self._store, filters.release))
            while len(self._masks) >= MASKS:
                self._masks.pop(next(iter(self._masks)), None)
            self._masks[key] = known
        return known

    def counts(self, filters: Filters, name: str, frame: "pl.DataFrame") -> dict[str, int]:
        """How many pairs each value of a filter would show, the others as they are."""
        others, column = filters.narrowed(besides=name), COLUMNS[name]
        key = (id(frame), others, name)
        if key not in self._counts:
            found = frame[column].filter(self.mask(others, frame)).value_counts().sort(column)
            while len(self._counts) >= MASKS:
                self._counts.pop(next(iter(self._counts)), None)
            self._counts[key] = {str(value): n for value, n in found.iter_rows()}
        return self._counts[key]

    def read(self) -> None:
        """Read them anew."""
        with self._reading:
            began, stamp = time.monotonic(), _stamp(self._store)
            self.names = source_names(self._store)
            self._frame, self._stamp = _read(self._store), stamp
            self._masks.clear()
            self._counts.clear()
            self._took_s = time.monotonic() - began


def source_names(store: Store) -> dict[str, str]:
    """The URI of each source image, frame or imported pair, by its root version."""
    from resources.schema import ImportedPair, SourceImage, VideoFrame

    asked = [
        Selection(record=record, columns=[version, "uri"])
        for record, version in (
            (SourceImage, "version_id"),
            (VideoFrame, "version_id"),
            (ImportedPair, "source_version_id"),
        )
    ]
    return dict(row for frame in store.frames(asked) for row in frame.iter_rows())


def _stamp(store: Store) -> str:
    """Changes when a partition is finished, or a person decides something."""
    assets = ", ".join(f"'{r.TABLE}'" for r in (ScoredPair, RetriedPair, AcceptedPair))
    where = f"asset IN ({assets})"
    heads, reviews = store.frames(
        [
            Selection(record=Head, columns=["id", "finished_at"], where=where),
            Selection(record=Review, columns=["at"]),
        ]
    )
    return " ".join(
        f"{column.len()} {column.max()!r}" for column in (heads["finished_at"], reviews["at"])
    )


def _read(store: Store) -> "pl.DataFrame":
    import polars as pl

    first = store.frame(ScoredPair.TABLE, _COLUMNS).with_columns(
        number=pl.lit(0, pl.Int64), painted_id=pl.col("parent_ids").list.first()
    )
    further = store.frame(RetriedPair.TABLE, [*_COLUMNS, "number"])
    further = further.with_columns(painted_id=pl.col("id"))
    painted = store.table_frame(EditPair, ["id", "recipe_id", "run_id", "seconds", "cost_usd"])
    first = first.join(
        painted.unique("id"), left_on="painted_id", right_on="id", how="left", suffix="_p"
    ).with_columns(
        pl.coalesce("recipe_id_p", "recipe_id").alias("recipe_id"),
        pl.coalesce("run_id_p", "run_id").alias("run_id"),
        pl.sum_horizontal("seconds", "seconds_p").alias("seconds"),
        pl.sum_horizontal("cost_usd", "cost_usd_p").alias("cost_usd"),
    )
    wanted = [*_COLUMNS, "number", "painted_id"]
    pairs = pl.concat([first.select(wanted), further.select(wanted)], how="vertical_relaxed")
    pairs = pairs.drop("parent_ids").join(_states(store), on="id", how="left")
    whole = pairs.with_columns(
        pl.col("state").fill_null(WAITING), disagreement=_disagreement(store, pairs)
    )
    return ranked(whole.with_columns(pl.col(*_CODED).cast(pl.Categorical)))


def _states(store: Store) -> "pl.DataFrame":
    """`id` and `state` of the pairs that a gate has seen."""
    import polars as pl

    accepted = store.frame(AcceptedPair.TABLE, ["id", "parent_ids"]).select(
        id=pl.col("parent_ids").list.first(), state=pl.lit(ACCEPTED), accepted_id="id"
    )
    columns, where = ["parent_ids", "reason"], f"asset = '{AcceptedPair.TABLE}'"
    (rejects,) = store.frames([Selection(record=Reject, columns=columns, where=where)])
    against = rejects.select(id="parent_ids", state="reason").explode("id").unique("id")
    against = against.join(accepted, on="id", how="anti")
    return pl.concat([accepted, against], how="diagonal")


def _disagreement(store: Store, pairs: "pl.DataFrame") -> "pl.Series":
    """How far apart those who judged a pair are, 0 to 4: its judge, the oracle, people."""
    import polars as pl

    people = Selection(record=Review, columns=["pair_ids", "adherence", "quality", "preservation"])
    (said,) = store.frames([people])
    rated = said.filter(pl.col("pair_ids").list.len() == 1).select(
        painted_id=pl.col("pair_ids").list.first(),
        rated=(pl.col("adherence") + pl.col("quality") + pl.col("preservation")) / 3,
    )
    both = pairs.select("painted_id", "score", "oracle_failure").join(
        rated.unique("painted_id"), on="painted_id", how="left", maintain_order="left"
    )
    deserved = BEST - (BEST - WORST) * pl.col("oracle_failure")
    scores = [pl.col("score"), deserved, pl.col("rated")]
    known = pl.sum_horizontal(score.is_not_null().cast(pl.Int8) for score in scores)
    spread = pl.max_horizontal(scores) - pl.min_horizontal(scores)
    return both.select(pl.when(known > 1).then(spread)).to_series()


def _members(store: Store, release: str) -> "pl.Series":
    """The accepted pairs that a release holds."""
    where = f"kind = 'release' AND name = {quoted(release)}"
    asked = Selection(record=Collection, columns=["row_ids"], where=where)
    members: pl.Series = store.frames([asked])[0]["row_ids"].explode().drop_nulls()
    return members
