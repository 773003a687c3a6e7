"""What a studio case's picture is by each version, if every turn is done right.

Truth: for drawing sources, masks and the oracle's outputs. No editor and no judge reads more of it
than masks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.cases import BenchCase, StudioTruth
from models.dialogues.scenes import Effect, effect_of
from models.edit_types.registry import built_in_types
from models.edit_types.spec import EditType, Operation
from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.paint.backdrop import paint_backdrop
from models.paint.classical import paint_style
from models.painting import PaintRequest
from models.studio.brushes import noise
from models.studio.perfect import alone, recoloured, replacement
from models.studio.scene import Scene, render, visible_masks
from models.studio.scene_object import draw
from models.vocabulary import PaintKind, Target

RIM_PX = 24
"""Around an edit, for its shadow and its seam, pixels of the picture."""
TYPES = built_in_types()
"""Cases and rubrics are the same for everyone, whatever else is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A scene as edits have left it."""

    scene: Scene
    """With all its objects, whether or not they are here."""
    gone: frozenset[int] = frozenset()
    """Those that are not here, or not yet."""
    looks: tuple[tuple[int, str], ...] = ()
    """Appearances that objects were given, keys of `models.vocabulary.APPEARANCES`."""
    whole: Operation | None = None
    """The edit of the whole picture that came last."""

    @property
    def shown(self) -> Scene:
        """Only what is here."""
        kept = tuple(o for at, o in enumerate(self.scene.objects) if at not in self.gone)
        return replace(self.scene, objects=kept)

    def masks(self, subjects: Sequence[int]) -> tuple[Bitmap, ...]:
        """What can be seen of each object, or could be if it were here, height x width."""
        there = [
            at for at in range(len(self.scene.objects)) if at not in self.gone or at in subjects
        ]
        kept = replace(self.scene, objects=tuple(self.scene.objects[at] for at in there))
        seen = dict(zip(there, visible_masks(kept), strict=True))
        return tuple(seen[at] for at in subjects)


def type_of(operations: Sequence[Operation]) -> EditType:
    """The type whose rubric an edit is judged by: of several operations, the mixed one."""
    return TYPES[operations[0].edit_type if len(operations) == 1 else "hybrid"]


def version_of(case: BenchCase, number: int) -> Version:
    """The version that is the source (0) or the right result of that turn.

    Raises:
        FaultError: The case has no truth.
    """
    truth = truth_of(case)
    asked = [o for turn in case.turns for o in turn.operations]
    added = {truth.subjects[o.subject] for o in asked if _effect(o) is Effect.APPEARS}
    version = Version(scene=truth.scene, gone=frozenset(added))
    path = []
    while number:
        path.append(case.turns[number - 1])
        number = path[-1].starts_from
    for turn in reversed(path):
        for operation in turn.operations:
            version = _after(version, operation, truth)
    return version


def true_version(case: BenchCase, number: int) -> Rgb:
    """What a version looks like if every turn is done right, height x width x 3; 0 is the source.

    Raises:
        FaultError: The case has no truth.
    """
    return pixels_of(version_of(case, number))


def truth_of(case: BenchCase) -> StudioTruth:
    """What is known of a case.

    Raises:
        FaultError: Nothing is.
    """
    if case.truth is None:
        detail = f"{case.id}: only cases of the studio suites have a known right result"
        raise FaultError(Reason.UNPAINTABLE, detail)
    return case.truth


def masks_before(case: BenchCase, turn: int) -> tuple[Bitmap, ...]:
    """A mask for each subject of a turn's operations in the version that the turn starts from.

    Of a changed background all but the subjects, of a style everything; of an object that is to be
    added, the place where it would stand; of a person who is to move, both poses.

    Raises:
        FaultError: The case has no truth.
    """
    truth, asked = truth_of(case), case.turns[turn - 1]
    version = version_of(case, asked.starts_from)
    kinds = {TYPES[operation.edit_type].regions.kind for operation in asked.operations}
    if "image" in kinds:
        return (np.ones((truth.scene.height, truth.scene.width), np.bool_),)
    masks = version.masks(truth.subjects)
    if truth.after is not None:
        masks += replace(version, scene=truth.after).masks(truth.subjects)
    return (~np.logical_or.reduce(masks),) if "background" in kinds else masks


def changed_mask(case: BenchCase) -> Bitmap:
    """Where the right results of all turns differ from the source, but for shadows."""
    masks = [mask for turn in range(1, len(case.turns) + 1) for mask in masks_before(case, turn)]
    for number in range(1, len(case.turns) + 1):
        version = version_of(case, number)
        if version.whole is None:
            masks += version.masks(truth_of(case).subjects)
        elif version.whole.edit_type == "object_extraction":
            return np.ones_like(masks[0])
    return np.asarray(np.logical_or.reduce(masks))


def pixels_of(version: Version) -> Rgb:
    """The version's picture, height x width x 3.

    Other settings and styles are the embedded painter's: nobody else knows what they should give.
    """
    shown = version.shown
    if version.whole is None:
        return _local(version, shown)
    steps = {step.paint for step in TYPES[version.whole.edit_type].steps}
    target = version.whole.target
    if PaintKind.ISOLATE in steps:
        return alone(version.scene, version.whole.subject)
    if PaintKind.STYLISE in steps:
        return _styled(render(shown), target)
    return _set_before(shown, target)


def _after(version: Version, operation: Operation, truth: StudioTruth) -> Version:
    subject = truth.subjects[operation.subject] if truth.subjects else 0
    target, objects = operation.target, version.scene.objects
    looks = tuple((at, look) for at, look in version.looks if at != subject)
    match _effect(operation):
        case Effect.APPEARS:
            return replace(version, gone=version.gone - {subject})
        case Effect.VANISHES:
            return replace(version, gone=version.gone | {subject})
        case Effect.DRESSED:
            return replace(version, looks=(*looks, (subject, target.key)))
        case Effect.BECOMES:
            new = replacement(objects[subject], target.key)
            scene = replace(
                version.scene, objects=(*objects[:subject], new, *objects[subject + 1 :])
            )
            look = ((subject, target.look),) if target.look else ()
            return replace(version, scene=scene, looks=(*looks, *look))
        case Effect.STAYS if truth.after is not None:
            return replace(version, scene=truth.after)
        case Effect.STAYS:
            return replace(version, whole=replace(operation, subject=subject))


def _effect(operation: Operation) -> Effect:
    return effect_of(TYPES[operation.edit_type])


def _local(version: Version, shown: Scene) -> Rgb:
    image = render(shown)
    here = [at for at in range(len(version.scene.objects)) if at not in version.gone]
    for subject, look in version.looks:
        if subject in here:
            (mask,) = version.masks([subject])
            image = recoloured(image, mask, look)
            _grain(image, mask, look)
    return image


_GRAINS: Mapping[str, tuple[float, tuple[float, float]]] = {
    "wood": (26.0, (2.0, 20.0)),
    "marble": (22.0, (2.0, 2.0)),
    "gold": (20.0, (2.0, 2.0)),
    "stone": (30.0, (2.0, 2.0)),
}
"""How rough a material is: levels, and the size of its bumps in rows and columns, pixels."""


def _grain(image: Rgb, mask: Bitmap, look: str) -> None:
    """Give what was made of a material its surface, in place: a plain tint of wood is no wood."""
    if look not in _GRAINS:
        return
    box, (levels, cell_px) = Box.around(mask), _GRAINS[look]
    part, inside = image[box.slices], mask[box.slices]
    field = noise(box.height, box.width, cell_px, np.random.default_rng(0))
    rough = part[inside] + levels * field[inside][:, None]
    part[inside] = np.clip(np.rint(rough), 0, 255)


def _styled(image: Rgb, target: Target) -> Rgb:
    everywhere = np.ones(image.shape[:2], np.bool_)
    return paint_style(_request(PaintKind.STYLISE, image, everywhere, target)).rgb


def _set_before(shown: Scene, target: Target) -> Rgb:
    """The painter's scenery with the objects drawn anew, so that no rim of the old one is left."""
    image = render(shown)
    subject = np.logical_or.reduce(visible_masks(shown))
    canvas = paint_backdrop(_request(PaintKind.BACKDROP, image, ~subject, target)).rgb.copy()
    for thing in shown.objects:
        draw(canvas, replace(thing, stands=False))
    return canvas


def _request(kind: PaintKind, image: Rgb, mask: Bitmap, target: Target) -> PaintRequest:
    return PaintRequest(
        kind=kind, image=image, mask=mask, name="", target=target, grow_px=0, seed=0
    )
