import numpy as np
import pytest
from skimage import data

from models.faults import Fault, Reason
from models.paint.classical import ClassicalPainter
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind, Target

TARGETS = {
    PaintKind.ERASE: "",
    PaintKind.INSERT: "red apple",
    PaintKind.RECOLOUR: "gold",
    PaintKind.BACKDROP: "studio_grey",
    PaintKind.STYLISE: "sepia",
    PaintKind.ISOLATE: "",
}


def request(kind: PaintKind, key: str) -> PaintRequest:
    image = data.chelsea()
    mask = np.zeros(image.shape[:2], np.bool_)
    mask[100:200, 150:260] = True
    mask = {PaintKind.BACKDROP: ~mask, PaintKind.STYLISE: np.ones_like(mask)}.get(kind, mask)
    return PaintRequest(
        kind=kind,
        image=image,
        mask=mask,
        name="cat",
        target=Target(key=key, phrase=key),
        grow_px=2,
        seed=1,
    )


@pytest.mark.parametrize("kind", TARGETS)
def test_every_painted_kind_gives_a_patch(kind: PaintKind) -> None:
    (painting,) = ClassicalPainter().paint([request(kind, TARGETS[kind])])
    assert isinstance(painting, Painting)
    assert painting.alpha.any()
    assert painting.rgb.shape == (painting.box.height, painting.box.width, 3)
    assert painting.rgb.dtype == np.uint8


def test_a_bad_row_is_a_fault_in_its_place() -> None:
    answers = ClassicalPainter().paint(
        [
            request(PaintKind.FRAME, ""),
            request(PaintKind.RECOLOUR, "red"),
            request(PaintKind.INSERT, "no such object"),
        ]
    )
    assert [isinstance(answer, Fault) for answer in answers] == [True, False, True]
    assert isinstance(answers[0], Fault)
    assert answers[0].reason is Reason.UNPAINTABLE
