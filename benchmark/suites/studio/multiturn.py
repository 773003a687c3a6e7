"""`studio-multiturn`: thirty dialogues, ten for each ability, of 88 turns in all.

They are written and checked as the pipeline's own are (`models.dialogues`). A dialogue of the
memory of content states a look once; one of understanding refers to an object without naming it;
one of backtracking goes back to an older version.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmark.cases import BenchCase, CaseTurn, StudioTruth
from benchmark.suites.studio.layouts import APART_PX, scaled
from benchmark.suites.studio.pictures import studio_case
from benchmark.suites.studio.soundness import sound
from benchmark.suites.studio.versions import TYPES
from models.dialogues.dialogue import DialogueRequest, Turn, WrittenDialogue
from models.dialogues.grammar import GrammarDialogueWriter
from models.dialogues.validate import check
from models.faults import ImgEditError
from models.studio.scene import Scene, make_scene
from models.write.instruction import Subject

NAME = "studio-multiturn"
TURNS = {
    "content_memory": (*[3] * 9, 2),
    "content_understanding": (3,) * 10,
    "version_backtracking": (*[3] * 9, 2),
}
"""How many turns each dialogue of an ability has."""

_FIRST = 50_000
"""The scene that is tried first: none of those that the demo's data are made of."""
_SHORT_SIDE_PX = 1024
_TRIES = 60


def multiturn_cases(folder: Path) -> tuple[BenchCase, ...]:
    """All dialogues, ability by ability; `folder` holds the pictures."""
    scenes = map(_scene, count(_FIRST))
    return tuple(
        _case(folder, f"{ability}-{number:02d}", ability, turns, scenes)
        for ability, all_turns in TURNS.items()
        for number, turns in enumerate(all_turns, 1)
    )


def _scene(number: int) -> Scene:
    return scaled(make_scene(number), _SHORT_SIDE_PX)


def _case(folder: Path, name: str, ability: str, turns: int, scenes: Iterator[Scene]) -> BenchCase:
    """The first sound dialogue of so many turns."""
    for _, scene in zip(range(_TRIES), scenes, strict=False):
        subjects = _subjects(scene, TYPES[ability].regions.count)
        for seed in range(_TRIES if subjects else 0):
            request = _request(scene, ability, subjects, scene.index * _TRIES + seed)
            (written,) = GrammarDialogueWriter().write_dialogues([request])
            if not isinstance(written, WrittenDialogue) or len(written.turns) != turns:
                continue
            if check(written, request) is None:
                case = studio_case(
                    folder,
                    name=name,
                    suite=NAME,
                    task=ability,
                    turns=[_turn(ability, n, turn) for n, turn in enumerate(written.turns, 1)],
                    truth=StudioTruth(scene=scene, subjects=subjects),
                )
                try:
                    return sound(case)
                except ImgEditError:
                    continue
    message = f"{name}: no sound dialogue of {turns} turns in {_TRIES} scenes"
    raise ImgEditError(message)


def _request(scene: Scene, ability: str, subjects: tuple[int, ...], seed: int) -> DialogueRequest:
    return DialogueRequest(
        edit_type=TYPES[ability],
        edit_types=TYPES,
        caption=scene.setting.phrase,
        subjects=tuple(
            Subject(name=scene.objects[at].name, box=scene.objects[at].box) for at in subjects
        ),
        width=scene.width,
        height=scene.height,
        seed=seed,
        drawn=True,
    )


def _subjects(scene: Scene, wanted: int) -> tuple[int, ...]:
    """The largest objects that stand clear of all others; empty where they are too few."""
    boxes = [thing.box for thing in scene.objects]
    clear = [
        at
        for at, box in enumerate(boxes)
        if all(other is box or box.gap_px(other) > 0 for other in boxes)
    ]
    chosen: list[int] = []
    for at in sorted(clear, key=lambda at: -boxes[at].area_px):
        if len(chosen) < wanted and all(boxes[at].gap_px(boxes[c]) > APART_PX for c in chosen):
            chosen.append(at)
    return tuple(chosen) if len(chosen) == wanted else ()


def _turn(ability: str, number: int, turn: Turn) -> CaseTurn:
    checks = ["done", "reference"]
    if ability == "content_memory":
        checks.append("premise")
    if turn.starts_from < number - 1:
        checks.append("reverted")
    return CaseTurn(
        instruction=turn.instruction,
        starts_from=turn.starts_from,
        operations=turn.operations,
        checks=tuple(checks),
    )
