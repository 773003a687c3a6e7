"""Names: of what there is, and what editors are called in reports."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from models.faults import ImgEditError

_NAME = re.compile(r"[a-z0-9._-]+")


def report_name(given: str, otherwise: str) -> str:
    """The name that a user gave, or else one made of another text: a file, a model.

    Raises:
        ImgEditError: The given one holds other characters than a report's names do.
    """
    if given and not _NAME.fullmatch(given):
        message = f"name={given}: use small letters, digits, '-', '.' and '_'"
        raise ImgEditError(message)
    return given or "-".join(_NAME.findall(otherwise.lower())) or "editor"


def demand_known(kind: str, name: str, known: Iterable[str]) -> None:
    """See that there is one of that name.

    Raises:
        ImgEditError: There is none; the text says which there are.
    """
    names = list(known)
    if name not in names:
        near = get_close_matches(name, names, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        message = f"there is no {kind} {name!r}{meant} There are {', '.join(names)}"
        raise ImgEditError(message)
