from collections.abc import Callable

import pytest

from models.dialogues.dialogue import DialogueRequest
from models.edit_types.registry import load_edit_types
from models.geometry import Box
from models.write.instruction import Subject

LOWER_LEFT = Box(60, 800, 360, 1160)
UPPER_RIGHT = Box(900, 60, 1200, 360)


@pytest.fixture(scope="session")
def ask() -> Callable[..., DialogueRequest]:
    """Makes a request of a kind about objects of these names."""
    types = load_edit_types()

    def request(
        kind: str,
        *names: str,
        seed: int = 0,
        boxes: tuple[Box, ...] = (LOWER_LEFT, UPPER_RIGHT),
        caption: str = "",
    ) -> DialogueRequest:
        chosen = names or ("chair", "dog")[: types[kind].regions.count]
        return DialogueRequest(
            edit_type=types[kind],
            edit_types=types,
            caption=caption,
            subjects=tuple(Subject(name=n, box=b) for n, b in zip(chosen, boxes, strict=False)),
            width=1280,
            height=1280,
            seed=seed,
        )

    return request
