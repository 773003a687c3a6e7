"""Roughly what a subject's place should look like afterwards: what a result is held against.

Nothing of the truth is known here: the place behind an object is guessed from around it, a new
object is the catalogue's drawing in the old one's box, a colour is laid over the old shading.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from models.geometry import Box
from models.judge.small.looks import Look
from models.judge.traces import LAB_STEP, LAB_ZERO
from models.judge.view import PairView, Plane, grown, lab_of, to_lab
from models.studio.catalogue import names, sprite
from models.vocabulary import APPEARANCES, PaintKind

_FILL_PX = 64
_SPRITE_PX = 160
_WHITE = np.array([100, 0, 0], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Two guesses at the window's pixels, in Lab."""

    bare: Plane
    """The place without the subject."""
    done: Plane
    """The place as the operation asks for it; the bare place where nobody can guess."""


def expected(look: Look) -> Expected:
    """What the window should show."""
    view = look.window
    if look.kind is PaintKind.ISOLATE:
        white = np.broadcast_to(_WHITE, view.before.shape)
        return Expected(bare=white, done=np.where(view.mask[..., None], view.before, white))
    bare = _smooth_fill(view)
    if look.kind is PaintKind.INSERT:
        return Expected(bare=bare, done=_with_sprite(look, bare))
    if look.kind is PaintKind.RECOLOUR:
        return Expected(bare=bare, done=_tinted(look.window.before, view, look))
    return Expected(bare=bare, done=bare)


def _smooth_fill(view: PairView) -> Plane:
    """The surroundings of the first image, drawn inwards, as coarse as `_FILL_PX`."""
    height, width = view.delta.shape
    shrink = min(1.0, _FILL_PX / max(height, width))
    size = (max(4, round(width * shrink)), max(4, round(height * shrink)))
    hole = grown(view.mask, view.px(8)).astype(np.float32)
    small = (cv2.resize(hole, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    # OpenCV's inpainting takes bytes: Lab is moved into their range and back.
    coarse = cv2.resize(view.before, size, interpolation=cv2.INTER_AREA) * LAB_STEP + LAB_ZERO
    filled = cv2.inpaint(np.clip(coarse, 0, 255).astype(np.uint8), small, 3, cv2.INPAINT_TELEA)
    lab = (filled.astype(np.float32) - LAB_ZERO) / LAB_STEP
    smooth = np.asarray(cv2.resize(lab, (width, height)), np.float32)
    return np.where((hole > 0)[..., None], smooth, view.before)


def _with_sprite(look: Look, bare: Plane) -> Plane:
    """The named object on the foot of the old one's box, as large as the box allows."""
    name, box = look.operation.target.key, look.tight
    if name not in names() or not box.area_px:
        return bare
    rgba = sprite(name, _SPRITE_PX)
    ratio = rgba.shape[1] / rgba.shape[0]
    rows = max(2, round(min(box.height, box.width / ratio)))
    cols = max(2, round(rows * ratio))
    small = np.asarray(cv2.resize(rgba, (cols, rows), interpolation=cv2.INTER_AREA), np.uint8)
    left = (box.x0 + box.x1 - cols) // 2
    at = Box(left, box.y1 - rows, left + cols, box.y1)
    seen = at.clipped(bare.shape[1], bare.shape[0])
    small = small[seen.y0 - at.y0 :, seen.x0 - at.x0 :][: seen.height, : seen.width]
    lab, alpha = to_lab(small[..., :3]), small[..., 3:].astype(np.float32) / 255
    if look.operation.target.look in APPEARANCES:
        lab = _in_look(lab, small[..., 3] > 127, look.operation.target.look)
    done = bare.copy()
    done[seen.slices] += (lab - done[seen.slices]) * alpha
    return done


def _tinted(before: Plane, view: PairView, look: Look) -> Plane:
    if look.operation.target.key not in APPEARANCES:
        return before
    tinted = _in_look(before, view.mask, look.operation.target.key)
    return np.where(view.mask[..., None], tinted, before)


def _in_look(lab: Plane, where: np.ndarray, key: str) -> Plane:
    """The asked colour, as light as each pixel is against the lighter pixels of `where`."""
    light = lab[..., 0]
    body = light[where & (light > 15)]
    usual = float(np.median(body)) if body.size else 50.0
    shade = np.minimum(light / max(usual, 1.0), 1.5)[..., None]
    return np.asarray(np.clip(lab_of(APPEARANCES[key].rgb) * shade, -128, 100), np.float32)
