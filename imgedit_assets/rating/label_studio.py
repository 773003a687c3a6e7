"""Ratings in Label Studio's JSON, both ways: its task format, with what was said as annotations.

Pictures lie beside the tasks, under the addresses of its local file storage.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, FiniteFloat, TypeAdapter, ValidationError

from benchmark.ratings import CRITERIA
from imgedit_assets.rating.answers import FIRST, PREFERENCES, SECOND, Mode, RatingError, turned
from imgedit_assets.rating.campaigns import Opened
from imgedit_assets.rating.plan import plan
from imgedit_assets.rating.tables import read_answers
from models.faults import FaultError
from resources.reading import read_regular
from resources.schema import CampaignItem, Rating
from resources.store import Store

TASKS, CONFIG, PICTURES = "tasks.json", "config.xml", "images"
LOCAL = "/data/local-files/?d="
"""What its local storage serves, below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."""

MAX_BYTES = 500_000_000

SIDES = {FIRST: "left", SECOND: "right"}

_IMAGE = '<Image name="{0}" value="${0}"/>'
_CHOICES = '<Choices name="{0}" toName="{1}" choice="single-radio" required="true">{2}</Choices>'


class LsData(BaseModel):
    """The part of a task's data that was written here."""

    item: str
    showing: Literal[0, 1] = 0
    turn: int = 1
    flipped: Literal[0, 1] = 0


class LsResult(BaseModel):
    """What one control says."""

    from_name: str
    value: dict[str, Any] = {}


class LsAnnotation(BaseModel):
    """What one person says of a task."""

    completed_by: int | dict[str, Any] | None = None
    result: list[LsResult] = []
    was_cancelled: bool = False
    lead_time: FiniteFloat | None = None

    @property
    def rater(self) -> str:
        """Their name: an address, if the export has it, or a number."""
        by = self.completed_by
        if isinstance(by, dict):
            return str(by.get("email") or f"user {by.get('id', '')}")
        return f"user {by}" if by is not None else "user"

    @property
    def said(self) -> Mapping[str, str]:
        """The answer of each control, by its name."""
        found = {}
        for one in self.result:
            value = next(iter(one.value.values()), "")
            found[one.from_name] = str(value[0] if isinstance(value, list) and value else value)
        return found


class LsTask(BaseModel):
    """A task, as Label Studio exports it."""

    data: LsData
    annotations: list[LsAnnotation] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """One task: an item, or one turn of it."""

    item: CampaignItem
    turn: int
    flipped: bool


def write_label_studio(
    now: Opened, folder: Path, picture: Callable[[str], bytes], *, prefix: str = ""
) -> int:
    """Write tasks, their labelling configuration and their pictures.

    Args:
        now: The campaign; what was answered goes along as annotations.
        folder: An empty or new one.
        picture: A version as a JPEG.
        prefix: Where the folder lies below Label Studio's document root; by default its name.

    Returns:
        How many tasks there are.
    """
    root = prefix or folder.name
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(configuration(now.mode), encoding="utf-8")
    tasks = []
    for shown in _shown(now):
        data: dict[str, object] = {
            "item": shown.item.id,
            "showing": 0,
            "turn": shown.turn,
            "flipped": int(shown.flipped),
            "instruction": shown.item.instructions[shown.turn - 1],
        }
        for name, version in _versions(now.mode, shown).items():
            file = folder / PICTURES / f"{version}.jpg"
            if not file.exists():
                file.write_bytes(picture(version))
            data[name] = f"{LOCAL}{root}/{PICTURES}/{file.name}"
        tasks.append({"data": data, "annotations": list(_annotations(now, shown))})
    text = json.dumps(tasks, indent=1, ensure_ascii=False)
    (folder / TASKS).write_text(text, encoding="utf-8")
    return len(tasks)


def read_label_studio(store: Store, now: Opened, path: Path) -> list[Rating]:
    """The ratings of a file that Label Studio exported as JSON; nothing is kept but their raters.

    Of a dialogue that is not answered to its end there is none yet.

    Raises:
        RatingError: It is no such file, or its tasks are of another campaign.
    """
    try:
        data = read_regular(path, max_bytes=MAX_BYTES)
        tasks = TypeAdapter(list[LsTask]).validate_json(data)
    except (FaultError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        msg = f"{path}: no tasks of Label Studio that were exported from here ({why}): export JSON"
        raise RatingError(msg) from None
    found = defaultdict[tuple[str, str, int], list[tuple[str, Mapping[str, str]]]](list)
    for place, task in enumerate(tasks, 1):
        for annotation in task.annotations:
            key = (task.data.item, annotation.rater, task.data.showing)
            found[key].append((f"{path}, task {place}", _row(task.data, annotation)))
    turns = {item.id: len(item.firsts) for item in now.items if now.mode is Mode.TURNS}
    whole = {key: rows for key, rows in found.items() if len(rows) >= turns.get(key[0], 1)}
    return read_answers(store, now, whole)


def configuration(mode: Mode) -> str:
    """The labelling configuration of a project for a campaign's tasks."""
    if mode is Mode.PAIRS:
        shown = ["source", "left", "right"]
        controls = [_choices("answer", "left", [SIDES.get(p, p) for p in PREFERENCES])]
    else:
        shown = ["source", "result"]
        rating = '<Header value="{0}"/><Rating name="{0}" toName="result" maxRating="5"/>'
        controls = [rating.format(criterion) for criterion in CRITERIA]
        if mode is Mode.TURNS:
            controls = [_choices("done", "result", ["yes", "no"])]
    note = f'<TextArea name="reason" toName="{shown[-1]}" maxSubmissions="1"/>'
    head = '<Text name="words" value="$instruction"/>'
    lines = [head, *(_IMAGE.format(name) for name in shown), *controls, note]
    return "<View>\n  {}\n</View>\n".format("\n  ".join(lines))


def _choices(name: str, to: str, values: list[str]) -> str:
    return _CHOICES.format(name, to, "".join(f'<Choice value="{value}"/>' for value in values))


def _shown(now: Opened) -> Iterator[_Shown]:
    """Every item once, in the order and on the sides that the first seat sees."""
    seen = {task.item.id: task for task in plan(now.campaign, now.items, 0) if not task.showing}
    rest = [item for item in now.items if item.id not in seen]
    for item in [*(task.item for task in seen.values()), *rest]:
        flipped = now.mode is Mode.PAIRS and item.id in seen and seen[item.id].flipped
        for turn in range(1, (len(item.firsts) if now.mode is Mode.TURNS else 1) + 1):
            yield _Shown(item=item, turn=turn, flipped=flipped)


def _versions(mode: Mode, shown: _Shown) -> dict[str, str]:
    item, at = shown.item, shown.turn - 1
    if mode is not Mode.PAIRS:
        return {"source": item.sources[at], "result": item.firsts[at]}
    left, right = item.firsts[0], item.seconds[0]
    if shown.flipped:
        left, right = right, left
    return {"source": item.sources[0], "left": left, "right": right}


def _annotations(now: Opened, shown: _Shown) -> Iterator[dict[str, object]]:
    names = {rater.id: rater.name for rater in now.raters}
    for rating in now.ratings:
        if rating.item_id == shown.item.id and not rating.showing:
            yield {
                "completed_by": {"email": names[rating.rater_id]},
                "result": list(_results(now.mode, rating, shown)),
                "was_cancelled": not rating.answers,
                "lead_time": rating.ms / 1000,
            }


def _results(mode: Mode, rating: Rating, shown: _Shown) -> Iterator[dict[str, object]]:
    if not rating.answers:
        return
    if mode is Mode.SCORES:
        for name, grade in zip(CRITERIA, rating.answers, strict=True):
            yield _control(name, "result", "rating", int(grade))
    elif mode is Mode.PAIRS:
        said = turned(rating.answers[0]) if shown.flipped else rating.answers[0]
        yield _control("answer", "left", "choices", [SIDES.get(said, said)])
    else:
        yield _control("done", "result", "choices", [rating.answers[shown.turn - 1]])
    if rating.note:
        yield _control("reason", "right" if mode is Mode.PAIRS else "result", "text", [rating.note])


def _control(name: str, to: str, key: str, value: object) -> dict[str, object]:
    kind = "textarea" if key == "text" else key
    return {"from_name": name, "to_name": to, "type": kind, "value": {key: value}}


def _row(data: LsData, annotation: LsAnnotation) -> dict[str, str]:
    """What a person said of a task, as a row of a table has it."""
    said = {} if annotation.was_cancelled else dict(annotation.said)
    side = {shown: meant for meant, shown in SIDES.items()}
    if "answer" in said:
        said["answer"] = side.get(said["answer"], said["answer"])
        said["answer"] = turned(said["answer"]) if data.flipped else said["answer"]
    return {
        **dict.fromkeys((*CRITERIA, "answer", "done"), ""),
        **said,
        "turn": str(data.turn),
        "left": SECOND if data.flipped else FIRST,
        "ms": str(round(1000 * (annotation.lead_time or 0))),
    }
