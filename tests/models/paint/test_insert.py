import cv2
import numpy as np
import pytest
from skimage import data

from models.edit_types.spec import PaintKind, Target
from models.geometry import Bitmap, Box, Rgb
from models.paint.base import Painting, PaintRequest
from models.paint.drawing import is_drawing
from models.paint.insert import paint_inserted
from models.studio.scene import make_scene, render


def inserted(image: Rgb, mask: Bitmap, key: str, seed: int = 2) -> Painting:
    return paint_inserted(
        PaintRequest(
            kind=PaintKind.INSERT,
            image=image,
            mask=mask,
            name="cup",
            target=Target(key=key, phrase=key),
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
