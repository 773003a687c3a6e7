"""An editor as a painter: told in words what to do, and held to the mask afterwards."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from models.edit.editor import Editor, EditRequest
from models.faults import Fault, FaultError, Reason
from models.geometry import Box, Rgb
from models.paint.diffusion.crop import Crop, stitch
from models.paint.diffusion.jobs import Framing
from models.paint.diffusion.on_white import on_paper
from models.painting import Painting, PaintRequest
from models.pipeline_pixels import resized
from models.recorded import Recorded
from models.vocabulary import PaintKind

_WHOLE = frozenset({PaintKind.BACKDROP, PaintKind.STYLISE})
"""Kinds that need all of the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorWorkflow(Recorded):
    """Paints every kind that can be put into words (`editor_words.toml`).

    An editor moves and recolours what it was told to keep; whatever it did outside the mask is
    left out.
    """

    name = "editor"
    version = "1"

    editor: Editor
    size_px: int = 1024
    """Side of the square that has as many pixels as what the editor is shown."""
    context: float = 2.0
    """Sides of the window against those of the mask's box: an editor has to find the object."""
    min_grow_px: int = 32
    """Least growth of a mask, for an image 1024 px on its short side; an editor's edges wander."""

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        """New pixels for each request, inside its grown mask; an isolated object fills all."""
        asked = [self._asked(request) for request in requests]
        sound = [ask for ask in asked if not isinstance(ask, Fault)]
        answers = iter(self.editor.edit([request for request, _ in sound]))
        return [
            ask if isinstance(ask, Fault) else _painting(request, ask[1], next(answers))
            for request, ask in zip(requests, asked, strict=True)
        ]

    def _asked(self, request: PaintRequest) -> tuple[EditRequest, Crop] | Fault:
        try:
            crop, instruction = self._framing(request).crop(request), instruction_for(request)
        except FaultError as error:
            return error.fault
        return EditRequest(image=crop.rgb, instruction=instruction, seed=request.seed), crop

    def _framing(self, request: PaintRequest) -> Framing:
        if request.kind in _WHOLE:
            return Framing(size_px=self.size_px, whole_image=True)
        return Framing(size_px=self.size_px, context=self.context, min_grow_px=self.min_grow_px)


def instruction_for(request: PaintRequest) -> str:
    """What an editor is told.

    Raises:
        FaultError: UNPAINTABLE: the kind cannot be put into words, or the target has none.
    """
    template = _templates().get(str(request.kind), "")
    if not template or ("{target}" in template and not request.target.phrase):
        detail = f"there are no words for {str(request.kind)!r} of {request.name!r}"
        raise FaultError(Reason.UNPAINTABLE, detail)
    return template.format(name=request.name, target=request.target.phrase)


@cache
def _templates() -> Mapping[str, str]:
    text = files("models.paint.diffusion").joinpath("editor_words.toml").read_text("utf-8")
    return tomllib.loads(text)


def _painting(request: PaintRequest, crop: Crop, answer: Rgb | Fault) -> Painting | Fault:
    if isinstance(answer, Fault):
        return answer
    if request.kind is PaintKind.ISOLATE:
        return _on_white(request, crop, answer)
    return stitch(crop, answer)


def _on_white(request: PaintRequest, crop: Crop, answer: Rgb) -> Painting:
    """The answer in the middle of a white canvas as large as the image."""
    height, width = request.mask.shape
    window = crop.window
    canvas = np.full((height, width, 3), 255, np.uint8)
    top, left = (height - window.height) // 2, (width - window.width) // 2
    place = Box(left, top, left + window.width, top + window.height)
    canvas[place.slices] = on_paper(resized(answer, window.height, window.width))
    return Painting(
        box=Box.canvas(width, height), rgb=canvas, alpha=np.ones((height, width), np.bool_)
    )
