"""Which pairs a gallery shows and in which order, as its address says it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from models.faults import ImgEditError

if TYPE_CHECKING:
    import polars as pl

PAGE = 48
"""Pairs on a page."""

SORTS: Mapping[str, tuple[str, int]] = {
    "worst": ("score", 1),
    "best": ("score", -1),
    "disputed": ("disagreement", -1),
    "smallest": ("changed_frac", 1),
    "largest": ("changed_frac", -1),
}
"""Names of orders: a column, and 1 where the least comes first."""

_EQUAL = {
    "type": "edit_type",
    "state": "state",
    "source": "root_version_id",
    "recipe": "recipe_id",
    "run": "run_id",
    "shard": "shard",
}
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

    def condition(self, *, besides: str = "", members: "pl.Series | None" = None) -> "pl.Expr":
        """What holds of the pairs that are shown.

        Args:
            besides: A filter that is left out, to count what it could be.
            members: The accepted ids of the release.
        """
        import polars as pl

        all_of = [pl.lit(value=True)]
        for name, column in _EQUAL.items():
            if name != besides and (value := getattr(self, name)):
                all_of.append(pl.col(column) == value)
        for name, (column, sign) in _BOUNDS.items():
            if value := getattr(self, name):
                all_of.append(pl.col(column) * sign >= _number(name, value) * sign)
        if self.text:
            has = (
                pl.col("instruction")
                .str.to_lowercase()
                .str.contains(self.text.lower(), literal=True)
            )
            all_of.append(has)
        if members is not None:
            all_of.append(pl.col("accepted_id").is_in(members.implode()))
        return pl.all_horizontal(all_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A page of pairs."""

    ids: list[str]
    after: str
    """The key of the next page; empty on the last."""
    before: str


def neighbours(frame: "pl.DataFrame", sort: str, row_id: str) -> tuple[str, str]:
    """The pairs before and after one in an order; empty where there is none."""
    import polars as pl

    own = _keyed(frame, sort).filter(pl.col("id") == row_id)
    if own.is_empty():
        return "", ""
    edge = f"{own['key'][0]!r}~{row_id}"
    before, after = (page_of(frame, sort, {way: edge}, size=1).ids for way in ("before", "after"))
    return "".join(before), "".join(after)


def page_of(
    frame: "pl.DataFrame", sort: str, query: Mapping[str, str], *, size: int = PAGE
) -> Slice:
    """A page of a frame's pairs: those after a key, or before one, else the first.

    A key is the last pair's value and id, so that a page stays where it is while pairs come and go.

    Args:
        frame: `id` and the columns of `SORTS`; `rank` where words decide the order.
        sort: A name of `SORTS`, or `rank`.
        query: `after` or `before`, as `Slice` has them.
        size: Pairs on a page.
    """
    import polars as pl

    keyed = _keyed(frame, sort)
    back, edge = "before" in query, query.get("before") or query.get("after")
    if edge:
        value, _, row_id = edge.partition("~")
        bound, key = _number("after", value), pl.col("key")
        ahead = (key < bound) if back else (key > bound)
        beside = (pl.col("id") < row_id) if back else (pl.col("id") > row_id)
        keyed = keyed.filter(ahead | ((key == bound) & beside))
    picked = (keyed.top_k if back else keyed.bottom_k)(size + 1, by=["key", "id"])
    more = picked.height > size
    shown = picked.sort("key", "id")
    if more:
        shown = shown.tail(size) if back else shown.head(size)
    keys = [f"{key!r}~{i}" for i, key in shown.select("id", "key").iter_rows()]
    has_after, has_before = (True, more) if back else (more, bool(edge))
    return Slice(
        ids=shown["id"].to_list(),
        after=keys[-1] if keys and has_after else "",
        before=keys[0] if keys and has_before else "",
    )


def _keyed(frame: "pl.DataFrame", sort: str) -> "pl.DataFrame":
    import polars as pl

    column, sign = SORTS.get(sort, (sort, 1))
    # What has no value comes last.
    key = (pl.col(column).cast(pl.Float64) * sign).fill_null(float("inf"))
    return frame.select("id", key=key)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        msg = f"{name}={text!r} in the address is no number"
        raise AddressError(msg) from None
