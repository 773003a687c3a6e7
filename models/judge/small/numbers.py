"""The numbers that the small judge judges by, of one painted subject in one pair."""

from collections.abc import Mapping
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Bitmap, Box, lengths
from models.judge.change import layout_likeness, noticed
from models.judge.placement import is_white
from models.judge.seams import BAND_PX, contour_profile, edge_width
from models.judge.small.expected import Expected, expected
from models.judge.small.looks import Look, Seen
from models.judge.traces import STRONG_LINE, fine_detail
from models.judge.view import PairView, Plane, colour_distance, grown, luma_gradient, steepness
from models.vocabulary import PaintKind

KINDS = (None, *PaintKind)
HALF_LIGHT = np.array([0.5, 1, 1], np.float32)
"""Shades of one colour differ less than two colours do."""
_CELL = np.array([12.5, 16, 16], np.float32)
_CELLS = (8, 12, 12)
_HARMED = 6.0
"""CIE76 of another shade, which a coarse pixel cannot reach by grain or resampling."""
_LEAST_REGION = 0.02
_LARGEST = 1e4


def numbers(look: Look, seen: Seen) -> dict[str, float]:
    """Named measures of one look; all finite."""
    goal = expected(look)
    zones = _zones(look.window)
    found: dict[str, float] = {f"is_{k}": float(look.kind is k) for k in KINDS}
    found |= {"backwards": float(look.backwards), "looks": float(len(seen.looks))}
    found |= _sizes(look, seen)
    found |= _changes(look.window, goal, zones)
    found |= _colours(look.window, goal, zones)
    found |= _lines(look.window, goal, zones)
    found |= _craft(look.window, goal, zones)
    found |= _whole(seen)
    return {name: _finite(value) for name, value in found.items()}


def _finite(value: float) -> float:
    return float(np.clip(value, -_LARGEST, _LARGEST)) if np.isfinite(value) else -1.0


def _zones(view: PairView) -> dict[str, Bitmap]:
    """Parts of the window, each of a few pixels at least: from the subject's middle outwards."""
    size = float(np.sqrt(max(view.mask.sum(), 1)))
    thin, wide = max(2, round(0.05 * size)), max(4, round(0.3 * size))
    core = grown(view.mask, -thin)
    rim = grown(view.mask, thin)
    ring = grown(view.mask, wide)
    zones = {
        "core": core if core.sum() > 16 else view.mask,
        "rim": rim & ~core,
        "ring": ring & ~rim & ~view.others,
        "rest": ~ring & ~view.others,
    }
    return zones


def _mean(plane: Plane, where: Bitmap) -> float:
    return float(plane[where].mean()) if where.any() else 0.0


def _sizes(look: Look, seen: Seen) -> dict[str, float]:
    box = look.tight
    return {
        "window_frac": float(look.window.mask.mean()),
        "whole_frac": float(seen.whole.mask.mean()),
        "aspect": float(np.log(max(box.width, 1) / max(box.height, 1))),
        "fill": float(look.window.mask.sum()) / max(box.area_px, 1),
        "scale": look.window.scale,
    }


def _changes(view: PairView, goal: Expected, zones: Mapping[str, Bitmap]) -> dict[str, float]:
    """How much changed where, and how far from before towards what was asked for."""
    plain = noticed(view.delta)
    found = {}
    for name, where in zones.items():
        found[f"changed_{name}"] = _mean(plain, where)
        found[f"delta_{name}"] = _mean(view.delta, where)
    inside = view.delta[view.mask]
    for q in (10, 50, 90):
        found[f"delta_p{q}"] = float(np.percentile(inside, q)) if inside.size else 0.0
    off, asked = colour_distance(view.after, goal.done), colour_distance(view.before, goal.done)
    bare = colour_distance(view.after, goal.bare)
    nearer = view.delta / (view.delta + off + 1)
    for name in ("core", "rim"):
        where = zones[name]
        found[f"off_{name}"] = _mean(off, where)
        found[f"asked_{name}"] = _mean(asked, where)
        found[f"bare_{name}"] = _mean(bare, where)
        found[f"nearer_{name}"] = _mean(nearer, where)
    found["changed_of_asked"] = found["delta_core"] / (found["asked_core"] + 1)
    found["present"] = _mean(bare, view.mask) / (
        _mean(colour_distance(goal.done, goal.bare), view.mask) + 1
    )
    return found | _shares(view, goal)


def _shares(view: PairView, goal: Expected) -> dict[str, float]:
    """Least squares: how much of the old and of the asked content the place holds, and the rest."""
    where = view.mask
    shown, old, new = (p[where] - goal.bare[where] for p in (view.after, view.before, goal.done))
    axes = np.stack([old.ravel(), new.ravel()], axis=1).astype(np.float64)
    ridge = (1e-3 * np.trace(axes.T @ axes) + 1.0) * np.eye(2)
    share = np.linalg.solve(axes.T @ axes + ridge, axes.T @ shown.ravel())
    rest = np.zeros_like(view.after)
    rest[where] = shown - (share[0] * old + share[1] * new)
    stain = lengths(cv2.GaussianBlur(rest * HALF_LIGHT, (0, 0), 4))
    return {
        "old_share": float(share[0]),
        "new_share": float(share[1]),
        "rest": float(np.abs(rest[where]).mean()) if where.any() else 0.0,
        "stain": _mean(stain, where),
    }


def _cells(lab: NDArray[np.float32]) -> NDArray[np.intp]:
    steps = np.floor_divide(lab + np.array([0, 96, 96], np.float32), _CELL).astype(np.intp)
    light, a, b = (np.clip(steps[:, c], 0, _CELLS[c] - 1) for c in range(3))
    return np.asarray((light * _CELLS[1] + a) * _CELLS[2] + b)


def _palette(lab: Plane, where: Bitmap) -> NDArray[np.float64]:
    counts = np.bincount(_cells(lab[where]), minlength=int(np.prod(_CELLS))).astype(np.float64)
    cube = counts.reshape(_CELLS)
    for axis in range(3):
        cube = 0.5 * cube + 0.25 * (np.roll(cube, 1, axis) + np.roll(cube, -1, axis))
    return np.asarray(cube.ravel() / max(float(cube.sum()), 1e-9))


def _colours(view: PairView, goal: Expected, zones: Mapping[str, Bitmap]) -> dict[str, float]:
    """Mean colours and their differences, and how far palettes overlap."""
    core, ring = zones["core"], zones["ring"]
    means = {
        "after": view.after[core].mean(axis=0),
        "before": view.before[core].mean(axis=0),
        "done": goal.done[core].mean(axis=0),
        "around": view.after[ring].mean(axis=0) if ring.any() else np.zeros(3),
    }
    found: dict[str, float] = {}
    for other in ("before", "done", "around"):
        gap = means["after"] - means[other]
        found |= {f"{c}_to_{other}": float(v) for c, v in zip("lab", gap, strict=True)}
        found[f"colour_to_{other}"] = float(np.linalg.norm(gap * HALF_LIGHT))
    found["asked_colour"] = float(np.linalg.norm((means["before"] - means["done"]) * HALF_LIGHT))
    found["wrong_colour"] = found["colour_to_done"] / (20 + found["asked_colour"])
    fresh = view.mask & (colour_distance(view.after, goal.bare) > 10)
    wanted = view.mask & (colour_distance(goal.done, goal.bare) > 10)
    found["fresh"] = float(fresh.sum()) / max(float(view.mask.sum()), 1)
    found["wanted"] = float(wanted.sum()) / max(float(view.mask.sum()), 1)
    shown, new, old = (_palette(p, view.mask) for p in (view.after, goal.done, view.before))
    around, then = _palette(view.after, ring), _palette(view.before, ring)
    pairs = {
        "done": (_palette(view.after, fresh), _palette(goal.done, wanted)),
        "asked": (shown, new),
        "old": (shown, old),
        "around": (shown, around),
        "ring": (around, then),
    }
    found |= {f"palette_{n}": float(np.sqrt(a * b).sum()) for n, (a, b) in pairs.items()}
    found["stranger"] = float(shown[around < 1e-4].sum())
    for channel, name in enumerate("lab"):
        spread = [float(p[core][:, channel].std()) for p in (view.after, view.before, goal.done)]
        found[f"spread_{name}"] = spread[0]
        found[f"spread_{name}_of_before"] = np.log((spread[0] + 1) / (spread[1] + 1))
        found[f"spread_{name}_of_done"] = np.log((spread[0] + 1) / (spread[2] + 1))
    return found


def _lines(view: PairView, goal: Expected, zones: Mapping[str, Bitmap]) -> dict[str, float]:
    """Edges: how strong against before, around and what was asked for, and whether the same."""
    planes = {"after": view.after, "before": view.before, "done": goal.done}
    steep = {name: steepness(lab) for name, lab in planes.items()}
    found = {}
    for zone in ("core", "rim", "ring"):
        strength = {name: _mean(plane, zones[zone]) for name, plane in steep.items()}
        found[f"lines_{zone}"] = strength["after"]
        for other in ("before", "done"):
            ratio = (strength["after"] + 0.3) / (strength[other] + 0.3)
            found[f"lines_{zone}_of_{other}"] = float(np.log(ratio))
    found["lines_of_ring"] = float(
        np.log((found["lines_core"] + 0.3) / (_mean(steep["before"], zones["ring"]) + 0.3))
    )
    (bx, by), (ax, ay) = luma_gradient(view.before), luma_gradient(view.after)
    dx, dy = luma_gradient(goal.done)
    for name, (ox, oy) in {"before": (bx, by), "done": (dx, dy)}.items():
        for zone in ("core", "rim", "ring"):
            w = zones[zone]
            dot = float((ox[w] * ax[w] + oy[w] * ay[w]).sum())
            own = float((ax[w] ** 2 + ay[w] ** 2).sum()) + 1.0
            power = float((ox[w] ** 2 + oy[w] ** 2).sum()) + 1.0
            found[f"same_lines_{zone}_{name}"] = dot / float(np.sqrt(own * power))
            found[f"lines_left_{zone}_{name}"] = dot / power
    strong = (steep["after"] > STRONG_LINE).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(strong, connectivity=8)
    extent = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
    extent[np.union1d(np.unique(labels[~grown(view.mask, view.px(6))]), [0])] = 0
    found["outlined"] = float(extent.max()) / max(1.0, float(view.mask.sum()))
    return found


def _craft(view: PairView, goal: Expected, zones: Mapping[str, Bitmap]) -> dict[str, float]:
    """Fine detail, width of edges, and seams along the contour."""
    found = {}
    detail = {
        name: fine_detail(lab)
        for name, lab in (("after", view.after), ("before", view.before), ("done", goal.done))
    }
    own = _mean(detail["after"], zones["core"]) + 0.2
    found["detail"] = own
    found["detail_of_before"] = float(np.log(own / (_mean(detail["before"], zones["core"]) + 0.2)))
    found["detail_of_done"] = float(np.log(own / (_mean(detail["done"], zones["core"]) + 0.2)))
    found["detail_of_ring"] = float(np.log(own / (_mean(detail["before"], zones["ring"]) + 0.2)))
    found["detail_ring"] = float(
        np.log(
            (_mean(detail["after"], zones["ring"]) + 0.2)
            / (_mean(detail["before"], zones["ring"]) + 0.2)
        )
    )
    where = grown(view.mask, 2)
    widths = [edge_width(view.after, where), edge_width(view.before, where)]
    widths.append(edge_width(view.before, ~where))
    found["width"] = widths[0]
    found["width_of_before"] = widths[0] / widths[1]
    found["width_of_rest"] = widths[0] / widths[2]
    after, before = (
        contour_profile(lab, view.mask, outside_px=BAND_PX) for lab in (view.after, view.before)
    )
    found["seam"] = float(after.max() - np.median(after))
    found["seam_at"] = float(after.argmax())
    found["new_seam"] = float((after - before).max())
    found["new_seam_outside"] = float((after - before)[BAND_PX + 3 :].max())
    return found


def _whole(seen: Seen) -> dict[str, float]:
    """What changed beyond the masks, near and far, and whether the picture is still one."""
    whole = seen.whole
    side = min(whole.delta.shape)
    harmed = whole.delta > _HARMED
    asked = max(_LEAST_REGION, float(whole.mask.mean()))
    found = {}
    edges = [0.0, 0.025, 0.06, 0.15, 9.0]
    inner = seen.free
    away = cv2.distanceTransform((~inner).astype(np.uint8), cv2.DIST_L2, 3) / side
    for near, far in pairwise(edges):
        band = ~inner & (away > near) & (away <= far)
        found[f"harmed_to_{far:g}"] = float((harmed & band).mean()) / asked
        found[f"off_to_{far:g}"] = _mean(whole.delta, band)
    beyond = ~inner & (away > edges[1])
    found["harm"] = float((harmed & beyond).mean()) / asked
    found["harm_plain"] = float(noticed(whole.delta)[beyond].sum()) / whole.delta.size / asked
    found["layout"] = layout_likeness(whole)
    for name, lab in (("before", whole.before), ("after", whole.after)):
        found[f"whole_light_{name}"] = float(lab[..., 0].mean())
        found[f"whole_spread_{name}"] = float(lab[..., 0].std())
        found[f"whole_lines_{name}"] = float(steepness(lab).mean())
    return found | _paper(whole)


def _paper(whole: PairView) -> dict[str, float]:
    """How much of the second image is not white, and in what proportions, against the masks."""
    inked = ~is_white(whole.after)
    shown, asked = Box.around(inked), Box.around(whole.mask)
    ratios = [np.log(max(b.width, 1) / max(b.height, 1)) for b in (shown, asked)]
    return {
        "paper": 1 - float(inked.mean()),
        "ink": float(inked.sum()) / max(1.0, float(whole.mask.sum())),
        "ink_fill": float(inked.sum()) / max(1, shown.area_px),
        "ink_stretch": float(ratios[0] - ratios[1]),
    }
