"""The thresholds from which a trained judge's word is enough, proven on held-out lessons."""

import json
from dataclasses import asdict
from pathlib import Path

import polars as pl

from models.faults import ImgEditError
from models.judge.calibration import Acceptance, acceptance
from models.judge.deserved import GOOD_FAILURE
from resources.home import Home
from resources.profile import Accept

SHELF = "reports/judge_agreement"
"""Under the home; a folder for each variant."""

FILE = "acceptance.json"

GOOD_SCORE = 5 - 4 * GOOD_FAILURE
"""A pair that deserves more than this is good: `deserved` gives `5 - 4 * failure`."""


def prove_acceptance(
    rows: pl.DataFrame, accept: Accept, folder: Path, *, problem: str = ""
) -> None:
    """Work out a judge's thresholds on what it said of held-out lessons, and write them down.

    Args:
        rows: `probability` and `true_score`; rows without a probability prove nothing.
        accept: The bound, and the confidence.
        folder: Of the variant. Where nothing can be proven, the file says why.
        problem: Why nothing is to be proven of it, if so.
    """
    known = rows.drop_nulls("probability")
    try:
        if problem:
            raise ImgEditError(problem)
        found = acceptance(
            known["probability"].to_numpy(),
            known["true_score"].to_numpy() > GOOD_SCORE,
            bound=accept.max_bad_frac,
            confidence=accept.bad_confidence,
        )
        said = asdict(found)
    except ImgEditError as error:
        said = {"problem": str(error)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(said, indent=1), "utf-8")


def proven_acceptance(home: Home, variant: str) -> Acceptance:
    """What was proven of a variant last.

    Raises:
        ImgEditError: Nothing was, or could be.
    """
    path = home.folder / SHELF / variant / FILE
    if not path.is_file():
        msg = (
            f"[accept] max_bad_frac asks for a threshold of {variant}, and none is proven yet: "
            f"materialise judge_agreement of {variant}"
        )
        raise ImgEditError(msg)
    said = json.loads(path.read_text("utf-8"))
    if problem := said.get("problem"):
        msg = (
            f"[accept] max_bad_frac: no threshold of {variant} can be proven: {problem}; or set "
            "max_bad_frac to 0"
        )
        raise ImgEditError(msg)
    return Acceptance(**said)
