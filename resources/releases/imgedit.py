"""The layout of the published ImgEdit repository: Parquet of prompts and paths beside the images.

`Parquet/<class>_part<n>.parquet` has `input_images`, `output_images` and `prompt`; that of a
multi-turn class has `data`, a list of such turns. Paths start at the folder that holds `Parquet`.
What the published files do not say follows in columns of our own. Held-out splits are folders of
the same layout, `validation/` and `test/`, so that no trainer reads them by mistake.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.faults import ImgEditError
from resources.releases.checksums import Digests
from resources.releases.columns import value_types
from resources.releases.sample import EncodedImage, ReleaseSample

PART_ROWS = 50_000
"""Rows of one Parquet file; the published ones are parts of about this size."""
GROUP_ROWS = 1000

Row = dict[str, Any]


class PublishedFolder:
    """Writes single edits and dialogues, each image as a file, each row only after its images.

    The turns of a dialogue come one after the other, in their order.
    """

    def __init__(self, root: Path, digests: Digests, *, shard_mb: int) -> None:
        self._root = root
        self._digests = digests
        self._classes: dict[tuple[str, str, bool], _Class] = {}
        self._parts: dict[tuple[str, str], Iterator[int]] = {}
        self._dialogue: list[ReleaseSample] = []

    def add(self, sample: ReleaseSample) -> None:
        """Write a sample.

        Raises:
            ImgEditError: A turn came out of order.
        """
        if sample.turn != len(self._dialogue) + 1 or (
            self._dialogue and sample.dialogue_id != self._dialogue[0].dialogue_id
        ):
            raise ImgEditError(self._out_of_order(sample.id))
        self._dialogue.append(sample)
        if sample.turn == sample.turns:
            self._write(self._dialogue)
            self._dialogue = []

    def close(self) -> None:
        """Finish the Parquet files.

        Raises:
            ImgEditError: A dialogue lacks its last turns.
        """
        if self._dialogue:
            raise ImgEditError(self._out_of_order("the end"))
        for written in self._classes.values():
            written.close()

    def _out_of_order(self, at: str) -> str:
        had = ", ".join(f"{s.id} (turn {s.turn} of {s.turns})" for s in self._dialogue) or "nothing"
        return f"turns of a dialogue must follow each other: {had} stood before {at}; sort them"

    def _write(self, samples: list[ReleaseSample]) -> None:
        first, multi = samples[0], len(samples) > 1
        key = (first.split, first.edit_type, multi)
        if key not in self._classes:
            root = self._root if first.split == "train" else self._root / first.split
            # A class with both kinds of rows has parts of both kinds, under one count.
            parts = self._parts.setdefault(key[:2], count())
            self._classes[key] = _Class(root, first.edit_type, parts, self._digests, multi=multi)
        self._classes[key].add(samples)


class _Class:
    """The files of one class in one split."""

    def __init__(
        self, root: Path, edit_type: str, parts: Iterator[int], digests: Digests, *, multi: bool
    ) -> None:
        self._root = root
        self._edit_type = edit_type
        self._parts = parts
        self._digests = digests
        self._multi = multi
        self._rows: list[Row] = []
        self._writer: pq.ParquetWriter | None = None
        self._name = ""
        self._part_rows = 0

    def add(self, samples: list[ReleaseSample]) -> None:
        if self._writer is None:
            self._start()
        name = samples[0].dialogue_id or samples[0].id
        folder = f"{'Multiturn' if self._multi else 'Singleturn'}/{self._name}/{name}"
        turns = [self._turn(sample, folder) for sample in samples]
        self._rows.append({"data": turns} if self._multi else turns[0])
        self._part_rows += 1
        if len(self._rows) == GROUP_ROWS:
            self._flush()
        if self._part_rows == PART_ROWS:
            self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._flush()
            self._writer.close()
            self._writer = None
            self._digests.finished(self._path(), self._path().with_name(f"{self._name}.parquet"))

    def _path(self) -> Path:
        return self._root / "Parquet" / f".{self._name}.parquet"

    def _start(self) -> None:
        self._name = f"{self._edit_type}_part{next(self._parts)}"
        self._part_rows = 0
        self._path().parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._path(), schema(multi=self._multi), compression="ZSTD")

    def _flush(self) -> None:
        if self._rows and self._writer is not None:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema(multi=self._multi)))
            self._rows = []

    def _turn(self, sample: ReleaseSample, folder: str) -> Row:
        """Write a sample's images; the row that names them."""
        names = {"source": "origin" if self._multi else "original", "target": "result"}
        ending = f"_{sample.turn - 1}" if self._multi else ""
        paths = {
            column: self._save(image, f"{folder}/{names.get(column, column)}{ending}")
            for column, image in sample.images()
        }
        values = sample.values()
        values.pop("instruction")
        inputs = [paths[name] for name in ("source", "reference") if name in paths]
        return {
            "input_images": inputs,
            "output_images": [paths["target"]],
            "prompt": sample.instruction,
            "mask_image": paths.get("mask"),
            "previous_image": paths.get("previous"),
            **values,
        }

    def _save(self, image: EncodedImage, stem: str) -> str:
        name = f"{stem}.{image.suffix}"
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image.payload)
        self._digests.add(path, image.sha256)
        return name


def schema(*, multi: bool) -> pa.Schema:
    """The Arrow schema of a class's Parquet files."""
    turn = [
        pa.field("input_images", pa.list_(pa.string())),
        pa.field("output_images", pa.list_(pa.string())),
        pa.field("prompt", pa.string()),
        pa.field("mask_image", pa.string()),
        pa.field("previous_image", pa.string()),
        *(pa.field(n, t) for n, t in value_types().items() if n != "instruction"),
    ]
    return pa.schema([("data", pa.list_(pa.struct(turn)))] if multi else turn)
