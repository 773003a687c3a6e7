"""Bringing labels to the picture that they lie beside: its size, its orientation, its edges."""

from collections.abc import Callable, Mapping

from models.annotation import Annotation
from models.faults import Fault, Reason
from models.geometry import Box

_Corners = tuple[float, float, float, float]
_Size = tuple[int, int]
_TURNS: Mapping[int, Callable[[float, float, int, int], tuple[float, float]]] = {
    5: lambda x, y, width, height: (y, x),
    6: lambda x, y, width, height: (height - y, x),
    7: lambda x, y, width, height: (height - y, width - x),
    8: lambda x, y, width, height: (y, width - x),
}
"""Where a point of a stored picture is once EXIF has laid it on its other side, by orientation."""


def fit(
    annotation: Annotation, width: int, height: int, orientation: int = 1
) -> tuple[Annotation, tuple[Fault, ...]]:
    """An annotation with its boxes in pixels of an upright image, clipped to it.

    The size that the annotation declares tells what its boxes were drawn on: the upright image,
    the stored one that EXIF turns, or either of them in another size of the same aspect. Boxes of
    any other picture, and boxes left without area, are dropped and reported.

    Args:
        annotation: Boxes in pixels of `drawn_on`, else of the upright image.
        width: Of the upright image, pixels.
        height: Of the upright image, pixels.
        orientation: EXIF's, 1 to 8.
    """
    here = (width, height)
    drawn = annotation.drawn_on or here
    turned = orientation in _TURNS and not _alike(drawn, here)
    kept, faults = [], []
    if not _alike(drawn[::-1] if turned else drawn, here):
        faults = [_other_picture(drawn, here)] * bool(annotation.objects)
    else:
        for thing in annotation.objects:
            box = _turned(thing.box, drawn, orientation) if turned else thing.box
            box = _clipped(_scaled(box, drawn[::-1] if turned else drawn, here), here)
            if Box(*(round(v) for v in box)).area_px:
                kept.append(thing.model_copy(update={"box": box}))
            else:
                detail = f"box {thing.box} of {thing.name!r} has no pixel inside {width} x {height}"
                faults.append(_bad(detail))
    update = {
        "objects": tuple(kept),
        "drawn_on": drawn if kept and drawn != here else None,
        "left_out": annotation.left_out + len(annotation.objects) - len(kept),
    }
    return annotation.model_copy(update=update), tuple(faults)


def _alike(one: _Size, other: _Size) -> bool:
    """Whether one is the other resized: by one factor, but for a rounding to whole pixels."""
    (w0, h0), (w1, h1) = one, other
    across, down = w1 / w0, h1 / h0
    return min(abs(w0 * down - w1), abs(h0 * across - h1)) <= max(1.0, min(across, down))


def _turned(box: _Corners, stored: _Size, orientation: int) -> _Corners:
    turn = _TURNS[orientation]
    (xa, ya), (xb, yb) = turn(box[0], box[1], *stored), turn(box[2], box[3], *stored)
    return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)


def _scaled(box: _Corners, size: _Size, to: _Size) -> _Corners:
    if size == to:
        return box
    across, down = to[0] / size[0], to[1] / size[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _clipped(box: _Corners, size: _Size) -> _Corners:
    width, height = map(float, size)
    x0, y0, x1, y1 = box
    return (
        min(max(x0, 0.0), width),
        min(max(y0, 0.0), height),
        min(max(x1, 0.0), width),
        min(max(y1, 0.0), height),
    )


def _other_picture(drawn: _Size, here: _Size) -> Fault:
    return _bad(
        f"its labels are for {drawn[0]} x {drawn[1]} pixels, and it has {here[0]} x {here[1]}: "
        "no resizing leads from one to the other; label it anew, or give the file that was labelled"
    )


def _bad(detail: str) -> Fault:
    return Fault(reason=Reason.BAD_ANNOTATION, detail=detail)
