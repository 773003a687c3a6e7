"""Progress of a run: bars on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars

from resources.factory import Progress

SAID_EVERY_S = 10.0
"""Where there is no terminal, lines of a training come at most so often."""


class ProgressView:
    """Hears `Factory.on_progress` and shows it; also keeps the time that each asset took.

    Args:
        console: Where to; anything but a terminal gets one line for each partition with work.
    """

    def __init__(self, console: Console) -> None:
        self.seconds: dict[str, float] = {}
        """Wall time by asset, from its first report to the next asset's."""
        self.computed: dict[str, int] = {}
        """Units done by asset."""
        self._asset, self._since = "", 0.0
        self._left: dict[str, int] = {}
        self._said = 0.0
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._bars = Bars(*_columns(), console=console, disable=not console.is_terminal)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._book("")
        self._bars.stop()

    def hear(self, progress: Progress) -> None:
        """One report: a partition begins, some of its units are done, or a training goes on."""
        self._book(progress.asset)
        if progress.said:
            self._say(progress)
            return
        done = self.computed.get(progress.asset, 0)
        self.computed[progress.asset] = done + progress.advanced
        if self._console.is_terminal:
            self._draw(progress)
        else:
            self._write(progress)

    def _book(self, asset: str) -> None:
        """Book the time since the last report on the asset that was at work."""
        now = time.perf_counter()
        if self._asset:
            before = self.seconds.get(self._asset, 0.0)
            self.seconds[self._asset] = before + now - self._since
            if asset != self._asset and self._asset in self._tasks:
                self._bars.stop_task(self._tasks[self._asset])
        self._asset, self._since = asset, now

    def _say(self, progress: Progress) -> None:
        name = _partition(progress)
        if self._console.is_terminal:
            self._bars.update(self._task(progress), partition=f"{name}: {progress.said}")
        elif time.monotonic() - self._said >= SAID_EVERY_S:
            self._said = time.monotonic()
            line = f"{progress.asset} {name}: {progress.said}"
            self._console.print(line, markup=False, soft_wrap=True)

    def _draw(self, progress: Progress) -> None:
        task = self._task(progress)
        more = 0 if progress.advanced else progress.total
        total = (self._bars.tasks[task].total or 0) + more
        partition = _partition(progress)
        self._bars.update(task, total=total, advance=progress.advanced, partition=partition)

    def _task(self, progress: Progress) -> TaskID:
        if progress.asset not in self._tasks:
            self._tasks[progress.asset] = self._bars.add_task(progress.asset, total=0, partition="")
        return self._tasks[progress.asset]

    def _write(self, progress: Progress) -> None:
        name = f"{progress.asset} {_partition(progress)}".strip()
        if not progress.advanced:
            self._left[name] = progress.total
            return
        self._left[name] -= progress.advanced
        if self._left[name] <= 0:
            line = f"{name}: {progress.total} units done"
            self._console.print(line, markup=False, soft_wrap=True)


def _columns() -> list[ProgressColumn]:
    return [
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[partition]}"),
    ]


def _partition(progress: Progress) -> str:
    return progress.partition.replace("|", " ")
