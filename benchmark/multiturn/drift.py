"""How far an editor wanders where nobody asked it to, turn by turn."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from benchmark.cases import BenchCase, pixels
from benchmark.suites.studio.versions import RIM_PX, masks_before, truth_of, version_of
from models.geometry import Box, Rgb
from models.judge.change import changed_frac
from models.judge.view import CANVAS_PX, grown, view_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What became of the part of the source that no turn so far asked to change."""

    turn: int
    """Counted from 1."""
    distance: float
    """Mean CIE76 difference from the source, 0 for none; 2.3 can just be seen (Mahy 1994)."""
    changed_frac: float
    """Share of it that changed plainly, 0 to 1."""


def drift(case: BenchCase, outputs: Mapping[int, Rgb]) -> tuple[Drift, ...]:
    """The drift after each turn that has an output, in the order of turns.

    Raises:
        FaultError: The case has no truth, or its source cannot be read.
    """
    source, subjects = pixels(case.source), truth_of(case).subjects
    height, width = source.shape[:2]
    touched = np.zeros((height, width), np.bool_)
    found = []
    for turn in range(1, len(case.turns) + 1):
        # What a later turn takes back was asked for as well: it stays out of the measure.
        masks = (*masks_before(case, turn), *version_of(case, turn).masks(subjects))
        touched = np.logical_or.reduce([touched, *masks])
        if turn not in outputs:
            continue
        result = outputs[turn]
        if result.shape[:2] != (height, width):
            result = np.asarray(cv2.resize(result, (width, height), interpolation=cv2.INTER_AREA))
        view = view_of(
            source,
            result,
            touched,
            np.zeros_like(touched),
            box=Box.canvas(width, height),
            limit_px=CANVAS_PX,
        )
        rest = ~grown(view.mask, view.px(RIM_PX))
        found.append(
            Drift(
                turn=turn,
                distance=float(view.delta[rest].mean()) if rest.any() else 0.0,
                changed_frac=changed_frac(view.delta, rest),
            )
        )
    return tuple(found)
