"""Checks one row of a release: its values, its images, its masks, and that they belong together."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.decoded import PICTURES
from models.faults import FaultError
from models.geometry import Rgb
from resources.reading import parse_json
from resources.releases.columns import COLUMNS, Kind
from resources.releases.damage import Damage
from resources.releases.digests import image_digests, row_faults, states_digests
from resources.releases.limits import turn_fault
from resources.releases.sample import SPLITS, VALUE_COLUMNS, row_checksum
from resources.releases.stored import StoredRow
from resources.releases.verify_masks import largest_change, mask_complaints

Complaint = tuple[Damage, str]

CHANGE_TOLERANCE = 0.005
"""How far a share of changed pixels may be off where another JPEG decoder is at work."""

_STATED = tuple(column for column in VALUE_COLUMNS if column != "operations")
"""What every release of ours says; `operations` came later."""
_NEEDED = ("id", "edit_type", "instruction", "split", "turn", "turns", "row_checksum")
_SCORES = ("adherence", "quality", "preservation", "score", "dialogue_score")
_COMPARED = frozenset({"source", "target", "mask"})
"""The images that are compared with one another; the others are not kept."""
_CLASS = re.compile(r"[a-z][a-z0-9_]*")
_IS: Mapping[Kind, Callable[[Any], bool]] = {
    "string": lambda v: isinstance(v, str),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "float": lambda v: isinstance(v, int | float) and math.isfinite(v),
    "strings": lambda v: isinstance(v, list) and all(isinstance(i, str) for i in v),
    "boxes": lambda v: isinstance(v, list) and all(_is_box(i) for i in v),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """What of a row is compared with other rows."""

    name: str
    split: str
    image_keys: tuple[str, ...]
    """What names its images: the source image's id, the original's digest, the images' digests."""
    dialogue: str
    turn: int
    turns: int
    checksum: str
    digested: bool
    """Whether the row says what its images are."""
    bounded: bool
    """Whether the row says how far from its masks its images may differ."""


def check_row(
    name: str, row: StoredRow, *, ours: bool, known: dict[str, tuple[Complaint, ...]]
) -> tuple[list[Complaint], RowFacts]:
    """What is wrong with a row; rows that are not ours may leave out what only we write.

    Args:
        name: As which it stands.
        row: What it holds.
        ours: Whether it is held to all that we write.
        known: What is wrong with the pictures of the rows before it, by the checksum of all that
            they hold, which a row has in common with its twin of another layout; grows.
    """
    digests = image_digests(row)
    complaints = [*_missing(row, ours=ours), *_values(row), *_words(row)]
    complaints += _scores(row) if ours else []
    complaints += ((Damage(f.reason.value), f.detail) for f in row_faults(row, digests))
    facts = _facts(name, row, digests)
    if facts.checksum not in known:
        known[facts.checksum] = tuple(_pictures(row))
    return [*complaints, *known[facts.checksum]], facts


def _pictures(row: StoredRow) -> Iterator[Complaint]:
    pixels: dict[str, Rgb] = {}
    for column, data in row.images.items():
        try:
            shown = PICTURES.pixels(data)
        except FaultError as error:
            yield Damage(error.fault.reason.value), f"{column}: {error.fault.detail}"
            continue
        yield from _sizes(row, column, shown)
        if column in _COMPARED:
            pixels[column] = shown
    yield from mask_complaints(row, pixels)
    yield from _change(row, pixels)


def _missing(row: StoredRow, *, ours: bool) -> Iterator[Complaint]:
    columns = _STATED if ours else ("instruction",)
    needed = [*columns, "row_checksum"] if ours else columns
    for column in needed:
        if column not in row.values:
            yield Damage.MISSING_COLUMN, f"there is no {column}"
    for column in ("source", "target"):
        if column not in row.images:
            yield Damage.MISSING_COLUMN, f"there is no {column} image"


def _values(row: StoredRow) -> Iterator[Complaint]:
    for column in COLUMNS:
        value = row.values.get(column.name)
        if value is None:
            if column.name in _NEEDED and column.name in row.values:
                yield Damage.BAD_VALUE, f"{column.name} is empty"
        elif column.kind != "image" and not _IS[column.kind](value):
            yield Damage.BAD_VALUE, f"{column.name} is {str(value)[:60]!r}, not {column.kind}"


def _words(row: StoredRow) -> Iterator[Complaint]:
    edit_type, instruction = row.text("edit_type"), row.text("instruction")
    if edit_type and not _CLASS.fullmatch(edit_type):
        swapped = bool(_CLASS.fullmatch(instruction))
        damage = Damage.SWAPPED if swapped else Damage.BAD_VALUE
        yield damage, f"edit_type is {edit_type[:60]!r}, instruction {instruction[:60]!r}"
    elif not instruction.strip():
        yield Damage.BAD_VALUE, "instruction is empty"
    if fault := turn_fault(row.values.get("turn"), row.values.get("turns")):
        yield Damage.BAD_VALUE, fault
    if "split" in row.values and row.text("split") not in SPLITS:
        yield Damage.BAD_VALUE, f"split is {row.values['split']!r}"
    try:
        recipes = parse_json(row.text("recipes") or "{}")
    except ValueError as error:
        yield Damage.BAD_VALUE, f"recipes is no JSON: {error}"
    else:
        if not isinstance(recipes, dict):
            yield Damage.BAD_VALUE, "recipes is no JSON object"


def _scores(row: StoredRow) -> Iterator[Complaint]:
    scores = {n: v for n in _SCORES if isinstance(v := row.values.get(n), int | float)}
    for name, score in scores.items():
        if not 1 <= score <= 5:
            yield Damage.BAD_VALUE, f"{name} is {score}, not 1 to 5"
    if len(scores) < len(_SCORES):
        return
    mean = (scores["adherence"] + scores["quality"] + scores["preservation"]) / 3
    if not math.isclose(mean, scores["score"], abs_tol=1e-3):
        yield Damage.BAD_VALUE, f"score is {scores['score']}, the mean of the three {mean:.3f}"
    if max(scores["quality"], scores["preservation"]) > scores["adherence"]:
        yield Damage.BAD_VALUE, "adherence does not cap quality and preservation"


def _sizes(row: StoredRow, column: str, rgb: Rgb) -> Iterator[Complaint]:
    size, stated = rgb.shape[1::-1], (row.values.get("width"), row.values.get("height"))
    if column != "reference" and None not in stated and size != stated:
        text = f"{column} is {size[0]} x {size[1]} px, the row says {stated[0]} x {stated[1]}"
        yield Damage.WRONG_SIZE, text


def _change(row: StoredRow, pixels: Mapping[str, Rgb]) -> Iterator[Complaint]:
    stated = row.values.get("changed_frac")
    if not isinstance(stated, int | float) or not {"source", "target"} <= pixels.keys():
        return
    source, target = pixels["source"], pixels["target"]
    if source.shape != target.shape:
        return
    found = float((largest_change(source, target) > 0).mean())
    if abs(found - stated) > CHANGE_TOLERANCE:
        yield Damage.WRONG_CHANGE, f"{found:.4f} of the pixels differ, the row says {stated:.4f}"
    elif not found:
        yield Damage.WRONG_CHANGE, "source and target are the same"


def _facts(name: str, row: StoredRow, digests: Mapping[str, str]) -> RowFacts:
    keys = [row.text("image_id"), row.text("source_sha256")]
    keys += [digests.get("source", ""), digests.get("target", "")]
    turn, turns = row.values.get("turn"), row.values.get("turns")
    if turn_fault(turn, turns):
        # Said of the row already, so its dialogue is not held to it.
        turn, turns = 1, 1
    return RowFacts(
        name=name,
        split=row.text("split"),
        image_keys=tuple(key for key in keys if key),
        dialogue=row.text("dialogue_id"),
        turn=turn if isinstance(turn, int) else 1,
        turns=turns if isinstance(turns, int) else 1,
        checksum=row_checksum(dict(row.values), dict(digests)),
        digested=states_digests(row),
        bounded=row.values.get("grow_px") is not None,
    )


def _is_box(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(isinstance(i, int) for i in value)
