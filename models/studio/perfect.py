"""The perfect counterpart of an edit: which object was meant, and what right would look like.

Truth for measuring only. No backend that is measured may import this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.edit_types.spec import EditType, Onto, Operation
from models.geometry import Bitmap, Rgb
from models.studio.alterations import (
    alone,
    recoloured,
    replaced,
    replacement,
    without,
)
from models.studio.known import known_steps
from models.studio.scene import Scene, render, visible_masks
from models.studio.scene_object import SceneObject, silhouette
from models.vocabulary import PaintKind, Target

_WHITE = 255


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One image of a pair: as it was given, as it should be, and what leads from one to other.

    Where many results are right, `perfect` is one of them.
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
            return np.asarray((perfect < _WHITE).any(axis=2))
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
