"""`official`: the arithmetic of ImgEdit-Bench's own script, to the cent, for published tables.

It splits the answer into lines and each line at ": "; a line of two parts whose second is all
digits counts. A case is the mean of what counts, a task the mean of its cases, each rounded to two
digits (Benchmark/Basic/step1_get_avgscore.py and step2_typescore.py of the published repository).
What follows from that without being meant is a quirk: named in the parameters, counted where it
bore on a score, and switched off by its name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from benchmark.cases import BenchCase
from benchmark.protocols.protocol import Aggregation, CaseScore, Status
from benchmark.protocols.quirks import Quirky
from benchmark.protocols.rubrics import RubricQuestions, labels

_FACTS: Mapping[str, str] = {
    "no_overall": "the script gives no overall; here it is the mean of the rounded tasks",
    "request_bare": "no sampling is set by the script; here the judge's own parameters hold",
}
"""What cannot be switched."""

_DIGITS = 2
_NUMBER = re.compile(r":\W*\d")
"""A line that was meant to give a number, perhaps."""
_ANY_FORM = re.compile(r"\W*(?P<label>.+?)\W*:\W*(?P<number>\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialProtocol(Quirky, RubricQuestions):
    """The published script's way of asking and counting."""

    called = "imgedit-official/1"
    scale = (1.0, 5.0)
    by_default = True
    quirks = MappingProxyType(
        {
            "any_line_counts": "a line of another label counts as a criterion, as `Brief "
            "reasoning: 3`",
            "any_count": "the mean is taken of however many lines count, not of three",
            "any_digits": "digits of any script count, full-width ones too",
            "any_number": "numbers beside 1 to 5 count",
            "line_dropped": "a number in any other form is dropped: `4/5`, `4.5`, "
            "`3 (Acceptable)`, `**Label:** 4`, or a second ': ' in the line",
            "no_cap": "the second and third criterion count above the first: doing nothing gets "
            "3.67",
            "case_dropped": "a case without a number vanishes from the mean",
            "script_ends": "the script ends with an error, for all cases, at a digit that is no "
            "number, as `²`, a call that failed or an output that is missing; here that case alone "
            "is left out",
            "rounded": "cases and tasks are rounded to two digits",
        }
    )

    @property
    def aggregation(self) -> Aggregation:
        """The mean of the tasks, each rounded."""
        return Aggregation(digits=_DIGITS if self.has("rounded") else None)

    def params(self) -> Mapping[str, object]:
        """All that scores depend on but the judge and the outputs."""
        missing = "counts in no mean" if self.has("script_ends") else self.scale[0]
        return {**self.asking(), "missing": missing, "quirks": {**self.quirks_on(), **_FACTS}}

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The mean of the lines that count, rounded; unparsable where the script has none."""
        del turn
        text, wanted = answers.get("", ""), labels(case.task)
        found = list(self._counted(text, wanted))
        dropped = {"line_dropped"} if self._dropped(text, len(found)) else set()
        try:
            scores = [float(n) if "." in n else int(n) for _, n in found]
            capped = scores if self.has("no_cap") else [min(s, scores[0]) for s in scores]
            mean = sum(capped) / len(capped) if capped else None
        except (ValueError, OverflowError) as error:
            return self._unread(f"the official script ends here: {error}", "script_ends")
        if mean is None or not (self.has("any_count") or len(scores) == len(wanted)):
            told = f"{len(scores)} numbers" if scores else "no line is `label: digits`"
            return self._unread(told, "case_dropped", *dropped)
        named = [label for label, _ in found]
        bore = {
            "any_line_counts": not set(named) <= set(wanted),
            "any_count": len(scores) != len(wanted),
            "any_digits": not all(number.isascii() for _, number in found),
            "any_number": not all(1 <= score <= 5 for score in scores),
            "line_dropped": bool(dropped),
            "no_cap": max(capped) > capped[0],
        }
        return CaseScore(
            status=Status.SCORED,
            score=round(mean, _DIGITS) if self.has("rounded") else mean,
            criteria={n: float(s) for n, s in zip(named, capped, strict=True) if n in wanted},
            quirks=tuple(quirk for quirk, did in bore.items() if did),
        )

    def unscored(self, status: Status, reason: str) -> CaseScore:
        """No score: what has no answer counts in no mean."""
        if self.has("script_ends"):
            return CaseScore(status=status, reason=reason, quirks=("script_ends",))
        score = self.scale[0] if status is Status.MISSING else None
        return CaseScore(status=status, score=score, reason=reason)

    def _unread(self, reason: str, *quirks: str) -> CaseScore:
        score = None if self.has("case_dropped") else self.scale[0]
        bore = tuple(quirk for quirk in quirks if self.has(quirk))
        return CaseScore(status=Status.UNPARSABLE, score=score, reason=reason, quirks=bore)

    def _counted(self, text: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Label and digits of each line that counts."""
        for line in text.splitlines():
            label, number = self._split(line.strip())
            if (
                number
                and (self.has("any_line_counts") or label in wanted)
                and (self.has("any_digits") or number.isascii())
                and (self.has("any_number") or _is_on_the_scale(number))
                and (self.has("script_ends") or not number.isdigit() or number.isdecimal())
            ):
                yield label, number

    def _split(self, line: str) -> tuple[str, str]:
        """The label and the number of a line; no number where it has none."""
        parts = line.split(": ")
        if len(parts) == 2 and parts[1].isdigit():
            return parts[0].strip("* "), parts[1]
        if not self.has("line_dropped") and (found := _ANY_FORM.match(line)):
            return found["label"], found["number"]
        return "", ""

    def _dropped(self, text: str, counted: int) -> bool:
        numbers = sum(bool(_NUMBER.search(line)) for line in text.splitlines())
        return self.has("line_dropped") and numbers > counted


def _is_on_the_scale(number: str) -> bool:
    """Whether it is 1 to 5, or no number at all, as `²`."""
    return not number.replace(".", "").isdecimal() or 1 <= float(number) <= 5
