"""`imgedit-bench/1` of answers to the official rubrics: read strictly, the first criterion the cap.

An answer holds each of the three lines of its task once, each with a whole number of 1 to 5, and no
further line that is a number: anything else is unparsable, and nothing is guessed. The second and
third are held to the first, as the official rubrics demand and their script does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.cases import BenchCase
from benchmark.protocols.protocol import Aggregation, CaseScore, LeastIfMissing, Status
from benchmark.protocols.rubrics import RubricQuestions, labels

_GRADES = frozenset("12345")
_QUOTED = 60
"""Characters of an answer that are repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictLabelsProtocol(LeastIfMissing, RubricQuestions):
    """The official rubrics, counted as this project counts."""

    name = "imgedit-bench/1-labels"
    scale = (1.0, 5.0)
    aggregation = Aggregation()

    def params(self) -> Mapping[str, object]:
        """All that scores depend on but the judge and the outputs."""
        return {
            **self.asking(),
            "parsing": "three lines `label: 1 to 5`, each label once, no further number",
            "cap": "the first criterion caps the second and third",
            "missing": self.scale[0],
            "unscored": "judge failures count in no mean",
        }

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The capped mean, or why the answer is none."""
        del turn
        wanted = labels(case.task)
        try:
            found = _lines(answers.get("", ""), wanted)
        except ValueError as error:
            return CaseScore(status=Status.UNPARSABLE, reason=str(error))
        grades = {label: min(found[label], found[wanted[0]]) for label in wanted}
        return CaseScore(
            status=Status.SCORED, score=sum(grades.values()) / len(grades), criteria=grades
        )


def _lines(text: str, wanted: tuple[str, ...]) -> dict[str, float]:
    """The grade of each label.

    Raises:
        ValueError: There are not exactly these; the text says what is there.
    """
    if not text.strip():
        msg = "the answer is empty"
        raise ValueError(msg)
    found: dict[str, float] = {}
    for line in text.splitlines():
        label, _, value = (part.strip() for part in line.partition(":"))
        if label not in wanted:
            if value.isdigit():
                msg = f"a number beside the three: {line.strip()[:_QUOTED]!r}"
                raise ValueError(msg)
            continue
        if value not in _GRADES or label in found:
            fault = "is there twice" if label in found else f"is {value[:_QUOTED]!r}, not 1 to 5"
            msg = f"{label} {fault}"
            raise ValueError(msg)
        found[label] = float(value)
    if lacking := [label for label in wanted if label not in found]:
        start = " ".join(text.split())[:_QUOTED]
        msg = f"no line `{lacking[0]}: <1 to 5>`; it says {start!r}"
        raise ValueError(msg)
    return found
