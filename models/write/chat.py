"""An instruction writer that is a language model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from models.chat.chat_model import ChatRequest, Message
from models.chat.prompts import ChatRole, answers, prompt_file
from models.edit_types.spec import EditType, Vocabulary
from models.edit_types.templates import WORDINGS
from models.faults import Fault, FaultError, Reason
from models.geometry import Box, Rgb
from models.write.assigned import Assigned, assigned
from models.write.choices import choices
from models.write.english import is_mass, is_person
from models.write.instruction import WriteRequest, WrittenInstruction
from models.write.meaning import InstructionReply, operations
from models.write.phrasing import MAX_WORDS
from models.write.placing import region, size_word

PROMPT = ("models.write", "prompt.toml")


def messages(
    request: WriteRequest, edits: Sequence[Assigned], *, closed: bool, show_image: bool
) -> tuple[Message, ...]:
    """The rules with the type's task, which requests of one type share, then the request as JSON.

    Args:
        request: What to write about.
        edits: What the instruction is to ask for.
        closed: List the vocabularies, to choose from them alone.
        show_image: Let the model see the image; frames it always sees.

    Raises:
        FaultError: There are no pixels of what the model is to see.
    """
    if request.edit_type.regions.kind == "frames":
        return _about_frames(request, edits[0])
    parts: tuple[str | Rgb, ...] = (_as_json(request, _asked(request, edits)),)
    if show_image:
        parts += _pixels(request, 1)
    return _system(request, closed), Message(role="user", parts=parts)


def _system(request: WriteRequest, closed: bool) -> Message:
    words, edit_type = prompt_file(*PROMPT), request.edit_type
    types = [request.edit_types[name] for name in edit_type.operations] or [edit_type]
    tasks = [edit_type.brief.task, *(f"{t.title}: {t.brief.task}" for t in types if t != edit_type)]
    listed = {t.title: known for t in types if (known := _listed(t, closed))}
    text: str = words["system"].format(
        task="\n".join(tasks),
        words=MAX_WORDS,
        choice=words["closed_choice" if listed else "open_choice"],
    )
    if listed:
        text += f"\nchoices: {json.dumps(listed, ensure_ascii=False)}"
    return Message(role="system", parts=(text.strip(),))


def _listed(edit_type: EditType, closed: bool) -> Mapping[str, str] | list[str]:
    """What a type's edits are to be chosen from; nothing where the choice is free."""
    vocabulary = edit_type.brief.vocabulary
    if not closed and vocabulary is not Vocabulary.OWN:
        return {}
    known = choices(edit_type)
    return list(known) if vocabulary is Vocabulary.OBJECT else known


def _asked(request: WriteRequest, edits: Sequence[Assigned]) -> dict[str, Any]:
    rng = np.random.default_rng(request.seed)
    wording = WORDINGS[int(rng.integers(len(WORDINGS)))]
    return {
        "picture": "an illustration" if request.drawn else "a photograph",
        "edits": [_edit(request, edit, rng) for edit in edits],
        "wording": prompt_file(*PROMPT)["wording"][wording],
    }


def _edit(request: WriteRequest, edit: Assigned, rng: np.random.Generator) -> dict[str, Any]:
    asked: dict[str, Any] = {"edit": edit.edit_type.title, "object": edit.subject.name}
    if edit.edit_type.regions.kind == "image":
        return asked
    box, canvas = edit.subject.box, {"width": request.width, "height": request.height}
    asked |= {"box": _corners(box), "place": region(box, **canvas)}
    sized = not is_person(edit.subject.name) and not is_mass(edit.subject.name)
    if sized and (size := size_word(box, **canvas, rng=rng)):
        asked["size"] = size
    return asked


def _about_frames(request: WriteRequest, edit: Assigned) -> tuple[Message, ...]:
    words, wording = prompt_file(*PROMPT), _asked(request, ())["wording"]
    told = words["frames"].format(task=request.edit_type.brief.task, words=MAX_WORDS).strip()
    boxes = [_corners(subject.box) for subject in request.subjects[:2]]
    asked: dict[str, Any] = {"object": edit.subject.name if edit.is_named else "", "boxes": boxes}
    known = {"action_before": request.before, "action_after": request.after}
    asked |= {key: said for key, said in known.items() if said} | {"wording": wording}
    before, after = _pixels(request, 2)
    parts = (
        _as_json(request, asked),
        *(words["first_frame"], before),
        *(words["second_frame"], after),
    )
    return Message(role="system", parts=(told,)), Message(role="user", parts=parts)


def _pixels(request: WriteRequest, count: int) -> tuple[Rgb, ...]:
    if len(request.images) < count:
        detail = f"{request.edit_type.name}: {len(request.images)} of {count} images to look at"
        raise FaultError(Reason.NOTHING_TO_SAY, detail)
    return request.images[:count]


def _as_json(request: WriteRequest, asked: Mapping[str, Any]) -> str:
    about = {"caption": request.caption, "width": request.width, "height": request.height}
    return json.dumps({**about, **asked}, ensure_ascii=False)


def _corners(box: Box) -> list[int]:
    return [box.x0, box.y0, box.x1, box.y1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWriter(ChatRole):
    """Writes instructions as docs/paper.md says under "Motion pairs" and "Instructions".

    It is told the caption, the object's name and its box, and does not see the image; of a clip it
    sees both frames. What it asks for is free, so only a painter that takes words can paint all of
    it.
    """

    prompts = (PROMPT,)
    form = InstructionReply
    show_frames = True
    """A clip's instruction cannot be written unseen."""

    closed: bool = False
    """Choose from `models.vocabulary` and the studio's catalogue alone: what the classical painter
    can paint and the metric judge can check."""
    show_image: bool = False
    """Show the image too; the paper does not."""
    temperature: float = 0.7
    """Above 0, for wording and choices that vary; the request's seed is sent along."""
    max_tokens: int = 512
    batch_size: int = 64

    def write(self, requests: Sequence[WriteRequest]) -> list[WrittenInstruction | Fault]:
        """One instruction for each request; a subject without a name is a fault."""
        return answers(self.chat, requests, self._asked, self._written)

    def _asked(self, request: WriteRequest) -> ChatRequest:
        edits = assigned(request)
        return self.question(
            messages(request, edits, closed=self.closed, show_image=self.show_image),
            check=partial(self._check, edits),
            seed=request.seed,
        )

    def _check(self, edits: Sequence[Assigned], reply: InstructionReply) -> None:
        operations(reply, edits, closed=self.closed)

    def _written(self, request: WriteRequest, reply: InstructionReply) -> WrittenInstruction:
        meant = operations(reply, assigned(request), closed=self.closed)
        return WrittenInstruction(text=reply.instruction, operations=meant, wording="model")
