"""An episode: the turns that are painted, judged and accepted together.

A dialogue has several, an instruction is an episode of one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, TypeVar

from models.dialogues.dialogue import Turn, turns_from_json
from resources.operations import operations_from_json
from resources.schema import Dialogue, Instruction, PairRow, Partition
from resources.store import Store

P = TypeVar("P", bound=PairRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What is to be painted on one image."""

    row: Instruction | Dialogue
    turns: tuple[Turn, ...]
    more_px: int = 0
    """How much further than its edit types say the masks are grown, as `Step.grow_px` counts."""

    @classmethod
    def of(cls, row: Instruction | Dialogue) -> Self:
        """The episode that a row describes."""
        if isinstance(row, Dialogue):
            return cls(row=row, turns=turns_from_json(row.turns))
        turn = Turn(
            instruction=row.instruction,
            starts_from=0,
            operations=operations_from_json(row.operations),
            reference="name",
        )
        return cls(row=row, turns=(turn,))

    @property
    def results(self) -> tuple[str, ...]:
        """The turns' results where they came with the source; empty where they are painted."""
        if isinstance(self.row, Dialogue):
            return self.row.after_version_ids
        return (self.row.after_version_id,) if self.row.after_version_id else ()

    @property
    def reference_version_id(self) -> str:
        """The reference image where it came with the source; else empty."""
        return self.row.reference_version_id if isinstance(self.row, Instruction) else ""

    @property
    def subject(self) -> str:
        """The episode in words for a person."""
        return f"{' / '.join(turn.instruction for turn in self.turns)} ({self.row.id})"


def episodes(store: Store, where: Partition) -> list[Episode]:
    """The instructions and the dialogues of a partition."""
    rows: list[Instruction | Dialogue] = [
        *store.current(Instruction, **where.keys),
        *store.current(Dialogue, **where.keys),
    ]
    return [Episode.of(row) for row in rows]


def by_episode(pairs: Iterable[P]) -> list[tuple[P, ...]]:
    """Pairs, the turns of one dialogue together and in order."""
    groups: dict[str, list[P]] = defaultdict(list)
    for pair in pairs:
        groups[pair.instruction_id].append(pair)
    return [tuple(sorted(group, key=lambda pair: pair.turn)) for group in groups.values()]
