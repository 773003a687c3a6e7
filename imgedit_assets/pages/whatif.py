"""What other thresholds of acceptance would give, before anything is computed anew."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from benchmark.agreement import Proportion, acceptance
from imgedit_assets.pages.filters import AddressError
from imgedit_assets.stages.agreement import CRITERIA
from models.faults import Reason
from models.judge.deserved import GOOD_FAILURE

if TYPE_CHECKING:
    import polars as pl

BARRED = tuple(str(r) for r in (Reason.QUARANTINED, Reason.UNSAFE, Reason.REVIEWED))
"""What no threshold lets in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The least of each criterion, 1 to 5."""

    score: float
    adherence: float
    quality: float
    preservation: float

    @classmethod
    def of(cls, least: Mapping[str, float]) -> Self:
        """Those of a profile, by its names."""
        return cls(**{name: least[f"min_{name}"] for name in CRITERIA})

    @classmethod
    def asked(cls, query: Mapping[str, str], now: "Wish") -> Self:
        """Those of an address; what it does not name is as now.

        Raises:
            AddressError: One of them is no number.
        """
        try:
            return cls(**{n: float(query.get(f"least_{n}") or getattr(now, n)) for n in CRITERIA})
        except ValueError:
            msg = "a threshold in the address is no number"
            raise AddressError(msg) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What thresholds give of one class, or of all."""

    name: str
    of: int
    """Instructions, a dialogue counted by its turns."""
    now: int
    """Pairs that the profile's thresholds let in."""
    then: int
    seconds: float
    """Painting and judging, of every try, for one that is let in."""
    usd: float
    precision: Proportion
    """Of those let in that the oracle has a word on, how many are good."""


def what_if(frame: "pl.DataFrame", now: Wish, wish: Wish) -> list[Line]:
    """All classes together, then each.

    Of several results of an instruction one counts, and a dialogue counts if all its turns pass, as
    the gate has it. What is not told by the four criteria (a quarantine, a person's decision, a
    threshold proven for a trained judge) stays as it is.

    Args:
        frame: Rows of `PairIndex`.
        now: The profile's thresholds.
        wish: Those in question.
    """
    import polars as pl

    if frame.is_empty():
        return []
    passes = {name: _passes(w) for name, w in (("now", now), ("then", wish))}
    whole = frame.with_columns(
        **{name: expr.all().over("instruction_id", "number") for name, expr in passes.items()}
    )
    # The first result of several that pass stands for its instruction.
    first = pl.int_range(pl.len()).over("instruction_id", "turn", order_by="number")
    for name in passes:
        chosen = whole.filter(name).select("id", place=first).filter(pl.col("place") == 0)
        whole = whole.with_columns(pl.col("id").is_in(chosen["id"].implode()).alias(name))
    return [_line("all", whole), *_lines(whole)]


def _passes(wish: Wish) -> "pl.Expr":
    import polars as pl

    high = [pl.col(name) >= getattr(wish, name) for name in CRITERIA]
    return pl.all_horizontal(*high, ~pl.col("state").is_in([*BARRED, Reason.UNDECIDED.value]))


def _lines(whole: "pl.DataFrame") -> Iterator[Line]:
    for (name,), some in sorted(whole.group_by("edit_type"), key=lambda group: str(group[0][0])):
        yield _line(str(name), some)


def _line(name: str, some: "pl.DataFrame") -> Line:
    then = int(some["then"].sum())
    known = some.drop_nulls("oracle_failure")
    good = known["oracle_failure"].to_numpy() < GOOD_FAILURE
    return Line(
        name=name,
        of=some.select("instruction_id", "turn").n_unique(),
        now=int(some["now"].sum()),
        then=then,
        seconds=float(some["seconds"].sum()) / then if then else float("nan"),
        usd=float(some["cost_usd"].sum()) / then if then else float("nan"),
        precision=acceptance(known["then"].to_numpy(), good).precision,
    )
