import cv2
import numpy as np
import pytest
from skimage import data

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Rgb
from models.paint import erase as erasing
from models.paint.collage import fill
from models.paint.erase import contact_shadow, erase, paint_erased
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind, Target


def request(image: Rgb, mask: Bitmap, grow_px: int = 3) -> PaintRequest:
    return PaintRequest(
        kind=PaintKind.ERASE,
        image=image,
        mask=mask,
        name="thing",
        target=Target(key="", phrase=""),
        grow_px=grow_px,
        seed=1,
    )


def disc(height: int, width: int, centre: tuple[int, int], radius: int) -> Bitmap:
    return cv2.circle(np.zeros((height, width), np.uint8), centre, radius, 1, -1).astype(np.bool_)


def rendered(image: Rgb, painting: Painting) -> Rgb:
    out = image.copy()
    out[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    return out


def landscape(height: int = 240, width: int = 320) -> Rgb:
    """Sky over ground with a sharp horizon, both with grain."""
    rng = np.random.default_rng(4)
    image = np.empty((height, width, 3), np.float32)
    image[: height // 2] = (130, 180, 230)
    image[height // 2 :] = (90, 140, 70)
    return (image + rng.normal(0, 4, image.shape)).clip(0, 255).astype(np.uint8)


def test_horizon_runs_on_behind_an_erased_object() -> None:
    truth = landscape()
    mask = disc(240, 320, (160, 125), 45)
    image = truth.copy()
    image[mask] = (220, 30, 40)
    erased = rendered(image, paint_erased(request(image, mask)))
    inside = cv2.blur(erased, (5, 5))[mask].astype(float)
    assert np.abs(inside - cv2.blur(truth, (5, 5))[mask]).mean() < 8


def test_grain_is_kept() -> None:
    truth = landscape()
    mask = disc(240, 320, (160, 60), 40)
    image = truth.copy()
    image[mask] = (220, 30, 40)
    erased = rendered(image, paint_erased(request(image, mask)))
    sky = ~mask
    sky[100:] = False
    fine = [image_ - cv2.GaussianBlur(image_, (0, 0), 2) for image_ in (erased.astype(np.float32),)]
    assert fine[0][mask].std() == pytest.approx(fine[0][sky].std(), rel=0.25)


def test_gradient_is_continued_without_steps() -> None:
    rows = np.linspace(40, 220, 200)[:, None, None]
    truth = np.broadcast_to(rows, (200, 260, 3)).astype(np.uint8)
    mask = disc(200, 260, (130, 100), 40)
    image = np.where(mask[..., None], np.uint8(0), truth)
    erased = rendered(image, paint_erased(request(image, mask)))
    assert np.abs(erased.astype(int) - truth)[mask].max() <= 6


def test_nothing_of_the_object_is_left_and_nothing_else_is_touched() -> None:
    image = data.astronaut()
    mask = disc(512, 512, (150, 420), 60)
    painting = paint_erased(request(image, mask, grow_px=5))
    assert painting.alpha.shape == painting.rgb.shape[:2]
    assert rendered(mask, painting_of(painting, mask)).sum() == 0
    changed = (rendered(image, painting) != image).any(axis=2)
    reach = cv2.dilate(mask.astype(np.uint8), np.ones((81, 81))) > 0
    assert not changed[~reach].any()


def painting_of(painting: Painting, mask: Bitmap) -> Painting:
    """The same patch, pasted over the mask instead of the image."""
    cleared = np.zeros(painting.alpha.shape, np.bool_)
    return Painting(box=painting.box, rgb=cleared, alpha=painting.alpha)


def test_a_drawings_other_objects_stay_whole() -> None:
    """A hole is grown beyond its mask, but not into what stands beside it."""
    truth = landscape()
    cv2.circle(truth, (70, 180), 40, (240, 200, 40), -1)
    cv2.circle(truth, (70, 180), 40, (0, 0, 0), 6)
    image = truth.copy()
    mask = np.zeros((240, 320), np.uint8)
    cv2.rectangle(mask, (120, 120), (190, 230), 1, -1)
    image[mask > 0] = (220, 30, 40)
    cv2.rectangle(image, (120, 120), (190, 230), (0, 0, 0), 6)
    mask = cv2.dilate(mask, np.ones((7, 7), np.uint8))
    erased = rendered(image, paint_erased(request(image, mask > 0, grow_px=12)))
    assert (erased[140:220, 27:114] == truth[140:220, 27:114])[disc(80, 87, (43, 40), 42)].all()
    assert (
        np.abs(cv2.blur(erased, (5, 5)).astype(int) - cv2.blur(truth, (5, 5)))[mask > 0].mean() < 8
    )


@pytest.mark.parametrize("centre", [(0, 0), (299, 199), (150, 0)])
def test_objects_at_the_edge_of_the_image(centre: tuple[int, int]) -> None:
    image = landscape(200, 300)
    painting = paint_erased(request(image, disc(200, 300, centre, 40)))
    assert painting.box.clipped(300, 200) == painting.box


def test_same_request_same_bytes() -> None:
    image, mask = data.coffee(), disc(400, 600, (300, 200), 90)
    first, second = (paint_erased(request(image, mask)) for _ in range(2))
    assert first.rgb.tobytes() == second.rgb.tobytes()


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (np.zeros((60, 80), np.bool_), Reason.EMPTY_MASK),
        (np.ones((60, 80), np.bool_), Reason.UNPAINTABLE),
    ],
)
def test_impossible_masks_are_faults(mask: Bitmap, reason: Reason) -> None:
    with pytest.raises(FaultError) as caught:
        paint_erased(request(landscape(60, 80), mask))
    assert caught.value.fault.reason is reason


def test_the_shadow_goes_with_its_object() -> None:
    ground = np.full((240, 320, 3), (200, 180, 150), np.float32)
    shade = cv2.ellipse(np.zeros((240, 320), np.float32), (160, 170), (60, 9), 0, 0, 360, 1.0, -1)
    image = (ground * (1 - 0.3 * cv2.GaussianBlur(shade, (0, 0), 2))[..., None]).astype(np.uint8)
    mask = disc(240, 320, (160, 120), 48)
    image[mask] = (220, 30, 40)
    found = contact_shadow(image, mask)
    shown = (shade > 0) & ~mask
    assert found[shown].mean() > 0.8
    assert found.sum() < 3 * shown.sum()


def test_the_same_hole_is_filled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding, removing and replacing begin alike; of another picture nothing is taken."""
    image, mask, filled = landscape(), disc(240, 320, (160, 60), 40), []
    monkeypatch.setattr(erasing, "fill", lambda *given: filled.append(1) or fill(*given))
    first, again = (erase(image.copy(), mask.copy(), 3) for _ in range(2))
    assert len(filled) == 1
    assert first.window == again.window
    for name in ("rgb", "hole", "shadow"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    again.rgb[:] = 0
    np.testing.assert_array_equal(erase(image, mask, 3).rgb, first.rgb)
    image[100, 10] = 0
    erase(image, mask, 3)
    erase(image, mask, 4)
    assert len(filled) == 3
