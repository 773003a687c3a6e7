"""The layout that trainers read: pictures of one name in two folders, captions, and lists of both.

`control/<id>.png` becomes `target/<id>.png` as `target/<id>.txt` says: ai-toolkit, musubi-tuner and
SimpleTuner. `metadata.jsonl` (musubi-tuner) and `metadata.csv` (DiffSynth-Studio) list the same
pairs, by paths from their own folder. Pairs that show a second image lie under `with_reference/`,
for models that take one; held-out splits are folders of the same layout, `validation/` and `test/`.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from resources.releases.checksums import Digests
from resources.releases.renditions import as_png
from resources.releases.sample import EncodedImage, ReleaseSample

FOLDERS = {"source": "control", "target": "target", "reference": "reference"}
"""Where each image of a pair goes."""

SAID = ("edit_type", "licence", "attribution")
"""What the lists tell beyond what trainers ask."""

Row = Mapping[str, str]


class PairFolders:
    """Writes each image as a PNG, since some trainers want one file name in both folders."""

    def __init__(self, root: Path, digests: Digests, *, shard_mb: int) -> None:
        self._root = root
        self._digests = digests
        self._lists: dict[Path, _Lists] = {}

    def add(self, sample: ReleaseSample) -> None:
        """Write a sample."""
        folder = self._root if sample.split == "train" else self._root / sample.split
        folder = folder / "with_reference" if sample.reference else folder
        images = {name: image for name, image in sample.images() if name in FOLDERS}
        paths = {name: f"{FOLDERS[name]}/{sample.id}.png" for name in images}
        for name, image in images.items():
            self._save(as_png(image), folder / paths[name])
        caption = (folder / paths["target"]).with_suffix(".txt").relative_to(self._root)
        self._digests.write(caption.as_posix(), sample.instruction.encode())
        if folder not in self._lists:
            self._lists[folder] = _Lists(folder, self._digests)
        said = {name: str(getattr(sample, name)) for name in SAID}
        self._lists[folder].add(
            musubi_row(paths, sample.instruction) | said,
            diffsynth_row(paths, sample.instruction) | said,
        )

    def close(self) -> None:
        """Finish the lists."""
        for lists in self._lists.values():
            lists.close()

    def _save(self, image: EncodedImage, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image.payload)
        self._digests.add(path, image.sha256)


def musubi_row(paths: Row, instruction: str) -> dict[str, str]:
    """A line of `metadata.jsonl`: several images to look at are numbered."""
    names = ["control_path_0", "control_path_1"] if "reference" in paths else ["control_path"]
    shown = [paths[name] for name in ("source", "reference") if name in paths]
    return {
        "image_path": paths["target"],
        **dict(zip(names, shown, strict=True)),
        "caption": instruction,
    }


def diffsynth_row(paths: Row, instruction: str) -> dict[str, str]:
    """A line of `metadata.csv`, which has no lists: a second image has a column of its own."""
    second = {"reference_image": paths["reference"]} if "reference" in paths else {}
    return {
        "image": paths["target"],
        "prompt": instruction,
        "edit_image": paths["source"],
        **second,
    }


class _Lists:
    """The two lists of one folder."""

    def __init__(self, folder: Path, digests: Digests) -> None:
        self._digests = digests
        self._files: list[IO[str]] = [
            (folder / f".metadata.{suffix}").open("w", encoding="utf-8", newline="")
            for suffix in ("jsonl", "csv")
        ]
        self._table: csv.DictWriter[str] | None = None

    def add(self, line: Row, row: Row) -> None:
        lines, table = self._files
        lines.write(json.dumps(line, ensure_ascii=False) + "\n")
        if self._table is None:
            self._table = csv.DictWriter(table, list(row), lineterminator="\n")
            self._table.writeheader()
        self._table.writerow(row)

    def close(self) -> None:
        for file in self._files:
            file.close()
            path = Path(file.name)
            self._digests.finished(path, path.with_name(path.name.lstrip(".")))
