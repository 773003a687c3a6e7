"""The three lines with a grade in which a judge answers: `<label>: <1 to 5>`."""

from collections.abc import Sequence

from models.chat.prompts import prompt_file

GRADES = ("1", "2", "3", "4", "5")
_QUOTED = 60
"""Characters of an answer that are repeated."""


def task_labels() -> dict[str, tuple[str, ...]]:
    """The labels that the official rubric of each task of ImgEdit-Bench asks for."""
    return {
        task: tuple(names) for task, names in prompt_file("models.judge", "labels.toml").items()
    }


def read_lines(text: str, wanted: Sequence[str]) -> dict[str, float]:
    """The grade of each label.

    Args:
        text: The answer. Lines without a number may say anything.
        wanted: The labels.

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
        if value not in GRADES or label in found:
            fault = "is there twice" if label in found else f"is {value[:_QUOTED]!r}, not 1 to 5"
            msg = f"{label} {fault}"
            raise ValueError(msg)
        found[label] = float(value)
    if lacking := [label for label in wanted if label not in found]:
        start = " ".join(text.split())[:_QUOTED]
        msg = f"no line `{lacking[0]}: <1 to 5>`; it says {start!r}"
        raise ValueError(msg)
    return found


def remarks(text: str, labels: Sequence[str]) -> str:
    """What an answer says beside the lines of its labels."""
    lines = (line.strip() for line in text.splitlines())
    return " ".join(line for line in lines if line and line.partition(":")[0].strip() not in labels)
