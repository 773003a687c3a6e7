import cv2
import numpy as np
import pytest
from skimage import data

from models.drawing import is_drawing
from models.faults import FaultError
from models.geometry import Bitmap, Box, Rgb
from models.paint.insert import paint_inserted
from models.paint.recolour import paint_recoloured
from models.painting import Painting, PaintRequest
from models.studio.scene import make_scene, render
from models.vocabulary import PaintKind, Target

BOWL = Box(200, 80, 400, 300)


def inserted(image: Rgb, mask: Bitmap, key: str, seed: int = 2, look: str = "") -> Painting:
    return paint_inserted(
        PaintRequest(
            kind=PaintKind.INSERT,
            image=image,
            mask=mask,
            name="cup",
            target=Target(key=key, phrase=key, look=look),
            grow_px=4,
            seed=seed,
        )
    )


def box_mask(image: Rgb, box: Box) -> Bitmap:
    mask = np.zeros(image.shape[:2], np.bool_)
    mask[box.slices] = True
    return mask


@pytest.fixture(scope="module")
def coffee() -> Rgb:
    return data.coffee()


def test_the_new_object_covers_the_old_place(coffee: Rgb) -> None:
    mask = box_mask(coffee, Box(220, 80, 380, 300))
    painting = inserted(coffee, mask, "red apple")
    full = np.zeros_like(mask)
    full[painting.box.slices] = painting.alpha
    assert full[mask].all()
    new = coffee.copy()
    new[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    centre = new[150:260, 270:330].astype(float).mean(axis=(0, 1))
    assert centre[0] > 1.5 * centre[1]


@pytest.mark.parametrize("key", ["bus", "giraffe", "red apple"])
@pytest.mark.parametrize("box", [Box(0, 0, 60, 200), Box(500, 330, 600, 400), Box(100, 5, 500, 40)])
def test_any_aspect_fits_any_place(coffee: Rgb, key: str, box: Box) -> None:
    painting = inserted(coffee, box_mask(coffee, box), key)
    assert painting.box.clipped(600, 400) == painting.box
    assert painting.rgb.shape[:2] == painting.alpha.shape


def test_object_stands_on_the_old_ground_line(coffee: Rgb) -> None:
    box = Box(220, 80, 380, 300)
    plain = np.full_like(coffee, 200)
    painting = inserted(plain, box_mask(plain, box), "bus")
    strong = np.abs(painting.rgb.astype(int) - 200).max(axis=2) > 90
    bottom = painting.box.y0 + np.flatnonzero(strong.any(axis=1))[-1]
    assert abs(int(bottom) - box.y1) <= 4


def test_grain_follows_the_photograph(coffee: Rgb) -> None:
    noise = np.random.default_rng(0).normal(0, 7, coffee.shape[:2])[..., None]
    grainy = (cv2.GaussianBlur(coffee, (0, 0), 3) + noise).clip(0, 255).astype(np.uint8)
    smooth = cv2.GaussianBlur(coffee, (0, 0), 3)
    mask = box_mask(coffee, Box(220, 80, 380, 300))
    deviations = []
    for image in (grainy, smooth):
        painting = inserted(image, mask, "red apple")
        middle = painting.rgb[110:160, 70:110].astype(np.float32)
        deviations.append(float((middle - cv2.GaussianBlur(middle, (0, 0), 2)).std()))
    assert deviations[0] > 3 * deviations[1]


def test_same_seed_same_bytes(coffee: Rgb) -> None:
    mask = box_mask(coffee, Box(220, 80, 380, 300))
    first, again, other = (inserted(coffee, mask, "vase", seed) for seed in (1, 1, 2))
    assert np.array_equal(first.rgb, again.rgb)
    assert not np.array_equal(first.rgb, other.rgb)


def test_drawings_are_told_from_photographs() -> None:
    assert is_drawing(render(make_scene(3)))
    assert not any(is_drawing(photo()) for photo in (data.astronaut, data.coffee, data.chelsea))


def pasted(image: Rgb, painting: Painting) -> Rgb:
    new = image.copy()
    new[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    return new


def middle_of_apple(image: Rgb, look: str) -> np.ndarray:
    """Mean colour, 0 to 255, in the middle of an apple that is put in with a look."""
    new = pasted(image, inserted(image, box_mask(image, BOWL), "red apple", look=look))
    return new[190:260, 270:330].mean(axis=(0, 1))


@pytest.mark.parametrize("drawn", [True, False], ids=["drawing", "photograph"])
def test_an_object_comes_in_the_look_that_was_asked_for(coffee: Rgb, *, drawn: bool) -> None:
    image = np.full_like(coffee, 170) if drawn else coffee
    shades = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "gold": (0.6, 0.4, 0)}
    for look in shades:
        colour = middle_of_apple(image, look)
        share = (colour - colour.min()) / (colour - colour.min()).sum()
        nearest = min(shades, key=lambda key: np.abs(share - shades[key]).sum())
        assert nearest == look
    brightness = {key: middle_of_apple(image, key).mean() for key in ("wood", "stone", "marble")}
    assert brightness["marble"] > 1.25 * brightness["stone"] > 1.25 * brightness["wood"]


def test_a_look_changes_the_colours_and_keeps_the_outline(coffee: Rgb) -> None:
    plain = np.full_like(coffee, 170)
    mask = box_mask(plain, BOWL)
    one, other = (inserted(plain, mask, "violin", look=look) for look in ("", "marble"))
    assert one.box == other.box
    assert np.array_equal(one.alpha, other.alpha)
    assert np.abs(one.rgb.astype(int) - other.rgb).mean() > 5


def test_an_unknown_look_is_a_fault(coffee: Rgb) -> None:
    with pytest.raises(FaultError, match="velvet"):
        inserted(coffee, box_mask(coffee, BOWL), "vase", look="velvet")


def test_what_was_put_in_can_be_altered_like_any_object(coffee: Rgb) -> None:
    wooden = pasted(coffee, inserted(coffee, box_mask(coffee, BOWL), "red apple", look="wood"))
    apple = box_mask(coffee, Box(250, 180, 350, 280))
    request = PaintRequest(
        kind=PaintKind.RECOLOUR,
        image=wooden,
        mask=apple,
        name="apple",
        target=Target(key="blue", phrase="a blue apple"),
        grow_px=0,
        seed=1,
    )
    before, after = (
        image[apple].astype(float).mean(axis=0)
        for image in (wooden, pasted(wooden, paint_recoloured(request)))
    )
    assert before[0] > 1.4 * before[2]
    assert after[2] > 1.5 * after[0]
