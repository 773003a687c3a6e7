"""What is measured of edits inside one mask: erased, inserted and recoloured objects."""

import numpy as np

from models.edit_types.spec import Operation
from models.geometry import Bitmap
from models.judge.change import SLACK_PX, changed_frac, geometry_kept, noticed
from models.judge.findings import Curve, Findings, GradedFact, graded
from models.judge.likeness import MIN_PIXELS, dark_share, drawn, looks_like, shaped_like
from models.judge.seams import edge_width, new_outline, seam, smear, softness, untorn
from models.judge.traces import (
    fill_belongs,
    fine_detail,
    leftover,
    newcomers,
    no_stranger,
    old_object_gone,
    stands_out,
)
from models.judge.view import PairView, Plane, grown, lab_of
from models.vocabulary import APPEARANCES, Appearance

COVERED: Curve = ((0.1, 1.0), (0.3, 2.0), (0.5, 2.9), (0.7, 3.8), (0.82, 4.6), (0.92, 5.0))
"""Share of the object that has the asked colour."""
WORN: Curve = ((0.2, 1.0), (0.5, 2.2), (0.7, 3.0), (0.85, 4.3), (0.93, 5.0))
"""The same of a new object, which had no other colour before: half of it is a part left plain."""
TEXTURED: Curve = ((0.5, 4.2), (1.0, 4.5), (1.4, 5.0))
"""Fine detail of a material against the object's before: a plain tint of wood is not wood."""

LIT: Curve = ((0.4, 1.0), (0.55, 2.2), (0.7, 3.4), (0.8, 4.4), (0.9, 5.0))
"""Lightness of the object's lit side (upper quartile) over that of the asked colour: brown has
yellow's hue. Right recolourings have 0.92 or more in 95 % of 40 drawn objects x 8 colours."""
PALE: Curve = ((16.0, 5.0), (24.0, 4.0), (32.0, 2.8), (45.0, 1.5))
"""How far its median lightness (L*) exceeds the colour's: pink has red's hue. The most of the same
objects is 16, gold's."""

NEAR, FAR = 14.0, 42.0
"""Distance in the a,b plane at which a pixel fully has, and no longer has, a colour."""
SHADED = 0.4
"""How dark the dark parts of an object in a near grey may be, as a share of its lightness."""
OUTLINE_L = 18.0
"""Darker pixels are outlines and shadows, which a recolouring leaves alone."""


def has_appearance(view: PairView, key: str) -> tuple[GradedFact, ...]:
    """How much of the object has the appearance; nothing for a key outside the vocabulary."""
    wanted = APPEARANCES.get(key)
    if wanted is None:
        return ()
    where = _paintable(view)
    findings = [_cover(view.after, where, wanted, COVERED), *_lightness(view.after, where, wanted)]
    if wanted.kind == "material":
        before, after = (float(fine_detail(lab)[where].mean()) for lab in (view.before, view.after))
        findings.append(
            graded((after + 0.2) / (before + 0.2), TEXTURED, "texture {:.2f} of that before")
        )
    return tuple(findings)


def wears(lab: Plane, region: Bitmap, key: str, name: str = "") -> tuple[GradedFact, ...]:
    """How much of a new object, which fills `region`, has the appearance it was to come in.

    Nothing for a key outside the vocabulary. Outlines do not count; a material is known by its
    colour alone, since there is no object before whose surface its texture could be held against.
    What is darker in the named object by nature may be a shade of the appearance: the roof of a
    marble house.
    """
    wanted = APPEARANCES.get(key)
    if wanted is None:
        return ()
    lit = region & (lab[..., 0] > OUTLINE_L)
    where = lit if lit.sum() >= 64 else region
    worn = _cover(lab, where, wanted, WORN, dark=dark_share(name))
    return (worn, *_lightness(lab, where, wanted))


def _cover(
    lab: Plane, where: Bitmap, wanted: Appearance, curve: Curve, *, dark: float = 0.0
) -> GradedFact:
    share = 0.0
    if where.any():
        strict, shaded = (
            float(_fit(lab[where], wanted, darkest=darkest).mean()) for darkest in (None, SHADED)
        )
        share = min(shaded, strict + dark)
    return graded(share, curve, f"{wanted.key} on {{:.0%}} of the object")


def _lightness(lab: Plane, where: Bitmap, wanted: Appearance) -> tuple[GradedFact, ...]:
    """Whether the object is as light as the appearance, apart from its own light and shade."""
    if not where.any():
        return ()
    goal = float(lab_of(wanted.rgb)[0])
    middle, bright = np.percentile(lab[..., 0][where], (50, 75))
    return (
        graded(float(bright) / goal, LIT, f"{{:.2f}} times as light as {wanted.key}"),
        graded(float(middle) - goal, PALE, f"{{:+.0f}} L* against {wanted.key}"),
    )


def _paintable(view: PairView) -> Bitmap:
    inner = grown(view.mask, -view.px(3))
    region = inner if inner.sum() >= 64 else view.mask
    lit = region & (view.before[..., 0] > OUTLINE_L)
    return lit if lit.sum() >= 64 else region


def _fit(lab: Plane, wanted: Appearance, *, darkest: float | None) -> Plane:
    """How fully each colour has the appearance, 0 to 1.

    Shading moves a paint along the line from grey to its full chroma, so the distance is taken to
    that segment of the a,b plane. Lightness counts for colours near grey (marble, stone), where
    chroma says nothing, and there only beyond the range that shading explains; `darkest` widens it
    to that share of the appearance's lightness.
    """
    goal = lab_of(wanted.rgb)
    hue = goal[1:]
    chroma = float(np.linalg.norm(hue))
    along = np.clip(lab[:, 1:] @ hue / max(chroma**2, 1e-6), 0.35, 1.5)
    distance = np.linalg.norm(lab[:, 1:] - along[:, None] * hue, axis=1)
    if chroma < 15:
        light = lab[:, 0]
        low = goal[0] - 18 if darkest is None else darkest * goal[0]
        beyond = np.maximum(light - goal[0] - 18, low - light)
        distance = np.hypot(distance, np.maximum(0.0, beyond))
    return np.asarray(np.clip((FAR - distance) / (FAR - NEAR), 0.0, 1.0), np.float32)


PICTOGRAM: Curve = ((0.1, 1.5), (0.25, 2.4), (0.35, 3.6), (0.45, 5.0))
"""Fine detail of a new object against that of the photographed one before. Drawn objects that were
put into photographs in place of detailed ones have 0.1 to 0.25."""

OUTGROWN: Curve = ((0.25, 5.0), (0.45, 4.0), (0.65, 2.8), (0.9, 1.0))
"""Edge remnant under a new object: outlines of two objects in one place fall together in part."""
TOUCHED: Curve = ((0.02, 1.0), (0.1, 2.5), (0.25, 4.0), (0.45, 5.0))
"""Share of the mask's pixels that changed."""
UNPROVEN: Curve = ((0.02, 1.0), (0.1, 2.5), (0.25, 3.5), (0.45, 4.0))
"""The same where nothing else can be measured: never full marks for what nobody has looked at."""


def touched(view: PairView) -> GradedFact:
    """How much of the subject changed at all."""
    value = changed_frac(view.delta, view.mask)
    return graded(value, TOUCHED, "{:.0%} of the subject changed")


def erased(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """The first image holds the object, the second must show the place without it."""
    return Findings(
        adherence=(
            old_object_gone(view),
            fill_belongs(view),
            no_stranger(view),
            leftover(view, grow_px=grow_px),
            untorn(view),
            touched(view),
        ),
        quality=(seam(view, grow_px=grow_px), smear(view)),
    )


def appeared(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """The first image shows the bare place, the second must hold the named object."""
    region = noticed(view.delta) > 0.5
    region &= grown(view.mask, view.px(3))
    like = looks_like(view.after, region, operation.target.key or operation.name)
    return Findings(
        adherence=(*like, touched(view)),
        quality=(_sharp_as_image(view),),
    )


def inserted(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """Something else must be where the first image has its object, or where it has nothing.

    One that was to come in a look is known by that look and by its outline: the colours of its
    portrait are not those that it should have.
    """
    readings = [_fits(view, region, operation) for region in newcomers(view)]
    like = max((r for r in readings if r), key=lambda r: sum(f.score for f in r), default=())
    return Findings(
        adherence=(
            *(like or (stands_out(view),)),
            old_object_gone(view, OUTGROWN),
            touched(view),
        ),
        quality=(_sharp_as_image(view), *_detailed(view)),
    )


def _detailed(view: PairView) -> tuple[GradedFact, ...]:
    """Whether what replaces a photographed object is no pictogram; nothing of a drawn one."""
    region = grown(newcomers(view)[-1], -view.px(3))
    if region.sum() < MIN_PIXELS or drawn(view.before, view.mask):
        return ()
    before, after = (
        float(fine_detail(lab)[where].mean())
        for lab, where in ((view.before, view.mask), (view.after, region))
    )
    return (graded((after + 0.2) / (before + 0.2), PICTOGRAM, "detail {:.2f} of the old object's"),)


def _fits(view: PairView, region: Bitmap, operation: Operation) -> tuple[GradedFact, ...]:
    """Whether a region shows the object that was to be inserted."""
    name, look = operation.target.key or operation.name, operation.target.look
    if not look:
        return looks_like(view.after, region, name)
    if region.sum() < MIN_PIXELS:
        return ()
    return (*shaped_like(view.after, region, name), *wears(view.after, region, look, name))


def recoloured(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """The object must have the asked appearance, with its geometry as before."""
    where = grown(view.mask, view.px(2))
    sharp = softness(edge_width(view.after, where), edge_width(view.before, where))
    return Findings(
        adherence=(*has_appearance(view, operation.target.key), touched(view)),
        quality=(new_outline(view, grow_px=grow_px), sharp),
        preservation=(geometry_kept(view, where),),
    )


def repainted(view: PairView, operation: Operation, *, grow_px: int) -> Findings:
    """After a step that only its edit type understands: that it did something, and cleanly."""
    share = changed_frac(view.delta, view.mask)
    words = "{:.0%} of the subject changed, the only thing measured of this kind of edit"
    return Findings(
        adherence=(graded(share, UNPROVEN, words),),
        quality=(new_outline(view, grow_px=view.px(SLACK_PX)), _sharp_as_image(view)),
    )


def _sharp_as_image(view: PairView) -> GradedFact:
    """Sharpness of the subject's edges against that of everything around that did not change."""
    where = grown(view.mask, view.px(3))
    around = ~grown(where | (noticed(view.delta) > 0), 12)
    return softness(edge_width(view.after, where), edge_width(view.after, around))
