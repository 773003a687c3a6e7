"""Which version of a dialogue the words of a turn name."""

import re
from collections.abc import Iterator, Sequence

_NTH = {
    **{"first": 1, "second": 2, "third": 3, "fourth": 4},
    **{"1st": 1, "2nd": 2, "3rd": 3, "4th": 4},
    **{"one": 1, "two": 2, "three": 3, "1": 1, "2": 2, "3": 3},
}
_CHANGE = r"(?:changes?|edits?|steps?|turns?|modifications?|instructions?|requests?|one)"
_PICTURE = r"(?:picture|image|photo(?:graph)?|illustration|drawing|version|scene|state)"

# "undo" and "revert" speak of changes whatever follows; the other verbs must say so.
_UNDO = re.compile(
    rf"\b(?:undo(?:ing)?|revert(?:ing)?(?!\s+(?:back\s+)?to\b)|"
    rf"(?:take|taking|roll|rolling)\s+back(?=[^.;,]*\b{_CHANGE}\b)|"
    rf"(?:cancel|discard|scrap|forget|reverse|drop)(?=[^.;,]*\b{_CHANGE}\b))"
    r"\s+(?P<what>[^.;,]*?)(?=\s+(?:and|then|but)\b|[.;,]|$)"
)
_ORIGINAL = re.compile(
    r"\b(?:back|return(?:ing)?|revert(?:ing)?|restor(?:e|ing)|from|over|begin|start)\b[^.;]*?"
    rf"\b(?:original|initial|untouched|unedited)\b(?=\s*(?:{_PICTURE}\b|[.,;:!?]|and\b|then\b|$))"
)
_AFTER = re.compile(
    r"\b(?:after|result of|outcome of)\s+(?:the\s+|my\s+|your\s+)?"
    rf"(?:(?P<nth>\w+)\s+{_CHANGE}|{_CHANGE}\s+(?P<number>\w+))\b"
)
_BEFORE = re.compile(
    rf"\bbefore\s+(?:the\s+|my\s+|your\s+)?(?P<which>\w+)(?:\s+{_CHANGE})?\b(?!\s+\w+ing\b)"
)
_ALL = re.compile(r"\b(?:all|every|everything|any)\b")
_PAIR = re.compile(r"\b(?:both|two)\b")


def named_versions(text: str, starts: Sequence[int]) -> tuple[int | None, ...]:
    """The versions that a turn's words speak of going back to, in no order.

    Args:
        text: What the user says.
        starts: Which version each earlier turn started from.

    Returns:
        Empty where no version is spoken of; None stands for one that the dialogue does not have.
    """
    said = " ".join(text.lower().split())
    return (*_undone(said, starts), *_original(said), *_after(said, starts), *_before(said, starts))


def _undone(said: str, starts: Sequence[int]) -> Iterator[int | None]:
    for match in _UNDO.finditer(said):
        what = match["what"]
        nth = next((n for word, n in _NTH.items() if re.search(rf"\b{word}\s+{_CHANGE}", what)), 0)
        if _ALL.search(what):
            yield 0 if starts else None
        elif _PAIR.search(what):
            yield _start_of(len(starts) - 1, starts)
        elif nth and nth != len(starts):
            yield None  # only the newest change can be undone alone: versions are a chain
        else:
            yield _start_of(len(starts), starts)


def _original(said: str) -> Iterator[int | None]:
    if _ORIGINAL.search(said):
        yield 0


def _after(said: str, starts: Sequence[int]) -> Iterator[int | None]:
    for match in _AFTER.finditer(said):
        nth = _NTH.get(match["nth"] or match["number"])
        if nth is not None:
            yield nth if nth <= len(starts) else None


def _before(said: str, starts: Sequence[int]) -> Iterator[int | None]:
    for match in _BEFORE.finditer(said):
        which = match["which"]
        if which in ("last", "previous", "latest", "that"):
            yield _start_of(len(starts), starts)
        elif which in ("all", "any"):
            yield 0 if starts else None
        elif which in _NTH:
            yield _start_of(_NTH[which], starts)


def _start_of(turn: int, starts: Sequence[int]) -> int | None:
    """What that turn started from; None where it has not been said yet."""
    return starts[turn - 1] if 0 < turn <= len(starts) else None
