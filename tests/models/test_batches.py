"""Batches for a device."""

import gc
import weakref
from collections.abc import Sequence

import numpy as np
import pytest

from models.batches import in_batches
from models.faults import Fault, Reason

pytest.importorskip("torch")


class OutOfMemoryError(RuntimeError):
    """As torch calls its own."""


def test_alike_items_go_together_and_answers_keep_their_order() -> None:
    seen: list[list[str]] = []

    def shout(batch: Sequence[str]) -> list[str]:
        seen.append(list(batch))
        return [word.upper() for word in batch]

    words = ["a", "bb", "c", "dd", "e"]
    assert in_batches(words, shout, size=2, alike=len) == ["A", "BB", "C", "DD", "E"]
    assert seen == [["a", "c"], ["e"], ["bb", "dd"]]


def test_a_batch_that_does_not_fit_is_halved_and_stays_so() -> None:
    sizes: list[int] = []

    def limited(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return [-item for item in batch]

    assert in_batches(range(10), limited, size=8) == [-i for i in range(10)]
    assert sizes == [8, 4, 2, 2, 2, 2, 2]


def test_one_item_too_large_is_a_fault_and_the_others_go_on() -> None:
    def limited(batch: Sequence[int]) -> list[int]:
        if 7 in batch:
            raise OutOfMemoryError("CUDA out of memory. Tried to allocate 80 GiB\nmore")
        return list(batch)

    answers = in_batches([1, 7, 2], limited, size=4)
    fault = answers[1]
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.OUT_OF_MEMORY
    assert "80 GiB" in fault.detail
    assert "more" not in fault.detail
    assert [answers[0], answers[2]] == [1, 2]


def test_what_the_batch_held_is_gone_before_memory_is_given_back() -> None:
    held: list[weakref.ref[np.ndarray]] = []
    alive: list[bool] = []

    def limited(batch: Sequence[int]) -> list[int]:
        activations = np.zeros(8)
        held.append(weakref.ref(activations))
        if len(batch) > 1:
            raise OutOfMemoryError("CUDA out of memory")
        return list(batch)

    def collected(phase: str, _: object) -> None:
        if phase == "start":
            alive.append(held[0]() is not None)

    gc.disable()
    gc.callbacks.append(collected)
    try:
        assert in_batches([1, 2], limited, size=2) == [1, 2]
    finally:
        gc.callbacks.remove(collected)
        gc.enable()
    assert alive == [False]


def test_other_errors_are_not_swallowed() -> None:
    def broken(batch: Sequence[int]) -> list[int]:
        raise RuntimeError(f"shape of {len(batch)}")

    with pytest.raises(RuntimeError, match="shape of 2"):
        in_batches([1, 2], broken, size=2)
