"""Questions that are answered in lines with a grade, and what such an answer says of a pair.

The order is that of ImgEdit-Judge: the rubric with the instruction, then the source, then the
edited image, in one message of the user; the answer is a short reason and three lines
`<label>: <1 to 5>` (docs/paper.md, "ImgEdit-Judge").
"""

import re
from collections.abc import Mapping
from typing import Literal

from models.chat.chat_model import Message
from models.chat.prompts import prompt_file
from models.chat.vlm import Watched
from models.edit_types.spec import EditType
from models.faults import FaultError, Reason
from models.geometry import Rgb
from models.judge.chat import instruction
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.labels import GRADES, read_lines, remarks, task_labels

PROMPT = ("models.judge.vlm", "prompt.toml")
Lines = Literal["own", "imgedit"]
"""Whose labels: ours, the same for every class, or those of ImgEdit-Bench's rubric of a task."""

Form = Mapping[str, str]
"""The label of each criterion, in the order in which they are asked for."""

OWN: Form = {"adherence": "Adherence", "quality": "Quality", "preservation": "Preservation"}
_KEPT_SECOND = frozenset({"style", "extract", "action"})
"""Tasks whose second line is about what stays and whose third is about the picture."""
_SLOT = "<edit_prompt>"
_PREFIX = re.compile(r"^(brief )?reason(ing)?:\s*", re.IGNORECASE)


def form_of(request: JudgeRequest, lines: Lines) -> Form:
    """The labels that a pair is asked about with.

    Raises:
        FaultError: ImgEdit-Bench has no task of the pair's class.
    """
    if lines == "own":
        return OWN
    first, second, third = task_labels()[_task(request)]
    if _task(request) in _KEPT_SECOND:
        return {"adherence": first, "preservation": second, "quality": third}
    return {"adherence": first, "quality": second, "preservation": third}


def question(request: JudgeRequest, lines: Lines, rubrics: Mapping[str, str]) -> Message:
    """What a judge is asked about a pair.

    Args:
        request: The pair.
        lines: Whose labels the answer is to have.
        rubrics: The user's own texts by the task of ImgEdit-Bench, each with the slot
            `<edit_prompt>`; ours where there is none.

    Raises:
        FaultError: As for `form_of`.
    """
    form = form_of(request, lines)
    own = rubrics.get(_task(request)) if rubrics else None
    text = own.replace(_SLOT, request.instruction) if own else _told(request, form)
    images: list[Rgb] = [request.source, request.target]
    if request.reference is not None:
        images.append(request.reference)
    return Message(role="user", parts=(text, *images))


def answer_text(label: Judgement, grades: Mapping[str, int]) -> str:
    """What a judge that is trained is to say.

    Args:
        label: Whose reason it gives.
        grades: A whole grade for each criterion.
    """
    said = " ".join(label.reason.split())
    return "\n".join([f"Reason: {said}", *(f"{OWN[name]}: {grades[name]}" for name in OWN)])


def read_text(text: str, form: Form) -> Judgement:
    """The verdict that an answer's lines give.

    Raises:
        FaultError: They do not give one.
    """
    try:
        found = read_lines(text, tuple(form.values()))
    except ValueError as error:
        raise FaultError(Reason.BAD_REPLY, str(error)) from error
    return _verdict({name: found[label] for name, label in form.items()}, text, form)


def read_odds(said: Watched, form: Form) -> Judgement:
    """The verdict by the odds of each grade where it was given: the mean that they amount to.

    Raises:
        FaultError: The answer has not exactly the lines of the form.
    """
    found = {name: getattr(read_text(said.text, form), name) for name in form}
    for name, label in form.items():
        ending = re.compile(rf"(^|\n)\s*{re.escape(label)}\s*:\s*$")
        for choice in said.choices:
            if ending.search(choice.before):
                weights = zip(map(int, GRADES), choice.odds, strict=True)
                found[name] = sum(grade * odds for grade, odds in weights)
    return _verdict(found, said.text, form)


def _verdict(found: Mapping[str, float], text: str, form: Form) -> Judgement:
    reason = _PREFIX.sub("", remarks(text, tuple(form.values())))
    return Judgement(
        adherence=found["adherence"],
        quality=found["quality"],
        preservation=found["preservation"],
        reason=reason or "No reason was given.",
    )


def _task(request: JudgeRequest) -> str:
    """The pair's task in ImgEdit-Bench; of mixed classes and dialogues that of the first edit."""
    first = request.operations[0].edit_type if request.operations else ""
    kinds: list[EditType | None] = [request.edit_type, request.edit_types.get(first)]
    known = task_labels()
    for kind in kinds:
        if kind is not None and kind.benchmark_task in known:
            return kind.benchmark_task
    detail = f'ImgEdit-Bench has no task for {request.edit_type.name}: use lines = "own"'
    raise FaultError(Reason.NOTHING_TO_SAY, detail)


def _told(request: JudgeRequest, form: Form) -> str:
    words, rubric = prompt_file(*PROMPT), request.edit_type.rubric
    criteria = [
        words[name].format(label=label, rubric=getattr(rubric, name))
        for name, label in form.items()
    ]
    text: str = words["judge"].format(
        title=request.edit_type.title.lower(),
        instruction=instruction(request),
        reference=words["reference"] * (request.reference is not None),
        criteria="\n\n".join(criteria),
        form="\n".join(words["grade"].format(label=label) for label in form.values()),
    )
    return text.strip()
