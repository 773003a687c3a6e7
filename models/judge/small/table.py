"""Numbers of many pairs with their labels: what a small judge learns from, and is tried on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.judge.judgement import Judgement
from models.judge.small.looks import Seen
from models.weights import CheckpointError

Floats = NDArray[np.float32]
_TEXTS = ("ids", "groups", "kinds", "classes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows are looks, several of which may belong to one pair; labels are of pairs."""

    names: tuple[str, ...]
    """Of the columns."""
    x: Floats
    """Looks x columns."""
    pair: NDArray[np.int32]
    """The pair of each look, ascending."""
    at: NDArray[np.int32]
    """The operation of each look."""
    labels: Floats
    """Pairs x 3: adherence, quality, preservation; before or after the cap."""
    metric: Floats
    """What the metric judge's score is; NaN where it was not asked."""
    ids: tuple[str, ...]
    """Of the lessons."""
    groups: tuple[str, ...]
    kinds: tuple[str, ...]
    classes: tuple[str, ...]
    """The edit types of a pair's operations, sorted and joined by a comma."""

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.groups)

    @property
    def scores(self) -> Floats:
        """Of each pair, the mean of its three labels."""
        return np.asarray(self.labels.mean(axis=1), np.float32)

    def taken(self, which: Sequence[int] | NDArray[np.int64]) -> Self:
        """Those pairs alone, in the order of the table."""
        kept = np.zeros(len(self), np.bool_)
        kept[np.asarray(which, np.int64)] = True
        rows, number = kept[self.pair], np.cumsum(kept) - 1
        return replace(
            self,
            x=self.x[rows],
            pair=number[self.pair[rows]].astype(np.int32),
            at=self.at[rows],
            labels=self.labels[kept],
            metric=self.metric[kept],
            **{
                name: tuple(v for v, k in zip(getattr(self, name), kept, strict=True) if k)
                for name in _TEXTS
            },
        )

    def where(self, holds: NDArray[np.bool_]) -> Self:
        """The pairs for which that holds."""
        return self.taken(np.flatnonzero(holds))

    def save(self, path: Path) -> None:
        """Write one safetensors file; columns are rounded to half precision."""
        from safetensors.numpy import save_file

        arrays = {
            field.name: np.ascontiguousarray(getattr(self, field.name))
            for field in fields(self)
            if field.name not in ("names", *_TEXTS)
        }
        arrays["x"] = arrays["x"].astype(np.float16)
        texts = {name: json.dumps(getattr(self, name)) for name in ("names", *_TEXTS)}
        save_file(arrays, path, metadata=texts)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            CheckpointError: There is no such file, or it was damaged.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="np") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                texts = {k: tuple(json.loads(v)) for k, v in (file.metadata() or {}).items()}
            arrays["x"] = arrays["x"].astype(np.float32)
            parts: dict[str, Any] = {**arrays, **texts}
            return cls(**parts)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            message = f"{path} holds no lessons ({error}): install the package again"
            raise CheckpointError(message) from None


def joined(tables: Sequence[Table]) -> Table:
    """All pairs, in the order of the tables, of which there is one at least.

    Raises:
        CheckpointError: Their columns differ.
    """
    if len({table.names for table in tables}) > 1:
        message = "the numbers of two tables are not the same: measure all lessons again"
        raise CheckpointError(message)
    before = np.cumsum([0, *(len(table) for table in tables[:-1])])
    texts: dict[str, Any] = {n: tuple(v for t in tables for v in getattr(t, n)) for n in _TEXTS}
    return Table(
        names=tables[0].names,
        x=np.concatenate([t.x for t in tables]),
        pair=np.concatenate([t.pair + n for t, n in zip(tables, before, strict=True)]).astype(
            np.int32
        ),
        at=np.concatenate([t.at for t in tables]),
        labels=np.concatenate([t.labels for t in tables]),
        metric=np.concatenate([t.metric for t in tables]),
        **texts,
    )


def table_row(
    seen: Seen,
    numbers: Sequence[dict[str, float]],
    label: Judgement,
    *,
    id: str,
    group: str,
    kind: str,
    metric: float | None = None,
) -> Table:
    """A table of one pair."""
    names = tuple(numbers[0])
    return Table(
        names=names,
        # As a file holds them, so that what is read again is the same.
        x=np.array([[row[name] for name in names] for row in numbers], np.float16).astype(
            np.float32
        ),
        pair=np.zeros(len(numbers), np.int32),
        at=np.array([look.at for look in seen.looks], np.int32),
        labels=np.array([[label.adherence, label.quality, label.preservation]], np.float32),
        metric=np.array([np.nan if metric is None else metric], np.float32),
        ids=(id,),
        groups=(group,),
        kinds=(kind,),
        classes=(class_of(seen),),
    )


def class_of(seen: Seen) -> str:
    """The edit types of a pair's operations, as `Table.classes` has them."""
    return ",".join(sorted({look.operation.edit_type for look in seen.looks}))


def pooled(of_looks: Floats, pair: NDArray[np.int32], at: NDArray[np.int32]) -> Floats:
    """Looks made pairs: the worst look of each operation, and the mean over operations.

    As the oracle has it: the worst of an operation's steps counts.
    """
    key = pair.astype(np.int64) * 64 + at
    operations, where = np.unique(key, return_inverse=True)
    worst = np.full((len(operations), of_looks.shape[1]), np.inf, np.float32)
    np.minimum.at(worst, where, of_looks)
    owner = (operations // 64).astype(np.int64)
    total = np.zeros((int(owner.max()) + 1 if len(owner) else 0, of_looks.shape[1]), np.float32)
    np.add.at(total, owner, worst)
    return np.asarray(total / np.bincount(owner)[:, None], np.float32)
