"""New scenery behind a subject whose own pixels stay exact."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.filters import blur, painted_size, resized
from models.paint.layers import Planes, SceneryView, dim, finish
from models.paint.matte import find_rim
from models.paint.noise import Field
from models.paint.scenery.dark import night_city, starry_sky
from models.paint.scenery.indoors import brick_wall, studio_grey
from models.paint.scenery.land import desert, meadow
from models.paint.scenery.peaks import forest, snowy_mountains
from models.paint.scenery.shore import sunset_beach, underwater
from models.painting import Painting, PaintRequest

SCENERIES: Mapping[str, Callable[[SceneryView], Planes]] = {
    "sunset_beach": sunset_beach,
    "snowy_mountains": snowy_mountains,
    "night_city": night_city,
    "forest": forest,
    "desert": desert,
    "starry_sky": starry_sky,
    "underwater": underwater,
    "meadow": meadow,
    "studio_grey": studio_grey,
    "brick_wall": brick_wall,
}
"""A renderer for each key of `models.vocabulary.BACKDROPS`."""

_RIM_PX = 3.0
_WHOLE = 0.98
"""A pixel of the rim that is the subject's to this share stays as it is."""
_LEAST_PX = 64


def paint_backdrop(request: PaintRequest) -> Painting:
    """The request's scenery wherever its mask is True; the subject's pixels are the image's.

    Of a rim as wide as the mask may grow, only what is the subject's own stays: masks keep some of
    the old background around it, which would shine as a halo before the new one.

    Raises:
        FaultError: the target is no scenery.
    """
    subject = ~request.mask
    height, width = subject.shape
    scene = scenery(request.target.key, subject, request.seed)
    canvas, freed = _before(scene, request)
    return Painting(box=Box.canvas(width, height), rgb=canvas, alpha=request.mask | freed)


def scenery(key: str, subject: Bitmap, seed: int) -> Rgb:
    """A scenery with the subject's shadow, but without the subject.

    Raises:
        FaultError: No scenery has this key.
    """
    render = SCENERIES.get(key)
    if render is None:
        raise FaultError(Reason.UNPAINTABLE, f"no scenery named {key!r}")
    height, width = subject.shape
    return _scene(render, subject, seed)[:height, :width]


def _scene(render: Callable[[SceneryView], Planes], subject: Bitmap, seed: int) -> Rgb:
    """The scenery with the subject's shadow; larger than an image that is too small to hold one."""
    lacking = [(0, max(0, _LEAST_PX - side)) for side in subject.shape]
    subject = np.pad(subject, lacking)
    size = (subject.shape[1], subject.shape[0])
    canvas = painted_size(*size)
    if canvas == size:
        return _drawn(render, subject, seed)
    small = resized(subject.view(np.uint8) * 255, canvas, cv2.INTER_AREA) >= 128
    return resized(_drawn(render, small, seed), size, cv2.INTER_CUBIC)


def _drawn(render: Callable[[SceneryView], Planes], subject: Bitmap, seed: int) -> Rgb:
    view = compose(subject, np.random.default_rng(seed))
    canvas = render(view)
    dim(canvas, contact_shadow(subject, view))
    return finish(canvas, view.rng)


def compose(subject: Bitmap, rng: np.random.Generator) -> SceneryView:
    """Where the horizon and the feet are, so that the subject stands in the scenery.

    The horizon goes below the subject's centre and above its feet, within the middle of the image.
    """
    height, width = subject.shape
    boxes = _standing(subject)
    if not boxes:
        return SceneryView(
            height=height, width=width, horizon_px=int(0.6 * height), feet_px=height, rng=rng
        )
    feet = max(box.y1 for box in boxes)
    weight = np.array([box.area_px for box in boxes], np.float64)
    centre = float(np.average([(box.y0 + box.y1) / 2 for box in boxes], weights=weight))
    horizon = float(np.clip(centre + 0.22 * (feet - centre), 0.36 * height, 0.7 * height))
    horizon_px = max(1, min(int(horizon), height - 2))
    standing = feet < 0.985 * height and feet > horizon
    return SceneryView(
        height=height,
        width=width,
        horizon_px=horizon_px,
        feet_px=feet if standing else height,
        rng=rng,
    )


def _standing(subject: Bitmap) -> list[Box]:
    """Boxes of the subject's parts, without crumbs under a tenth of the largest."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(subject.astype(np.uint8))
    if count < 2:
        return []
    least = max(16, stats[1:, cv2.CC_STAT_AREA].max() // 10)
    return [
        Box(int(x), int(y), int(x + w), int(y + h))
        for x, y, w, h, area in stats[1:]
        if area >= least
    ]


def contact_shadow(subject: Bitmap, view: SceneryView) -> Field:
    """A factor for each pixel: darker on the ground under whatever stands on it."""
    height, width = subject.shape
    scale = 4
    small_h, small_w = -(-height // scale), -(-width // scale)
    shade = np.zeros((small_h, small_w), np.float32)
    for box in _standing(subject):
        if view.horizon_px < box.y1 < 0.985 * height:
            _cast(shade, subject, box, scale=scale)
    soft = blur(shade, max(1.0, 9 * view.unit_px / scale))
    factor: Field = 1 - np.clip(resized(soft, (width, height)), 0, 0.75)
    return factor


def _cast(shade: Field, subject: Bitmap, box: Box, *, scale: int) -> None:
    """Two ellipses under the box: a dark one where it touches, a wide pale one around."""
    foot_rows = max(2, box.height // 12)
    foot = subject[box.y1 - foot_rows : box.y1, box.x0 : box.x1].any(axis=0)
    touch = np.flatnonzero(foot)
    x0, x1 = box.x0 + int(touch[0]), box.x0 + int(touch[-1]) + 1
    for left, right, flat, dark in ((box.x0, box.x1, 0.09, 0.3), (x0, x1, 0.07, 0.5)):
        across = (right - left) / scale
        centre = ((left + right) / 2 / scale, (box.y1 - 0.25 * foot_rows) / scale)
        layer = np.zeros_like(shade)
        size = (1.12 * across, max(2.0, 2 * flat * across))
        cv2.ellipse(layer, (centre, size, 0), dark, -1, cv2.LINE_AA)
        np.maximum(shade, layer + 0.5 * shade, out=shade)


def _before(scene: Rgb, request: PaintRequest) -> tuple[Rgb, Bitmap]:
    """The subject before the scenery, and which of its pixels are not its own alone.

    At its rim a pixel keeps so much of the subject as was in it, free of the old background.
    """
    subject, image = ~request.mask, request.image
    rim = find_rim(image, subject, inner_px=float(request.grow_px), outer_px=_RIM_PX)
    inside = subject[rim.rows, rim.cols]
    mixed = ~inside | (rim.opacity < _WHOLE)
    rows, cols = rim.rows[mixed], rim.cols[mixed]
    canvas = np.where(subject[..., None], image, scene)
    behind = scene[rows, cols].astype(np.float32)
    blended = behind + (rim.colour[mixed] - behind) * rim.opacity[mixed][:, None]
    canvas[rows, cols] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)
    freed = np.zeros_like(subject)
    freed[rim.rows[mixed & inside], rim.cols[mixed & inside]] = True
    return canvas, freed
