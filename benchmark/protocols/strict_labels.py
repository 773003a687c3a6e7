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
from models.judge.labels import read_lines


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
            found = read_lines(answers.get("", ""), wanted)
        except ValueError as error:
            return CaseScore(status=Status.UNPARSABLE, reason=str(error))
        grades = {label: min(found[label], found[wanted[0]]) for label in wanted}
        return CaseScore(
            status=Status.SCORED, score=sum(grades.values()) / len(grades), criteria=grades
        )
