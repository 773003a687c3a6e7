"""`studio-uge`: 47 pictures that are hard to understand, hard to ground in, or hard to edit.

Four challenges: a partly hidden object, several of one kind, one of its background's colours, a
rare one. Four needs take turns in each: spatial reasoning, several targets, a compound of two
different edits, a large edit.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import cast

import numpy as np

from benchmark.cases import BenchCase, CaseTurn, StudioTruth
from benchmark.suites.studio.concepts import camouflaged, rare
from benchmark.suites.studio.layouts import (
    gathered,
    occluded,
    row,
    settings_for,
    shuffled,
    suited,
)
from benchmark.suites.studio.pictures import studio_case
from benchmark.suites.studio.soundness import sound
from benchmark.suites.studio.versions import TYPES
from models.edit_types.spec import Vocabulary
from models.edit_types.templates import fill, variants
from models.faults import FaultError, ImgEditError
from models.studio.catalogue import CatalogueObject, named
from models.studio.scene import Scene
from models.studio.settings import SETTINGS
from models.vocabulary import APPEARANCES
from models.write.asking import Asked, ask
from models.write.english import sentence
from models.write.instruction import Subject, WriteRequest
from models.write.phrasing import MAX_WORDS

NAME, TASK = "studio-uge", "uge"
CHALLENGES = {"occlusion": 12, "instances": 12, "camouflage": 12, "rare": 11}
"""Cases of each."""
NEEDS = ("spatial", "several", "compound", "large")

_SEED = 20250522
_TRIES = 40
_LOCAL = ("alter", "replace", "remove")
_MANY = ("zebra", "penguin", "cow", "potted plant", "teapot", "hamburger", "cactus", "gift")
"""What stands there three times."""
_SIDES = {0: ("leftmost", "farthest to", "the left"), 2: ("rightmost", "farthest to", "the right")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Puzzle:
    """A scene with two subjects, and the words that tell which is which."""

    scene: Scene
    pair: tuple[int, int]
    words: Mapping[str, str]


def uge_cases(folder: Path) -> tuple[BenchCase, ...]:
    """All cases; `folder` holds the pictures."""
    return tuple(
        _case(folder, f"uge-{number:02d}", challenge, at)
        for number, (challenge, at) in enumerate(_numbered(), 1)
    )


def _numbered() -> Iterator[tuple[str, int]]:
    for challenge, count in CHALLENGES.items():
        yield from ((challenge, at) for at in range(count))


def _case(folder: Path, name: str, challenge: str, at: int) -> BenchCase:
    """The first sound case among those that chance makes."""
    need, faults = NEEDS[at % len(NEEDS)], []
    for attempt in range(_TRIES):
        rng = np.random.default_rng((_SEED, list(CHALLENGES).index(challenge), at, attempt))
        puzzle = _PUZZLES[challenge](at, rng)
        try:
            turn, subjects = _said(puzzle, challenge, need, at, rng)
            truth = StudioTruth(scene=puzzle.scene, subjects=subjects)
            groups = (challenge, need)
            return sound(
                studio_case(
                    folder,
                    name=name,
                    suite=NAME,
                    task=TASK,
                    turns=[turn],
                    truth=truth,
                    groups=groups,
                )
            )
        except (FaultError, ImgEditError) as error:
            faults.append(str(error))
    message = f"{name}: no sound case in {_TRIES} tries: {faults[-1]}"
    raise ImgEditError(message)


def _occlusion(at: int, rng: np.random.Generator) -> _Puzzle:
    setting = list(SETTINGS)[at]
    things = [thing for thing in suited(setting) if SETTINGS[setting].above not in thing.where]
    small, large = ([t for t in things if (t.size > 2) == big] for big in (False, True))
    front, aside = shuffled(small, rng)[:2]
    behind = shuffled([t for t in (large or small) if t not in (front, aside)], rng)[0]
    scene, hidden, before = occluded(setting, (behind, front, aside), rng)
    words = {"front": scene.objects[before].name}
    return _Puzzle(scene=scene, pair=(hidden, 0), words=words)


def _instances(at: int, rng: np.random.Generator) -> _Puzzle:
    thing = named(_MANY[at % len(_MANY)])
    open_to = settings_for(thing)
    scene = row(open_to[int(rng.integers(len(open_to)))], thing, 3, rng)
    end = int(rng.choice(list(_SIDES)))
    side, farthest, way = _SIDES[end]
    words = {"side": side, "farthest": farthest, "way": way}
    return _Puzzle(scene=scene, pair=(end, 1), words=words)


def _camouflage(at: int, rng: np.random.Generator) -> _Puzzle:
    setting, thing = camouflaged()[at]
    return _among(setting, thing, rng)


def _rare(at: int, rng: np.random.Generator) -> _Puzzle:
    thing = rare()[at]
    open_to = settings_for(thing)
    return _among(open_to[int(rng.integers(len(open_to)))], thing, rng)


_PUZZLES = {
    "occlusion": _occlusion,
    "instances": _instances,
    "camouflage": _camouflage,
    "rare": _rare,
}


def _among(setting: str, thing: CatalogueObject, rng: np.random.Generator) -> _Puzzle:
    others = [other for other in suited(setting) if other.name != thing.name]
    scene = gathered(setting, [thing, *others], 3, rng)
    at = next(i for i, each in enumerate(scene.objects) if each.name == thing.name)
    return _Puzzle(scene=scene, pair=(at, (at + 1) % 3), words={})


def _said(
    puzzle: _Puzzle, challenge: str, need: str, at: int, rng: np.random.Generator
) -> tuple[CaseTurn, tuple[int, ...]]:
    """The turn, and the scene's object behind each subject.

    Raises:
        FaultError: No target would be a change.
        ImgEditError: It takes too many words.
    """
    kinds = _kinds(challenge, need, at // len(NEEDS))
    asked = [_asked(puzzle, kind, which, rng) for which, kind in enumerate(kinds)]
    clauses = [_clause(puzzle, challenge, each, rng) for each in asked]
    slots = dict(zip(("first", "second"), clauses, strict=False))
    text = sentence(_filled(_table("needs", need), slots, rng))
    if len(text.split()) > MAX_WORDS:
        message = f"{text!r} has more than {MAX_WORDS} words"
        raise ImgEditError(message)
    operations = tuple(each.operation for each in asked)
    turn = CaseTurn(instruction=text, starts_from=0, operations=operations)
    if operations[0].edit_type == "background_change":
        return turn, tuple(range(len(puzzle.scene.objects)))
    return turn, puzzle.pair[: len(operations)]


def _kinds(challenge: str, need: str, turn: int) -> tuple[str, ...]:
    """The edit types that are asked for.

    What is partly hidden is given another look: of what lies behind its neighbour, or of a new
    thing there, too little would be seen to tell right from wrong.
    """
    one, other = _LOCAL[turn % 3], _LOCAL[(turn + 1) % 3]
    match need:
        case "large":
            return (("background_change", "object_extraction")[turn % 2],)
        case "spatial":
            return ("alter" if challenge == "occlusion" else one,)
        case "several":
            return ("alter", "alter") if challenge == "occlusion" else (one, one)
        case _:
            hidden = challenge == "occlusion"
            return ("alter", ("replace", "remove")[turn % 2]) if hidden else (one, other)


def _asked(puzzle: _Puzzle, kind: str, which: int, rng: np.random.Generator) -> Asked:
    scene = puzzle.scene
    subjects = tuple(
        Subject(name=scene.objects[at].name, box=scene.objects[at].box) for at in puzzle.pair
    )
    request = WriteRequest(
        caption=scene.setting.phrase,
        edit_type=TYPES[kind],
        edit_types=TYPES,
        subjects=subjects,
        width=scene.width,
        height=scene.height,
        seed=0,
        drawn=True,
    )
    return ask(request, TYPES[kind], which, rng)


def _clause(puzzle: _Puzzle, challenge: str, asked: Asked, rng: np.random.Generator) -> str:
    first, second = (puzzle.scene.objects[at].name for at in puzzle.pair)
    role = ("one", "two")[asked.operation.subject]
    names = {"name": first, "other": second}
    it = _filled(_table("subjects", challenge, role), {**asked.slots, **names, **puzzle.words}, rng)
    kind = asked.operation.edit_type
    slots = {**asked.slots, "it": it}
    if asked.edit_type.brief.vocabulary is Vocabulary.APPEARANCE:
        slots["colour"] = APPEARANCES[asked.operation.target.key].adjective
    return _filled(_table("clauses", kind), slots, rng)


def _filled(templates: tuple[str, ...], slots: Mapping[str, str], rng: np.random.Generator) -> str:
    choices = variants(templates[int(rng.integers(len(templates)))])
    return fill(choices[int(rng.integers(len(choices)))], slots) or ""


@cache
def _tables() -> Mapping[str, Mapping[str, object]]:
    text = files("benchmark.suites.studio").joinpath("challenges.toml").read_text("utf-8")
    return tomllib.loads(text)


def _table(group: str, *path: str) -> tuple[str, ...]:
    """The templates under these headings."""
    found: object = _tables()[group]
    for heading in path:
        found = cast(Mapping[str, object], found)[heading]
    return tuple(cast(list[str], found))
