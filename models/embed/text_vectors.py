"""Vectors of texts that were asked for before: names of objects come up again and again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models.embed.vector import Vector

CAPACITY = 16_384
"""Texts that are kept: 64 MB at 1,024 numbers each."""


@dataclass(frozen=True, slots=True)
class TextVectors:
    """Those of one model, least recently used first."""

    capacity: int = CAPACITY
    _kept: OrderedDict[str, Vector] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(
        self, texts: Sequence[str], compute: Callable[[Sequence[str]], Sequence[Vector]]
    ) -> list[Vector]:
        """A vector for each text, in order.

        Args:
            texts: Any number; repeated ones are computed once.
            compute: Vectors of texts that are not kept yet; not called where all are.
        """
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known |= dict(zip(new, compute(new), strict=True))
        self._keep(known)
        return [known[text] for text in texts]

    def _keep(self, used: dict[str, Vector]) -> None:
        with self._lock:
            for text, vector in used.items():
                self._kept[text] = vector
                self._kept.move_to_end(text)
            while len(self._kept) > self.capacity:
                self._kept.popitem(last=False)
