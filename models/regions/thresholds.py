"""The thresholds of the region gate."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class GateThresholds:
    """Thresholds of the gate; all are shares or scores in [0, 1].

    Sources: the paper gives the 40 % of a background; the other figures are the public
    repository's, which measures areas of boxes where we measure those of masks.
    """

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid"}

    object_min_area_frac: float = 0.01
    """An object's area must be above this."""
    object_max_area_frac: float = 0.60
    object_min_crop_score: float = 0.80
    object_large_area_frac: float = 0.08
    """From this area on, a good mask makes up for a poor crop score."""
    object_min_mask_score: float = 0.80
    background_min_area_frac: float = 0.40
    """A background's area must be above this."""
    background_max_area_frac: float = 0.70
    background_min_crop_score: float = 0.70
    background_min_mask_score: float = 0.75

    def __post_init__(self) -> None:
        """Refuse what no region, or any region, could pass."""
        for name, value in asdict(self).items():
            if not 0.0 <= value <= 1.0:
                msg = f"{name} is {value}; it is a share or a score between 0 and 1"
                raise ValueError(msg)
        for kind in ("object", "background"):
            low, high = (getattr(self, f"{kind}_{end}_area_frac") for end in ("min", "max"))
            if low >= high:
                msg = (
                    f"{kind}_min_area_frac is {low}, {kind}_max_area_frac {high}: raise the latter"
                )
                raise ValueError(msg)

    def as_params(self) -> dict[str, float]:
        """The thresholds as plain JSON, for a recipe."""
        return asdict(self)
