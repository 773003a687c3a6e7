"""Text that every table, file and terminal takes, whatever it was made of."""


def storable(text: str, most_chars: int | None = None) -> str:
    r"""The text as valid UTF-8: a lone surrogate, as in names of odd bytes, becomes `\udc..`.

    Args:
        text: Any string.
        most_chars: Cut it to so many characters, the last one an ellipsis.
    """
    if most_chars is not None and len(text) > most_chars:
        text = text[: most_chars - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
