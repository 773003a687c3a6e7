"""Edits of a studio scene, as the graph would ask for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from models.detect.detection import Found
from models.edit_types.spec import EditType
from models.faults import Fault
from models.geometry import Bitmap, Box
from models.regions.motion import moved_mask, moved_subject
from models.regions.select import RegionView, select_edits
from models.segment.grabcut import GrabCutSegmenter
from models.segment.segmentation import SegmentRequest
from models.studio.frames import make_clip
from models.studio.perfect import Case, frame_case, perfect_case
from models.studio.scene import annotation, make_scene, render
from models.vocabulary import APPEARANCES, PaintKind
from models.write.grammar import GrammarWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction
from models.write.targets import another

FIRST_SCENE = 1_000_000
"""Training scenes are numbered from here, clips too: nobody's graph or benchmark draws them."""
DRESSED_SHARE = 0.3
"""Of the replacements: those that are asked for in a colour or material, as dialogues do."""
_LEAST_MASK = 0.8
"""What the segmenter says of its own mask; the embedded profile's gate lets no less through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioEdit:
    """One edit of one scene or clip, with its perfect result."""

    edit_type: EditType
    written: WrittenInstruction
    masks: tuple[Bitmap, ...]
    """As the segmenter found them, one for each subject."""
    case: Case
    others: tuple[Bitmap, ...] = ()
    """What else it found in the scene."""


def scene_edits(
    index: int, wanted: tuple[str, ...], edit_types: Mapping[str, EditType], seed: int
) -> Iterator[StudioEdit]:
    """One edit of each wanted type of a scene, where the scene allows it."""
    scene = make_scene(index)
    image = render(scene)
    boxes = [Box(*(round(v) for v in thing.box)) for thing in annotation(scene).objects]
    found = tuple(
        Found(name=thing.name, kind="object", box=box, score=1.0)
        for thing, box in zip(scene.objects, boxes, strict=True)
    )
    (segmented,) = GrabCutSegmenter().segment([SegmentRequest(image=image, found=found)])
    if isinstance(segmented, Fault):
        return
    kept = [
        (f, s.mask)
        for f, s in zip(found, segmented, strict=True)
        if s.score >= _LEAST_MASK and s.mask.any()
    ]
    views = [
        RegionView(name=f.name, kind="object", box=f.box, area_frac=float(mask.mean()))
        for f, mask in kept
    ]
    for at, name in enumerate(wanted):
        kind = edit_types[name]
        chosen = select_edits(kind, views, per_image=1 + at, width=scene.width, height=scene.height)
        if not chosen:
            continue
        regions = [kept[i] for i in chosen[-1]]
        request = WriteRequest(
            caption=annotation(scene).caption,
            edit_type=kind,
            subjects=tuple(Subject(name=f.name, box=f.box) for f, _ in regions),
            width=scene.width,
            height=scene.height,
            seed=seed + at,
            edit_types=edit_types,
            drawn=True,
        )
        (written,) = GrammarWriter().write([request])
        if isinstance(written, Fault):
            continue
        masks = tuple(mask for _, mask in regions)
        written = _dressed(written, edit_types, np.random.default_rng((seed, at)))
        yield StudioEdit(
            edit_type=kind,
            written=written,
            masks=masks,
            case=perfect_case(scene, written.operations, masks, edit_types),
            others=tuple(mask for i, (_, mask) in enumerate(kept) if i not in chosen[-1]),
        )


def clip_edit(index: int, edit_types: Mapping[str, EditType], seed: int) -> StudioEdit | None:
    """The first two frames of a clip; None where the writer has nothing to say of them."""
    before, after, *_ = make_clip(index)
    frames = (render(before), render(after))
    moved = moved_mask(*frames)
    notes = (annotation(before), annotation(after))
    kind = edit_types["motion_change"]
    request = WriteRequest(
        caption=notes[0].caption,
        edit_type=kind,
        subjects=tuple(
            Subject(name=name, box=box)
            for name, box in (moved_subject(moved, note) for note in notes)
        ),
        width=before.width,
        height=before.height,
        seed=seed,
        edit_types=edit_types,
        drawn=True,
        before=notes[0].action,
        after=notes[1].action,
    )
    (written,) = GrammarWriter().write([request])
    if isinstance(written, Fault) or not moved.any():
        return None
    case = frame_case(before, after, written.operations[0])
    return StudioEdit(edit_type=kind, written=written, masks=(moved,), case=case)


def _dressed(
    written: WrittenInstruction, edit_types: Mapping[str, EditType], rng: np.random.Generator
) -> WrittenInstruction:
    """The same with some replacements asked for in a look."""
    operations = list(written.operations)
    text = written.text
    for at, operation in enumerate(operations):
        steps = edit_types[operation.edit_type].steps
        inserted = any(step.paint is PaintKind.INSERT for step in steps)
        if inserted and rng.uniform() < DRESSED_SHARE:
            look = list(APPEARANCES)[int(rng.integers(len(APPEARANCES)))]
            target = another(operation.target.key, look)
            text = text.replace(operation.target.phrase, target.phrase)
            operations[at] = replace(operation, target=target)
    return replace(written, text=text, operations=tuple(operations))
