"""The region gate: which masks are good enough to be edited (docs/paper.md, "Region gate")."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import polars as pl

from models.detect.detection import RegionKind
from models.faults import Fault, Reason
from models.regions.thresholds import GateThresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionMeasures:
    """What the gate looks at."""

    kind: RegionKind
    area_frac: float
    """Area of the mask, as a share of the image."""
    mask_score: float
    crop_score: float | None = None
    """Probability of the name for the crop; None where no embedder is bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """The thresholds of one kind."""

    kind: RegionKind
    min_area_frac: float
    max_area_frac: float
    min_crop_score: float
    large_area_frac: float
    min_mask_score: float


def gate(regions: pl.DataFrame, thresholds: GateThresholds) -> pl.Series:
    """Judge many regions at once.

    A region is kept if its area is in range and its crop score is high enough; a background, and
    an object that is large enough, also if its mask score is. Without a crop score the mask
    score alone decides, whatever the area.

    Args:
        regions: Columns `kind`, `area_frac`, `mask_score`, `crop_score` (null or NaN: unknown).
        thresholds: The thresholds.

    Returns:
        A `Reason` for each region that is dropped and null for each that is kept, in order.
    """
    objects, backgrounds = (_reason(rule) for rule in _rules(thresholds))
    reason = pl.when(pl.col("kind") == "object").then(objects).otherwise(backgrounds)
    return regions.select(reason=reason).to_series()


def gate_regions(
    regions: Sequence[RegionMeasures], thresholds: GateThresholds
) -> list[Fault | None]:
    """Judge some regions by the same rule, and say why; None for a region to keep."""
    reasons = gate(pl.DataFrame(map(asdict, regions), schema=_SCHEMA), thresholds)
    rules = dict(zip(("object", "background"), _rules(thresholds), strict=True))
    return [
        Fault(reason=Reason(reason), detail=_detail(region, Reason(reason), rules[region.kind]))
        if reason
        else None
        for region, reason in zip(regions, reasons, strict=True)
    ]


_SCHEMA = {
    "kind": pl.String,
    **dict.fromkeys(("area_frac", "mask_score", "crop_score"), pl.Float64),
}
_REASONS = pl.Enum(Reason)


def _rules(thresholds: GateThresholds) -> tuple[_Rule, _Rule]:
    t = thresholds
    return (
        _Rule(
            kind="object",
            min_area_frac=t.object_min_area_frac,
            max_area_frac=t.object_max_area_frac,
            min_crop_score=t.object_min_crop_score,
            large_area_frac=t.object_large_area_frac,
            min_mask_score=t.object_min_mask_score,
        ),
        _Rule(
            kind="background",
            min_area_frac=t.background_min_area_frac,
            max_area_frac=t.background_max_area_frac,
            min_crop_score=t.background_min_crop_score,
            large_area_frac=0.0,  # every background is large
            min_mask_score=t.background_min_mask_score,
        ),
    )


def _reason(rule: _Rule) -> pl.Expr:
    area = pl.col("area_frac")
    crop, mask = (
        pl.col(score).cast(pl.Float64).fill_nan(None) for score in ("crop_score", "mask_score")
    )
    in_range = ((area > rule.min_area_frac) & (area <= rule.max_area_frac)).fill_null(value=False)
    good_mask = (mask >= rule.min_mask_score).fill_null(value=False)
    good_crop = (crop >= rule.min_crop_score) | (good_mask & (area >= rule.large_area_frac))
    return (
        pl.when(~in_range)
        .then(pl.lit(Reason.AREA_OUT_OF_RANGE.value, _REASONS))
        .when(crop.is_null() & ~good_mask)
        .then(pl.lit(Reason.LOW_MASK_SCORE.value, _REASONS))
        .when(crop.is_not_null() & ~good_crop)
        .then(pl.lit(Reason.LOW_CROP_SCORE.value, _REASONS))
    )


def _detail(region: RegionMeasures, reason: Reason, rule: _Rule) -> str:
    """The values that led to the reason, beside their thresholds."""
    if reason is Reason.AREA_OUT_OF_RANGE:
        span = f"({rule.min_area_frac:.0%}, {rule.max_area_frac:.0%}]"
        return f"{rule.kind} of {region.area_frac:.2%} of the image, not in {span}"
    mask = f"mask score {region.mask_score:.3f}, below {rule.min_mask_score:g}"
    if reason is Reason.LOW_MASK_SCORE:
        return mask
    if region.mask_score >= rule.min_mask_score:
        large = rule.large_area_frac
        mask = f"area {region.area_frac:.2%}, below the {large:.0%} from which a mask score counts"
    return f"crop score {region.crop_score:.3f}, below {rule.min_crop_score:g}; {mask}"
