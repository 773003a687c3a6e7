"""What some styles and sceneries must look like in plain numbers, and how far a result is off.

Only what the words themselves promise is written down: a night is dark, a noir still has no
colour. A key that is not listed has no signature and is judged by the amount of change alone.
"""

from dataclasses import dataclass

import numpy as np

from models.geometry import Bitmap
from models.judge.findings import Curve, GradedFact, graded
from models.judge.view import Plane

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
