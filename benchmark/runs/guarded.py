"""Asking what others wrote for a batch: whatever it raises, the rest of the batch is answered."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from models.faults import Fault, ImgEditError, Reason

Asked = TypeVar("Asked")
Got = TypeVar("Got")


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
