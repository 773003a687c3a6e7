"""A checkpoint on disk: where it is, which one it is, and how much memory it takes."""

import hashlib
import json
import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path

from models.faults import ImgEditError

BYTES_OF = {"float32": 4, "bfloat16": 2, "float16": 2}
"""Bytes of one number of each dtype a model may be run in."""

_SAMPLE_BYTES = 1 << 16


class CheckpointError(ImgEditError):
    """A checkpoint is missing, incomplete, or not of the architecture that is asked for."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A checkpoint in the layout that its library publishes: a folder, or one file."""

    source: str
    """As the profile names it: a folder, a file, or a repository of the hub."""
    revision: str
    """The hub's commit or tag, or a fingerprint of the files."""
    locate: Callable[[], Path] = field(compare=False, repr=False)
    """Where it is on this machine; downloads it first where that is needed."""
    is_here: Callable[[], bool] = field(default=lambda: True, compare=False, repr=False)
    """Whether `locate` needs no download."""

    @classmethod
    def at(cls, path: Path) -> "Weights":
        """A checkpoint that is on this machine.

        Raises:
            CheckpointError: There is nothing.
        """
        if not path.exists():
            msg = f"there is no checkpoint at {path}"
            raise CheckpointError(msg)
        return cls(source=str(path), revision=fingerprint(path), locate=lambda: path)

    @cached_property
    def path(self) -> Path:
        """The folder or file on this machine.

        Raises:
            CheckpointError: It cannot be had; the text says how to get it.
        """
        return self.locate()

    @property
    def name(self) -> str:
        """Its name without its owner or folder."""
        return Path(self.source).name

    def params(self) -> dict[str, object]:
        """What a recipe says of it. A folder that is moved is still the same checkpoint."""
        return {"checkpoint": self.name, "revision": self.revision}

    def size_bytes(self, dtype: str) -> int:
        """Memory that its parameters take once loaded.

        Args:
            dtype: What the model is run in: "float32", "bfloat16" or "float16".
        """
        files = [self.path] if self.path.is_file() else sorted(self.path.rglob("*"))
        tensors = [f for f in files if f.suffix == ".safetensors"]
        if tensors:
            return sum(map(parameter_count, tensors)) * BYTES_OF[dtype]
        return sum(f.stat().st_size for f in files if f.suffix in (".bin", ".pt", ".pth"))


def parameter_count(file: Path) -> int:
    """Numbers in a safetensors file, read from its header alone.

    Raises:
        CheckpointError: It is no safetensors file, or was cut off.
    """
    return sum(prod(tensor["shape"]) for tensor in _header(file).values())


def _header(file: Path) -> Mapping[str, Mapping[str, list[int]]]:
    with file.open("rb") as opened:
        start = opened.read(8)
        (length,) = struct.unpack("<Q", start) if len(start) == 8 else (0,)
        text = opened.read(length) if 0 < length < file.stat().st_size else b""
    try:
        header: dict[str, Mapping[str, list[int]]] = json.loads(text)
    except ValueError:
        msg = f"{file}: not a safetensors file, or cut off; download it again"
        raise CheckpointError(msg) from None
    header.pop("__metadata__", None)
    end = 8 + length + max((t["data_offsets"][1] for t in header.values()), default=0)
    if end > file.stat().st_size:
        msg = f"{file}: cut off at {file.stat().st_size} of {end} bytes; download it again"
        raise CheckpointError(msg)
    return header


def fingerprint(path: Path) -> str:
    """Names, sizes and samples of a checkpoint's files; reading 24 GB whole would take a minute."""
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file())
    hashed = hashlib.sha256()
    for file in files:
        name = file.name if path.is_file() else file.relative_to(path).as_posix()
        size = file.stat().st_size
        hashed.update(f"{name}\0{size}\0".encode())
        with file.open("rb") as opened:
            for start in sorted({0, max(0, size // 2), max(0, size - _SAMPLE_BYTES)}):
                opened.seek(start)
                hashed.update(opened.read(_SAMPLE_BYTES))
    return hashed.hexdigest()[:16]


def kind_of(weights: Weights, known: Collection[str], *, key: str = "model_type") -> str:
    """What a checkpoint's config.json says that it is.

    Raises:
        CheckpointError: It says nothing, or none of what is known.
    """
    try:
        kind = str(json.loads((weights.path / "config.json").read_text("utf-8"))[key])
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{weights.source}: config.json is missing or broken ({error}): download it again"
        raise CheckpointError(msg) from error
    if kind not in known:
        wanted = " or a ".join(map(repr, known))
        msg = f"{weights.source} is a {kind!r}, not a {wanted}: correct the weights' name"
        raise CheckpointError(msg)
    return kind


def base_said(weights: Weights) -> dict[str, object]:
    """What a checkpoint says of another that it was trained from and does not hold."""
    return {
        **weights.params(),
        "source": weights.source,
        "folder": str(weights.path.resolve()),
        "fingerprint": fingerprint(weights.path),
    }


def base_at(said: Mapping[str, str], folder: Path, *, whole: str) -> Weights:
    """The checkpoint that another was trained from.

    Args:
        said: As `base_said` gave it.
        folder: The other's, for the error.
        whole: The setting by which the other would need none, for the error.

    Raises:
        CheckpointError: It is not where it was, or another lies there.
    """
    path = Path(said["folder"])
    if not path.exists() or fingerprint(path) != said["fingerprint"]:
        what = "has other contents than" if path.exists() else "is not at"
        msg = (
            f"{folder} was trained from {said['source']}, which {what} {path} in training: put it "
            f"there, or train the variant with {whole}"
        )
        raise CheckpointError(msg)
    return Weights.at(path)
