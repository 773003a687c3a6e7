"""What is measured of edits beyond one object: backdrops, styles, extractions and later frames."""

from dataclasses import dataclass

import numpy as np

from models.edit_types.spec import Operation
from models.geometry import Bitmap
from models.judge.change import changed_frac, geometry_kept, gradient_correlation, layout, reach
from models.judge.findings import Curve, Findings, GradedFact, graded
from models.judge.likeness import Colours, colour_overlap
from models.judge.placement import is_white
from models.judge.seams import edge_width, softness
from models.judge.traces import newcomers, old_object_gone
from models.judge.view import PairView, Plane, grown
from models.vocabulary import PaintKind

Range = tuple[float, float]

OFF: Curve = ((3.0, 5.0), (8.0, 3.9), (16.0, 2.7), (32.0, 1.6), (50.0, 1.0))
"""Distance from the signature, in units of Lab."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Ranges that hold for the mean of L, of chroma, and for mean a and b (Lab)."""

    light: Range = (0.0, 100.0)
    chroma: Range = (0.0, 150.0)
    a: Range = (-128.0, 128.0)
    b: Range = (-128.0, 128.0)


STYLE_SIGNATURES: dict[str, Signature] = {
    "pencil": Signature(light=(55, 100), chroma=(0, 8)),
    "ink": Signature(light=(40, 100), chroma=(0, 8)),
    "noir": Signature(light=(8, 75), chroma=(0, 6)),
    "sepia": Signature(chroma=(5, 40), a=(-2, 22), b=(6, 40)),
    "night": Signature(light=(0, 42), b=(-60, 2)),
    "golden_hour": Signature(a=(-6, 40), b=(10, 80)),
    "popart": Signature(chroma=(22, 150)),
}

BACKDROP_SIGNATURES: dict[str, Signature] = {
    "sunset_beach": Signature(light=(30, 90), a=(-2, 60), b=(2, 80)),
    "snowy_mountains": Signature(light=(52, 100), chroma=(0, 38), b=(-45, 8)),
    "night_city": Signature(light=(0, 42)),
    "forest": Signature(light=(8, 80), chroma=(0, 45), a=(-50, 2)),
    "desert": Signature(light=(40, 95), b=(2, 70)),
    "starry_sky": Signature(light=(0, 38), b=(-70, 6)),
    "underwater": Signature(a=(-50, 18), b=(-70, -4)),
    "meadow": Signature(light=(35, 95), a=(-60, -3)),
    "studio_grey": Signature(light=(20, 95), chroma=(0, 7)),
    "brick_wall": Signature(light=(15, 75), a=(4, 60), b=(2, 60)),
}


def follows(signature: Signature | None, lab: Plane, where: Bitmap, key: str) -> GradedFact | None:
    """How well the pixels in `where` keep to a signature; None without one or without pixels."""
    if signature is None or not where.any():
        return None
    pixels = lab[where]
    light, a, b = (float(v) for v in pixels.mean(axis=0))
    chroma = float(np.linalg.norm(pixels[:, 1:], axis=1).mean())
    measured = (
        (light, signature.light),
        (chroma, signature.chroma),
        (a, signature.a),
        (b, signature.b),
    )
    miss = float(np.linalg.norm([_outside(value, bounds) for value, bounds in measured]))
    words = f"colours fit {key}" if miss < 10 else f"colours do not fit {key}"
    return graded(miss, OFF, words.replace("_", " ") + " (off by {:.1f})")


def _outside(value: float, bounds: Range) -> float:
    return max(0.0, bounds[0] - value, value - bounds[1])


REPLACED: Curve = ((0.05, 1.0), (0.3, 2.0), (0.6, 3.5), (0.8, 4.5), (0.92, 5.0))
"""Share of the background that changed."""
RESTYLED: Curve = ((0.03, 1.0), (0.12, 2.8), (0.25, 4.2), (0.4, 5.0))
"""Share of the whole image that changed."""
CLEAN: Curve = ((0.5, 1.0), (0.8, 2.0), (0.93, 3.2), (0.98, 4.4), (0.995, 5.0))
"""Share of the pixels around an extracted object that are white."""
PRESENT: Curve = ((0.1, 1.0), (0.4, 2.2), (0.7, 3.8), (0.9, 5.0))
"""Share of the object's own pixels that are there as they were."""
STEADY: Curve = ((0.0, 2.5), (0.4, 3.5), (0.7, 5.0))
"""Correlation of luminance gradients where nobody moved; a hand-held camera loses it easily."""
LEFT: Curve = ((0.15, 5.0), (0.3, 4.0), (0.5, 2.5), (0.75, 1.0))
"""Edge remnant of the old pose, whose outline the new one crosses here and there."""
SAME: Curve = ((0.1, 2.0), (0.3, 3.3), (0.5, 4.5), (0.65, 5.0))
"""Bhattacharyya coefficient of the person's colours in both frames; props come and go."""
MOVED: Curve = ((0.01, 1.0), (0.05, 2.5), (0.12, 4.0), (0.25, 5.0))
"""Share of the person's surroundings that differ between two frames."""


def backdrop(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """Everything but the subject must be new scenery."""
    inner = grown(view.mask, -view.px(4))
    share = changed_frac(view.delta, inner)
    fits = follows(
        BACKDROP_SIGNATURES.get(operation.target.key), view.after, inner, operation.target.key
    )
    return Findings(
        adherence=(
            graded(share, REPLACED, "{:.0%} of the background changed"),
            *((fits,) if fits else ()),
        ),
        quality=(_not_flat(view),),
    )


def stylised(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """The whole image must look different, in the way the style promises, in the same layout."""
    share = changed_frac(view.delta, view.mask)
    fits = follows(
        STYLE_SIGNATURES.get(operation.target.key), view.after, view.mask, operation.target.key
    )
    return Findings(
        adherence=(
            graded(share, RESTYLED, "{:.0%} of the image changed"),
            *((fits,) if fits else ()),
        ),
        quality=(_not_flat(view),),
        preservation=(layout(view),),
    )


def isolated(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """The object as it was, alone on white; the view is that of `placement.aligned`."""
    inner = grown(view.mask, -view.px(3))
    outside = ~grown(view.mask, view.px(5))
    clean = float(is_white(view.after)[outside].mean()) if outside.any() else 1.0
    kept = 1.0 - changed_frac(view.delta, inner)
    sharp = softness(edge_width(view.after, inner), edge_width(view.before, inner))
    return Findings(
        adherence=(
            graded(clean, CLEAN, "{:.1%} white around the object"),
            graded(kept, PRESENT, "{:.0%} of the object is there"),
        ),
        quality=(sharp,),
        preservation=(geometry_kept(view, inner),),
    )


def later_frame(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """The same person in another pose, before the same scene, seen as sharply.

    The mask may hold the person of the first frame, or of both.
    """
    rest = ~reach(view.mask, PaintKind.FRAME, grow_px=grow_px)
    share = changed_frac(view.delta, view.mask)
    now, then = newcomers(view)[0], newcomers(view.flipped)[0]
    rim = view.px(4)
    sharp = softness(
        edge_width(view.after, grown(now, rim)), edge_width(view.before, grown(then, rim))
    )
    return Findings(
        adherence=(
            old_object_gone(view, LEFT),
            *_same_person(view.after[now], view.before[then]),
            graded(share, MOVED, "{:.0%} around the person changed"),
        ),
        quality=(sharp, _not_flat(view)),
        preservation=(
            graded(gradient_correlation(view, rest), STEADY, "scene correlation {:.2f}"),
        ),
    )


def _same_person(now: Colours, then: Colours) -> tuple[GradedFact, ...]:
    """Whether what is new in each frame, against the other, has the same colours."""
    if min(len(now), len(then)) < 64:
        return ()
    overlap = colour_overlap(now, then)
    return (graded(overlap, SAME, "the person's colours overlap by {:.2f}"),)


def _not_flat(view: PairView) -> GradedFact:
    """A result of one tone is no picture."""
    spread = float(view.after[view.mask].std(axis=0).max()) if view.mask.any() else 0.0
    curve: Curve = ((0.2, 1.0), (1.0, 3.0), (2.5, 5.0))
    return graded(spread, curve, "tones spread over {:.1f} units of Lab")
