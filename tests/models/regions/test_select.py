from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import EditType, RegionRule
from models.geometry import Box
from models.regions.select import RegionView, select_edits

TYPES = load_edit_types()
SIDE = 1200


def view(
    name: str, x: int, *, kind: str = "object", width: int = 100, area: float = 0.05, y: int = 0
) -> RegionView:
    box = Box(x, y, x + width, y + 100)
    return RegionView(name=name, kind=kind, box=box, area_frac=area)  # type: ignore[arg-type]


def choose(
    edit_type: EditType | str, regions: list[RegionView], *, per_image: int = 1
) -> list[tuple[int, ...]]:
    rule = TYPES[edit_type] if isinstance(edit_type, str) else edit_type
    return select_edits(rule, regions, per_image=per_image, width=SIDE, height=SIDE)


def test_only_regions_of_the_kind_and_size_qualify() -> None:
    regions = [
        view("sky", 0, kind="background"),
        view("dog", 200),
        view("house", 400, area=0.5),
        view("ghost", 5000),
    ]
    assert choose("remove", regions, per_image=9) == [(1,)]
    assert choose("background_change", regions, per_image=9) == [(0,)]
    assert set(choose("alter", regions, per_image=9)) == {(1,), (2,)}


def test_a_whole_image_needs_no_region() -> None:
    assert choose("style_transfer", [], per_image=3) == [(), (), ()]


def test_nothing_qualifies_in_an_empty_image() -> None:
    assert choose("remove", []) == []
    assert choose("hybrid", [view("dog", 0)]) == []


def test_the_two_objects_of_a_hybrid_differ_in_name_and_lie_apart() -> None:
    regions = [view("dog", 0), view("Dog", 800), view("cat", 150), view("cup", 400)]
    pairs = {frozenset(pair) for pair in choose("hybrid", regions, per_image=20)}
    # The cat stands 50 px from the first dog; the dogs have one name.
    assert pairs == {frozenset(p) for p in ((0, 3), (1, 2), (1, 3), (2, 3))}


def test_a_gap_of_exactly_the_least_is_wide_enough() -> None:
    assert len(choose("hybrid", [view("dog", 0), view("cat", 200)])) == 1
    assert choose("hybrid", [view("dog", 0), view("cat", 199)]) == []


def test_frames_stay_in_the_order_of_time() -> None:
    for clip in range(20):
        frames = [view("man", 10 * i, kind="frames", y=clip) for i in range(4)]
        chosen = choose("motion_change", frames, per_image=2)
        assert all(before < after for before, after in chosen)


def test_all_names_come_before_any_comes_again() -> None:
    places = [("dog", 0), ("dog", 200), ("dog", 400), ("cat", 600)]
    for image in range(20):
        regions = [view(name, x, y=image) for name, x in places]
        first_two = choose("remove", regions, per_image=2)
        assert {regions[i].name for (i,) in first_two} == {"dog", "cat"}


def test_types_do_not_all_take_the_same_object() -> None:
    names = ("dog", "cat", "cup", "hat", "bee")
    local = ("add", "remove", "replace", "alter", "object_extraction", "visual_edit")
    for image in range(20):
        regions = [view(name, 150 * i, y=image) for i, name in enumerate(names)]
        assert len({choose(name, regions)[0] for name in local}) >= 2


def test_a_region_that_goes_costs_only_the_edits_of_it() -> None:
    for image in range(20):
        regions = [view(f"thing {i}", 150 * i, y=image) for i in range(8)]
        ((first, second),) = choose("hybrid", regions)
        fewer = [r for i, r in enumerate(regions) if i in {first, second} or i % 2]
        ((left, right),) = choose("hybrid", fewer)
        assert (fewer[left], fewer[right]) == (regions[first], regions[second])


regions_of_an_image = st.lists(
    st.builds(view, st.sampled_from(["dog", "cat", "cup"]), st.integers(0, SIDE - 1)), max_size=8
)


@given(regions_of_an_image, st.integers(0, 4), st.integers(1, 3))
def test_choices_are_distinct_deterministic_and_never_too_many(
    regions: list[RegionView], per_image: int, count: int
) -> None:
    rule = RegionRule(kind="object", count=count)
    edit_type = replace(TYPES["remove"], regions=rule)
    chosen = choose(edit_type, regions, per_image=per_image)
    assert chosen == choose(edit_type, regions, per_image=per_image)
    assert len(chosen) == len({frozenset(group) for group in chosen}) <= per_image
    assert all(len(set(group)) == count for group in chosen)
