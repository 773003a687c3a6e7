"""What the command line says of editors and judges: `k=v,k=v`, and how services are asked."""

import tomllib
from dataclasses import dataclass
from typing import Any, Literal

from models.faults import ImgEditError

Turns = Literal["iterative", "independent"]
"""What a later turn is given: the editor's own result, or the true one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How every service is asked; None leaves it to the service's own arguments."""

    max_connections: int | None = None
    max_retries: int | None = None
    timeout_s: float | None = None

    def arguments(self, connections: str) -> dict[str, Any]:
        """As arguments of a service, which calls its connections so."""
        given = {
            connections: self.max_connections,
            "max_retries": self.max_retries,
            "timeout_s": self.timeout_s,
        }
        return {name: value for name, value in given.items() if value is not None}


USUAL = Service()


def parts(text: str) -> list[str]:
    """The names of a list, `a,b`."""
    return [part.strip() for part in text.split(",") if part.strip()]


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
