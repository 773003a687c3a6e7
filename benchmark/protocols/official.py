"""`official`: the arithmetic of ImgEdit-Bench's own script, to the cent, for published tables.

It splits the answer into lines and each line at ": "; a line of two parts whose second is all
digits counts. A case is the mean of what counts, a task the mean of its cases, each rounded to two
digits (Benchmark/Basic/step1_get_avgscore.py and step2_typescore.py of the published repository).
What follows from that without being meant is a quirk: named in the parameters, and counted where it
bore on a score.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmark.cases import BenchCase
from benchmark.protocols.protocol import Aggregation, CaseScore, Status
from benchmark.protocols.rubrics import RubricQuestions, labels

QUIRKS: Mapping[str, str] = {
    "any_line_counts": "a line of another label counts as a criterion, as `Brief reasoning: 3`",
    "any_count": "the mean is taken of however many lines count, not of three",
    "any_digits": "digits of any script count, full-width ones too",
    "any_number": "numbers beside 1 to 5 count",
    "line_dropped": "a number in any other form is dropped: `4/5`, `4.5`, `3 (Acceptable)`, "
    "`**Label:** 4`, or a second ': ' in the line",
    "no_cap": "the second and third criterion count above the first: doing nothing gets 3.67",
    "case_dropped": "a case without a number vanishes from the mean",
    "script_ends": "the script ends with an error, for all cases, at a digit that is no number, as "
    "`²`, a call that failed or an output that is missing; here that case alone is left out",
    "rounded": "cases and tasks are rounded to two digits",
    "no_overall": "the script gives no overall; here it is the mean of the rounded tasks",
    "request_bare": "no sampling is set by the script; here the judge's own parameters hold",
}
"""Each by its name. The last three are no matter of one case, and are not counted."""

_DIGITS = 2
_NUMBER = re.compile(r":\W*\d")
"""A line that was meant to give a number, perhaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialProtocol(RubricQuestions):
    """The published script's way of asking and counting."""

    name = "imgedit-official/1"
    scale = (1.0, 5.0)
    aggregation = Aggregation(digits=_DIGITS)

    def params(self) -> Mapping[str, object]:
        """All that scores depend on but the judge and the outputs."""
        return {**self.asking(), "missing": "counts in no mean", "quirks": dict(QUIRKS)}

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The mean of the lines that count, rounded; unparsable where the script has none."""
        del turn
        text = answers.get("", "")
        lines = dict(enumerate(_counted(text)))
        dropped = {"line_dropped"} if _dropped(text) else set()
        try:
            scores = [int(value) for _, value in lines.values()]
            mean = round(sum(scores) / len(scores), _DIGITS) if scores else None
        except (ValueError, OverflowError) as error:
            return self._unread(f"the official script ends here: {error}", "script_ends")
        if mean is None:
            return self._unread("no line is `label: digits`", "case_dropped", *dropped)
        wanted = labels(case.task)
        named = [label.strip("* ") for label, _ in lines.values()]
        bore = {
            "any_line_counts": not set(named) <= set(wanted),
            "any_count": len(scores) != len(wanted),
            "any_digits": not all(value.isascii() for _, value in lines.values()),
            "any_number": not all(1 <= score <= 5 for score in scores),
            "line_dropped": bool(dropped),
            "no_cap": max(scores) > scores[0],
        }
        return CaseScore(
            status=Status.SCORED,
            score=mean,
            criteria={n: float(s) for n, s in zip(named, scores, strict=True) if n in wanted},
            quirks=tuple(quirk for quirk, did in bore.items() if did),
        )

    def unscored(self, status: Status, reason: str) -> CaseScore:
        """No score: what has no answer counts in no mean."""
        return CaseScore(status=status, reason=reason, quirks=("script_ends",))

    def _unread(self, reason: str, *quirks: str) -> CaseScore:
        return CaseScore(status=Status.UNPARSABLE, reason=reason, quirks=quirks)


def _counted(text: str) -> Iterator[tuple[str, str]]:
    """Label and digits of each line that counts."""
    for line in text.splitlines():
        parts = line.strip().split(": ")
        if len(parts) == 2 and parts[1].isdigit():
            yield parts[0], parts[1]


def _dropped(text: str) -> bool:
    numbers = sum(bool(_NUMBER.search(line)) for line in text.splitlines())
    return numbers > sum(1 for _ in _counted(text))
