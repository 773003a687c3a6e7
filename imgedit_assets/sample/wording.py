"""A row's recipe, columns and quarantines in a line each, for the terminal and for the UI."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from resources.schema import Quarantine

SHORT_CHARS = 60
"""A prompt is cut to this; `--json` has it whole."""

LINE_CHARS = 400
"""A whole recipe is cut to this."""

LISTED = 2
"""Items shown of a list of parameters."""


def recipe_line(recipe: Mapping[str, Any]) -> str:
    """A recipe in a line: stage and version, backend, parameters and thresholds, prompts cut."""
    if not recipe:
        return "not known to the store"
    parts = [f"{recipe['stage']} {recipe['version']}", recipe["backend"]]
    parts += [f"{name} {_short_json(recipe[name])}" for name in ("params", "gate") if recipe[name]]
    return _cut(", ".join(part for part in parts if part), LINE_CHARS)


def facts(columns: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The name and the text of each key column that says anything."""
    idle = ("turn", "turns") if columns.get("turns") == 1 else ()
    for name, value in columns.items():
        if name in idle:
            continue
        listed = ", ".join(value) if isinstance(value, list | tuple) else value
        yield name, f"{listed:.4g}" if isinstance(listed, float) else str(listed)


def mark_line(mark: Quarantine) -> str:
    """A quarantine in a line."""
    what = "" if mark.kind == "row" else f" as of one {mark.kind}"
    return f"quarantined{what} by {mark.who}: {mark.why}"


def _short_json(value: object) -> str:
    # With spaces, where a browser can break the line.
    return json.dumps(_shortened(value), ensure_ascii=False)


def _shortened(value: object) -> object:
    if isinstance(value, str):
        return _cut(value, SHORT_CHARS)
    if isinstance(value, Mapping):
        return {name: _shortened(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        some = [_shortened(part) for part in value[:LISTED]]
        return [*some, f"… {len(value)} in all"] if len(value) > LISTED else some
    return value


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[:chars].rstrip() + "…"
