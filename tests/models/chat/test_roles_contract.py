"""Every role of a language model, played by a real one: a debug-size Qwen2.5-VL.

Its weights are random, so most of what it writes means nothing and has to end as a fault; only
grades, which decoding can hold to, have to come out.
"""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("llguidance")

from models.annotation import Annotation
from models.chat.vlm import LocalVlm
from models.describe.chat import ChatDescriber
from models.describe.description import Description
from models.dialogues.chat import ChatDialogueWriter
from models.dialogues.dialogue import DialogueRequest, WrittenDialogue
from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.faults import Fault, Reason
from models.geometry import Box, Rgb
from models.hosting import SoloHost
from models.judge.chat import ChatJudge
from models.judge.judgement import Judgement, JudgeRequest
from models.paint.expand import ChatExpander
from models.painting import PaintRequest
from models.runtime import Runtime
from models.vocabulary import PaintKind, Target
from models.weights import Weights
from models.write.chat import ChatWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction
from models.zoo.vlms import BUILDERS

TYPES = load_edit_types()
DOG = Subject(name="dog", box=Box(4, 40, 30, 60))
CAR = Subject(name="car", box=Box(40, 4, 60, 20))
RED = Target(key="red", phrase="a red dog")


def picture(seed: int) -> Rgb:
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def vlm(tmp_path_factory: pytest.TempPathFactory) -> LocalVlm:
    folder: Path = tmp_path_factory.mktemp("qwen")
    BUILDERS["qwen2.5-vl"](folder)
    return LocalVlm(
        weights=Weights.at(folder),
        host=SoloHost(),
        runtime=Runtime(dtype="float32"),
        min_pixels=56 * 56,
        max_pixels=112 * 112,
        string_chars=24,
        list_items=3,
    )


def pair(kind: str, seed: int, *, reference: bool = False) -> JudgeRequest:
    operation = Operation(edit_type="alter", subject=0, name="dog", target=RED)
    return JudgeRequest(
        edit_type=TYPES[kind],
        edit_types=TYPES,
        instruction="Make the dog red.",
        operations=(operation,),
        source=picture(seed),
        target=picture(seed + 1),
        reference=picture(seed + 2) if reference else None,
        masks=(np.ones((64, 64), np.bool_),),
    )


def test_a_judge_grades_every_pair_on_the_scale(vlm: LocalVlm) -> None:
    asked = [pair("alter", 0), pair("visual_edit", 3, reference=True), pair("content_memory", 6)]
    verdicts = ChatJudge(chat=vlm).judge(asked)
    grades = {g / 2 for g in range(2, 11)}
    for verdict in verdicts:
        assert isinstance(verdict, Judgement), verdict
        assert {verdict.adherence, verdict.quality, verdict.preservation} <= grades
        assert "Quality: " in verdict.reason
    graded = {
        (v.adherence, v.quality, v.preservation) for v in verdicts if isinstance(v, Judgement)
    }
    assert len(graded) > 1, "the grades do not follow the images"


def test_a_describer_answers_for_every_image(vlm: LocalVlm) -> None:
    found = ChatDescriber(chat=vlm).describe([(picture(i), Annotation()) for i in range(2)])
    assert_each(found, Description, 2)


def test_a_writer_answers_for_every_request(vlm: LocalVlm) -> None:
    def request(kind: str, *subjects: Subject, images: tuple[Rgb, ...] = ()) -> WriteRequest:
        return WriteRequest(
            caption="a dog and a car",
            edit_type=TYPES[kind],
            edit_types=TYPES,
            subjects=subjects,
            width=64,
            height=64,
            seed=2,
            images=images,
        )

    asked = [
        request("replace", DOG),
        request("hybrid", DOG, CAR),
        request("motion_change", DOG, DOG, images=(picture(1), picture(2))),
        request("style_transfer"),
    ]
    assert_each(ChatWriter(chat=vlm).write(asked), WrittenInstruction, 4)


def test_a_writer_of_dialogues_answers_for_every_request(vlm: LocalVlm) -> None:
    asked = [
        DialogueRequest(
            edit_type=TYPES[kind],
            edit_types=TYPES,
            caption="a dog and a car",
            subjects=(DOG, CAR),
            width=64,
            height=64,
            seed=0,
        )
        for kind in ("content_memory", "version_backtracking")
    ]
    found = ChatDialogueWriter(chat=vlm, max_tokens=64).write_dialogues(asked)
    assert_each(found, WrittenDialogue, 2)


def test_an_expander_answers_for_every_request(vlm: LocalVlm) -> None:
    request = PaintRequest(
        kind=PaintKind.INSERT,
        image=picture(0),
        mask=np.ones((64, 64), np.bool_),
        name="cat",
        target=RED,
        grow_px=0,
        seed=0,
    )
    assert_each(ChatExpander(chat=vlm)([request]), str, 1)


def assert_each(found: list[object], kind: type, count: int) -> None:
    """As many answers as requests, each of its kind or a fault that says what was wrong."""
    assert len(found) == count
    for each in found:
        if isinstance(each, Fault):
            assert each.reason is Reason.BAD_REPLY
            assert each.detail
        else:
            assert isinstance(each, kind)
