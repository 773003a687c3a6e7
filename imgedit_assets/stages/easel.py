"""An easel: the version tree of one edit or dialogue while it is painted.

Every picture is the root with some patches. A turn starts from the picture that it names and adds
patches to it; so going back is leaving patches off, and what was undone is absent to the bit.
An object that is to be *added* is hidden by a patch at the start, and adding it leaves that off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np

from models.dialogues.dialogue import Turn
from models.edit_types.spec import EditType, Onto, Operation, Step
from models.faults import FaultError, Reason
from models.geometry import Bitmap, Box, Rgb
from models.masks import distance_px
from models.painting import Painting
from models.versions import Patch
from models.vocabulary import PaintKind

LOSSY_KINDS = frozenset({PaintKind.BACKDROP, PaintKind.STYLISE})
"""Paintings that cover most of the canvas and have no source pixel to preserve."""

MASKED_KINDS = frozenset(
    {PaintKind.ERASE, PaintKind.INSERT, PaintKind.RECOLOUR, PaintKind.BACKDROP}
)
"""Paintings that change what their mask shows, and around it no more than its rim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One version of the tree: the patches on the root, and where each subject is by now."""

    patches: tuple[int, ...] = ()
    """Indices into the easel's patches, in the order of pasting."""
    masks: tuple[Bitmap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One painting step of one operation of one turn."""

    turn: int
    """Counted from 1."""
    operation: Operation
    step: Step


@dataclass(slots=True, kw_only=True)
class Easel:
    """What has been painted so far of one edit or dialogue."""

    root: Rgb
    turns: tuple[Turn, ...]
    given: State
    """The picture that turn 1 is said of."""
    reference: State | None = None
    patches: list[Patch] = field(default_factory=list)
    results: list[State] = field(default_factory=list)
    """The picture after each turn that has begun; the last one may not be complete."""
    hidden: dict[int, list[int]] = field(default_factory=dict)
    """By subject, the patches that hide it until it is added."""
    grown: dict[int, list[int | None]] = field(default_factory=dict)
    """By turn, how far beyond its mask each stroke was free to paint, px; None where anywhere."""
    _pixels: dict[tuple[int, ...], Rgb] = field(default_factory=dict)

    def state(self, version: int) -> State:
        """0 is the picture as given, k the result of turn k."""
        return self.results[version - 1] if version else self.given

    def pixels(self, state: State) -> Rgb:
        """What a state looks like, height x width x 3; not to be written to."""
        path = state.patches
        if not path:
            return self.root
        if path not in self._pixels:
            canvas = self.pixels(replace(state, patches=path[:-1])).copy()
            self.patches[path[-1]].paste(canvas)
            self._pixels[path] = canvas
        return self._pixels[path]

    def grow_px(self, turn: int) -> int | None:
        """How far beyond its masks a turn was free to change pixels; None where no mask bound it.

        So it is of a turn whose result came with its source.
        """
        grown = self.grown.get(turn, [])
        known = [px for px in grown if px is not None]
        return max(known) if known and len(known) == len(grown) else None

    def begin(self, turn: int) -> None:
        """Begin the turns up to this one: each from the picture it names, with what it adds shown.

        Raises:
            FaultError: A patch lies over an object that is to be added.
        """
        while len(self.results) < turn:
            asked = self.turns[len(self.results)]
            start = self.state(asked.starts_from)
            off = {p for o in asked.operations for p in self.hidden.get(o.subject, ())}
            self._check_apart(start, off)
            kept = tuple(p for p in start.patches if p not in off)
            self.results.append(replace(start, patches=kept))

    def _check_apart(self, state: State, off: set[int]) -> None:
        for lower in off.intersection(state.patches):
            later = state.patches[state.patches.index(lower) + 1 :]
            for upper in (p for p in later if p not in off):
                if not self.patches[upper].box.gap_px(self.patches[lower].box):
                    detail = "an edit lies over the object that a later turn adds"
                    raise FaultError(Reason.UNPAINTABLE, detail)

    def canvas(self, stroke: Stroke) -> State:
        """The picture that a stroke is painted on."""
        if stroke.step.onto == "source":
            return self.given
        if stroke.step.onto == "reference":
            return self.reference or State(masks=self.given.masks)
        self.begin(stroke.turn)
        return self.results[stroke.turn - 1]

    def apply(self, stroke: Stroke, painting: Painting) -> None:
        """Put a painting on as a patch."""
        patch = Patch.of(painting, lossless=stroke.step.paint not in LOSSY_KINDS)
        number = len(self.patches)
        self.patches.append(patch)
        before = self.canvas(stroke)
        after = replace(before, patches=(*before.patches, number))
        if stroke.step.onto != "reference":
            self.grown.setdefault(stroke.turn, []).append(_grown_px(before, stroke, painting))
        match stroke.step.onto:
            case "source":
                self.given = after
                self.hidden.setdefault(stroke.operation.subject, []).append(number)
            case "reference":
                self.reference = after
            case "target":
                self.results[stroke.turn - 1] = after

    def move(self, stroke: Stroke, mask: Bitmap) -> None:
        """Note where a stroke has put its subject."""
        state, subject = self.results[stroke.turn - 1], stroke.operation.subject
        masks = (*state.masks[:subject], mask, *state.masks[subject + 1 :])
        self.results[stroke.turn - 1] = replace(state, masks=masks)


def _grown_px(canvas: State, stroke: Stroke, painting: Painting) -> int | None:
    if stroke.step.paint not in MASKED_KINDS:
        return None
    mask = canvas.masks[stroke.operation.subject]
    both = Box.around(mask).union(painting.box)
    away = np.zeros(mask.shape, np.float32)
    away[both.slices] = distance_px(mask[both.slices])
    return ceil(float(away[painting.box.slices][painting.alpha].max()))


def strokes(
    turns: Sequence[Turn], edit_types: Mapping[str, EditType], *, more_px: int = 0
) -> list[Stroke]:
    """The painting steps of all turns: first what makes the picture as given, then turn by turn.

    Args:
        turns: Of an edit or a dialogue.
        edit_types: Every type by name.
        more_px: How much further than the types say each mask is grown, as `Step.grow_px` counts.
    """
    planned = [
        Stroke(turn=number, operation=operation, step=replace(step, grow_px=step.grow_px + more_px))
        for number, turn in enumerate(turns, 1)
        for operation in turn.operations
        for step in edit_types[operation.edit_type].steps
        if step.paint is not PaintKind.FRAME
    ]
    order: dict[Onto, int] = {"source": 0, "reference": 1, "target": 2}
    return sorted(planned, key=lambda stroke: order[stroke.step.onto])
