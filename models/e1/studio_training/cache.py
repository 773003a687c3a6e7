"""Pairs rendered once, kept as files, and read while more are made."""

import json
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.e1.studio_training.edits import STREAMS, Pair
from models.e1.studio_training.scenes import numbered

SHARD = 240
"""Pairs of one file."""
_TURNS = ("local", "local", "local", "backdrop", "local", "motion", "style", "local")
"""What files take turns with."""
_SEED = 20251130


def render(folder: Path, shards: int, *, first: int = 0, step: int = 1) -> None:
    """Make files that are not there yet: every `step`th from `first`, so that processes share."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, shards, step):
        path = folder / f"{number:04d}.npz"
        if path.exists():
            continue
        pairs = list(islice(_stream(_TURNS[number % len(_TURNS)], number), SHARD))
        aside = path.with_suffix(f".{os.getpid()}.new")
        with aside.open("wb") as file:
            np.savez(
                file,
                sources=np.stack([pair.source for pair in pairs]),
                targets=np.stack([pair.target for pair in pairs]),
                said=json.dumps([(pair.edit_type, pair.instruction) for pair in pairs]),
            )
        aside.replace(path)


def _stream(name: str, number: int) -> Iterator[Pair]:
    for rng in numbered(_SEED + number):
        yield from STREAMS[name](rng)


class Cache:
    """All pairs of a folder, by edit type; grows when it is read again."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._read = folder, set[Path]()
        self.sources: list[NDArray[np.uint8]] = []
        self.targets: list[NDArray[np.uint8]] = []
        self.texts: list[str] = []
        self.by_type: dict[str, list[int]] = {}

    def __len__(self) -> int:
        """How many pairs were read."""
        return len(self.texts)

    def read(self) -> None:
        """Take in the files that are new."""
        for path in sorted(self._folder.glob("*.npz")):
            if path in self._read:
                continue
            self._read.add(path)
            with np.load(path) as held:
                self._take(held)

    def _take(self, held: Mapping[str, NDArray[np.uint8]]) -> None:
        sources, targets = held["sources"], held["targets"]
        for at, (edit_type, text) in enumerate(json.loads(str(held["said"]))):
            self.by_type.setdefault(edit_type, []).append(len(self.texts))
            self.sources.append(sources[at])
            self.targets.append(targets[at])
            self.texts.append(text)
