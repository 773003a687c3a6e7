"""Any text as Markdown that shows just that text: the one place where it is escaped.

Licences, names and instructions are other people's: none may end a table's cell, start HTML or
become a link.
"""

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~!&]")
# What begins a list, a rule or an underlined heading where it begins a line.
_LEADING = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+=](?:[\s=-]|$)))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TICKS = re.compile(r"`+")


class Markup(str):
    """Text that is Markdown already."""

    __slots__ = ()


def plain(text: str) -> Markup:
    """Any text as it is to be read in one line, in a table or outside."""
    one_line = _CONTROL.sub("", " ".join(text.split()))
    escaped = _SPECIAL.sub(lambda match: f"\\{match[0]}", one_line)
    return Markup(_LEADING.sub(r"\1\\", escaped))


def code(text: str) -> Markup:
    """A name of the code; as plain text where it cannot be shown as code."""
    can_be = text.isprintable() and text.strip() and not set("`|") & set(text)
    return Markup(f"`{text}`") if can_be else plain(text)


def fenced(text: str, language: str = "") -> Markup:
    """A block of code, in a fence that nothing in it closes."""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in _TICKS.findall(text))])
    return Markup(f"{fence}{language}\n{text}\n{fence}")


def table_lines(rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; its cells are shown as they are, but for `Markup`."""
    cells = [[c if isinstance(c, Markup) else plain(c) for c in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in cells]
