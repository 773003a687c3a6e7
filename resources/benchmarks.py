"""Benchmarks as a release must avoid them: the hashes of their images, the words of their prompts.

Any folder will do. Prompts are read from the shapes of ImgEdit-Bench: `{key: {"id", "prompt"}}`,
with an `edit_type` or without, and lines of `{"id", "turn1", "turn2"}`.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from models.faults import FaultError, ImgEditError
from models.images import decode_reduced
from models.similarity.phash import HASHED_SHORT_SIDE_PX, perceptual_hash
from resources.reading import MAX_IMAGE_BYTES, parse_json, read_regular
from resources.sources.folder import is_image_name

_TURN = re.compile(r"turn\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkImage:
    """One image of a benchmark."""

    path: str
    """Relative to the benchmark's folder."""
    phash: int
    """64-bit perceptual hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkPrompt:
    """One instruction of a benchmark; of a dialogue, one turn."""

    key: str
    """The file, relative to the folder, and where in it."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A benchmark's cases."""

    name: str
    """The folder's name."""
    images: tuple[BenchmarkImage, ...]
    prompts: tuple[BenchmarkPrompt, ...]
    problems: tuple[str, ...] = ()
    """What could not be read, a line for each; nothing is known of those cases."""


@dataclass(slots=True)
class _Reading:
    """A benchmark while it is read."""

    root: Path
    problems: list[str] = field(default_factory=list)

    def named(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def read_benchmark(folder: str | Path) -> Benchmark:
    """Read every image and every prompt under a folder; what is broken is named, and passed over.

    Raises:
        ImgEditError: The folder cannot be read, or holds neither images nor prompts.
    """
    reading = _Reading(Path(folder).expanduser().absolute())
    paths = list(_files(reading))
    images = _images(reading, [path for path in paths if is_image_name(path)])
    prompts = [
        prompt
        for path in paths
        if path.suffix.lower() in {".json", ".jsonl"}
        for prompt in _prompts(reading, path)
    ]
    if not images and not prompts:
        raise ImgEditError(_nothing_found(folder, reading.problems))
    return Benchmark(
        name=reading.root.resolve().name,
        images=tuple(images),
        prompts=tuple(prompts),
        problems=tuple(reading.problems),
    )


def stamp_of_benchmark(folder: str | Path) -> str:
    """What changes with the files of a benchmark, as far as their folders know."""
    root = Path(folder).expanduser()
    found = sorted((str(p), p.stat()) for p in root.rglob("*") if p.is_file())
    return "\n".join(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in found)


def _nothing_found(folder: str | Path, problems: list[str]) -> str:
    broken = f"; of {len(problems)} broken files the first is {problems[0]}" if problems else ""
    expected = 'images, and JSON such as {"1": {"id": "a.jpg", "prompt": "…"}}'
    return f"benchmark {folder}: no image and no prompt under it{broken}; expected are {expected}"


def _files(reading: _Reading) -> Iterator[Path]:
    """Every file, in the order of names; links to folders are followed, each folder once."""
    seen: set[str] = set()

    def failed(error: OSError) -> None:
        folder = Path(error.filename)
        if folder == reading.root:
            msg = f"benchmark {folder}: cannot be read: {error.strerror}; name a folder"
            raise ImgEditError(msg) from error
        reading.problems.append(f"{reading.named(folder)}: {error.strerror}")

    for folder, folders, names in os.walk(reading.root, onerror=failed, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _images(reading: _Reading, paths: list[Path]) -> list[BenchmarkImage]:
    images = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for image in pool.map(partial(_image, reading), paths):
            if isinstance(image, str):
                reading.problems.append(image)
            else:
                images.append(image)
    return images


def _image(reading: _Reading, path: Path) -> BenchmarkImage | str:
    """The image, or what is wrong with it."""
    name = reading.named(path)
    try:
        data = read_regular(path, max_bytes=MAX_IMAGE_BYTES)
        rgb = decode_reduced(data, HASHED_SHORT_SIDE_PX)
    except FaultError as error:
        return f"{name}: {error}"
    return BenchmarkImage(path=name, phash=perceptual_hash(rgb))


def _prompts(reading: _Reading, path: Path) -> Iterator[BenchmarkPrompt]:
    """The prompts of a JSON or JSON lines file; of one in any other shape, none."""
    name = reading.named(path)
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (FaultError, UnicodeDecodeError) as error:
        reading.problems.append(f"{name}: {error}")
        return
    lines = path.suffix.lower() == ".jsonl"
    for number, part in enumerate(text.splitlines() if lines else [text], 1):
        where = f"{name}:{number}" if lines else name
        try:
            parsed = parse_json(part) if part.strip() else None
        except ValueError as error:
            reading.problems.append(f"{where}: {error}")
        else:
            yield from _records(where, parsed)


def _records(where: str, parsed: object) -> Iterator[BenchmarkPrompt]:
    """The prompts of one record, or of records by their keys."""
    if not isinstance(parsed, dict):
        return
    yield from _texts(where, parsed)
    for key, record in parsed.items():
        if isinstance(record, dict):
            yield from _texts(f"{where}:{key}", record)


def _texts(where: str, record: dict[str, object]) -> Iterator[BenchmarkPrompt]:
    for key, text in record.items():
        if isinstance(text, str) and (key == "prompt" or _TURN.fullmatch(key)):
            yield BenchmarkPrompt(key=where if key == "prompt" else f"{where}:{key}", text=text)
