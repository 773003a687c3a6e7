"""What editors are called in reports."""

import re

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
