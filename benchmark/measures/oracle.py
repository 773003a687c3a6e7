"""The oracle's verdict on a result: how far it is from what was asked for, by the scene's truth."""

from benchmark.cases import BenchCase
from benchmark.suites.studio.versions import TYPES, version_of
from models.geometry import Rgb
from models.studio.known import has_truth
from models.studio.oracle import failure_degree
from models.studio.perfect import frame_case, perfect_case


def oracle_failure(case: BenchCase, turn: int, given: Rgb, result: Rgb) -> float | None:
    """How far the result failed, 0 for a right one to 1 (`models.studio.oracle`).

    None where nobody knows what alone is right: photographs, backgrounds, styles, objects that are
    added, and turns that build on others.

    Args:
        case: The case.
        turn: Counted from 1.
        given: The source, height x width x 3.
        result: The output at the same size.
    """
    truth, asked = case.truth, case.turns[turn - 1]
    if truth is None or asked.starts_from or version_of(case, 0).gone:
        return None
    if truth.after is not None:
        known = frame_case(truth.scene, truth.after, asked.operations[0])
    elif has_truth(asked.operations, TYPES):
        known = perfect_case(truth.scene, asked.operations, truth.masks(), TYPES)
    else:
        return None
    return failure_degree(known, {"source": given, "target": result}).degree
