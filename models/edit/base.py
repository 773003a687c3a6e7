"""What an editor takes."""

from dataclasses import dataclass

from models.geometry import Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest:
    """An image and what to do with it."""

    image: Rgb
    instruction: str
    reference: Rgb | None = None
    seed: int = 0
