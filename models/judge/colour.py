"""Whether an object took the colour or the material it was to be given."""

import numpy as np

from models.geometry import Bitmap
from models.judge.findings import Curve, GradedFact, graded
from models.judge.traces import fine_detail
from models.judge.view import PairView, Plane, grown, lab_of
from models.vocabulary import APPEARANCES, Appearance

COVERED: Curve = ((0.1, 1.0), (0.3, 2.0), (0.5, 2.9), (0.7, 3.8), (0.82, 4.6), (0.92, 5.0))
"""Share of the object that has the asked colour."""
WORN: Curve = ((0.2, 1.0), (0.5, 2.2), (0.7, 3.0), (0.85, 4.3), (0.93, 5.0))
"""The same of a new object, which had no other colour before: half of it is a part left plain."""
TEXTURED: Curve = ((0.5, 4.2), (1.0, 4.5), (1.4, 5.0))
"""Fine detail of a material against the object's before: a plain tint of wood is not wood."""

NEAR, FAR = 14.0, 42.0
"""Distance in the a,b plane at which a pixel fully has, and no longer has, a colour."""
OUTLINE_L = 18.0
"""Darker pixels are outlines and shadows, which a recolouring leaves alone."""


def has_appearance(view: PairView, key: str) -> tuple[GradedFact, ...]:
    """How much of the object has the appearance; nothing for a key outside the vocabulary."""
    wanted = APPEARANCES.get(key)
    if wanted is None:
        return ()
    where = _paintable(view)
    findings = [_cover(view.after, where, wanted, COVERED)]
    if wanted.kind == "material":
        before, after = (float(fine_detail(lab)[where].mean()) for lab in (view.before, view.after))
        findings.append(
            graded((after + 0.2) / (before + 0.2), TEXTURED, "texture {:.2f} of that before")
        )
    return tuple(findings)


def wears(lab: Plane, region: Bitmap, key: str) -> tuple[GradedFact, ...]:
    """How much of a new object, which fills `region`, has the appearance it was to come in.

    Nothing for a key outside the vocabulary. Outlines do not count; a material is known by its
    colour alone, since there is no object before whose surface its texture could be held against.
    """
    wanted = APPEARANCES.get(key)
    if wanted is None:
        return ()
    lit = region & (lab[..., 0] > OUTLINE_L)
    return (_cover(lab, lit if lit.sum() >= 64 else region, wanted, WORN),)


def _cover(lab: Plane, where: Bitmap, wanted: Appearance, curve: Curve) -> GradedFact:
    share = float(_fit(lab[where], wanted).mean()) if where.any() else 0.0
    return graded(share, curve, f"{wanted.key} on {{:.0%}} of the object")


def _paintable(view: PairView) -> Bitmap:
    inner = grown(view.mask, -view.px(3))
    region = inner if inner.sum() >= 64 else view.mask
    lit = region & (view.before[..., 0] > OUTLINE_L)
    return lit if lit.sum() >= 64 else region


def _fit(lab: Plane, wanted: Appearance) -> Plane:
    """How fully each colour has the appearance, 0 to 1.

    Shading moves a paint along the line from grey to its full chroma, so the distance is taken to
    that segment of the a,b plane. Lightness counts for colours near grey (marble, stone), where
    chroma says nothing, and there only beyond the range that shading explains.
    """
    goal = lab_of(wanted.rgb)
    hue = goal[1:]
    chroma = float(np.linalg.norm(hue))
    along = np.clip(lab[:, 1:] @ hue / max(chroma**2, 1e-6), 0.35, 1.5)
    distance = np.linalg.norm(lab[:, 1:] - along[:, None] * hue, axis=1)
    if chroma < 15:
        distance = np.hypot(distance, np.maximum(0.0, np.abs(lab[:, 0] - goal[0]) - 18))
    return np.asarray(np.clip((FAR - distance) / (FAR - NEAR), 0.0, 1.0), np.float32)
