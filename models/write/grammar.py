"""The embedded instruction writer: a grammar over the templates of the edit types, and no model."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.edit_types.templates import WORDINGS, Wording
from models.faults import Fault, FaultError, Reason
from models.write.asking import Asked, ask
from models.write.instruction import WriteRequest, WrittenInstruction
from models.write.phrasing import MAX_WORDS, clause, phrase


class GrammarWriter:
    """Writes instructions from templates, deterministic by the request's seed.

    It knows names, boxes and the caption, never pixels. A row's writer says that it is a grammar.
    """

    name = "grammar"
    version = "2"

    def setup(self) -> None:
        """There is nothing to load."""

    def params(self) -> Mapping[str, object]:
        """None: the briefs that are written from enter the recipe by themselves."""
        return {}

    def write(self, requests: Sequence[WriteRequest]) -> list[WrittenInstruction | Fault]:
        """One instruction for each request."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: WriteRequest) -> WrittenInstruction | Fault:
        rng = np.random.default_rng(request.seed)
        wording = WORDINGS[int(rng.integers(len(WORDINGS)))]
        try:
            if request.edit_type.operations:
                return _mixed(request, wording, rng)
            return _single(request, wording, rng)
        except FaultError as error:
            return error.fault


def _mixed(request: WriteRequest, wording: Wording, rng: np.random.Generator) -> WrittenInstruction:
    """Two different operations, each a clause of its own type, in one sentence."""
    names = request.edit_type.operations
    chosen = [request.edit_types[names[int(i)]] for i in rng.permutation(len(names))[:2]]
    asked = [ask(request, edit_type, i, rng) for i, edit_type in enumerate(chosen)]
    clauses = [clause(each, rng, placed=wording != "terse") for each in asked]
    slots = dict(zip(("first", "second"), clauses, strict=False))
    slots["picture"] = asked[0].slots["picture"]
    text = phrase(request.edit_type.brief.templates[wording], slots, rng)
    return _written(request, text, asked, wording)


def _single(
    request: WriteRequest, wording: Wording, rng: np.random.Generator
) -> WrittenInstruction:
    asked = ask(request, request.edit_type, 0, rng)
    templates = request.edit_type.brief.templates
    # A long name can leave no room for the wording that was drawn.
    for each in dict.fromkeys((wording, "plain", "terse")):
        if text := phrase(templates[each], asked.slots, rng, needs=asked.needs):
            return _written(request, text, [asked], each)
    return _written(request, "", [asked], wording)


def _written(
    request: WriteRequest, text: str, asked: Sequence[Asked], wording: Wording
) -> WrittenInstruction:
    if not text:
        named = ", ".join(repr(each.operation.name) for each in asked)
        detail = f"{request.edit_type.name}: no template fits {named} in {MAX_WORDS} words"
        raise FaultError(Reason.NOTHING_TO_SAY, detail)
    operations = tuple(each.operation for each in asked)
    return WrittenInstruction(text=text, operations=operations, wording=wording)
