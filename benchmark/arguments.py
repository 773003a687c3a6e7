"""`k=v,k=v` of the command line: the arguments of an editor or a judge."""

import tomllib
from typing import Any

from models.faults import ImgEditError


def arguments(text: str, option: str) -> dict[str, Any]:
    """Names with values: numbers, true and false as such, the rest as text.

    A comma inside a value stands in quotes: `prompt="a, b"`.

    Raises:
        ImgEditError: A part has no `=`, or a name comes twice.
    """
    found: dict[str, Any] = {}
    for part in _parts(text):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            message = f"{option}: {part!r} is not of the form name=value"
            raise ImgEditError(message)
        if name.strip() in found:
            message = f"{option}: {name.strip()} is given twice"
            raise ImgEditError(message)
        found[name.strip().replace("-", "_")] = _value(value.strip())
    return found


def _parts(text: str) -> list[str]:
    parts, quoted = [""], False
    for char in text:
        quoted ^= char == '"'
        if char == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return [part for part in parts if part.strip()]


def _value(text: str) -> Any:  # noqa: ANN401 - what the text says
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, bool | int | float | str) else text
