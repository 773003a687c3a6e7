"""Pairs to learn from: an instruction of the edit types' own grammar, and what right looks like."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from models.dialogues.referring import says_place
from models.e1.studio_training.scenes import (
    Stage,
    boxed,
    composed,
    make_bare,
    populated,
    shrunk,
)
from models.edit_types.registry import built_in_types
from models.edit_types.spec import Operation
from models.faults import Fault
from models.geometry import Rgb
from models.paint.backdrop import scenery
from models.paint.classical import paint_style
from models.painting import PaintRequest
from models.studio.catalogue import catalogue
from models.studio.frames import make_clip
from models.studio.perfect import recoloured, replacement
from models.studio.scene import backdrop
from models.studio.scene_object import SceneObject
from models.vocabulary import APPEARANCES, BACKDROPS, STYLES, PaintKind, Target
from models.write.grammar import GrammarWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction
from models.write.targets import FLAT_STYLES, another

SIDE_PX = 128
"""Pairs are squares of this side, whatever the shape of their scene."""
_SCALE = 0.25
_STYLED_SCALE = 0.5
"""Strokes and tiles are some pixels wide, so styles are painted larger."""
FIRST_CLIP = 2_000_000
"""Clips are numbered from here: nobody's graph or benchmark draws them."""

LOCAL: Mapping[str, float] = {
    "remove": 0.2,
    "alter": 0.2,
    "replace": 0.22,
    "add": 0.16,
    "object_extraction": 0.14,
    "hybrid": 0.08,
}
"""Edit types of one scene's objects, with their shares."""
KINDS = (*LOCAL, "background_change", "style_transfer", "motion_change")
_SCENES_PER_STAGE, _EDITS_PER_SCENE = 8, 4
_BEFORE_EACH_BACKDROP = 6
_SLOW_STYLE_SHARE = 0.3
_DRESSED_SHARE = 0.15
_LEAST_FRAC, _LEAST_BOX = 0.012, 0.4
_TRIES = 6
_TYPES = built_in_types()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One pair, `SIDE_PX` square."""

    edit_type: str
    instruction: str
    source: Rgb
    target: Rgb


def local_pairs(rng: np.random.Generator) -> Iterator[Pair]:
    """Edits of objects, before one background."""
    stage = make_bare(rng, _SCALE)
    for _ in range(_SCENES_PER_STAGE):
        things = populated(stage, rng)
        for kind in rng.choice(list(LOCAL), _EDITS_PER_SCENE, p=list(LOCAL.values())):
            pair = _local(stage, things, str(kind), rng)
            if pair is not None:
                yield pair


def _local(
    stage: Stage, things: tuple[SceneObject, ...], kind: str, rng: np.random.Generator
) -> Pair | None:
    seen = [float(mask.mean()) for mask in composed(stage.image, things)[1]]
    order = [int(i) for i in rng.permutation(len(things)) if seen[int(i)] > _LEAST_FRAC]
    count = 2 if kind == "hybrid" else 1
    if len(order) < count:
        return None
    subjects = order[:count]
    written = _written(stage, kind, [things[at] for at in subjects], rng)
    if written is None:
        return None
    operations = [_dressed(operation, rng) for operation in written.operations]
    text = written.text
    for old, new in zip(written.operations, operations, strict=True):
        text = text.replace(old.target.phrase, new.target.phrase) if old != new else text
    result = _done(stage, things, subjects, operations)
    if result is None:
        return None
    return Pair(
        edit_type=kind, instruction=text, source=_squared(result[0]), target=_squared(result[1])
    )


def _written(
    stage: Stage, kind: str, subjects: Sequence[SceneObject], rng: np.random.Generator
) -> WrittenInstruction | None:
    height, width = stage.image.shape[:2]
    for _ in range(_TRIES):
        written = _asked(stage, kind, subjects, rng)
        placed = written is not None and all(
            says_place(written.text, subjects[o.subject].box, width=width, height=height)
            for o in written.operations
            if o.edit_type == "add"
        )
        if placed:
            return written
    return None


def _asked(
    stage: Stage,
    kind: str,
    subjects: Sequence[SceneObject],
    rng: np.random.Generator,
    *,
    before: str = "",
    after: str = "",
) -> WrittenInstruction | None:
    request = WriteRequest(
        caption=stage.canvas.setting.phrase,
        edit_type=_TYPES[kind],
        edit_types=_TYPES,
        subjects=tuple(Subject(name=thing.name, box=thing.box) for thing in subjects),
        width=stage.image.shape[1],
        height=stage.image.shape[0],
        seed=int(rng.integers(2**31)),
        drawn=True,
        before=before,
        after=after,
    )
    (written,) = GrammarWriter().write([request])
    return None if isinstance(written, Fault) else written


def _dressed(operation: Operation, rng: np.random.Generator) -> Operation:
    """The same, with some replacements asked for in a look, as dialogues do."""
    if operation.edit_type != "replace" or rng.uniform() > _DRESSED_SHARE:
        return operation
    look = list(APPEARANCES)[int(rng.integers(len(APPEARANCES)))]
    return replace(operation, target=another(operation.target.key, look))


def _done(
    stage: Stage,
    things: Sequence[SceneObject],
    subjects: Sequence[int],
    operations: Sequence[Operation],
) -> tuple[Rgb, Rgb] | None:
    """The scene before and after; None where what is new would be a toy in the old one's box."""
    before, after = list(things), list(things)
    looks: dict[int, str] = {}
    for operation in operations:
        at = subjects[operation.subject]
        old, target = things[at], operation.target
        match operation.edit_type:
            case "object_extraction":
                image, masks = composed(stage.image, things)
                return image, np.where(masks[at][..., None], image, np.uint8(255))
            case "remove":
                after[at] = replace(old, name="")
            case "add":
                before[at] = replace(old, name="")
            case "replace":
                after[at] = replacement(old, target.key)
                looks |= {at: target.look} if target.look else {}
                if after[at].box.area_px < _LEAST_BOX * old.box.area_px:
                    return None
            case "alter":
                looks[at] = target.key
    source, _ = composed(stage.image, [thing for thing in before if thing.name])
    image, masks = composed(stage.image, [thing for thing in after if thing.name])
    shown = [at for at, thing in enumerate(after) if thing.name]
    for at, look in looks.items():
        image = recoloured(image, masks[shown.index(at)], look)
    return source, image


def backdrop_pairs(rng: np.random.Generator) -> Iterator[Pair]:
    """New scenery behind objects that stand where it has their shadows."""
    first = make_bare(rng, _SCALE)
    things = populated(first, rng)
    key = list(BACKDROPS)[int(rng.integers(len(BACKDROPS)))]
    target = Target(key=key, phrase=BACKDROPS[key].phrase)
    _, masks = composed(first.image, things)
    seen = cv2.resize(np.logical_or.reduce(masks).view(np.uint8), None, fx=2, fy=2)
    large = scenery(key, seen > 0, int(rng.integers(2**31)))
    size = (first.image.shape[1], first.image.shape[0])
    behind = np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.uint8)
    for _ in range(_BEFORE_EACH_BACKDROP):
        stage = make_bare(rng, _SCALE)
        bare = np.asarray(cv2.resize(stage.image, size, interpolation=cv2.INTER_AREA), np.uint8)
        stage = replace(stage, image=bare)
        named = [catalogue()[int(i)] for i in rng.permutation(len(catalogue()))[: len(things)]]
        others = [boxed(new, thing.box, rng) for new, thing in zip(named, things, strict=True)]
        yield from _before(stage, behind, others, target, rng)


def _before(
    stage: Stage,
    behind: Rgb,
    things: Sequence[SceneObject],
    target: Target,
    rng: np.random.Generator,
) -> Iterator[Pair]:
    noun = stage.canvas.setting.nouns[0]
    written = None
    for _ in range(60):
        written = _asked(stage, "background_change", [replace(things[0], name=noun)], rng)
        if written is not None and written.operations[0].target.key == target.key:
            source, _ = composed(stage.image, things)
            after, _ = composed(behind, things, shadows=False)
            yield Pair(
                edit_type="background_change",
                instruction=written.text,
                source=_squared(source),
                target=_squared(after),
            )
            return


def style_pairs(rng: np.random.Generator) -> Iterator[Pair]:
    """A scene in every style that a drawing can take."""
    stage = make_bare(rng, _STYLED_SCALE)
    source, _ = composed(stage.image, populated(stage, rng))
    for key in STYLES:
        if key in FLAT_STYLES or (key == "oil" and rng.uniform() > _SLOW_STYLE_SHARE):
            continue
        target = Target(key=key, phrase=STYLES[key].phrase)
        request = PaintRequest(
            kind=PaintKind.STYLISE,
            image=source,
            mask=np.ones(source.shape[:2], np.bool_),
            name="",
            target=target,
            grow_px=0,
            seed=int(rng.integers(2**31)),
        )
        painted = paint_style(request).rgb
        for _ in range(400):
            written = _asked(stage, "style_transfer", [], rng)
            if written is not None and written.operations[0].target.key == key:
                yield Pair(
                    edit_type="style_transfer",
                    instruction=written.text,
                    source=_squared(source),
                    target=_squared(painted),
                )
                break


def motion_pairs(rng: np.random.Generator) -> Iterator[Pair]:
    """Every frame of a clip as what follows every other."""
    frames = make_clip(FIRST_CLIP + int(rng.integers(2**30)))
    scene = frames[0]
    size = (round(scene.width * _SCALE), round(scene.height * _SCALE))
    bare = cv2.resize(
        backdrop(scene.background, scene.width, scene.height), size, interpolation=cv2.INTER_AREA
    )
    stage = Stage(
        background=scene.background,
        width=scene.width,
        height=scene.height,
        scale=_SCALE,
        image=np.asarray(bare, np.uint8),
    )
    small = [[shrunk(thing, _SCALE) for thing in frame.objects] for frame in frames]
    images = [_squared(composed(stage.image, things)[0]) for things in small]
    for one, before in enumerate(small):
        for other, after in enumerate(small):
            if one == other:
                continue
            people = (before[-1], after[-1])
            actions = {"before": people[0].action, "after": people[1].action}
            written = _asked(stage, "motion_change", people, rng, **actions)
            if written is not None:
                yield Pair(
                    edit_type="motion_change",
                    instruction=written.text,
                    source=images[one],
                    target=images[other],
                )


STREAMS: Mapping[str, Callable[[np.random.Generator], Iterator[Pair]]] = {
    "local": local_pairs,
    "backdrop": backdrop_pairs,
    "style": style_pairs,
    "motion": motion_pairs,
}
"""What makes pairs from one generator: a few dozen at once, which share what is slow to draw."""


def _squared(image: Rgb) -> Rgb:
    size = (SIDE_PX, SIDE_PX)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
