"""`lmms-eval`: the arithmetic of lmms-eval 0.7 for ImgEdit, for numbers that were made with it.

The last three numbers that follow a colon count, else the last three that end a line; their mean is
the score, and whatever fails is 0. The figure is the mean of all cases
(lmms_eval/tasks/imgedit/utils.py).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from benchmark.cases import BenchCase
from benchmark.protocols.protocol import Aggregation, CaseScore, Status
from benchmark.protocols.quirks import Quirky
from benchmark.protocols.rubrics import RubricQuestions, labels

_AFTER_COLON = re.compile(r":\s*(\d+)")
_WHOLE_AFTER_COLON = re.compile(r":\s*(\d+(?:\.\d+)?)")
_AT_END = re.compile(r"(\d+)\s*$")
_CUT = re.compile(r":\s*\d+[./,]\s*\d")
_CRITERIA = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LmmsEvalProtocol(Quirky, RubricQuestions):
    """The official rubrics, counted as lmms-eval counts."""

    called = "imgedit-lmms-eval/1"
    by_default = True
    quirks = MappingProxyType(
        {
            "last_three": "of more than three numbers the last three count, whatever they are of",
            "number_cut": "a number ends where its digits end: `4.5` and `4/5` are 4",
            "ends_of_lines": "with fewer than three numbers after colons, those at the ends of "
            "lines count",
            "any_digits": "digits of any script count, full-width ones too",
            "any_number": "numbers beside 1 to 5 count",
            "no_cap": "the second and third criterion count above the first: doing nothing gets "
            "3.67",
            "failure_is_0": "what is missing, failed or cannot be read counts as 0, below the "
            "scale",
            "micro": "the figure is the mean of all cases, not of the tasks",
        }
    )

    @property
    def scale(self) -> tuple[float, float]:
        """From 0 where failures are 0."""
        return (0.0 if self.has("failure_is_0") else 1.0), 5.0

    @property
    def aggregation(self) -> Aggregation:
        """The mean of all cases."""
        return Aggregation(overall="micro" if self.has("micro") else "macro")

    def params(self) -> Mapping[str, object]:
        """All that scores depend on but the judge and the outputs."""
        return {**self.asking(), "missing": self.scale[0], "quirks": self.quirks_on()}

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The mean of the last three numbers, or 0."""
        del turn
        text = answers.get("", "")
        after_colon = _AFTER_COLON if self.has("number_cut") else _WHOLE_AFTER_COLON
        found = self._kept(after_colon.findall(text))
        if by_line := len(found) < _CRITERIA and self.has("ends_of_lines"):
            ends = (_AT_END.search(line.strip()) for line in text.strip().split("\n"))
            found = self._kept([match[1] for match in ends if match])
        scores = [float(number) for number in found[-_CRITERIA:]]
        is_too_many = len(found) > _CRITERIA and not self.has("last_three")
        if len(scores) < _CRITERIA or is_too_many or not math.isfinite(sum(scores)):
            return self.unscored(Status.UNPARSABLE, f"it holds {len(found)} numbers, not three")
        if not self.has("no_cap"):
            scores = [min(score, scores[0]) for score in scores]
        bore = {
            "last_three": len(found) > _CRITERIA,
            "number_cut": self.has("number_cut") and not by_line and bool(_CUT.search(text)),
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
        if self.has("failure_is_0"):
            return CaseScore(status=status, score=0.0, reason=reason, quirks=("failure_is_0",))
        score = self.scale[0] if status is Status.MISSING else None
        return CaseScore(status=status, score=score, reason=reason)

    def _kept(self, numbers: list[str]) -> list[str]:
        return [
            number
            for number in numbers
            if (self.has("any_digits") or number.isascii())
            and (self.has("any_number") or 1 <= float(number) <= 5)
        ]
