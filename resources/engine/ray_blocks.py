"""Units of work in blocks for workers that may die: who has what, and what is to blame.

A worker that dies leaves its block unfinished. Its units are then given out one at a time, so that
the one that kills its workers is found, and the others lose nothing but time.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Generic

from resources.engine.local import P
from resources.engine.stage import Work

MOST_KILLS = 3
"""A unit that was being done when so many workers died is rejected."""

BATCHES_PER_BLOCK = 4
"""Enough that a worker decodes, computes and encodes at once most of the time, and few enough that
one that dies takes little with it."""

BLOCKS_PER_WORKER = 4
"""The last blocks then end at about the same time."""


@dataclass(slots=True, kw_only=True, eq=False)
class Block(Generic[P]):
    """Some units that one worker does."""

    left: dict[str, Work[P]]
    """Those that are not done, by id."""
    suspect: bool = False
    """Whether a worker has died at it: it is then done with no other beside it."""

    @property
    def work(self) -> list[Work[P]]:
        """The units that are not done, in order."""
        return list(self.left.values())


@dataclass(slots=True, kw_only=True)
class Blocks(Generic[P]):
    """What is left to be done."""

    waiting: deque[Block[P]]
    out: list[Block[P]] = field(default_factory=list)
    _kills: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(
        cls, work: Sequence[Work[P]], *, batch_size: int, lanes: int, workers: int
    ) -> "Blocks[P]":
        """The work in blocks of whole batches, small enough that all workers have some."""
        fair = ceil(len(work) / (max(1, workers) * BLOCKS_PER_WORKER))
        size = min(batch_size * lanes * BATCHES_PER_BLOCK, ceil(fair / batch_size) * batch_size)
        return cls(
            waiting=deque(
                Block(left={unit.id: unit for unit in work[start : start + size]})
                for start in range(0, len(work), size)
            )
        )

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return bool(self.waiting or self.out)

    def take(self) -> Block[P]:
        """The next block; somebody does it from now on."""
        block = self.waiting.popleft()
        self.out.append(block)
        return block

    def close(self, block: Block[P]) -> None:
        """Its worker has done with it; what it left out is given out again."""
        self.out.remove(block)
        if block.left:
            self.waiting.appendleft(block)

    def blame(self, block: Block[P]) -> list[Work[P]]:
        """The worker that was at a block has died.

        Returns:
            The units that have killed too many workers. They are done with; the others are given
            out again, each alone.
        """
        self.out.remove(block)
        self._kills.update(list(block.left))
        guilty = [unit for unit in block.work if self._kills[unit.id] >= MOST_KILLS]
        for unit in guilty:
            del block.left[unit.id]
        alone = (Block(left={unit.id: unit}, suspect=True) for unit in reversed(block.work))
        self.waiting.extendleft(alone)
        return guilty
