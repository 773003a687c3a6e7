import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.faults import Fault, Reason
from models.regions.gate import GateThresholds, RegionMeasures, gate_regions

PAPER = GateThresholds()
NONE = None


def judge(kind: str, area: float, mask: float, crop: float | None) -> Reason | None:
    region = RegionMeasures(kind=kind, area_frac=area, mask_score=mask, crop_score=crop)  # type: ignore[arg-type]
    (fault,) = gate_regions([region], PAPER)
    return fault.reason if fault else None


@pytest.mark.parametrize(
    ("kind", "area", "mask", "crop", "reason"),
    [
        # An object: 1 % < area <= 60 %, and (crop >= 0.8, or area >= 8 % and mask >= 0.8).
        ("object", 0.05, 0.1, 0.80, NONE),
        ("object", 0.05, 0.9, 0.79, Reason.LOW_CROP_SCORE),
        ("object", 0.08, 0.8, 0.10, NONE),
        ("object", 0.08, 0.79, 0.10, Reason.LOW_CROP_SCORE),
        ("object", 0.01, 0.9, 0.9, Reason.AREA_OUT_OF_RANGE),
        ("object", 0.60, 0.9, 0.9, NONE),
        ("object", 0.61, 0.9, 0.9, Reason.AREA_OUT_OF_RANGE),
        # A background: 40 % < area <= 70 %, and (crop >= 0.7, or mask >= 0.75).
        ("background", 0.5, 0.1, 0.70, NONE),
        ("background", 0.5, 0.75, 0.1, NONE),
        ("background", 0.5, 0.74, 0.69, Reason.LOW_CROP_SCORE),
        ("background", 0.40, 0.9, 0.9, Reason.AREA_OUT_OF_RANGE),
        ("background", 0.71, 0.9, 0.9, Reason.AREA_OUT_OF_RANGE),
        # No embedder: the mask's score alone, also for small objects.
        ("object", 0.02, 0.80, None, NONE),
        ("object", 0.50, 0.79, None, Reason.LOW_MASK_SCORE),
        ("background", 0.5, 0.74, None, Reason.LOW_MASK_SCORE),
        ("object", 0.02, 0.80, float("nan"), NONE),
        # Nothing is known: nothing passes.
        ("object", 0.02, float("nan"), None, Reason.LOW_MASK_SCORE),
        ("object", float("nan"), 0.9, 0.9, Reason.AREA_OUT_OF_RANGE),
    ],
)
def test_the_rules_of_the_paper(
    kind: str, area: float, mask: float, crop: float | None, reason: Reason | None
) -> None:
    assert judge(kind, area, mask, crop) is reason


shares = st.floats(0, 1)
regions = st.builds(
    RegionMeasures,
    kind=st.sampled_from(["object", "background"]),
    area_frac=shares,
    mask_score=shares,
    crop_score=st.none() | shares,
)


@given(st.lists(regions, max_size=20))
def test_many_regions_are_judged_as_one_is_in_their_order(many: list[RegionMeasures]) -> None:
    one_by_one = [fault for region in many for fault in gate_regions([region], PAPER)]
    assert gate_regions(many, PAPER) == one_by_one


@given(regions, st.floats(0, 1))
def test_a_better_crop_never_costs_a_region_its_place(
    region: RegionMeasures, better: float
) -> None:
    low = min(region.crop_score or 0.0, better)
    high = max(region.crop_score or 0.0, better)
    if judge(region.kind, region.area_frac, region.mask_score, low) is None:
        assert judge(region.kind, region.area_frac, region.mask_score, high) is None


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (("object", 0.7, 0.9, 0.9), ["70.00%", "(1%, 60%]"]),
        (("object", 0.05, 0.9, 0.3), ["0.300, below 0.8", "5.00%, below the 8%"]),
        (("background", 0.5, 0.5, 0.3), ["0.300, below 0.7", "0.500, below 0.75"]),
        (("object", 0.05, 0.5, None), ["0.500, below 0.8"]),
    ],
)
def test_the_detail_holds_the_values(
    region: tuple[str, float, float, float | None], words: list[str]
) -> None:
    kind, area, mask, crop = region
    region_ = RegionMeasures(kind=kind, area_frac=area, mask_score=mask, crop_score=crop)  # type: ignore[arg-type]
    (fault,) = gate_regions([region_], PAPER)
    assert isinstance(fault, Fault)
    assert all(word in fault.detail for word in words), fault.detail


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"object_min_area_frac": 12}, "between 0 and 1"),
        ({"object_min_area_frac": 0.7}, "raise the latter"),
        ({"object_min_aera_frac": 0.2}, "object_min_aera_frac"),
    ],
)
def test_a_profile_with_impossible_thresholds_is_refused(
    given_: dict[str, float], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(GateThresholds).validate_python(given_)
