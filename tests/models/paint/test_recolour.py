from itertools import combinations

import cv2
import numpy as np
import pytest

from models.faults import FaultError
from models.geometry import Bitmap, Rgb
from models.paint.recolour import MATERIALS, paint_recoloured
from models.painting import PaintRequest
from models.vocabulary import APPEARANCES, PaintKind, Target

COLOURS = [a for a in APPEARANCES.values() if a.kind == "colour"]
MATERIAL_KEYS = [a.key for a in APPEARANCES.values() if a.kind == "material"]


def ball(base: tuple[int, int, int]) -> tuple[Rgb, Bitmap]:
    """A shaded ball with a black outline on a green ground."""
    rows, cols = np.mgrid[:200, :240].astype(np.float32)
    away = np.hypot(rows - 100, cols - 120)
    light = 1.05 - 0.5 * ((rows - 60) ** 2 + (cols - 90) ** 2) ** 0.5 / 110
    image = np.full((200, 240, 3), (60, 140, 80), np.float32)
    mask = away < 70
    image[mask] = (np.array(base, np.float32) * light[..., None])[mask]
    image[mask & (away > 64)] = 0
    return image.clip(0, 255).astype(np.uint8), mask


def recoloured(image: Rgb, mask: Bitmap, key: str, seed: int = 5) -> Rgb:
    painting = paint_recoloured(
        PaintRequest(
            kind=PaintKind.RECOLOUR,
            image=image,
            mask=mask,
            name="ball",
            target=Target(key=key, phrase=key),
            grow_px=0,
            seed=seed,
        )
    )
    out = image.copy()
    out[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    return out


def lab(rgb: Rgb) -> np.ndarray:
    return cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)


@pytest.mark.parametrize("base", [(250, 250, 250), (30, 30, 30), (128, 128, 128), (40, 90, 200)])
@pytest.mark.parametrize("colour", COLOURS, ids=lambda a: a.key)
def test_every_object_takes_every_colour(base: tuple[int, int, int], colour: object) -> None:
    image, mask = ball(base)
    inner = cv2.erode(mask.astype(np.uint8), np.ones((21, 21))) > 0
    mean = lab(recoloured(image, mask, colour.key))[inner].mean(axis=0)
    nearest = min(
        COLOURS,
        key=lambda c: np.abs(hue(mean) - hue(lab(np.array([[c.rgb]], np.uint8))[0, 0])) % 6.283,
    )
    assert np.hypot(*mean[1:]) > 18
    assert nearest.key == colour.key


def hue(colour: np.ndarray) -> float:
    return float(np.arctan2(colour[2], colour[1]))


@pytest.mark.parametrize("key", APPEARANCES)
def test_outline_and_surroundings_stay(key: str) -> None:
    image, mask = ball((200, 160, 120))
    new = recoloured(image, mask, key)
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    assert np.array_equal(new[away > 3], image[away > 3])
    assert new[(depth > 2) & (depth < 5)].mean() < 45


@pytest.mark.parametrize("key", APPEARANCES)
def test_light_keeps_its_direction(key: str) -> None:
    image, mask = ball((150, 150, 150))
    inner = cv2.erode(mask.astype(np.uint8), np.ones((21, 21))) > 0
    old, new = lab(image)[..., 0], cv2.blur(lab(recoloured(image, mask, key))[..., 0], (9, 9))
    assert np.corrcoef(old[inner], new[inner])[0, 1] > 0.5


def test_materials_differ_from_each_other_and_from_paint() -> None:
    image, mask = ball((150, 150, 150))
    looks = {key: recoloured(image, mask, key)[mask].astype(float) for key in MATERIAL_KEYS}
    for one, other in combinations(looks, 2):
        assert np.abs(looks[one] - looks[other]).mean() > 12, (one, other)


def test_every_material_of_the_vocabulary_has_a_texture() -> None:
    assert set(MATERIALS) == set(MATERIAL_KEYS)


def test_texture_follows_the_seed() -> None:
    image, mask = ball((150, 150, 150))
    first, again, other = (recoloured(image, mask, "marble", seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_unknown_appearance_is_a_fault() -> None:
    image, mask = ball((150, 150, 150))
    with pytest.raises(FaultError, match="velvet"):
        recoloured(image, mask, "velvet")
