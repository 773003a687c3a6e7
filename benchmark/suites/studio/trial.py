"""The drawn cases on which a judge is tried: a single thing in a sparse picture."""

from collections.abc import Collection
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.cases import BenchCase, CaseTurn, StudioTruth
from benchmark.suites.studio.basic import ALONE
from benchmark.suites.studio.concepts import concept
from benchmark.suites.studio.layouts import scaled, sparse
from benchmark.suites.studio.pictures import studio_case
from benchmark.suites.studio.soundness import fits
from benchmark.suites.studio.wording import request_for, said

_TASKS = ("remove", "replace", "adjust", "extract")
"""Their right results are known, and change a part of the picture."""
_CASES = 2
"""Whoever answers at random passes one of them in four times, and both in sixteen."""
_SHORT_SIDE_PX = 512
_SEED = 0


def trial_cases(folder: Path, tasks: Collection[str]) -> tuple[BenchCase, ...]:
    """A case of each of two tasks, if possible of those named; `folder` holds their picture."""
    known = [task for task in _TASKS if task in tasks] or _TASKS
    return tuple(_case(folder, task) for task in known[:_CASES])


def _case(folder: Path, task: str) -> BenchCase:
    scene = scaled(sparse(concept("cat"), np.random.default_rng(_SEED)), _SHORT_SIDE_PX)
    what = said(request_for(scene, ALONE[task], (0,), _SEED), fits=partial(fits, scene, (0,)))
    return studio_case(
        folder,
        name=task,
        suite="trial",
        task=task,
        turns=[CaseTurn(instruction=what.text, starts_from=0, operations=what.operations)],
        truth=StudioTruth(scene=scene, subjects=(0,)),
    )
