"""How commands speak: results on standard output, everything about the work on standard error."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.theme import Theme

THEME = Theme({"good": "green", "bad": "bold red", "quiet": "dim"})


@cache
def err() -> Console:
    """Progress and complaints."""
    return Console(stderr=True, theme=THEME, highlight=False)


def out() -> Console:
    """Results."""
    return Console(theme=THEME, highlight=False)


_LEAST_NAME_CHARS = 12


def table(
    title: str, *names: str, numbers: Iterable[str] = (), folded: Iterable[str] = ()
) -> Table:
    """An empty table: columns that name things, numbers, then long texts.

    Where it is too narrow for them, texts are folded first, then names; no number ever is cut.
    """
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, title_style="bold")
    for name in names:
        made.add_column(name, overflow="fold", min_width=_LEAST_NAME_CHARS if name else None)
    for name in numbers:
        made.add_column(name, justify="right", no_wrap=True)
    for name in folded:
        made.add_column(name, overflow="fold")
    return made


def tell(line: str) -> None:
    """One unwrapped line on standard error, so that scripts can match it."""
    err().print(line, markup=False, soft_wrap=True)


def tell_left_out(problems: Iterable[str]) -> None:
    """A line for each edit type that could not be loaded."""
    for problem in problems:
        tell(f"left out: {problem}")


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on standard output, and nothing else."""
    out().print(json.dumps(value, indent=2, ensure_ascii=False), markup=False, soft_wrap=True)
