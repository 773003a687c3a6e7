"""An event loop in a thread of its own, which the lanes of an engine share."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """Runs coroutines for callers of other threads; starts with the first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The coroutine's result; blocks the caller until it is there."""
        return asyncio.run_coroutine_threadsafe(work, self._started()).result()

    def stop(self) -> None:
        """End the thread; `run` starts another."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon: who is interrupted while it waits must not wait for it again at exit.
                threading.Thread(
                    target=_forever, args=(self._loop,), name=self._name, daemon=True
                ).start()
            return self._loop


def _forever(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
