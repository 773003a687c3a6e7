"""A hash of our own files: what is made rests on the code that makes it."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

PACKAGES = ("benchmark", "imgedit_assets", "models", "resources")


@cache
def code_hash() -> str:
    """Of every module and every table of words, as they are when it is first asked for."""
    hasher = hashlib.sha256()
    for package in PACKAGES:
        for file in _sources(files(package)):
            hasher.update(file.read_bytes())
    return hasher.hexdigest()


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.is_dir():
            yield from _sources(file)
        elif file.name.endswith((".py", ".toml")):
            yield file
