"""A drawn street: house fronts behind a pavement and a road."""

import numpy as np
from numpy.typing import NDArray

from models.studio.brushes import BackgroundView, Canvas, Colour, clouds, gradient, mottle, noise
from models.studio.outdoors import SKIES, sky

_WALLS: tuple[Colour, ...] = (
    (214, 178, 152), (188, 200, 206), (226, 208, 168), (196, 168, 168), (176, 194, 176),
    (208, 196, 214), (202, 160, 132), (222, 222, 214),
)  # fmt: skip


def street(view: BackgroundView) -> Canvas:
    """House fronts, a pavement and a road."""
    canvas = sky(view, SKIES)
    clouds(canvas, view.horizon, (250, 250, 252), 3, view.rng)
    _fronts(view, canvas)
    pavement, road = int(view.horizon), int(view.horizon + 0.13 * view.height)
    canvas[pavement:road] = gradient(
        road - pavement, view.width, ((206, 200, 192), (190, 184, 178))
    )
    canvas[road - 3 : road + 3] = (150, 146, 144)
    tone = int(view.rng.integers(104, 136))
    asphalt = ((tone + 14, tone + 14, tone + 20), (tone, tone, tone + 6))
    canvas[road + 3 :] = gradient(view.height - road - 3, view.width, asphalt)
    below = np.arange(view.height)[:, None] > pavement
    mottle(canvas, below, 4, noise(view.height, view.width, (2, 3), view.rng))
    mottle(canvas, below, 4, noise(view.height, view.width, (30, 90), view.rng))
    return canvas


def _fronts(view: BackgroundView, canvas: Canvas) -> None:
    """A row of houses with lit and unlit windows, ending on the horizon."""
    x = -int(view.rng.integers(0, 60))
    while x < view.width:
        wide = int(view.width * view.rng.uniform(0.13, 0.24))
        top = int(view.horizon * view.rng.uniform(0.1, 0.62))
        x0, x1 = max(0, x), min(view.width, x + wide)
        if x1 > x0:
            wall = np.asarray(_WALLS[int(view.rng.integers(len(_WALLS)))], np.float32)
            canvas[top : view.horizon, x0:x1] = wall
            canvas[top : top + 7, x0:x1] = wall * 0.82
            canvas[top : view.horizon, max(x0, x1 - 3) : x1] = wall * 0.88
            _windows(view, canvas, (x, top, wide), wall)
        x += wide


def _windows(
    view: BackgroundView, canvas: Canvas, front: tuple[int, int, int], wall: NDArray[np.float32]
) -> None:
    x, top, wide = front
    across, pitch = int(view.rng.integers(2, 4)), int(view.rng.integers(46, 64))
    step = wide / across
    glass = np.asarray((152, 178, 196), np.float32) * np.float32(view.rng.uniform(0.85, 1.1))
    for row in range(top + 20, view.horizon - pitch, pitch):
        for column in range(across):
            x0 = int(x + (column + 0.28) * step)
            x1 = int(x0 + 0.44 * step)
            if x0 < 2 or x1 > view.width - 2:
                continue
            canvas[row - 2 : row + pitch // 2 + 2, x0 - 2 : x1 + 2] = wall * 1.08
            canvas[row : row + pitch // 2, x0:x1] = glass
