"""What a pipeline is asked in words (`prompts.toml`)."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol, cast

from models.faults import Fault, FaultError, Reason
from models.painting import PaintRequest
from models.vocabulary import PaintKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Words for one painting."""

    text: str
    negative: str
    """What must not be seen; models without classifier-free guidance take none."""


class Describe(Protocol):
    """Turns the nouns of requests into descriptions of subjects: "an oak bench with iron arms"."""

    def params(self) -> Mapping[str, object]:
        """What its words depend on: part of a recipe."""

    def __call__(self, requests: Sequence[PaintRequest]) -> list[str | Fault]:
        """A noun phrase for each request's target, of at most some fifty words."""


def prompts_for(
    requests: Sequence[PaintRequest], describe: Describe | None = None
) -> list[Prompt | Fault]:
    """Words for each request; described ones where there is somebody to describe.

    An erased or isolated object has no target to describe: nobody is asked about it.
    """
    asked = [i for i, r in enumerate(requests) if describe and r.kind in _DESCRIBED]
    told = describe([requests[i] for i in asked]) if describe and asked else []
    whats = dict(zip(asked, told, strict=True))
    return [_prompt(request, whats.get(i)) for i, request in enumerate(requests)]


_DESCRIBED = frozenset(
    {PaintKind.INSERT, PaintKind.RECOLOUR, PaintKind.BACKDROP, PaintKind.STYLISE}
)


def _prompt(request: PaintRequest, what: str | Fault | None) -> Prompt | Fault:
    if isinstance(what, Fault):
        return what
    if request.kind is None or request.kind not in _templates():
        detail = f"there are no words for {str(request.kind)!r}"
        return Fault(reason=Reason.UNPAINTABLE, detail=detail)
    target = request.target.phrase
    if request.kind in _DESCRIBED and not (what or target):
        detail = f"{request.kind} of {request.name!r} names no target"
        return Fault(reason=Reason.UNPAINTABLE, detail=detail)
    slots = {"name": request.name, "target": target, "what": what or target}
    template = _templates()[request.kind]
    return Prompt(**{key: text.format(**slots) for key, text in template.items()})


@cache
def _templates() -> Mapping[str, Mapping[str, str]]:
    text = files("models.paint.diffusion").joinpath("prompts.toml").read_text("utf-8")
    return cast(Mapping[str, Mapping[str, str]], tomllib.loads(text))


def words(prompt: Prompt | Fault) -> Prompt:
    """The prompt.

    Raises:
        FaultError: There is none.
    """
    if isinstance(prompt, Fault):
        raise FaultError(prompt.reason, prompt.detail)
    return prompt
