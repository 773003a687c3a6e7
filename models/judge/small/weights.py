"""The checkpoint of a small judge: numbers in one safetensors file beside its recipe."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.judge.learner import RECIPE
from models.judge.small.scale import LEVELS, Scale
from models.judge.small.trees import Trees
from models.weights import CheckpointError

KIND = "small"
FILE = "model.safetensors"
_FORM = 1
"""Raised when the numbers that are read mean something else."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallWeights:
    """What was learnt."""

    names: tuple[str, ...]
    """Of the numbers that it judges by, in the order of the columns."""
    classes: frozenset[str]
    """The edit types in which it is better than the metric judge."""
    trees: Trees
    scale: Scale

    def save(self, folder: Path, recipe: Mapping[str, object]) -> None:
        """Write the two files of a checkpoint; the recipe last, since it makes it one."""
        from safetensors.numpy import save_file

        arrays = {f.name: getattr(self.trees, f.name) for f in fields(Trees)}
        arrays |= {f"scale_{f.name}": getattr(self.scale, f.name) for f in fields(Scale)}
        # safetensors writes the memory of an array as it lies there, transposed or not.
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / FILE)
        said = {"kind": KIND, "form": _FORM, "names": self.names, "classes": sorted(self.classes)}
        text = json.dumps({**said, **recipe}, indent=1)
        (folder / RECIPE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a checkpoint.

        Raises:
            CheckpointError: It is missing, damaged, or of another architecture.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            recipe = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
            if recipe["kind"] != KIND or recipe["form"] != _FORM:
                message = f"it is of kind {recipe['kind']!r}, form {recipe.get('form')}"
                raise ValueError(message)
            arrays = load_file(folder / FILE)
            found = cls(
                names=tuple(recipe["names"]),
                classes=frozenset(recipe["classes"]),
                trees=Trees(**{f.name: arrays[f.name] for f in fields(Trees)}),
                scale=Scale(**{f.name: arrays[f"scale_{f.name}"] for f in fields(Scale)}),
            )
            found.check()
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            message = f"{folder} holds no small judge that can be used ({error}): train it again"
            raise CheckpointError(message) from None
        return found

    def check(self) -> None:
        """See whether all of it fits together and is a number.

        Raises:
            ValueError: It does not, or is not.
        """
        nodes, trees = len(self.trees.column), self.trees
        children = [trees.left, trees.right, trees.roots]
        shapes = (trees.value.shape, self.scale.shares.shape[::2], len(self.names) > 0)
        if shapes != ((nodes, 3), (4, len(LEVELS)), True):
            message = f"shapes {shapes} are not those of a small judge"
            raise ValueError(message)
        if trees.column.max() >= len(self.names) or any(c.max() >= nodes for c in children):
            message = "a tree asks for what is not there"
            raise ValueError(message)
        numbers: list[NDArray[Any]] = [trees.value, trees.threshold]
        numbers += [self.scale.shares, self.scale.good]
        if not all(np.isfinite(each).all() for each in numbers):
            message = "it holds numbers that are not finite"
            raise ValueError(message)
