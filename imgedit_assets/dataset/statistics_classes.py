"""Pairs by class: how many were painted, how many were accepted, and whole dialogues likewise."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from benchmark.agreement import Proportion, wilson
from models.edit_types.spec import Family
from resources.schema import AcceptedPair, EditPair


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """One class. A turn of a dialogue is a pair."""

    edit_type: str
    family: str
    """Empty where the class is no longer declared."""
    accepted: Proportion
    """Among the painted pairs."""
    mean_score: float
    """Of the accepted pairs, 1 to 5; NaN where there are none."""

    @property
    def is_declared(self) -> bool:
        """Whether an edit type of this name can be loaded."""
        return bool(self.family)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueRow:
    """The dialogues of one class."""

    edit_type: str
    turns: Mapping[int, int]
    """Judged dialogues by their number of turns."""
    accepted: Proportion
    """Among the judged dialogues: those of which every turn was accepted."""


def class_rows(
    partitions: pl.DataFrame, accepted: pl.DataFrame, families: Mapping[str, Family]
) -> tuple[ClassRow, ...]:
    """Every declared class, in the registry's order, then those that only the rows know.

    Args:
        partitions: `asset`, `edit_type` and `rows` of each finished partition.
        accepted: `edit_type` and `score` of each accepted pair.
        families: The family of each declared class.
    """
    painted = _rows_by_type(partitions, EditPair.TABLE)
    kept = _rows_by_type(partitions, AcceptedPair.TABLE)
    scores = dict(accepted.group_by("edit_type").agg(pl.col("score").mean()).iter_rows())
    undeclared = sorted((painted.keys() | kept.keys()) - families.keys())
    return tuple(
        ClassRow(
            edit_type=name,
            family=str(families.get(name, "")),
            accepted=wilson(kept.get(name, 0), painted.get(name, 0)),
            mean_score=scores.get(name, float("nan")),
        )
        for name in (*families, *undeclared)
    )


def dialogue_rows(scored: pl.DataFrame, accepted: pl.DataFrame) -> tuple[DialogueRow, ...]:
    """Every class that has dialogues.

    Args:
        scored: `edit_type`, `instruction_id` and `turns` of each judged turn.
        accepted: The same columns of each accepted turn.
    """
    judged, kept = _dialogues(scored), _dialogues(accepted)
    whole = set(kept.filter(pl.col("made") == pl.col("turns"))["instruction_id"])
    rows = []
    for (name,), some in judged.group_by("edit_type"):
        hits = len(whole.intersection(some["instruction_id"]))
        turns = dict(some["turns"].value_counts().sort("turns").iter_rows())
        rows.append(
            DialogueRow(edit_type=str(name), turns=turns, accepted=wilson(hits, some.height))
        )
    return tuple(sorted(rows, key=lambda row: row.edit_type))


def _dialogues(turns: pl.DataFrame) -> pl.DataFrame:
    """One row for each dialogue: its class, how many turns it has, and how many are there."""
    several = turns.filter(pl.col("turns") > 1)
    return several.group_by("edit_type", "instruction_id", "turns").agg(pl.len().alias("made"))


def _rows_by_type(partitions: pl.DataFrame, asset: str) -> dict[str, int]:
    some = partitions.filter(pl.col("asset") == asset)
    return dict(some.group_by("edit_type").agg(pl.col("rows").sum()).iter_rows())
