"""What a quarantine, its end, or a review does to the accepted pairs."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgedit_assets.sample.descent import Holding
    from resources.schema import Quarantine
    from resources.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a quarantine, or its end, did to the accepted pairs."""

    left: Counter[str]
    """Pairs that left, or for a dry run would leave, by edit type."""
    came: Counter[str]
    """Pairs that came back, by edit type."""
    holdings: "tuple[Holding, ...]"
    """The collections that hold what left."""
    errors: tuple[str, ...] = ()


def foreseen(store: "Store", draft: "Quarantine") -> Change:
    """What a quarantine would take out of the accepted pairs as they are."""
    import polars as pl

    from imgedit_assets.sample.descent import holdings
    from imgedit_assets.sample.quarantine import pairs_touched
    from resources.schema import AcceptedPair

    accepted = pairs_touched(store, [draft]).filter(pl.col("asset") == AcceptedPair.TABLE)
    return Change(
        left=Counter(accepted["edit_type"]),
        came=Counter(),
        holdings=tuple(holdings(store, accepted["id"])),
    )


def refreshed(store: "Store", keys: Collection[str], profile: str | None) -> Change:
    """Bring accepted pairs up to date, and compare."""
    from resources.instance import enter_home

    enter_home(profile)
    from imgedit_assets.run import refresh_accepted
    from imgedit_assets.sample.descent import holdings
    from resources.factory import Factory
    from resources.instance import open_instance

    before = _accepted(store, keys)
    with open_instance() as instance:
        outcome = refresh_accepted(Factory.open(), instance, keys)
    after = _accepted(store, keys)
    return Change(
        left=Counter(before[i] for i in before.keys() - after.keys()),
        came=Counter(after[i] for i in after.keys() - before.keys()),
        holdings=tuple(holdings(store, before.keys() - after.keys())),
        errors=tuple(outcome.errors),
    )


def _accepted(store: "Store", keys: Collection[str]) -> dict[str, str]:
    """The edit type of each accepted pair of some partitions, by id."""
    from resources.schema import AcceptedPair, Partition

    found: dict[str, str] = {}
    for key in keys:
        place = Partition(AcceptedPair.TABLE, key)
        head = store.head(place)
        found |= dict.fromkeys(head.row_ids if head else (), place.edit_type)
    return found


def counted(pairs: Mapping[str, int]) -> str:
    """How many pairs, and of which edit types, in words."""
    each = ", ".join(f"{name} {n:,}" for name, n in sorted(pairs.items()))
    return f"{sum(pairs.values()):,} pairs" + f" ({each})" * bool(each)
