import pytest

from models.edit_types.registry import load_edit_types
from models.faults import Fault, Reason
from models.geometry import Box
from models.write.asking import motion
from models.write.grammar import GrammarWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction

START = Box(400, 400, 500, 600)


def frames(end: Box, *, before: str = "", after: str = "", seed: int = 0) -> WriteRequest:
    return WriteRequest(
        caption="",
        edit_type=load_edit_types()["motion_change"],
        subjects=(Subject(name="man", box=START), Subject(name="man", box=end)),
        width=1000,
        height=1000,
        seed=seed,
        before=before,
        after=after,
    )


def moved(dx: int, dy: int) -> Box:
    return Box(START.x0 + dx, START.y0 + dy, START.x1 + dx, START.y1 + dy)


@pytest.mark.parametrize(
    ("end", "shift"),
    [
        (moved(-50, 0), "slightly to the left"),
        (moved(200, 10), "to the right"),
        (moved(-390, 0), "far to the left"),
        (moved(0, -200), "up"),
        (moved(150, 150), "to the right and down"),
        (moved(20, 20), ""),
        (Box(380, 360, 520, 640), "closer to the camera"),
        (Box(425, 450, 475, 550), "further away from the camera"),
        # Raised arms make the box taller, not the man nearer.
        (Box(400, 380, 500, 600), ""),
    ],
)
def test_displacement_in_words(end: Box, shift: str) -> None:
    assert motion(frames(end)).shift == shift


def test_an_action_matters_more_than_a_displacement() -> None:
    said = motion(frames(moved(300, 0), before="walking", after="running"))
    assert (said.before, said.after, said.do, said.shift) == ("walking", "running", "run", "")


def test_the_same_action_is_no_change_but_the_way_gone_is() -> None:
    assert motion(frames(moved(200, 0), before="running", after="running")).shift == "to the right"


@pytest.mark.parametrize("end", [START, Box(0, 0, 0, 0)])
def test_where_nothing_can_be_measured_there_is_nothing_to_say(end: Box) -> None:
    start = frames(end)
    still = WriteRequest(
        caption="",
        edit_type=start.edit_type,
        subjects=(start.subjects[1], start.subjects[1]),
        width=1000,
        height=1000,
        seed=0,
    )
    (answer,) = GrammarWriter().write([still])
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.NOTHING_TO_SAY


def test_both_actions_are_written_out() -> None:
    texts = []
    for seed in range(100):
        (answer,) = GrammarWriter().write(
            [frames(START, before="walking", after="raising one hand", seed=seed)]
        )
        assert isinstance(answer, WrittenInstruction)
        assert answer.operations[0].target.phrase == "the man raising one hand"
        texts.append(answer.text)
    assert all("raise one hand" in text or "raising one hand" in text for text in texts)
    assert sum("walking" in text for text in texts) > 30
    assert not any("move" in text.lower() for text in texts if "a moment later" not in text)
