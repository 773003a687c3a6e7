"""`stats.json`: what a run took, of the editor, of each judge and of its trial."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.runs.folder import AnswerLine, OutputLine, RunFolder, lines
from resources.chat.ledger import FILE, Ledger


def spent(folder: RunFolder, judges: Sequence[str]) -> dict[str, Any]:
    """Lines, seconds of compute or waiting, and USD; of what was tried again, all tries.

    `models` holds what each model behind an endpoint was sent and said as a judge, in tokens.

    Raises:
        ImgEditError: A file is damaged.
    """

    def asked(at: RunFolder) -> dict[str, dict[str, float]]:
        return {name: _sum(lines(at.answers(name), AnswerLine)) for name in judges}

    return {
        "editor": {"outputs": _sum(lines(folder.outputs, OutputLine))},
        "judges": asked(folder),
        "trials": asked(folder.trial),
        "models": _models(folder.ledger),
    }


def _models(ledger: Path) -> list[dict[str, Any]]:
    if not (ledger / FILE).exists():
        return []
    with closing(Ledger(ledger)) as kept:
        return [asdict(each) for each in kept.spending()]


def _sum(told: Iterable[OutputLine | AnswerLine]) -> dict[str, float]:
    found = [(line.seconds, line.usd) for line in told]
    return {
        "n": len(found),
        "seconds": round(sum(seconds for seconds, _ in found), 3),
        "usd": round(sum(usd for _, usd in found), 6),
    }
