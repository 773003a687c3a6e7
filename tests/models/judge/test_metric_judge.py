"""The embedded judge on a drawn table with three plain objects, edited well and badly."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import EditType, Operation, Step
from models.faults import Fault
from models.geometry import Bitmap, Rgb
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.pair import MetricJudge
from models.paint.insert import paint_inserted
from models.painting import Painting, PaintRequest
from models.studio.perfect import perfect_case, recoloured, replaced
from models.studio.scene import Scene, make_scene, render, visible_masks
from models.vocabulary import PaintKind, Target

SIZE = 480
HOUSE_SCENE = 6
MUG, BALL, BOOK = (150, 170), (340, 330), (130, 370)
Ask = Callable[..., JudgeRequest]
Score = Callable[[JudgeRequest], Judgement]


class Table:
    """Draws the scene with any of its objects left out, moved or repainted."""

    def bare(self) -> Rgb:
        rng = np.random.default_rng(7)
        ramp = np.linspace(120, 190, SIZE)[:, None, None] * np.array([0.8, 0.9, 1.0])
        grain = rng.normal(0, 2, (SIZE, SIZE, 1))
        return np.clip(ramp * np.ones((1, SIZE, 1)) + grain, 0, 255).astype(np.uint8)

    def draw(
        self,
        *,
        mug: tuple[int, int, int] | None = (200, 60, 50),
        ball: bool = True,
        shift_px: int = 0,
    ) -> Rgb:
        image = self.bare()
        if mug:
            x, y = MUG[0] + shift_px, MUG[1]
            cv2.rectangle(image, (x - 50, y - 60), (x + 50, y + 60), mug, -1)
            cv2.rectangle(image, (x - 50, y - 60), (x + 50, y + 60), (10, 10, 10), 4)
            cv2.circle(image, (x, y), 22, tuple(int(c * 0.6) for c in mug), -1)
        if ball:
            cv2.circle(image, BALL, 60, (40, 160, 60), -1, cv2.LINE_AA)
            cv2.line(image, (BALL[0] - 40, BALL[1]), (BALL[0] + 40, BALL[1]), (240, 240, 240), 6)
        cv2.rectangle(
            image, (BOOK[0] - 40, BOOK[1] - 30), (BOOK[0] + 40, BOOK[1] + 30), (60, 60, 160), -1
        )
        return image

    def mug_mask(self) -> Bitmap:
        mask = np.zeros((SIZE, SIZE), np.uint8)
        cv2.rectangle(mask, (MUG[0] - 53, MUG[1] - 63), (MUG[0] + 53, MUG[1] + 63), 1, -1)
        return mask.astype(bool)

    def ball_mask(self) -> Bitmap:
        mask = np.zeros((SIZE, SIZE), np.uint8)
        cv2.circle(mask, BALL, 62, 1, -1)
        return mask.astype(bool)


@pytest.fixture(scope="module")
def table() -> Table:
    return Table()


@pytest.fixture(scope="module")
def edit_types() -> Mapping[str, EditType]:
    return load_edit_types()


@pytest.fixture(scope="module")
def judge() -> MetricJudge:
    made = MetricJudge()
    made.setup()
    return made


@pytest.fixture(scope="module")
def score(judge: MetricJudge) -> Score:
    """The capped verdict on one request."""

    def scored(request: JudgeRequest) -> Judgement:
        (answer,) = judge.judge([request])
        assert not isinstance(answer, Fault), answer
        return answer.capped()

    return scored


@pytest.fixture(scope="module")
def ask(table: Table, edit_types: Mapping[str, EditType]) -> Ask:
    """A request of one operation on the mug."""

    def asked(
        edit_type: str,
        source: Rgb,
        target: Rgb,
        *,
        key: str = "",
        masks: tuple[Bitmap, ...] | None = None,
        reference: Rgb | None = None,
    ) -> JudgeRequest:
        operation = Operation(
            edit_type=edit_type, subject=0, name="mug", target=Target(key=key, phrase=key)
        )
        return JudgeRequest(
            edit_type=edit_types[edit_type],
            instruction="",
            operations=(operation,),
            source=source,
            target=target,
            reference=reference,
            masks=(table.mug_mask(),) if masks is None else masks,
        )

    return asked


def blurred(image: Rgb, where: Bitmap) -> Rgb:
    soft = cv2.GaussianBlur(image, (0, 0), 6)
    return np.where(where[..., None], soft, image)


def widened(mask: Bitmap, px: int) -> Bitmap:
    return cv2.dilate(mask.view(np.uint8), np.ones((2 * px + 1,) * 2, np.uint8)).astype(bool)


def mixed(one: Rgb, two: Rgb, share: float) -> Rgb:
    return cv2.addWeighted(one, 1 - share, two, share, 0)


def on_white(image: Rgb, mask: Bitmap) -> Rgb:
    return np.where(mask[..., None], image, 255).astype(np.uint8)


def repainted(table: Table, colour: tuple[int, int, int]) -> Rgb:
    return table.draw(mug=colour)


@pytest.mark.parametrize(
    "edit_type",
    ["remove", "add", "replace", "alter", "object_extraction", "style_transfer", "motion_change"],
)
def test_nothing_done_scores_1_whatever_was_asked(
    edit_type: str, table: Table, ask: Ask, score: Score
) -> None:
    same = table.draw()
    verdict = score(ask(edit_type, same, same.copy(), key="blue"))
    assert verdict.score == 1
    assert "nothing changed" in verdict.reason


def test_clean_removal_and_its_reverse_score_high(table: Table, ask: Ask, score: Score) -> None:
    full, without = table.draw(), table.draw(mug=None)
    assert score(ask("remove", full, without)).score >= 4.7
    assert score(ask("add", without, full)).score >= 4.7


def test_a_stronger_ghost_scores_lower(table: Table, ask: Ask, score: Score) -> None:
    full, without = table.draw(), table.draw(mug=None)
    scores = [score(ask("remove", full, mixed(without, full, s))).score for s in (0, 0.2, 0.4, 0.8)]
    assert scores == sorted(scores, reverse=True)
    assert scores[1] < 4
    assert scores[3] < 2


def test_removing_the_neighbour_is_no_removal(table: Table, ask: Ask, score: Score) -> None:
    verdict = score(ask("remove", table.draw(), table.draw(ball=False)))
    assert verdict.adherence < 2
    assert "object still visible" in verdict.reason


def test_removing_the_neighbour_as_well_costs_preservation(
    table: Table, ask: Ask, score: Score
) -> None:
    verdict = score(ask("remove", table.draw(), table.draw(mug=None, ball=False)))
    assert verdict.preservation < 2
    assert verdict.score < 3.5
    assert "change spilled outside" in verdict.reason


@pytest.mark.parametrize("gap_px", [0, 7])
def test_a_part_that_the_mask_missed_is_found_beside_it(
    gap_px: int, table: Table, ask: Ask, score: Score
) -> None:
    full, clean, mask = table.draw(), table.draw(mug=None), table.mug_mask()
    top = MUG[1] - 40
    missed, left = mask.copy(), clean.copy()
    missed[:top] = False
    part = top - gap_px
    left[:part][mask[:part]] = full[:part][mask[:part]]
    verdict = score(ask("remove", full, left, masks=(missed,)))
    assert verdict.score < 3.5
    assert "a part of it left standing" in verdict.reason
    assert score(ask("remove", full, clean, masks=(missed | mask,))).score >= 4.7


def test_a_removal_that_bites_its_neighbour_is_none(table: Table, ask: Ask, score: Score) -> None:
    box = (MUG[0] + 56, MUG[1] - 40), (MUG[0] + 110, MUG[1] + 40)
    full, clean = (
        cv2.rectangle(image, *box, (60, 60, 160), -1)
        for image in (table.draw(), table.draw(mug=None))
    )
    bitten = clean.copy()
    bitten[: MUG[1] + 20, : box[0][0] + 5] = table.bare()[: MUG[1] + 20, : box[0][0] + 5]
    verdict = score(ask("remove", full, bitten))
    assert verdict.score < 3.5
    assert "something beside it torn" in verdict.reason
    assert score(ask("remove", full, clean)).score >= 4.5


def test_a_fill_of_foreign_colour_is_no_removal(table: Table, ask: Ask, score: Score) -> None:
    filled = table.draw(mug=None)
    filled[table.mug_mask()] = (250, 40, 220)
    verdict = score(ask("remove", table.draw(), filled))
    assert verdict.score < 2.5
    assert "fill differs from its surroundings" in verdict.reason


def test_another_thing_in_its_place_is_no_removal(table: Table, ask: Ask, score: Score) -> None:
    stranger = table.draw(mug=None)
    # In a colour that the surroundings have, so that only its outline tells.
    cv2.rectangle(
        stranger, (MUG[0] - 25, MUG[1] - 30), (MUG[0] + 25, MUG[1] + 30), (60, 60, 160), 5
    )
    verdict = score(ask("remove", table.draw(), stranger))
    assert verdict.score < 3.5
    assert "another thing in its place" in verdict.reason


def test_the_asked_colour_beats_its_neighbours_on_the_wheel(
    table: Table, ask: Ask, score: Score
) -> None:
    source = table.draw()
    blue, purple, yellow = (
        score(ask("alter", source, repainted(table, rgb), key="blue")).score
        for rgb in ((45, 95, 200), (125, 65, 170), (240, 205, 50))
    )
    assert blue > 4.5 > purple > yellow
    assert yellow < 2


@pytest.mark.parametrize(
    ("asked", "right", "wrong"),
    [("yellow", (236, 202, 40), (112, 84, 40)), ("red", (205, 40, 40), (240, 165, 165))],
)
def test_a_darker_or_paler_colour_of_the_same_hue_is_another_one(
    asked: str,
    right: tuple[int, int, int],
    wrong: tuple[int, int, int],
    table: Table,
    ask: Ask,
    score: Score,
) -> None:
    source = table.draw(mug=(60, 90, 200))
    good, bad = (
        score(ask("alter", source, repainted(table, rgb), key=asked)) for rgb in (right, wrong)
    )
    assert good.score >= 4.4
    assert bad.score < 3.5
    assert f"as light as {asked}" in bad.reason or f"L* against {asked}" in bad.reason


def test_recolouring_must_not_move_or_blur_the_object(table: Table, ask: Ask, score: Score) -> None:
    source, blue = table.draw(), (45, 95, 200)
    good = score(ask("alter", source, repainted(table, blue), key="blue"))
    moved = score(ask("alter", source, table.draw(mug=blue, shift_px=14), key="blue"))
    soft = score(
        ask(
            "alter",
            source,
            blurred(repainted(table, blue), widened(table.mug_mask(), 9)),
            key="blue",
        )
    )
    assert moved.preservation < 3 <= good.preservation
    assert soft.quality < 3 <= good.quality


def test_a_replacement_must_differ_from_bare_surroundings(
    table: Table, ask: Ask, score: Score
) -> None:
    source, replaced = table.draw(), table.draw(mug=None)
    cv2.circle(replaced, MUG, 48, (235, 190, 40), -1, cv2.LINE_AA)
    cv2.circle(replaced, MUG, 20, (20, 20, 20), -1, cv2.LINE_AA)
    assert score(ask("replace", source, replaced)).score >= 4
    assert score(ask("replace", source, table.draw(mug=None))).score < 2.5


@pytest.mark.parametrize(("thing", "look"), [("violin", "blue"), ("postbox", "wood")])
def test_an_object_asked_for_in_a_look_must_wear_it(
    table: Table, ask: Ask, score: Score, thing: str, look: str
) -> None:
    source = table.draw()

    def scored(painted: str, asked: str) -> Judgement:
        request = ask("replace", source, replaced_by(table, thing, painted), key=thing)
        target = replace(request.operations[0].target, look=asked)
        operation = replace(request.operations[0], target=target)
        return score(replace(request, operations=(operation,)))

    good = scored(look, look)
    assert good.score >= 4
    assert f"{look} on" in good.reason
    assert scored("", look).score < good.score - 1
    assert scored("pink", look).score < good.score - 1


def test_a_look_that_nobody_asked_for_is_a_fault_of_a_drawn_object(
    score: Score, edit_types: Mapping[str, EditType]
) -> None:
    scene = make_scene(1)
    masks = visible_masks(scene)
    mask = masks[int(np.argmax([m.sum() for m in masks]))]
    plain, wooden = (
        Operation(
            edit_type="replace",
            subject=0,
            name="it",
            target=Target(key="motorcycle", phrase="a motorcycle", look=look),
        )
        for look in ("", "wood")
    )
    pictures = {
        asked: perfect_case(scene, [asked], [mask], edit_types).sides["target"].perfect
        for asked in (plain, wooden)
    }

    def scored(asked: Operation, shown: Operation) -> float:
        return score(
            JudgeRequest(
                edit_type=edit_types["replace"],
                instruction="",
                operations=(asked,),
                source=render(scene),
                target=pictures[shown],
                masks=(mask,),
            )
        ).score

    assert min(scored(plain, plain), scored(wooden, wooden)) >= 4
    assert scored(plain, wooden) < scored(plain, plain) - 1
    assert scored(wooden, plain) < scored(wooden, wooden) - 1


def test_a_pictogram_is_no_replacement_in_a_photograph(ask: Ask, score: Score) -> None:
    photo = data.astronaut()
    mask = np.zeros(photo.shape[:2], np.uint8)
    cv2.ellipse(mask, (170, 390), (90, 90), 0, 0, 360, 1, -1)
    suit = mask.astype(bool)
    request = PaintRequest(
        kind=PaintKind.INSERT,
        image=photo,
        mask=suit,
        name="suit",
        target=Target(key="house", phrase="a house"),
        grow_px=4,
        seed=1,
    )
    painting = paint_inserted(request)
    drawn, photographed = photo.copy(), photo.copy()
    drawn[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    photographed[300:480, 80:260][suit[300:480, 80:260]] = data.rocket()[240:420, 260:440][
        suit[300:480, 80:260]
    ]
    verdict = score(ask("replace", photo, drawn, key="house", masks=(suit,)))
    assert verdict.score < 3.5
    assert "of the old object's" in verdict.reason
    other = score(ask("replace", photo, photographed, key="fur", masks=(suit,)))
    assert "of the old object's" not in other.reason


def test_a_marble_thing_in_place_of_a_marble_one_is_known_though_little_changes(
    score: Score, edit_types: Mapping[str, EditType]
) -> None:
    scene = make_scene(HOUSE_SCENE)
    at = [thing.name for thing in scene.objects].index("house")

    def shown(scene: Scene, look: str) -> Rgb:
        return recoloured(render(scene), visible_masks(scene)[at], look)

    def scored(asked: str, done: str, look: str) -> float:
        target = Target(key=asked, phrase=asked, look="marble")
        operation = Operation(edit_type="replace", subject=0, name="house", target=target)
        return score(
            JudgeRequest(
                edit_type=edit_types["replace"],
                instruction="",
                operations=(operation,),
                source=shown(scene, "marble"),
                target=shown(replaced(scene, at, done), look),
                masks=(visible_masks(scene)[at],),
            )
        ).score

    assert scored("pagoda", "pagoda", "marble") >= 4.5
    assert scored("tent", "tent", "stone") < 3.5
    assert scored("tent", "umbrella", "marble") < 3.5


def replaced_by(table: Table, thing: str, look: str) -> Rgb:
    """The table with a thing in the mug's place."""
    image = table.draw()
    request = PaintRequest(
        kind=PaintKind.INSERT,
        image=image,
        mask=table.mug_mask(),
        name="mug",
        target=Target(key=thing, phrase=thing, look=look),
        grow_px=4,
        seed=1,
    )
    painting = paint_inserted(request)
    image[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    return image


def test_extraction_is_judged_wherever_the_object_stands(
    table: Table, ask: Ask, score: Score
) -> None:
    source, mask = table.draw(), table.mug_mask()
    in_place = on_white(source, mask)
    centred = np.roll(in_place, (SIZE // 2 - MUG[1], SIZE // 2 - MUG[0]), (0, 1))
    assert score(ask("object_extraction", source, in_place)).score >= 4.7
    assert score(ask("object_extraction", source, centred)).score >= 4.5


def test_extraction_of_another_object_or_with_its_ground_scores_low(
    table: Table, ask: Ask, score: Score
) -> None:
    source, mask = table.draw(), table.mug_mask()
    other = on_white(source, table.ball_mask())
    ground = on_white(source, widened(mask, 25))
    assert score(ask("object_extraction", source, other)).score < 2
    assert score(ask("object_extraction", source, ground)).score < 3.5


def test_visual_edit_needs_the_right_reference(table: Table, ask: Ask, score: Score) -> None:
    full, without = table.draw(), table.draw(mug=None)
    right, wrong = on_white(full, table.mug_mask()), on_white(full, table.ball_mask())
    assert score(ask("visual_edit", without, full, reference=right)).score >= 4.5
    assert score(ask("visual_edit", without, full, reference=wrong)).score < 2.5


def test_a_new_backdrop_must_keep_the_subject(table: Table, ask: Ask, score: Score) -> None:
    source, mask = table.draw(), ~table.mug_mask()
    rng = np.random.default_rng(3)
    sky = np.clip(rng.normal((10, 12, 35), 9, source.shape), 0, 255).astype(np.uint8)
    good = np.where(mask[..., None], sky, source)
    assert (
        score(ask("background_change", source, good, key="starry_sky", masks=(mask,))).score >= 4.5
    )
    assert score(ask("background_change", source, sky, key="starry_sky", masks=(mask,))).score < 3.5
    assert (
        score(ask("background_change", source, good, key="snowy_mountains", masks=(mask,))).score
        < 3
    )


def test_a_style_must_keep_the_layout_and_its_promise(table: Table, ask: Ask, score: Score) -> None:
    source, everywhere = table.draw(), np.ones((SIZE, SIZE), bool)
    grey = cv2.cvtColor(cv2.cvtColor(source, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    noir = np.clip((grey.astype(float) - 110) * 1.6 + 70, 0, 255).astype(np.uint8)
    good = score(ask("style_transfer", source, noir, key="noir", masks=(everywhere,)))
    flipped = score(ask("style_transfer", source, noir[::-1], key="noir", masks=(everywhere,)))
    red = score(ask("style_transfer", source, 255 - source, key="noir", masks=(everywhere,)))
    assert good.score >= 4.5
    assert flipped.preservation < 3
    assert red.score < good.score - 0.5


def test_frames_must_differ_around_the_person_only(table: Table, ask: Ask, score: Score) -> None:
    source = table.draw()
    both = (table.mug_mask() | np.roll(table.mug_mask(), 25, 1),)
    moved = score(ask("motion_change", source, table.draw(shift_px=25), masks=both))
    elsewhere = score(ask("motion_change", source, table.draw(ball=False)))
    assert moved.score >= 3.8
    assert elsewhere.adherence < 2


def test_a_mixed_edit_is_as_good_as_its_worse_half(
    table: Table, score: Score, edit_types: Mapping[str, EditType]
) -> None:
    source, both = table.draw(), repainted(table, (45, 95, 200))
    clean = table.draw(mug=(45, 95, 200), ball=False)
    operations = tuple(
        Operation(edit_type=t, subject=i, name=n, target=Target(key=k, phrase=k))
        for i, (t, n, k) in enumerate((("alter", "mug", "blue"), ("remove", "ball", "")))
    )
    request = JudgeRequest(
        edit_type=edit_types["hybrid"],
        edit_types=edit_types,
        instruction="",
        operations=operations,
        source=source,
        target=clean,
        masks=(table.mug_mask(), table.ball_mask()),
    )
    assert score(request).score >= 4.5
    assert score(replace(request, target=both)).score < 2.5


def test_a_type_from_outside_is_judged_by_its_steps(
    table: Table, ask: Ask, score: Score, edit_types: Mapping[str, EditType]
) -> None:
    request = ask("remove", table.draw(), table.draw(mug=None))
    renamed = replace(
        request,
        edit_type=replace(edit_types["remove"], name="vanish"),
        operations=(replace(request.operations[0], edit_type="vanish"),),
    )
    assert score(renamed) == score(request)


def of_its_own(edit_type: EditType, request: JudgeRequest, **step: int) -> JudgeRequest:
    """The request as one of a type that paints by a function of its own."""

    def paint(request: PaintRequest) -> Painting:
        raise NotImplementedError

    own = replace(edit_type, name="own", steps=(Step(paint=paint, **step),))
    operation = replace(request.operations[0], edit_type="own")
    return replace(request, edit_type=own, operations=(operation,))


def test_a_step_that_only_its_type_knows_is_judged_by_change_and_craft(
    table: Table, ask: Ask, score: Score, edit_types: Mapping[str, EditType]
) -> None:
    def scored(target: Rgb) -> Judgement:
        return score(of_its_own(edit_types["alter"], ask("alter", source, target, key="odd")))

    source = table.draw()
    good = scored(repainted(table, (45, 95, 200)))
    assert 3.5 < good.adherence <= 4
    assert "the only thing measured of this kind of edit" in good.reason
    assert scored(source.copy()).score == 1
    assert scored(table.draw(ball=False)).score < 2
    both = repainted(table, (45, 95, 200))
    both[300:, 200:] = table.bare()[300:, 200:]
    assert scored(both).preservation < 3
    soft = blurred(repainted(table, (45, 95, 200)), widened(table.mug_mask(), 9))
    assert scored(soft).quality < good.quality - 1


def test_such_a_step_may_reach_as_far_as_it_says(
    table: Table, ask: Ask, score: Score, edit_types: Mapping[str, EditType]
) -> None:
    source, wide = table.draw(), repainted(table, (45, 95, 200))
    cv2.circle(wide, MUG, 110, (250, 250, 250), 3)
    request = ask("alter", source, wide, key="odd")
    near, far = (score(of_its_own(edit_types["alter"], request, grow_px=px)) for px in (0, 150))
    assert near.preservation < far.preservation - 1


def test_rows_that_cannot_be_measured_are_faults(
    table: Table, ask: Ask, judge: MetricJudge
) -> None:
    image = table.draw()
    empty = ask("remove", image, image, masks=(np.zeros((SIZE, SIZE), bool),))
    unknown = ask("remove", image, image)
    unknown = replace(unknown, operations=(replace(unknown.operations[0], edit_type="no such"),))
    floats = ask("remove", image, image.astype(np.float32))
    answers = judge.judge([empty, unknown, floats])
    assert [type(a) for a in answers] == [Fault] * 3


def test_a_target_of_another_size_is_compared_at_the_source_size(
    table: Table, ask: Ask, score: Score
) -> None:
    without = cv2.resize(table.draw(mug=None), (SIZE * 2, SIZE * 2), interpolation=cv2.INTER_CUBIC)
    assert score(ask("remove", table.draw(), without)).score >= 4


def test_threads_agree_with_one_after_another(table: Table, ask: Ask, judge: MetricJudge) -> None:
    full, without = table.draw(), table.draw(mug=None)
    requests = [ask("remove", full, mixed(without, full, s / 10)) for s in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda r: judge.judge([r])[0], requests))
    assert together == judge.judge(requests)
