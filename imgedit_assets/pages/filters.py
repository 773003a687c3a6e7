"""Which pairs a gallery shows and in which order, as its address says it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from models.faults import ImgEditError

if TYPE_CHECKING:
    import polars as pl

PAGE = 48
"""Pairs on a page."""

SPAN = 1024
"""Rows of an order that are looked at first; four times as many each time that does not do."""

SORTS: Mapping[str, tuple[str, int]] = {
    "worst": ("score", 1),
    "best": ("score", -1),
    "disputed": ("disagreement", -1),
    "smallest": ("changed_frac", 1),
    "largest": ("changed_frac", -1),
}
"""Names of orders: a column, and 1 where the least comes first."""

COLUMNS: Mapping[str, str] = {
    "type": "edit_type",
    "state": "state",
    "source": "root_version_id",
    "recipe": "recipe_id",
    "run": "run_id",
    "shard": "shard",
}
"""Of what is filtered by a whole value, the column."""

_BOUNDS = {"min": ("score", 1), "max": ("score", -1), "disagree": ("disagreement", 1)}


class AddressError(ImgEditError):
    """An address says something that no gallery can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the address of a gallery says; empty where it says nothing."""

    type: str = ""
    state: str = ""
    source: str = ""
    """A root version."""
    recipe: str = ""
    run: str = ""
    shard: str = ""
    release: str = ""
    """The name of a release."""
    min: str = ""
    max: str = ""
    disagree: str = ""
    """The least disagreement."""
    text: str = ""
    """Words that stand in the instruction."""
    shows: str = ""
    """What the source shows, in words: for the embedder."""
    sort: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Those of an address.

        Raises:
            AddressError: A bound is no number, or the order is none.
        """
        names = [f.name for f in fields(cls)]
        made = cls(**{name: query[name].strip() for name in names if query.get(name)})
        if made.sort and made.sort not in SORTS:
            msg = f"no order is called {made.sort!r}: there are {', '.join(SORTS)}"
            raise AddressError(msg)
        for name in _BOUNDS:
            _number(name, getattr(made, name) or "0")
        return made

    def address(self, **others: str) -> str:
        """The query of the same, with some things said otherwise."""
        known = {f.name for f in fields(self)}
        changed = replace(self, **{k: v for k, v in others.items() if k in known})
        said = {f.name: getattr(changed, f.name) for f in fields(changed)}
        said |= {k: v for k, v in others.items() if k not in known}
        return urlencode({name: value for name, value in said.items() if value})

    def narrowed(self, besides: str = "") -> Self:
        """The same pairs in no order; without one of the filters, to count what it could be."""
        return replace(self, **{"sort": "", **({besides: ""} if besides else {})})

    @property
    def condition(self) -> "pl.Expr":
        """What holds of the pairs that are shown, but for `release` and `shows`."""
        import polars as pl

        all_of = [pl.lit(value=True)]
        for name, column in COLUMNS.items():
            if value := getattr(self, name):
                all_of.append(pl.col(column) == value)
        for name, (column, sign) in _BOUNDS.items():
            if value := getattr(self, name):
                all_of.append(pl.col(column) * sign >= _number(name, value) * sign)
        if self.text:
            words = pl.col("instruction").str
            all_of.append(words.contains_any([self.text], ascii_case_insensitive=True))
        return pl.all_horizontal(all_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A page of pairs."""

    ids: list[str]
    after: str
    """The key of the next page; empty on the last."""
    before: str


def ranked(frame: "pl.DataFrame", sorts: Iterable[str] = SORTS) -> "pl.DataFrame":
    """The frame by id, with the rows in each order as `order_<sort>`.

    What has no value comes last, and of equal values the lesser id first. `rank_<sort>` is the
    place of each row in it, from 1 on.
    """
    ordered = frame.sort("id")
    ordered = ordered.with_columns(**{f"rank_{s}": _key(s).rank("ordinal") for s in sorts})
    return ordered.with_columns(**{f"order_{s}": ordered[f"rank_{s}"].arg_sort() for s in sorts})


def neighbours(frame: "pl.DataFrame", mask: "pl.Series", sort: str, row_id: str) -> tuple[str, str]:
    """The pairs before and after one in an order; empty where there is none."""
    import polars as pl

    own = frame.filter(pl.col("id") == row_id).select(_key(sort).alias("key"))
    if own.is_empty():
        return "", ""
    edge = f"{own['key'][0]!r}~{row_id}"
    ways = ("before", "after")
    before, after = (page_of(frame, mask, sort, {way: edge}, size=1).ids for way in ways)
    return "".join(before), "".join(after)


def page_of(
    frame: "pl.DataFrame",
    mask: "pl.Series",
    sort: str,
    query: Mapping[str, str],
    *,
    size: int = PAGE,
) -> Slice:
    """A page of a frame's pairs: those after a key, or before one, else the first.

    A key is the last pair's value and id, so that a page stays where it is while pairs come and go.

    Args:
        frame: As `ranked` gives it.
        mask: Which of its rows are shown.
        sort: A name of `SORTS`, or `nearest`.
        query: `after` or `before`, as `Slice` has them.
        size: Pairs on a page.
    """
    back, edge = "before" in query, query.get("before") or query.get("after")
    before, upto = _around(frame, sort, edge) if edge else (frame.height, 0)
    rows = _walk(frame[f"order_{sort}"], mask, before if back else upto, size + 1, back=back)
    more, page = len(rows) > size, rows[:size]
    shown = frame[page[::-1] if back else page].select("id", key=_key(sort))
    keys = [f"{value!r}~{i}" for i, value in shown.iter_rows()]
    has_after, has_before = (True, more) if back else (more, bool(edge))
    return Slice(
        ids=shown["id"].to_list(),
        after=keys[-1] if keys and has_after else "",
        before=keys[0] if keys and has_before else "",
    )


def _walk(
    order: "pl.Series", mask: "pl.Series", start: int, wanted: int, *, back: bool
) -> list[int]:
    """The first rows of a mask from a place of an order on, or back from it."""
    found: list[int] = []
    span = SPAN
    while len(found) < wanted and (start > 0 if back else start < order.len()):
        low, high = (max(0, start - span), start) if back else (start, start + span)
        some = order[low:high]
        some = some.reverse() if back else some
        found += some.filter(mask.gather(some)).head(wanted - len(found)).to_list()
        start, span = (low if back else high), span * 4
    return found


def _around(frame: "pl.DataFrame", sort: str, edge: str) -> tuple[int, int]:
    """How many rows stand before a key in an order, and with the row of the key itself."""
    import polars as pl

    value, _, row_id = edge.partition("~")
    bound = _number("after", value)
    at = frame["id"].search_sorted(row_id)
    own = frame[at : at + 1].select("id", f"rank_{sort}", key=_key(sort))
    if own.height and own.row(0)[0] == row_id and own.row(0)[2] == bound:
        return own.row(0)[1] - 1, own.row(0)[1]
    # The row has gone since, or has another value by now.
    key = _key(sort)
    ahead = (key < bound) | ((key == bound) & (pl.col("id") < row_id))
    place = int(frame.select(ahead.sum()).item())
    return place, place


def _key(sort: str) -> "pl.Expr":
    """What an order goes by, the least first."""
    import polars as pl

    column, sign = SORTS.get(sort, (sort, 1))
    return (pl.col(column).cast(pl.Float64) * sign).fill_null(float("inf"))


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        msg = f"{name}={text!r} in the address is no number"
        raise AddressError(msg) from None
