"""`lmms-eval`: the arithmetic of lmms-eval 0.7 for ImgEdit, for numbers that were made with it.

The last three numbers that follow a colon count, else the last three that end a line; their mean is
the score, and whatever fails is 0. The figure is the mean of all cases
(lmms_eval/tasks/imgedit/utils.py).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.cases import BenchCase
from benchmark.protocols.protocol import Aggregation, CaseScore, Status
from benchmark.protocols.rubrics import RubricQuestions, labels

QUIRKS: Mapping[str, str] = {
    "last_three": "of more than three numbers the last three count, whatever they are of",
    "number_cut": "a number ends where its digits end: `4.5` and `4/5` are 4",
    "ends_of_lines": "with fewer than three numbers after colons, those at the ends of lines count",
    "any_digits": "digits of any script count, full-width ones too",
    "any_number": "numbers beside 1 to 5 count",
    "no_cap": "the second and third criterion count above the first: doing nothing gets 3.67",
    "failure_is_0": "what is missing, failed or cannot be read counts as 0, below the scale",
    "micro": "the figure is the mean of all cases, not of the tasks",
}
"""Each by its name; the last is no matter of one case, and is not counted."""

_AFTER_COLON = re.compile(r":\s*(\d+)")
_AT_END = re.compile(r"(\d+)\s*$")
_CUT = re.compile(r":\s*\d+[./,]\s*\d")
_CRITERIA = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LmmsEvalProtocol(RubricQuestions):
    """The official rubrics, counted as lmms-eval counts."""

    name = "imgedit-lmms-eval/1"
    scale = (0.0, 5.0)
    aggregation = Aggregation(overall="micro")

    def params(self) -> Mapping[str, object]:
        """All that scores depend on but the judge and the outputs."""
        return {**self.asking(), "missing": 0.0, "quirks": dict(QUIRKS)}

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The mean of the last three numbers, or 0."""
        del turn
        text = answers.get("", "")
        found = _AFTER_COLON.findall(text)
        if by_line := len(found) < _CRITERIA:
            ends = (_AT_END.search(line.strip()) for line in text.strip().split("\n"))
            found = [match[1] for match in ends if match]
        scores = [float(number) for number in found[-_CRITERIA:]]
        if len(scores) < _CRITERIA or not math.isfinite(sum(scores)):
            return self.unscored(Status.UNPARSABLE, "it holds no three numbers")
        bore = {
            "last_three": len(found) > _CRITERIA,
            "number_cut": not by_line and bool(_CUT.search(text)),
            "ends_of_lines": by_line,
            "any_digits": not all(number.isascii() for number in found[-_CRITERIA:]),
            "any_number": not all(1 <= score <= 5 for score in scores),
            "no_cap": max(scores) > scores[0],
        }
        return CaseScore(
            status=Status.SCORED,
            score=sum(scores) / _CRITERIA,
            criteria=dict(zip(labels(case.task), scores, strict=True)),
            quirks=tuple(quirk for quirk, did in bore.items() if did),
        )

    def unscored(self, status: Status, reason: str) -> CaseScore:
        """0, whatever the cause."""
        return CaseScore(status=status, score=0.0, reason=reason, quirks=("failure_is_0",))
