from collections.abc import Sequence

import numpy as np

from models.faults import Fault, Reason
from models.paint.classical import ClassicalPainter
from models.paint.workflows import WorkflowPainter
from models.painting import Painting, PaintRequest
from models.vocabulary import PaintKind, Target


class Counted(ClassicalPainter):
    """The classical painter, which is a workflow too; remembers what it was asked at once."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    def paint(self, requests: Sequence[PaintRequest]) -> list[Painting | Fault]:
        self.calls.append([request.seed for request in requests])
        return super().paint(requests)


def request(kind: PaintKind | None, seed: int) -> PaintRequest:
    mask = np.zeros((80, 80), np.bool_)
    mask[20 + seed : 40, 20:50] = True
    return PaintRequest(
        kind=kind,
        image=np.random.default_rng(seed).integers(0, 256, (80, 80, 3), dtype=np.uint8),
        mask=mask,
        name="thing",
        target=Target(key="", phrase=""),
        grow_px=2,
        seed=seed,
    )


def test_each_workflow_gets_all_of_its_requests_in_one_call_and_order_is_kept() -> None:
    shared, other = Counted(), Counted()
    painter = WorkflowPainter(erase=shared, isolate=other, stylise=shared)
    asked = [
        request(PaintKind.ERASE, 1),
        request(PaintKind.ISOLATE, 2),
        request(PaintKind.STYLISE, 3),
        request(PaintKind.ERASE, 4),
        request(PaintKind.ISOLATE, 5),
    ]
    answers = painter.paint(asked)
    assert shared.calls == [[1, 3, 4]]
    assert other.calls == [[2, 5]]
    for one, answer in zip(asked, answers, strict=True):
        (alone,) = ClassicalPainter().paint([one])
        assert type(answer) is type(alone)
        if isinstance(answer, Painting) and isinstance(alone, Painting):
            assert answer.box == alone.box
            assert (answer.rgb == alone.rgb).all()


def test_kind_without_a_workflow_names_the_missing_key() -> None:
    painter = WorkflowPainter(erase=ClassicalPainter())
    faults = painter.paint([request(PaintKind.BACKDROP, 1), request(None, 2)])
    assert all(isinstance(f, Fault) and f.reason is Reason.UNPAINTABLE for f in faults)
    assert "[roles.painter] has no key backdrop" in str(faults[0])
    assert "key" not in str(faults[1])


def test_kinds_without_a_workflow_do_not_keep_others_from_being_painted() -> None:
    painter = WorkflowPainter(erase=ClassicalPainter())
    lost, made = painter.paint([request(PaintKind.FRAME, 1), request(PaintKind.ERASE, 2)])
    assert isinstance(lost, Fault)
    assert isinstance(made, Painting)


def test_recipe_tells_which_workflow_paints_which_kind() -> None:
    one = WorkflowPainter(erase=ClassicalPainter()).params()
    two = WorkflowPainter(insert=ClassicalPainter()).params()
    assert one != two
    assert one["erase"] == {"name": "classical", "version": ClassicalPainter.version}


def test_it_asks_for_as_many_requests_as_its_largest_batch_takes() -> None:
    wide, narrow = Counted(), Counted()
    wide.batch_size, narrow.batch_size = 6, 2  # type: ignore[attr-defined]
    assert WorkflowPainter(erase=narrow, insert=wide, stylise=ClassicalPainter()).batch_size == 6
    assert WorkflowPainter().batch_size == 1
