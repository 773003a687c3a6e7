"""The files of a corpus: a table of lessons with their pictures, and the same as a chat.

`lessons.parquet` holds every column of `COLUMNS`; `chat/train.jsonl` and `chat/held_out.jsonl` hold
`images` and `messages` as trainers of vision-language models read them (TRL's "conversational
vision" layout): rubric, source and edited picture, and the answer that is to be given.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl

from imgedit_assets.judging.pictures import Names, Part, PictureReader, PictureShelf
from models.edit_types.spec import EditType
from models.faults import ImgEditError
from models.geometry import Rgb
from models.images import encode_jpeg
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.lesson import Lesson, LessonCard, is_held_out
from models.judge.origin import Origin
from models.judge.vlm.lines import OWN, answer_text, question
from models.masks import Rle
from resources.operations import operations_from_json, operations_to_json
from resources.releases.checksums import Digests

TABLE = "lessons.parquet"

MAX_CHAT_PX = 1_354_752
"""Pixels of a picture of the chat: the most that the published judge was trained with
(docs/paper.md, "ImgEdit-Judge")."""
_CHAT_QUALITY = 92

PICTURES = ("source", "target", "reference")
CRITERIA = ("adherence", "quality", "preservation")
CARD = ("id", "edit_type", "origin", "group", "kind", *CRITERIA, "reason")
COLUMNS = (
    *("pair_id", "instruction", "operations", "masks", "split"),
    *CARD,
    *(f"{name}_{part}" for name in PICTURES for part in ("base", "box", "crop")),
)


class CorpusWriter:
    """Writes lessons one at a time; threads may share it."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests
        self._shelf = PictureShelf(digests)
        self._rows: list[dict[str, Any]] = []
        self._lines: list[tuple[str, str, dict[str, Any]]] = []
        self._chatted: set[str] = set()
        self._said = Names()

    def add(self, lesson: Lesson, pair_id: str) -> None:
        """Write the pictures of a lesson, and keep the rest."""
        request = lesson.request
        split = "held_out" if is_held_out(lesson.group) else "train"
        row: dict[str, Any] = {
            "pair_id": pair_id,
            "instruction": request.instruction,
            "operations": operations_to_json(request.operations),
            "masks": [Rle.encode(mask).counts for mask in request.masks],
            "split": split,
            **_card_row(lesson),
        }
        pictures = (request.source, request.target, request.reference)
        for name, picture in zip(PICTURES, pictures, strict=True):
            part = self._shelf.put(picture, request.source) if picture is not None else _NO_PART
            row |= {
                f"{name}_base": part.base,
                f"{name}_box": list(part.box),
                f"{name}_crop": part.crop,
            }
        self._rows.append(row)
        self._lines.append((split, lesson.id, self._line(lesson)))

    def close(self) -> None:
        """Write the table and the chat, in the order of the lessons' ids."""
        frame = pl.DataFrame(sorted(self._rows, key=lambda row: row["id"]), schema=SCHEMA)
        table = BytesIO()
        frame.write_parquet(table)
        self._digests.write(TABLE, table.getvalue())
        for split in ("train", "held_out"):
            lines = [
                f"{json.dumps(line)}\n"
                for at, _, line in sorted(self._lines, key=_by_id)
                if at == split
            ]
            self._digests.write(f"chat/{split}.jsonl", "".join(lines).encode())

    def _line(self, lesson: Lesson) -> dict[str, Any]:
        """A lesson as a chat with its pictures' paths from the list's folder."""
        asked, images = [], []
        for part in question(lesson.request, "own", {}).parts:
            if isinstance(part, str):
                asked.append({"type": "text", "text": part})
            else:
                images.append(self._said.of(part, self._chat_picture))
                asked.append({"type": "image"})
        whole = {name: round(getattr(lesson.label, name)) for name in OWN}
        answer = [{"type": "text", "text": answer_text(lesson.label, whole)}]
        return {
            "id": lesson.id,
            "images": images,
            "messages": [
                {"role": "user", "content": asked},
                {"role": "assistant", "content": answer},
            ],
            "scores": {name: getattr(lesson.label, name) for name in CRITERIA},
        }

    def _chat_picture(self, image: Rgb) -> str:
        height, width = image.shape[:2]
        scale = min(1.0, (MAX_CHAT_PX / (height * width)) ** 0.5)
        size = (int(width * scale), int(height * scale))
        # Averaging areas takes seven times as long, and shows where one pixel stands for many.
        how = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
        small = cv2.resize(image, size, interpolation=how) if scale < 1 else image
        name = f"images/{sha256(np.ascontiguousarray(small).data).hexdigest()[:16]}.jpg"
        if name not in self._chatted:
            self._chatted.add(name)
            jpeg = encode_jpeg(np.asarray(small, np.uint8), _CHAT_QUALITY)
            self._digests.write(f"chat/{name}", jpeg)
        return name


class CorpusLessons:
    """The lessons of a corpus that was written, each read when it is asked for.

    Args:
        root: The corpus's folder.
        edit_types: Every edit type by name; lessons of one that is gone are left out.
        origins: Whose labels are wanted; by default everybody's.

    Raises:
        ImgEditError: The table cannot be read.
    """

    def __init__(
        self,
        root: Path,
        edit_types: Mapping[str, EditType],
        origins: Collection[Origin] = tuple(Origin),
    ) -> None:
        self._edit_types, self._pictures = edit_types, PictureReader(root)
        try:
            frame = pl.read_parquet(root / TABLE)
        except (OSError, pl.exceptions.PolarsError) as error:
            msg = f"{root / TABLE} cannot be read ({error}): materialise judge_corpus again"
            raise ImgEditError(msg) from None
        known = pl.col("edit_type").is_in(list(edit_types))
        self.frame = frame.filter(known & pl.col("origin").is_in([str(o) for o in origins]))

    @cached_property
    def cards(self) -> Sequence[LessonCard]:
        """One for each lesson, in their order."""
        return [
            LessonCard(
                id=row["id"],
                edit_type=row["edit_type"],
                label=_label(row),
                origin=Origin(row["origin"]),
                group=row["group"],
                kind=row["kind"],
            )
            for row in self.frame.select(CARD).iter_rows(named=True)
        ]

    def __len__(self) -> int:
        """How many there are."""
        return self.frame.height

    def __getitem__(self, index: int, /) -> Lesson:
        """That lesson, with its pixels."""
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        row, card = self.frame.row(index, named=True), self.cards[index]
        source, target, reference = (self._picture(row, name) for name in PICTURES)
        assert source is not None
        assert target is not None
        height, width = source.shape[:2]
        masks = (Rle(counts=counts, height=height, width=width) for counts in row["masks"])
        return Lesson(
            id=card.id,
            request=JudgeRequest(
                edit_type=self._edit_types[card.edit_type],
                edit_types=self._edit_types,
                instruction=row["instruction"],
                operations=operations_from_json(row["operations"]),
                source=source,
                target=target,
                reference=reference,
                masks=tuple(mask.decode() for mask in masks),
            ),
            label=card.label,
            origin=card.origin,
            group=card.group,
            kind=card.kind,
        )

    def _picture(self, row: Mapping[str, Any], name: str) -> Rgb | None:
        if not row[f"{name}_base"]:
            return None
        x0, y0, x1, y1 = row[f"{name}_box"]
        part = Part(base=row[f"{name}_base"], box=(x0, y0, x1, y1), crop=row[f"{name}_crop"])
        return self._pictures.picture(part)


_NO_PART = Part(base="")

_KINDS: Mapping[str, Any] = {
    "masks": pl.List(pl.String),
    **dict.fromkeys(CRITERIA, pl.Float64),
    **{f"{name}_box": pl.List(pl.Int32) for name in PICTURES},
}
SCHEMA = {name: _KINDS.get(name, pl.String) for name in COLUMNS}


def _card_row(lesson: Lesson) -> dict[str, Any]:
    return {
        "id": lesson.id,
        "edit_type": lesson.request.edit_type.name,
        "origin": str(lesson.origin),
        "group": lesson.group,
        "kind": lesson.kind,
        **{name: getattr(lesson.label, name) for name in (*CRITERIA, "reason")},
    }


def _label(row: Mapping[str, Any]) -> Judgement:
    return Judgement(
        adherence=row["adherence"],
        quality=row["quality"],
        preservation=row["preservation"],
        reason=row["reason"],
    )


def _by_id(line: tuple[str, str, dict[str, Any]]) -> str:
    return line[1]
