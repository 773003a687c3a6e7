"""Progress of a run: a bar on a terminal, elsewhere a line for each tenth."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TaskID


class Progress:
    """Shows what is being made or asked, one thing after the other.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Bars(console=console, disable=not console.is_terminal)
        self._task: TaskID | None = None
        self._what, self._done, self._of = "", 0, 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def tell(self, text: str) -> None:
        """Say something beside."""
        self._console.print(text, markup=False, soft_wrap=True)

    def begin(self, what: str, of: int) -> None:
        """So many of something are to be done."""
        self._what, self._done, self._of = what, 0, of
        self._task = self._bars.add_task(what, total=of)

    def advance(self, case: object = None) -> None:
        """One more is done; threads may say so."""
        del case
        self._done += 1
        if self._task is not None:
            self._bars.advance(self._task)
        tenth = max(1, self._of // 10)
        if not self._console.is_terminal and self._done % tenth == 0:
            self._console.print(f"{self._what}: {self._done} of {self._of}", markup=False)
