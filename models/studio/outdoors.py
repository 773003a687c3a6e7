"""Drawn landscapes. Each takes a view and paints it; colours and shapes vary with its generator."""

import numpy as np

from models.studio.brushes import (
    BackgroundView,
    Canvas,
    Colour,
    blend_disc,
    clouds,
    foliage,
    gradient,
    land,
    mottle,
    noise,
    ridge,
    tufts,
)

SKIES: tuple[tuple[Colour, ...], ...] = (
    ((92, 160, 226), (170, 212, 242), (226, 240, 248)),
    ((66, 132, 206), (138, 190, 232), (240, 232, 214)),
    ((150, 186, 208), (196, 214, 224), (230, 234, 234)),
    ((120, 150, 214), (236, 190, 178), (252, 222, 178)),
    ((84, 176, 200), (160, 216, 216), (236, 244, 224)),
)
_DUSKS: tuple[tuple[Colour, ...], ...] = (
    ((86, 70, 140), (226, 120, 110), (252, 196, 116)),
    ((128, 62, 92), (238, 118, 74), (254, 210, 124)),
    ((60, 86, 150), (214, 136, 150), (250, 206, 150)),
)
_NIGHTS: tuple[tuple[Colour, ...], ...] = (
    ((14, 20, 52), (36, 48, 98), (74, 82, 134)),
    ((22, 14, 46), (52, 38, 92), (104, 74, 124)),
    ((8, 26, 48), (22, 58, 86), (60, 104, 122)),
)
_GREENS: tuple[tuple[Colour, Colour], ...] = (
    ((150, 196, 92), (96, 156, 66)),
    ((172, 200, 104), (122, 160, 70)),
    ((120, 184, 112), (72, 138, 84)),
    ((188, 196, 110), (148, 158, 76)),
)
_LEAVES: tuple[tuple[Colour, Colour], ...] = (
    ((74, 132, 70), (104, 156, 84)),
    ((176, 118, 52), (204, 152, 64)),
    ((58, 118, 90), (96, 150, 108)),
)
_SOILS: tuple[tuple[Colour, Colour], ...] = (
    ((196, 166, 104), (164, 124, 74)),
    ((166, 178, 92), (128, 142, 64)),
    ((224, 196, 104), (196, 160, 76)),
)


def sky(view: BackgroundView, palettes: tuple[tuple[Colour, ...], ...]) -> Canvas:
    """A canvas with one of the palettes above the horizon, and its last colour below."""
    stops = palettes[int(view.rng.integers(len(palettes)))]
    canvas = np.empty((view.height, view.width, 3), np.float32)
    canvas[: view.horizon] = gradient(view.horizon, view.width, stops)
    canvas[view.horizon :] = stops[-1]
    return canvas


def _pick(
    view: BackgroundView, options: tuple[tuple[Colour, Colour], ...]
) -> tuple[Colour, Colour]:
    return options[int(view.rng.integers(len(options)))]


def _line(
    view: BackgroundView, above_frac: float, roughness: float
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A skyline over the horizon, as rows; its highest point is `above_frac` of the height up."""
    rise = ridge(view.width, above_frac * view.height, roughness, view.rng)
    return np.asarray(view.horizon - rise, np.float32)


def _ground(
    view: BackgroundView, canvas: Canvas, colours: tuple[Colour, Colour], swell: float = 0.03
) -> None:
    top = _line(view, swell, 0.1)
    filled = land(canvas, top, *colours)
    field = noise(view.height, view.width, (view.height / 40, view.width / 9), view.rng)
    fine = noise(view.height, view.width, (4, 9), view.rng)
    mottle(canvas, filled, 7, field)
    mottle(canvas, filled, 4, fine)


def meadow(view: BackgroundView) -> Canvas:
    """Rolling green hills under a friendly sky."""
    canvas = sky(view, SKIES)
    clouds(canvas, view.horizon, (252, 252, 250), int(view.rng.integers(2, 6)), view.rng)
    green = _pick(view, _GREENS)
    far = tuple(int(0.55 * c + 0.45 * s) for c, s in zip(green[0], (190, 214, 224), strict=True))
    land(canvas, _line(view, 0.16, 0.3), (far[0], far[1], far[2]), green[0])
    land(canvas, _line(view, 0.07, 0.2), green[0], green[1])
    _ground(view, canvas, green)
    tufts(canvas, view.horizon, _darker(green[1]), 190, view.rng)
    return canvas


def beach(view: BackgroundView) -> Canvas:
    """Sand, a strip of sea, and sky."""
    canvas = sky(view, SKIES + _DUSKS[2:])
    clouds(canvas, view.horizon, (252, 250, 246), int(view.rng.integers(0, 5)), view.rng)
    sea = _pick(view, (((60, 140, 186), (120, 204, 206)), ((44, 112, 160), (112, 178, 196))))
    level = np.full(view.width, view.horizon * 0.86, np.float32)
    water = land(canvas, level, sea[0], sea[1])
    mottle(canvas, water, 9, noise(view.height, view.width, (3, view.width / 14), view.rng))
    sand = _pick(view, (((238, 214, 164), (222, 188, 130)), ((228, 206, 178), (204, 172, 136))))
    shore = view.horizon + 0.5 * ridge(view.width, 0.05 * view.height, 0.1, view.rng)
    land(canvas, shore - 0.012 * view.height, (246, 250, 248), sand[0])
    wet = land(canvas, shore, sand[0], sand[1])
    mottle(canvas, wet, 6, noise(view.height, view.width, (14, 70), view.rng))
    mottle(canvas, wet, 5, noise(view.height, view.width, (2, 3), view.rng))
    return canvas


def snow(view: BackgroundView) -> Canvas:
    """Snow below a jagged range."""
    canvas = sky(view, SKIES)
    rock = _pick(view, (((150, 164, 190), (206, 216, 230)), ((126, 142, 172), (214, 222, 234))))
    land(canvas, _line(view, 0.3, 0.9), *rock)
    nearer = tuple(int(c * 0.9) for c in rock[0])
    land(canvas, _line(view, 0.15, 0.7), (nearer[0], nearer[1], nearer[2]), (226, 232, 242))
    _ground(view, canvas, ((244, 248, 252), (206, 220, 236)), 0.05)
    for _ in range(160):
        at = (view.rng.uniform(0, view.width), view.rng.uniform(0, view.height))
        blend_disc(canvas, at, (2.2, 2.2), (255, 255, 255), opacity=0.8, soft=0.8)
    return canvas


def desert(view: BackgroundView) -> Canvas:
    """Dunes in warm bands."""
    canvas = sky(view, (*SKIES[:2], *_DUSKS))
    sun = (view.rng.uniform(0.1, 0.9) * view.width, view.rng.uniform(0.2, 0.6) * view.horizon)
    blend_disc(
        canvas,
        sun,
        (0.16 * view.height, 0.16 * view.height),
        (255, 240, 190),
        opacity=0.6,
        soft=1.0,
    )
    blend_disc(
        canvas,
        sun,
        (0.05 * view.height, 0.05 * view.height),
        (255, 248, 220),
        opacity=0.95,
        soft=0.1,
    )
    sand = _pick(view, (((236, 184, 118), (204, 142, 84)), ((226, 160, 112), (184, 112, 78))))
    for above in (0.17, 0.08):
        land(canvas, _line(view, above, 0.15), sand[0], sand[1])
    _ground(view, canvas, sand, 0.04)
    ripples = noise(view.height, view.width, (view.height / 60, view.width / 4), view.rng)
    mottle(canvas, np.arange(view.height)[:, None] > view.horizon, 7, ripples)
    return canvas


def savanna(view: BackgroundView) -> Canvas:
    """Dry grass at sunset with flat crowns on the skyline."""
    canvas = sky(view, _DUSKS)
    sun = (view.rng.uniform(0.15, 0.85) * view.width, 0.8 * view.horizon)
    blend_disc(
        canvas, sun, (0.1 * view.height, 0.1 * view.height), (255, 236, 170), opacity=0.9, soft=0.25
    )
    land(canvas, _line(view, 0.1, 0.4), (170, 98, 86), (150, 84, 62))
    grass = _pick(view, (((222, 170, 82), (168, 116, 56)), ((204, 156, 92), (150, 104, 62))))
    base = np.full(view.width, view.horizon + 2, np.float32)
    foliage(
        canvas,
        base,
        0.045 * view.height,
        ((112, 84, 50), (132, 100, 54)),
        spacing=3.2,
        rng=view.rng,
    )
    _ground(view, canvas, grass)
    tufts(canvas, view.horizon, _darker(grass[1]), 260, view.rng)
    return canvas


def park(view: BackgroundView) -> Canvas:
    """A lawn with a path before a row of trees."""
    canvas = sky(view, SKIES)
    clouds(canvas, view.horizon, (250, 252, 252), int(view.rng.integers(1, 4)), view.rng)
    green = _pick(view, _GREENS)
    leaves = _pick(view, _LEAVES)
    base = np.full(view.width, view.horizon + 6, np.float32)
    foliage(canvas, base, 0.16 * view.height, leaves, spacing=0.8, rng=view.rng)
    foliage(
        canvas, base, 0.07 * view.height, (_darker(leaves[0]), leaves[0]), spacing=0.9, rng=view.rng
    )
    _ground(view, canvas, green, 0.01)
    _path(view, canvas, (226, 208, 172))
    return canvas


def _path(view: BackgroundView, canvas: Canvas, colour: Colour) -> None:
    """A winding path that widens towards the viewer."""
    rows = np.arange(view.horizon + 2, view.height)
    depth = (rows - view.horizon) / max(1, view.height - view.horizon)
    lean, bend = view.rng.uniform(-0.5, 0.5), view.rng.uniform(-0.3, 0.3)
    start = view.rng.uniform(0.3, 0.7)
    middle = view.width * (start + lean * depth + bend * np.sin(3 * depth) * (1 - depth))
    half = view.width * (0.012 + 0.11 * depth)
    away = np.abs(np.arange(view.width)[None, :] - middle[:, None]) / half[:, None]
    cover = np.clip((1 - away) * half[:, None] / 3, 0, 1)[..., None]
    part = canvas[view.horizon + 2 :]
    part += ((np.asarray(colour, np.float32) - part) * cover).astype(np.float32)


def forest(view: BackgroundView) -> Canvas:
    """A clearing between hazy trunks and bushes."""
    tint = _pick(view, (((196, 222, 196), (148, 186, 150)), ((214, 216, 180), (170, 176, 122))))
    canvas = gradient(view.height, view.width, (tint[1], tint[0], tint[0]))
    for depth in (0.25, 0.5, 0.8):
        _trunks(view, canvas, depth, tint[1])
    base = np.full(view.width, view.horizon + 6, np.float32)
    foliage(
        canvas, base, 0.08 * view.height, ((70, 112, 66), (92, 134, 74)), spacing=0.9, rng=view.rng
    )
    floor = _pick(view, (((140, 150, 84), (92, 98, 56)), ((150, 124, 82), (108, 84, 56))))
    _ground(view, canvas, floor, 0.02)
    tufts(canvas, view.horizon, _darker(floor[1]), 240, view.rng)
    return canvas


def _trunks(view: BackgroundView, canvas: Canvas, depth: float, haze: Colour) -> None:
    bark = np.asarray((84, 66, 52))
    tone = bark * depth + np.asarray(haze) * (1 - depth)
    for _ in range(int(view.rng.integers(5, 9))):
        x = view.rng.uniform(0, view.width)
        half = view.width * (0.006 + 0.014 * depth) * view.rng.uniform(0.8, 1.3)
        x0, x1 = int(max(0, x - half)), int(min(view.width, x + half))
        if x1 <= x0:
            continue
        round_off = np.cos(np.linspace(-1.1, 1.1, x1 - x0))[None, :, None]
        canvas[: view.horizon + 8, x0:x1] = tone * (0.82 + 0.18 * round_off)


def farm(view: BackgroundView) -> Canvas:
    """A ploughed field whose furrows run to a vanishing point, with a hedge behind."""
    canvas = sky(view, SKIES + _DUSKS[:1])
    clouds(canvas, view.horizon, (252, 250, 246), int(view.rng.integers(1, 4)), view.rng)
    land(canvas, _line(view, 0.1, 0.3), (156, 184, 132), (122, 160, 90))
    base = np.full(view.width, view.horizon + 3, np.float32)
    foliage(
        canvas, base, 0.05 * view.height, ((76, 118, 62), (112, 146, 74)), spacing=1.0, rng=view.rng
    )
    soil = _pick(view, _SOILS)
    _ground(view, canvas, soil, 0.0)
    rows, cols = np.ogrid[view.horizon : view.height, 0 : view.width]
    depth = (rows - view.horizon + 18) / (view.height - view.horizon)
    vanish = view.width * view.rng.uniform(0.2, 0.8)
    furrows = np.sin((cols - vanish) / depth / view.width * 46).astype(np.float32)
    canvas[view.horizon :] += (furrows * np.clip(depth * 14, 0, 9))[..., None].astype(np.float32)
    return canvas


def lake(view: BackgroundView) -> Canvas:
    """A grassy shore, still water, and mountains on the far side."""
    canvas = sky(view, SKIES + _DUSKS[2:])
    far = view.horizon * 0.8
    blue = _pick(view, (((112, 138, 168), (150, 172, 192)), ((96, 124, 126), (146, 168, 158))))
    for above, rough in ((0.24, 0.6), (0.12, 0.4)):
        rise = ridge(view.width, above * view.height, rough, view.rng)
        land(canvas, np.asarray(far - rise, np.float32), *blue)
    water = land(canvas, np.full(view.width, far, np.float32), (146, 190, 212), (98, 158, 192))
    mottle(canvas, water, 8, noise(view.height, view.width, (3, view.width / 8), view.rng))
    green = _pick(view, _GREENS)
    _ground(view, canvas, green, 0.04)
    tufts(canvas, view.horizon, _darker(green[1]), 160, view.rng)
    return canvas


def night_field(view: BackgroundView) -> Canvas:
    """Dark hills under stars and a moon."""
    canvas = sky(view, _NIGHTS)
    for _ in range(130):
        at = (view.rng.uniform(0, view.width), view.rng.uniform(0, 0.95) * view.horizon)
        radius = view.rng.uniform(0.8, 2.1)
        blend_disc(
            canvas,
            at,
            (radius, radius),
            (250, 246, 220),
            opacity=view.rng.uniform(0.4, 1),
            soft=0.7,
        )
    moon = (view.rng.uniform(0.1, 0.9) * view.width, view.rng.uniform(0.15, 0.45) * view.horizon)
    size = view.height * view.rng.uniform(0.04, 0.07)
    blend_disc(canvas, moon, (size * 3, size * 3), (190, 196, 230), opacity=0.35, soft=1.0)
    blend_disc(canvas, moon, (size, size), (248, 244, 222), opacity=1.0, soft=0.06)
    hills = _pick(view, (((52, 74, 96), (38, 60, 72)), ((70, 66, 104), (48, 50, 78))))
    land(canvas, _line(view, 0.14, 0.3), *hills)
    _ground(
        view, canvas, _pick(view, (((70, 108, 98), (46, 78, 72)), ((86, 94, 116), (54, 62, 86))))
    )
    return canvas


def _darker(colour: Colour) -> Colour:
    return colour[0] * 4 // 5, colour[1] * 4 // 5, colour[2] * 4 // 5
