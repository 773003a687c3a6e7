"""What is measured of edits beyond one object: backdrops, styles, extractions and later frames."""

from models.edit_types.spec import Operation
from models.judge.change import changed_frac, geometry_kept, gradient_correlation, layout, reach
from models.judge.findings import Curve, Findings, GradedFact, graded
from models.judge.likeness import Colours, colour_overlap
from models.judge.placement import is_white
from models.judge.seams import edge_width, softness
from models.judge.signatures import BACKDROP_SIGNATURES, STYLE_SIGNATURES, follows
from models.judge.traces import newcomers, old_object_gone
from models.judge.view import PairView, grown
from models.vocabulary import PaintKind

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
