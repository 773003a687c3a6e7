"""The perfect counterpart of an edit: which object was meant, and what right would look like.

Truth for measuring only. No backend that is measured may import this module.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from models.edit_types.spec import EditType, Onto, Operation
from models.geometry import Bitmap, Box, Rgb
from models.studio.catalogue import named
from models.studio.known import known_steps
from models.studio.scene import Scene, render, visible_masks
from models.studio.scene_object import SceneObject, draw, silhouette
from models.studio.sprites import aspect
from models.vocabulary import APPEARANCES, PaintKind, Target

_PLAIN = 255
_TINY_FRAC, _MOST_SCALE = 0.35, 2.0
"""An object smaller than this share of the canvas is shown enlarged, at most so many times."""


def without(scene: Scene, gone: Collection[int]) -> Scene:
    """The scene without those objects: what they hid appears, and their shadows go with them."""
    kept = tuple(thing for at, thing in enumerate(scene.objects) if at not in gone)
    return replace(scene, objects=kept)


def replaced(scene: Scene, subject: int, name: str) -> Scene:
    """Another object of the catalogue in the subject's place, as large as its box allows."""
    new = replacement(scene.objects[subject], name)
    objects = (*scene.objects[:subject], new, *scene.objects[subject + 1 :])
    return replace(scene, objects=objects)


def replacement(old: SceneObject, name: str) -> SceneObject:
    """The named object on the old one's foot, inside its box."""
    thing = named(name)
    ratio = aspect(thing.codepoint, thing.wear)
    height = max(1, round(min(old.box.height, old.box.width / ratio)))
    width = max(1, round(ratio * height))
    left = (old.box.x0 + old.box.x1 - width) // 2
    box = Box(left, old.box.y1 - height, left + width, old.box.y1)
    return replace(old, name=name, codepoint=thing.codepoint, box=box, wear=thing.wear, action="")


def recoloured(image: Rgb, mask: Bitmap, appearance: str) -> Rgb:
    """The image with the masked object in a colour or material of `models.vocabulary`.

    Its shading is kept: every pixel is the new colour times its own luminance over that of the
    object's lighter parts, so outlines stay black; what is brighter goes towards white.
    """
    pixels = image[mask].astype(np.float32)
    luminance = pixels @ np.asarray((0.2126, 0.7152, 0.0722), np.float32)
    body = luminance[luminance > 40]
    usual = float(np.median(body)) if body.size else 128.0
    shade = (luminance / usual)[:, None]
    colour = np.asarray(APPEARANCES[appearance].rgb, np.float32)[None, :]
    lit = colour + (_PLAIN - colour) * np.clip(shade - 1, 0, 0.5)
    result = image.copy()
    result[mask] = np.rint(np.clip(np.where(shade <= 1, colour * shade, lit), 0, 255))
    return result


def alone(scene: Scene, subject: int) -> Rgb:
    """What can be seen of the subject, in the middle of a white canvas as large as the scene."""
    seen = visible_masks(scene)[subject]
    tight = Box.around(seen)
    canvas = np.full((scene.height, scene.width, 3), _PLAIN, np.uint8)
    draw(canvas, replace(scene.objects[subject], stands=False))
    canvas[~seen] = _PLAIN
    cut = canvas[tight.slices]
    across, down = scene.width / tight.width, scene.height / tight.height
    scale = min(_MOST_SCALE, _TINY_FRAC * min(across, down))
    if scale > 1:
        cut = np.asarray(cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    rows, cols = cut.shape[:2]
    top, left = (scene.height - rows) // 2, (scene.width - cols) // 2
    white = np.full_like(canvas, _PLAIN)
    white[top : top + rows, left : left + cols] = cut
    return white


_WHITE = (255, 255, 255)


def on_white(image: Rgb) -> Bitmap:
    """What a cut-out shows: all but the pixels that are wholly white."""
    return np.asarray(cv2.inRange(image, _WHITE, _WHITE) == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The object of a scene that a mask fits best."""

    subject: int
    """Index into the scene's objects."""
    iou: float
    """Intersection over union of the mask with what can be seen of the object, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One painting step of one operation, with the truth of where it belongs."""

    operation: int
    """Index into the operations of the edit."""
    kind: PaintKind
    region: Bitmap
    """Where the step changes the image: the subject as it is seen, and what replaces it.

    For a cut-out, where it stands on the white canvas.
    """
    before: Rgb
    """The image as it would be had only this step been left undone."""
    bare: Rgb
    """The same place with nothing there; equal to `before` unless something is inserted."""
    look: str = ""
    """The look that what is inserted was to come in, a key of `models.vocabulary.APPEARANCES`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Side:
    """One image of a pair: as it was given, as it should be, and what leads from one to other.

    Where many results are right, `perfect` is one of them. Two are equal if they are the same.
    """

    given: Rgb
    perfect: Rgb
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One edit of one scene with its perfect result."""

    scene: Scene
    operations: tuple[Operation, ...]
    matches: tuple[Match, ...]
    """One for each operation."""
    sides: Mapping[Onto, Side]
    """The source and the target, and for a reference edit the reference."""


def match(scene: Scene, mask: Bitmap) -> Match:
    """The object that the mask fits best."""
    ious = [_iou(mask, seen) for seen in visible_masks(scene)]
    best = int(np.argmax(ious))
    return Match(subject=best, iou=ious[best])


def perfect_case(
    scene: Scene,
    operations: Sequence[Operation],
    masks: Sequence[Bitmap],
    edit_types: Mapping[str, EditType],
) -> Case:
    """What the operations would give if all were done right.

    Args:
        scene: The scene that the edit is about.
        operations: The edit as it was written; each names its edit type and its subject.
        masks: One for each subject, as the region stage found it, height x width.
        edit_types: The declared types by name: their steps say what is painted onto what.

    Raises:
        NoTruthError: if nobody knows what right would look like (`models.studio.known`).
        ImgEditError: if an edit type is unknown or asks for a frame (`frame_case` makes those).
    """
    given = render(scene)
    matches = tuple(match(scene, masks[operation.subject]) for operation in operations)
    builder = _Builder(scene=scene, given=given)
    steps: dict[Onto, list[_Planned]] = {"source": [], "target": []}
    for at, operation in enumerate(operations):
        for step, kind in known_steps(operation, edit_types):
            planned = _Planned(
                operation=at,
                kind=kind,
                subject=matches[at].subject,
                target=operation.target,
            )
            steps.setdefault(step.onto, []).append(planned)
    return Case(
        scene=scene,
        operations=tuple(operations),
        matches=matches,
        sides={onto: builder.side(planned) for onto, planned in steps.items()},
    )


def frame_case(before: Scene, after: Scene, operation: Operation) -> Case:
    """A pair of frames of one clip: only what differs between them belongs to the edit."""
    first, second = render(before), render(after)
    changed = np.logical_or.reduce(
        [
            silhouette(thing, scene.width, scene.height)
            for scene, other in ((before, after), (after, before))
            for thing in scene.objects
            if thing not in other.objects
        ]
    )
    part = Part(operation=0, kind=PaintKind.FRAME, region=changed, before=first, bare=first)
    return Case(
        scene=before,
        operations=(operation,),
        matches=(match(before, changed),),
        sides={
            "source": Side(given=first, perfect=first, parts=()),
            "target": Side(given=first, perfect=second, parts=(part,)),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """A step that is to be done on one image."""

    operation: int
    kind: PaintKind
    subject: int
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    """Renders sides of a pair of one scene."""

    scene: Scene
    given: Rgb

    def side(self, planned: Sequence[_Planned]) -> Side:
        """An image on which those steps are done right."""
        perfect = self._done(planned)
        parts = tuple(
            Part(
                operation=step.operation,
                kind=step.kind,
                region=self._region(step, perfect),
                before=self._done([other for other in planned if other is not step]),
                bare=self._bare(step, planned),
                look=step.target.look,
            )
            for step in planned
        )
        return Side(given=self.given, perfect=perfect, parts=parts)

    def _bare(self, step: _Planned, planned: Sequence[_Planned]) -> Rgb:
        others = [other for other in planned if other is not step]
        if step.kind is PaintKind.INSERT:
            others.append(replace(step, kind=PaintKind.ERASE))
        return self._done(others)

    def _done(self, planned: Sequence[_Planned]) -> Rgb:
        """The scene with those steps done, each on its own object."""
        alone_on_white = [step for step in planned if step.kind is PaintKind.ISOLATE]
        if alone_on_white:
            return alone(self.scene, alone_on_white[-1].subject)
        if not planned:
            return self.given
        scene = self.scene
        for step in planned:
            if step.kind is PaintKind.INSERT:
                scene = replaced(scene, step.subject, step.target.key)
        scene = without(scene, {step.subject for step in planned if step.kind is PaintKind.ERASE})
        image = render(scene)
        for step in planned:
            thing = self.scene.objects[step.subject]
            if step.kind is PaintKind.RECOLOUR:
                image = recoloured(image, _seen_in(scene, thing), step.target.key)
            elif step.kind is PaintKind.INSERT and step.target.look:
                new = replacement(thing, step.target.key)
                image = recoloured(image, _seen_in(scene, new), step.target.look)
        return image

    def _region(self, step: _Planned, perfect: Rgb) -> Bitmap:
        if step.kind is PaintKind.ISOLATE:
            return on_white(perfect)
        seen = visible_masks(self.scene)
        if step.kind is PaintKind.INSERT:
            after = replaced(self.scene, step.subject, step.target.key)
            return seen[step.subject] | visible_masks(after)[step.subject]
        return seen[step.subject]


def _seen_in(scene: Scene, thing: SceneObject) -> Bitmap:
    """What can be seen of an object, once others are gone or replaced."""
    return visible_masks(scene)[scene.objects.index(thing)]


def _iou(left: Bitmap, right: Bitmap) -> float:
    union = np.count_nonzero(left | right)
    return float(np.count_nonzero(left & right) / union) if union else 0.0
