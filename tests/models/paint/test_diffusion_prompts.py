from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from models.faults import Fault, FaultError, Reason
from models.paint.diffusion.jobs import Prompt, prompts_for, words
from models.painting import PaintRequest
from models.vocabulary import PaintKind, Target

PAINTED = [kind for kind in PaintKind if kind is not PaintKind.FRAME]


class Adorned:
    """Describes each target with one word more, and cannot describe a dragon."""

    def __init__(self) -> None:
        self.asked: list[PaintKind | None] = []

    def params(self) -> Mapping[str, object]:
        return {}

    def __call__(self, requests: Sequence[PaintRequest]) -> list[str | Fault]:
        self.asked += [request.kind for request in requests]
        return [self._described(request) for request in requests]

    def _described(self, request: PaintRequest) -> str | Fault:
        if "dragon" in request.target.phrase:
            return Fault(reason=Reason.REFUSED, detail="no dragons")
        return f"{request.target.phrase} gleaming"


def request(kind: PaintKind | None, phrase: str = "a blue teapot") -> PaintRequest:
    return PaintRequest(
        kind=kind,
        image=np.zeros((8, 8, 3), np.uint8),
        mask=np.ones((8, 8), np.bool_),
        name="kettle",
        target=Target(key="teapot", phrase=phrase),
        grow_px=0,
        seed=0,
    )


@pytest.mark.parametrize("kind", PAINTED)
def test_every_kind_has_words_without_open_slots(kind: PaintKind) -> None:
    (prompt,) = prompts_for([request(kind)])
    assert isinstance(prompt, Prompt)
    assert prompt.text
    assert prompt.negative
    assert "{" not in prompt.text + prompt.negative


def test_what_is_erased_is_unwanted_and_unnamed() -> None:
    (prompt,) = prompts_for([request(PaintKind.ERASE, phrase="")])
    told = words(prompt)
    assert "kettle" in told.negative
    assert "kettle" not in told.text


def test_description_replaces_the_phrase_where_there_is_a_target() -> None:
    describe = Adorned()
    prompts = prompts_for([request(kind) for kind in PAINTED], describe)
    told = {kind: "gleaming" in words(p).text for kind, p in zip(PAINTED, prompts, strict=True)}
    undescribed = {PaintKind.ERASE, PaintKind.ISOLATE}
    assert {kind for kind, described in told.items() if not described} == undescribed
    assert not undescribed & set(describe.asked)


def test_fault_of_a_description_stays_with_its_request() -> None:
    asked = [
        request(PaintKind.ERASE),
        request(PaintKind.INSERT, "a dragon"),
        request(PaintKind.INSERT),
        request(PaintKind.RECOLOUR, ""),
        request(None),
    ]
    answers = prompts_for(asked[:3], Adorned()) + prompts_for(asked[3:])
    reasons = [a.reason if isinstance(a, Fault) else None for a in answers]
    assert reasons == [None, Reason.REFUSED, None, Reason.UNPAINTABLE, Reason.UNPAINTABLE]
    with pytest.raises(FaultError, match="no dragons"):
        words(answers[1])
