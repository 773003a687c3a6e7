"""Painters with faults of their own, beside the embedded one: half are kept for the trial."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np

from models.edit_types.spec import EditType, Onto
from models.faults import Fault
from models.geometry import Box, Rgb
from models.judge.studio_lessons.edits import StudioEdit
from models.judge.view import grown
from models.paint.classical import ClassicalPainter
from models.painting import Painting, PaintRequest
from models.studio.catalogue import names
from models.vocabulary import APPEARANCES, PaintKind, Target

Paint = Callable[[PaintRequest, StudioEdit, np.random.Generator], Rgb]
"""Gives the whole picture with one step painted."""

_SHORT_PX = 1024
"""`Step.grow_px` is given for images of this short side."""
_ORDER: Mapping[Onto, int] = {"source": 0, "reference": 1, "target": 2}


def painted(
    edit: StudioEdit, paint: Paint, edit_types: Mapping[str, EditType], seed: int
) -> dict[Onto, Rgb] | None:
    """The images of an edit as a painter makes them; None where it cannot."""
    rng = np.random.default_rng(seed)
    given = edit.case.sides["source"].given
    images: dict[Onto, Rgb] = {"source": given, "target": given}
    plan = [(o, s) for o in edit.written.operations for s in edit_types[o.edit_type].steps]
    for operation, step in sorted(plan, key=lambda each: _ORDER[each[1].onto]):
        if step.paint is PaintKind.FRAME or not isinstance(step.paint, PaintKind):
            return None
        request = PaintRequest(
            kind=step.paint,
            image=images.get(step.onto, given),
            mask=edit.masks[operation.subject],
            name=operation.name,
            target=operation.target,
            grow_px=round(step.grow_px * min(given.shape[:2]) / _SHORT_PX),
            seed=int(rng.integers(2**31)),
        )
        result = paint(request, edit, rng)
        if np.array_equal(result, request.image):
            return None
        images[step.onto] = result
    return images


def classical(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator) -> Rgb:
    """The embedded painter."""
    (answer,) = ClassicalPainter().paint([request])
    return request.image if isinstance(answer, Fault) else _pasted(request.image, answer)


def sloppy(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator) -> Rgb:
    """The embedded painter with a mask that is too small, too large, or beside its object."""
    size = float(np.sqrt(request.mask.sum()))
    mask = grown(request.mask, round(rng.uniform(-0.25, 0.25) * size))
    move = np.array(((1, 0, rng.normal(0, 0.08) * size), (0, 1, rng.normal(0, 0.08) * size)))
    shifted = cv2.warpAffine(mask.astype(np.uint8), move, mask.shape[::-1]) > 0
    mask = shifted if shifted.any() else request.mask
    return classical(replace(request, mask=mask), edit, rng)


def mistaken(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator) -> Rgb:
    """The embedded painter, who understood another target; of one without, nothing is done well."""
    if request.kind is PaintKind.RECOLOUR:
        keys = list(APPEARANCES)
        target = Target(key=keys[int(rng.integers(len(keys)))], phrase="")
    elif request.kind is PaintKind.INSERT:
        known = names()
        target = Target(key=known[int(rng.integers(len(known)))], phrase="")
    else:
        return flat(request, edit, rng)
    return classical(replace(request, target=target), edit, rng)


def diffused(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator) -> Rgb:
    """Telea's inpainting at a quarter of the size; a new object is then pasted by the embedded."""
    return _filled(request, edit, rng, cv2.INPAINT_TELEA)


def flat(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator) -> Rgb:
    """One colour over the mask: the target's, or that of the surroundings."""
    image = request.image.copy()
    ring = grown(request.mask, 24) & ~grown(request.mask, 6)
    colour = image[ring].mean(axis=0) if ring.any() else image.mean(axis=(0, 1))
    if request.kind is PaintKind.ISOLATE:
        image[~grown(request.mask, round(rng.uniform(0, 40)))] = 255
        return image
    if request.target.key in APPEARANCES:
        colour = np.asarray(APPEARANCES[request.target.key].rgb, np.float32)
    strength = float(rng.uniform(0.5, 1))
    where = grown(request.mask, request.grow_px)
    image[where] = np.rint(image[where] + (colour - image[where]) * strength)
    return image


def coarse(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator) -> Rgb:
    """The embedded painter on a picture that was reduced, its result enlarged again."""
    height, width = request.mask.shape
    factor = float(rng.uniform(2.5, 8))
    size = (round(width / factor), round(height / factor))
    small = cv2.resize(request.image, size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(request.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    if not mask.any():
        return request.image
    grow = max(1, round(request.grow_px / factor))
    done = classical(replace(request, image=small, mask=mask, grow_px=grow), edit, rng)
    large = cv2.resize(done, (width, height), interpolation=cv2.INTER_CUBIC)
    if request.kind is PaintKind.ISOLATE:
        return np.asarray(large, np.uint8)
    image, where = request.image.copy(), grown(request.mask, request.grow_px)
    image[where] = large[where]
    return image


def misled(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator) -> Rgb:
    """The embedded painter, on another object of the scene."""
    if not edit.others:
        return request.image
    mask = edit.others[int(rng.integers(len(edit.others)))]
    return classical(replace(request, mask=mask), edit, rng)


def smeared(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator) -> Rgb:
    """Navier-Stokes inpainting at a quarter of the size, likewise."""
    return _filled(request, edit, rng, cv2.INPAINT_NS)


def _filled(request: PaintRequest, edit: StudioEdit, rng: np.random.Generator, method: int) -> Rgb:
    if request.kind in (PaintKind.RECOLOUR, PaintKind.ISOLATE):
        return sloppy(request, edit, rng)
    box = Box.around(request.mask).grown(
        48, width=request.mask.shape[1], height=request.mask.shape[0]
    )
    part, where = request.image[box.slices], grown(request.mask, request.grow_px)[box.slices]
    size = (max(8, box.width // 4), max(8, box.height // 4))
    hole = cv2.resize(where.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    fill = cv2.resize(
        cv2.inpaint(small, cv2.dilate(hole, np.ones((3, 3), np.uint8)), 3, method),
        (box.width, box.height),
        interpolation=cv2.INTER_CUBIC,
    )
    image = request.image.copy()
    image[box.slices][where] = fill[where]
    if request.kind is PaintKind.INSERT:
        return classical(replace(request, image=image), edit, rng)
    return image


def _pasted(image: Rgb, painting: Painting) -> Rgb:
    result = image.copy()
    result[painting.box.slices][painting.alpha] = painting.rgb[painting.alpha]
    return result


LEARNT: Mapping[str, Paint] = {
    "classical": classical,
    "sloppy": sloppy,
    "mistaken": mistaken,
    "diffused": diffused,
    "flat": flat,
}
UNSEEN: Mapping[str, Paint] = {"coarse": coarse, "misled": misled, "smeared": smeared}
"""Never learnt from."""
