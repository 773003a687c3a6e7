"""The official rubrics of ImgEdit-Bench, and the question that its script asks with them.

They are read from the user's folder: `prompts.json` beside the case file, a text for each task with
the instruction's slot in it. Each asks for three lines, `<label>: <score>`.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.cases import BenchCase
from benchmark.protocols.protocol import Question
from benchmark.suites.rows import json_object
from models.faults import FaultError, ImgEditError, Reason
from models.geometry import Rgb
from models.judge.labels import task_labels
from resources.recipes import digest

SLOT = "<edit_prompt>"
FILE = "prompts.json"
_OLD_NAMES = {"adjust": "alter"}


def labels(task: str) -> tuple[str, ...]:
    """The labels of the three lines that a task's rubric asks for."""
    return task_labels()[task]


def read_rubrics(
    folder: Path, tasks: Iterable[str], slotless: Collection[str] = ()
) -> dict[str, str]:
    """The rubric of each task.

    Args:
        folder: Where the case file lies.
        tasks: Those that have cases.
        slotless: Those whose rubric need not say what was asked for.

    Raises:
        ImgEditError: There is no such file, or a task has no rubric with a slot in it.
    """
    file = folder / FILE
    if not file.is_file():
        message = f"{folder} has no {FILE}: the official rubrics lie beside the case file"
        raise ImgEditError(message)
    found = json_object(file)
    rubrics = {task: found.get(task, found.get(_OLD_NAMES.get(task, task))) for task in tasks}
    for task, text in rubrics.items():
        if not isinstance(text, str) or (SLOT not in text and task not in slotless):
            fault = f"has no slot {SLOT}" if isinstance(text, str) else "is not there"
            message = (
                f"{file}: the rubric of {task} {fault}, so that no judge would be told what was "
                "asked for; take the file as it is published"
            )
            raise ImgEditError(message)
    return rubrics


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricQuestions:
    """What a judge is asked with an official rubric: one message, the answer free text."""

    rubrics: Mapping[str, str] = field(default_factory=dict)
    """By task; empty where answers were recorded, and nobody is asked any more."""

    def asking(self) -> Mapping[str, object]:
        """Of the parameters those that questions depend on."""
        known = digest(json.dumps(dict(self.rubrics), sort_keys=True))[:16]
        return {
            "rubrics": known if self.rubrics else "of whoever asked",
            "request": "one message: the rubric, the source, the edit; free text",
            "pictures": "RGB, each at its own size",
            "retries": "none",
        }

    def questions(
        self, case: BenchCase, turn: int, source: Rgb, edited: Rgb, reference: Rgb | None
    ) -> tuple[Question, ...]:
        """One question, with the task's rubric.

        Raises:
            FaultError: There is none.
        """
        del reference
        if case.task not in self.rubrics:
            raise FaultError(Reason.NOTHING_TO_SAY, f"there is no rubric of {case.task}")
        prompt = self.rubrics[case.task].replace(SLOT, case.turns[turn - 1].instruction)
        return (Question(part="", prompt=prompt, images=(source, edited)),)
