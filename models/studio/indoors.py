"""Drawn interiors: a wall above a floor or a table top."""

import cv2
import numpy as np

from models.studio.brushes import (
    BackgroundView,
    Canvas,
    Colour,
    blend_disc,
    gradient,
    mottle,
    noise,
)

_PAINTS: tuple[tuple[Colour, Colour], ...] = (
    ((236, 222, 196), (224, 204, 172)),
    ((190, 210, 214), (168, 192, 200)),
    ((214, 190, 190), (200, 170, 172)),
    ((198, 208, 178), (178, 190, 154)),
    ((222, 214, 226), (200, 190, 210)),
    ((170, 186, 206), (146, 164, 188)),
)
_TIMBERS: tuple[tuple[Colour, Colour], ...] = (
    ((206, 164, 116), (182, 136, 90)),
    ((168, 122, 86), (140, 96, 64)),
    ((222, 196, 156), (198, 168, 126)),
    ((150, 130, 116), (120, 100, 88)),
)


def _choose(
    view: BackgroundView, options: tuple[tuple[Colour, Colour], ...]
) -> tuple[Colour, Colour]:
    return options[int(view.rng.integers(len(options)))]


def _wall(view: BackgroundView) -> Canvas:
    """A painted wall, brighter where light falls on it."""
    canvas = gradient(view.height, view.width, _choose(view, _PAINTS))
    lamp = (view.rng.uniform(0.1, 0.9) * view.width, view.rng.uniform(0.1, 0.6) * view.horizon)
    reach = 0.55 * view.width
    blend_disc(canvas, lamp, (reach, reach), (255, 250, 236), opacity=0.45, soft=1.0)
    mottle(canvas, None, 2.5, noise(view.height, view.width, (60, 60), view.rng))
    return canvas


def _stripes(view: BackgroundView, canvas: Canvas) -> None:
    """Wallpaper: broad soft stripes."""
    period = view.width / view.rng.integers(9, 17)
    wave = np.sin(2 * np.pi * np.arange(view.width) / period)
    canvas[: view.horizon] += (np.clip(wave * 6, -1, 1) * 5)[None, :, None].astype(np.float32)


def _tiles(view: BackgroundView, canvas: Canvas) -> None:
    """Kitchen tiles with light joints."""
    pitch = int(view.rng.integers(54, 84))
    tone = view.rng.uniform(-5, 5, (view.horizon // pitch + 1, view.width // pitch + 1))
    cells = cv2.resize(tone.astype(np.float32), None, fx=pitch, fy=pitch, interpolation=0)
    canvas[: view.horizon] += cells[: view.horizon, : view.width, None]
    for row in range(0, view.horizon, pitch):
        canvas[row : row + 2] += 14 * (np.arange(row, row + 2) < view.horizon)[:, None, None]
    for column in range(0, view.width, pitch):
        canvas[: view.horizon, column : column + 2] += 14


def _boards(view: BackgroundView, canvas: Canvas, timber: tuple[Colour, Colour]) -> None:
    """Floor boards that run towards the viewer."""
    deep = view.height - view.horizon
    floor = gradient(deep, view.width, timber)
    rows, cols = np.ogrid[0:deep, 0 : view.width]
    depth = 0.45 + 0.75 * rows / deep
    across = (cols - view.width / 2) / depth / view.width * 9 + 40
    board = np.floor(across).astype(np.int32)
    tone = view.rng.uniform(-9, 9, 80).astype(np.float32)[board % 80]
    edge = np.minimum(across - board, 1 - (across - board))
    floor += (tone - 26 * np.clip(1 - edge / 0.014, 0, 1)).astype(np.float32)[..., None]
    mottle(floor, None, 4, noise(deep, view.width, (90, 6), view.rng))
    canvas[view.horizon :] = floor


def _skirting(view: BackgroundView, canvas: Canvas) -> None:
    top = max(0, view.horizon - view.height // 40)
    canvas[top : view.horizon] = (240, 236, 228)
    canvas[view.horizon - 2 : view.horizon + 1] = (150, 136, 122)


def living_room(view: BackgroundView) -> Canvas:
    """A striped wall over floor boards, with a rug."""
    canvas = _wall(view)
    _stripes(view, canvas)
    _boards(view, canvas, _choose(view, _TIMBERS))
    _skirting(view, canvas)
    rugs: tuple[tuple[Colour, Colour], ...] = (
        ((178, 92, 84), (226, 190, 160)),
        ((82, 112, 140), (198, 210, 214)),
        ((120, 136, 96), (216, 214, 178)),
    )
    outer, inner = _choose(view, rugs)
    deep = view.height - view.horizon
    centre = (view.width * view.rng.uniform(0.4, 0.6), view.horizon + 0.58 * deep)
    for share, colour in ((1.0, outer), (0.9, inner), (0.84, outer)):
        radii = (0.4 * view.width * share, 0.34 * deep * share)
        blend_disc(canvas, centre, radii, colour, opacity=0.92, soft=0.012)
    return canvas


def playroom(view: BackgroundView) -> Canvas:
    """A dotted wall over a plain carpet."""
    canvas = _wall(view)
    pitch = int(view.rng.integers(44, 66))
    for number, y in enumerate(range(pitch // 2, view.horizon - 20, pitch)):
        for x in range((number % 2) * pitch // 2, view.width + pitch, pitch):
            blend_disc(canvas, (x, y), (6, 6), (250, 246, 236), opacity=0.55, soft=0.2)
    carpets: tuple[tuple[Colour, Colour], ...] = (
        ((150, 178, 190), (120, 150, 166)),
        ((206, 176, 130), (182, 148, 104)),
        ((176, 160, 190), (146, 130, 164)),
        ((158, 186, 146), (128, 158, 118)),
    )
    deep = view.height - view.horizon
    canvas[view.horizon :] = gradient(deep, view.width, _choose(view, carpets))
    below = np.arange(view.height)[:, None] > view.horizon
    mottle(canvas, below, 6, noise(view.height, view.width, (2, 2), view.rng))
    mottle(canvas, below, 4, noise(view.height, view.width, (40, 80), view.rng))
    _skirting(view, canvas)
    return canvas


def kitchen(view: BackgroundView) -> Canvas:
    """A tiled wall behind a wooden table top."""
    canvas = _wall(view)
    _tiles(view, canvas)
    timber = _choose(view, _TIMBERS)
    deep = view.height - view.horizon
    canvas[view.horizon :] = gradient(deep, view.width, timber)
    below = np.arange(view.height)[:, None] > view.horizon
    mottle(canvas, below, 7, noise(view.height, view.width, (5, 150), view.rng))
    mottle(canvas, below, 5, noise(view.height, view.width, (2, 40), view.rng))
    canvas[view.horizon : view.horizon + 4] *= 0.8
    return canvas


def tablecloth(view: BackgroundView) -> Canvas:
    """A plain wall behind a checked tablecloth."""
    canvas = _wall(view)
    deep = view.height - view.horizon
    cloths: tuple[Colour, ...] = ((196, 92, 92), (92, 126, 178), (104, 152, 110), (206, 164, 86))
    colour = np.asarray(cloths[int(view.rng.integers(len(cloths)))], np.float32)
    rows, cols = np.ogrid[0:deep, 0 : view.width]
    depth = 0.5 + 0.7 * rows / deep
    across = np.floor((cols - view.width / 2) / depth / view.width * 13) % 2
    down = np.floor(8 * np.log(depth / 0.5) / np.log(2.4)) % 2
    weave = ((across + down) / 2)[..., None].astype(np.float32) * np.float32(0.62)
    canvas[view.horizon :] = np.float32(244) * (1 - weave) + colour * weave
    below = np.arange(view.height)[:, None] > view.horizon
    mottle(canvas, below, 4, noise(view.height, view.width, (60, 90), view.rng))
    canvas[view.horizon : view.horizon + 3] *= 0.85
    return canvas
