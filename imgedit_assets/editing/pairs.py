"""Pairs of a store as an editor learns from them, rendered when they are asked for."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import polars as pl

from models.e1.pairs import PairCard, TrainingPair
from models.faults import FaultError, ImgEditError
from models.geometry import Bitmap, Rgb, differing
from resources.store import Store


class StoredPairs:
    """The pairs of some rows (`choosing.Chosen`).

    A turn of a dialogue is a pair of its own, whose source is the version that it builds on.
    """

    def __init__(self, store: Store, rows: pl.DataFrame) -> None:
        self._store, self._rows = store, rows

    @cached_property
    def cards(self) -> Sequence[PairCard]:
        """One for each pair, in their order."""
        return [
            PairCard(
                id=row["id"],
                edit_type=row["edit_type"],
                instruction=row["instruction"],
                width_px=row["width"],
                height_px=row["height"],
                score=row["score"],
                group=row["group"],
            )
            for row in self._rows.iter_rows(named=True)
        ]

    def __len__(self) -> int:
        """How many there are."""
        return self._rows.height

    def __getitem__(self, index: int, /) -> TrainingPair:
        """That pair, with its pixels.

        Raises:
            ImgEditError: Its picture is missing or cannot be read; the text names the row.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        row = self._rows.row(index, named=True)
        source, target = (self._picture(row, name) for name in ("source", "target"))
        wanted = bool(row["reference_version_id"])
        return TrainingPair(
            card=self.cards[index],
            source=source,
            target=target,
            changed=changed_area(source, target),
            reference=self._picture(row, "reference") if wanted else None,
        )

    def _picture(self, row: Mapping[str, Any], name: str) -> Rgb:
        try:
            return self._store.render(row[f"{name}_version_id"])
        except (FaultError, ImgEditError) as error:
            msg = (
                f"the {name} of the pair {row['id']} cannot be shown ({error}): put it into "
                f"quarantine (`imgedit quarantine {row['id']} --why damaged`), then train again"
            )
            raise ImgEditError(msg) from error


def changed_area(source: Rgb, target: Rgb) -> Bitmap | None:
    """Where a target differs from its source: outside of an edit versions are equal to the bit.

    None where sizes differ, or every pixel does.
    """
    if source.shape != target.shape:
        return None
    changed = differing(source, target)
    return None if changed.all() else changed
