"""Batches for a device: like with like, and half as many where memory runs out."""

import logging
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from models.faults import Fault, Reason

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_batches(
    items: Sequence[Item],
    call: Callable[[Sequence[Item]], Sequence[Answer]],
    *,
    size: int,
    alike: Callable[[Item], Hashable] = lambda _: None,
) -> list[Answer | Fault]:
    """Call a model batch by batch.

    A batch that runs out of memory is halved, and so are the later ones of its kind; one item that
    does not fit alone becomes an `OUT_OF_MEMORY` fault.

    Args:
        items: What to compute.
        call: Takes up to `size` alike items and gives one answer for each, in order.
        size: The most items of a batch.
        alike: Items go into one batch only if this is equal: a size in pixels, a kind.

    Returns:
        One answer for each item, in order.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        groups[alike(item)].append(index)
    answers: dict[int, Answer | Fault] = {}
    for group in groups.values():
        answers |= _grouped(items, group, call, size)
    return [answers[index] for index in range(len(items))]


def _grouped(
    items: Sequence[Item],
    group: Sequence[int],
    call: Callable[[Sequence[Item]], Sequence[Answer]],
    size: int,
) -> dict[int, Answer | Fault]:
    answers: dict[int, Answer | Fault] = {}
    left = list(group)
    while left:
        batch = left[:size]
        made: Sequence[Answer | Fault] | None = None
        try:
            made = call([items[i] for i in batch])
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            said = str(error).partition("\n")[0]
        if made is None:
            # Not before: until it is forgotten, the error's frames hold the batch's tensors.
            free_cached_memory()
            if len(batch) > 1:
                size = len(batch) // 2
                log.warning("out of memory on a batch of %d; going on with %d", len(batch), size)
                continue
            made = [Fault(reason=Reason.OUT_OF_MEMORY, detail=said)]
        answers |= dict(zip(batch, made, strict=True))
        left = left[len(batch) :]
    return answers


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device had no memory left; torch need not be imported to tell."""
    return type(error).__name__ == "OutOfMemoryError" or "out of memory" in str(error).lower()


def free_cached_memory() -> None:
    """Give back what torch holds for later."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
