"""What an editor under test is asked, and what each of them is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmark.asked import Asked
from benchmark.cases import BenchCase
from models.edit.editor import EditRequest
from models.faults import Fault
from models.geometry import Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCall:
    """One turn of one case, put to an editor."""

    case: BenchCase
    turn: int
    """Counted from 1."""
    epoch: int
    """Counted from 1."""
    image: Rgb
    """What the turn is said of: the source, an earlier output of the editor's own, or the truth's,
    as the protocol has it."""
    reference: Rgb | None
    seed: int

    @property
    def instruction(self) -> str:
        """What is asked for."""
        return self.case.turns[self.turn - 1].instruction


def requests_of(calls: Sequence[EditCall]) -> list[EditRequest]:
    """The same as an editor of the pipeline's is asked it: without the case."""
    return [
        EditRequest(
            image=call.image,
            instruction=call.instruction,
            reference=call.reference,
            seed=call.seed,
        )
        for call in calls
    ]


class BenchEditor(Asked, Protocol):
    """An editor under test.

    Its outputs may be of any size: a protocol says how they are brought to the source's.
    """

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """An image for each call, in order; a `Fault` in the place of one that failed."""
