"""Checks that hold between rows: ids, splits, dialogues, and twins of another layout."""

from collections import defaultdict
from collections.abc import Iterator

from resources.releases.damage import Damage, Problem
from resources.releases.front_matter import Layout
from resources.releases.limits import MAX_TURNS
from resources.releases.stored import PairRef
from resources.releases.verify_row import RowFacts


class RowSet:
    """Gathers what rows say of themselves, some hundred bytes for each."""

    def __init__(self) -> None:
        self._rows: dict[Layout, dict[str, str]] = defaultdict(dict)
        self._splits: dict[int, str] = {}
        self._turns: dict[tuple[Layout, str], dict[int, tuple[str, int, str]]] = defaultdict(dict)

    def add(self, ref: PairRef, facts: RowFacts) -> Iterator[Problem]:
        """Take a row in; what is wrong between it and those before it."""
        rows = self._rows[ref.layout]
        if facts.name in rows:
            yield _problem(ref, Damage.DUPLICATE_ID, f"the id {facts.name} stands twice")
        rows[facts.name] = facts.checksum
        yield from self._leaks(ref, facts)
        if facts.dialogue:
            turns = self._turns[ref.layout, facts.dialogue]
            turns[facts.turn] = (facts.split, facts.turns, ref.path)

    def finish(self) -> Iterator[Problem]:
        """What is wrong once all rows are in."""
        yield from self._dialogues()
        layouts = list(self._rows)
        for other in layouts[1:]:
            yield from self._twins(layouts[0], other)

    def _leaks(self, ref: PairRef, facts: RowFacts) -> Iterator[Problem]:
        for key in facts.image_keys:
            # 64 bits of it: among ten million images, one chance in 400,000 that two meet.
            split = self._splits.setdefault(hash(key), facts.split)
            if split != facts.split:
                detail = f"image {key[:16]} is in {split} and in {facts.split}"
                yield _problem(ref, Damage.SPLIT_LEAK, detail)
                return

    def _dialogues(self) -> Iterator[Problem]:
        for (_, dialogue), turns in self._turns.items():
            splits = {split for split, _, _ in turns.values()}
            length = max(turns_of for _, turns_of, _ in turns.values())
            path = next(iter(turns.values()))[2]
            # Counted, not listed: a row may say that there are a billion.
            if len(turns) != length or min(turns) != 1 or max(turns) != length:
                detail = f"dialogue {dialogue} has turns {sorted(turns)[:MAX_TURNS]} of {length}"
                yield Problem(path=path, row="", damage=Damage.TORN_DIALOGUE, detail=detail)
            elif len(splits) > 1:
                detail = f"dialogue {dialogue} is in {' and '.join(sorted(splits))}"
                yield Problem(path=path, row="", damage=Damage.SPLIT_LEAK, detail=detail)

    def _twins(self, one: Layout, two: Layout) -> Iterator[Problem]:
        """Whether two layouts of one release hold the same rows."""
        first, second = self._rows[one], self._rows[two]
        for name in sorted(first.keys() ^ second.keys()):
            detail = f"{name} is in {one if name in first else two} alone"
            yield Problem(path="", row="", damage=Damage.UNLIKE_TWINS, detail=detail)
        for name in sorted(first.keys() & second.keys()):
            if first[name] != second[name]:
                detail = f"{name} differs between {one} and {two}"
                yield Problem(path="", row="", damage=Damage.UNLIKE_TWINS, detail=detail)


def _problem(ref: PairRef, damage: Damage, detail: str) -> Problem:
    return Problem(path=ref.path, row=ref.place, damage=damage, detail=detail)
