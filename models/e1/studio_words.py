"""How the studio's editor reads: the words that tell what to do, each by its number."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STUDIO = Path(__file__).parent / "studio"
"""The editor that was trained on studio scenes, and is installed with the package."""
WORDS = "words.json"
"""The file of a reader that knows nothing else."""
WIDTH = 1
"""Numbers that a word comes as: its own."""
LONGEST = 12
"""Words of an instruction that are read; 30 words have hardly more that count."""
UNKNOWN = 1
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_EMPTY = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "be",
        "is",
        "are",
        "it",
        "its",
        "this",
        "that",
        "please",
        "can",
        "could",
        "you",
        "i",
        "me",
        "my",
        "would",
        "like",
        "with",
        "for",
        "as",
        "so",
        "there",
        "s",
        "by",
        "from",
        "into",
        "some",
        "not",
        "do",
        "let",
        "have",
        "has",
        "had",
        "was",
        "were",
        "will",
        "shall",
        "should",
        "than",
        "all",
    )
)
"""Words without which one still knows what is meant: each would cost a token."""
_MIRRORED = {"left": "right", "right": "left"}
_SIDE = re.compile(r"\b(left|right)(?!\w* in place)(?=\b|-|most)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """The words that are known, in the order of their numbers; 0 is none and 1 any other."""

    known: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> "Words":
        """Those of a file."""
        return cls(tuple(json.loads(path.read_text("utf-8"))))

    def save(self, path: Path) -> None:
        """Write them to a file."""
        path.write_text(json.dumps(self.known, indent=0), encoding="utf-8")

    def ids(self, instructions: Sequence[str]) -> NDArray[np.int64]:
        """Their words' numbers, instructions x `LONGEST`."""
        numbers = {word: at + 2 for at, word in enumerate(self.known)}
        found = np.zeros((len(instructions), LONGEST), np.int64)
        for row, text in zip(found, instructions, strict=True):
            told = content(text)[:LONGEST]
            row[: len(told)] = [numbers.get(word, UNKNOWN) for word in told]
        return found


def content(text: str) -> list[str]:
    """The words of a text that count, in their order; at least one."""
    words = _WORD.findall(text.lower())
    return [word for word in words if word not in _EMPTY] or words[:1] or [""]


def mirrored(text: str) -> str:
    """What is said of the same image seen in a mirror."""
    return _SIDE.sub(lambda side: _MIRRORED[side[1].lower()], text)
