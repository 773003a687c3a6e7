"""Which regions of an image become edits of a type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from typing import Literal

from models.edit_types.spec import EditType, RegionRule
from models.geometry import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionView:
    """What the rules look at."""

    name: str
    kind: Literal["object", "background", "frames"]
    """"frames" for the subject of one frame of a clip; views are then in the order of time."""
    box: Box
    area_frac: float


def select_edits(
    edit_type: EditType,
    regions: Sequence[RegionView],
    *,
    per_image: int,
    width: int,
    height: int,
) -> list[tuple[int, ...]]:
    """Choose the edits of one type that are made of one image.

    Types draw from differently shuffled regions, so that they do not all take the same object; and
    within a type a region, or another one of its name, is taken again only after all others. What
    is first chosen stays so while it is there, whichever others the gate lets through.

    Args:
        edit_type: Its region rule decides.
        regions: The regions of the image that passed the gate.
        per_image: Most edits to choose.
        width: Of the image, in pixels.
        height: Of the image, in pixels.

    Returns:
        For each edit the indices into `regions`, as many as the rule counts, in the order in
        which the edit is about them; for a whole image an empty tuple for each edit.
    """
    rule = edit_type.regions
    if rule.kind == "image":
        return [()] * per_image
    canvas = Box.canvas(width, height)
    fit = [i for i, region in enumerate(regions) if _fits(region, rule, canvas)]
    shuffled = sorted(fit, key=lambda i: _drawn(edit_type, regions[i]))
    groups = [group for group in _groups(shuffled, rule) if _agree(group, regions, rule)]
    return list(_varied(groups, regions, per_image))


def _drawn(edit_type: EditType, region: RegionView) -> bytes:
    """Where a region stands among any others: by chance, and always the same."""
    return sha256(f"{edit_type.name} {region.name} {region.box}".encode()).digest()


def _fits(region: RegionView, rule: RegionRule, canvas: Box) -> bool:
    inside = region.box.clipped(canvas.width, canvas.height)
    return (
        region.kind == rule.kind and region.area_frac <= rule.max_area_frac and inside.area_px > 0
    )


def _groups(indices: Sequence[int], rule: RegionRule) -> Iterator[tuple[int, ...]]:
    for group in combinations(indices, rule.count):
        yield tuple(sorted(group)) if rule.kind == "frames" else group


def _agree(group: tuple[int, ...], regions: Sequence[RegionView], rule: RegionRule) -> bool:
    members = [regions[i] for i in group]
    if rule.distinct_names and len({member.name.lower() for member in members}) < len(members):
        return False
    return all(a.box.gap_px(b.box) >= rule.min_gap_px for a, b in combinations(members, 2))


def _varied(
    groups: Sequence[tuple[int, ...]], regions: Sequence[RegionView], most: int
) -> Iterator[tuple[int, ...]]:
    """The groups whose regions and names have been taken least, first come first served."""
    left = list(groups)
    taken: dict[int | str, int] = {}
    for _ in range(min(most, len(left))):
        best = min(left, key=lambda group: sum(_uses(i, regions, taken) for i in group))
        left.remove(best)
        for i in best:
            for key in (i, regions[i].name):
                taken[key] = taken.get(key, 0) + 1
        yield best


def _uses(index: int, regions: Sequence[RegionView], taken: dict[int | str, int]) -> int:
    return taken.get(index, 0) + taken.get(regions[index].name, 0)
