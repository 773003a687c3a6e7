"""The templates of the grammar's dialogues (`phrases.toml`)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import cast


@cache
def _tables() -> Mapping[str, object]:
    return tomllib.loads(files("models.dialogues").joinpath("phrases.toml").read_text("utf-8"))


def phrases(*path: str) -> tuple[str, ...]:
    """The templates under these headings; none where there is no such heading."""
    found: object = _tables()
    for heading in path:
        found = cast(Mapping[str, object], found).get(heading, {})
    return tuple(cast(list[str], found))
