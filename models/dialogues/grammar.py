"""The embedded writer of dialogues: a grammar over templates, and no model."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.dialogues.backtracking import write_backtracking
from models.dialogues.dialogue import DialogueRequest, WrittenDialogue
from models.dialogues.draft import Draft
from models.dialogues.memory import write_memory
from models.dialogues.understanding import write_understanding
from models.edit_types.spec import Ability
from models.faults import Fault, FaultError, Reason

MOST_TURNS = 3
"""The grammar knows no longer dialogues."""

_WRITERS: Mapping[Ability, Callable[[Draft, int], WrittenDialogue]] = {
    Ability.MEMORY: write_memory,
    Ability.UNDERSTANDING: write_understanding,
    Ability.BACKTRACKING: write_backtracking,
}


class GrammarDialogueWriter:
    """Writes dialogues from templates, deterministic by the request's seed.

    It knows names, boxes and the caption, never pixels. A row's writer says that it is a grammar.
    """

    name = "grammar"
    version = "1"

    def setup(self) -> None:
        """There is nothing to load."""

    def params(self) -> Mapping[str, object]:
        """None: the briefs that are written from enter the recipe by themselves."""
        return {}

    def write_dialogues(self, requests: Sequence[DialogueRequest]) -> list[WrittenDialogue | Fault]:
        """One dialogue for each request."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: DialogueRequest) -> WrittenDialogue | Fault:
        rng = np.random.default_rng(request.seed)
        try:
            return _written(request, rng)
        except FaultError as error:
            return error.fault


def _written(request: DialogueRequest, rng: np.random.Generator) -> WrittenDialogue:
    rule = request.edit_type.dialogue
    if rule is None or rule.min_turns > MOST_TURNS:
        detail = f"{request.edit_type.name}: the grammar writes dialogues of at most {MOST_TURNS}"
        raise FaultError(Reason.NOTHING_TO_SAY, f"{detail} turns")
    turns = int(rng.integers(rule.min_turns, min(rule.max_turns, MOST_TURNS) + 1))
    return _WRITERS[rule.ability](Draft(request, rng), turns)
