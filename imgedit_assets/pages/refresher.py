"""Brings the accepted pairs up to date beside the pages."""

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from imgedit_assets.effects import refreshed
from imgedit_assets.pages.pairs import PairIndex
from resources.store import Store


@dataclass(kw_only=True)
class Refresher:
    """Takes one change after the other; whoever asks does not wait."""

    store: Store
    profile: str | None
    pairs: PairIndex
    """Read anew after each change."""
    errors: list[str] = field(default_factory=list)
    _waiting: "queue.Queue[Sequence[str]]" = field(default_factory=queue.Queue)
    _thread: threading.Thread | None = None

    def ask(self, keys: Sequence[str]) -> None:
        """Have partitions of `accepted_pairs` brought up to date."""
        self._waiting.put(keys)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    @property
    def waiting(self) -> int:
        """Changes that are not in the accepted pairs yet."""
        return self._waiting.unfinished_tasks

    def _work(self) -> None:
        while True:
            keys = self._waiting.get()
            try:
                self.errors[:] = refreshed(self.store, keys, self.profile).errors
                self.pairs.read()
            except Exception as error:
                self.errors[:] = [str(error)]
            finally:
                self._waiting.task_done()
