"""Asking what others wrote, in batches: whatever it raises, the rest of the batch is answered."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from benchmark.asked import Asked as AskedWho
from models.faults import Fault, ImgEditError, Reason
from resources.signals import wake_on_interrupt

Asked = TypeVar("Asked")
Got = TypeVar("Got")


def in_lanes(
    todo: Sequence[Asked], asked: AskedWho, answer: Callable[[Sequence[Asked]], Got]
) -> Iterator[Got]:
    """What each batch is answered, in order; several at a time where who is asked allows it.

    Raises:
        ImgEditError: It cannot be asked any more.
    """
    wake_on_interrupt()
    size = max(1, asked.at_once)
    batches = [todo[at : at + size] for at in range(0, len(todo), size)]
    with ThreadPoolExecutor(max(1, asked.lanes)) as lanes:
        try:
            yield from lanes.map(answer, batches)
        except BaseException:
            lanes.shutdown(cancel_futures=True)
            raise


def answers_to(
    batch: Sequence[Asked], ask: Callable[[Sequence[Asked]], list[Got | Fault]]
) -> list[Got | Fault]:
    """An answer to each; where a batch breaks, its members are asked one by one.

    Raises:
        ImgEditError: It cannot be asked any more.
    """
    if not batch:
        return []
    try:
        found = ask(batch)
        if len(found) == len(batch):
            return found
        detail = f"{len(found)} answers to {len(batch)} questions"
    except ImgEditError:
        raise
    except Exception as error:  # somebody else's editor or judge may raise anything
        detail = f"{type(error).__name__}: {error}"
    if len(batch) > 1:
        return [got for one in batch for got in answers_to([one], ask)]
    return [Fault(reason=Reason.WORKER_ERROR, detail=detail)]
