"""Ratings as CSV, both ways.

A campaign's table is also what others read: `[judge_corpus] ratings` (scores), `imgedit bench rank`
(pairs), `imgedit bench raters --form` (turns). Repeats, attention checks and what was skipped say
"no" in the column `counts`, which those pass over.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmark.ratings import CRITERIA
from benchmark.votes import read_table
from imgedit_assets.rating.answers import FIRST, NEITHER, TIE, Mode, RatingError, turned
from imgedit_assets.rating.campaigns import Opened, answered, join, newcomer
from imgedit_assets.rating.plan import Task
from resources.schema import CampaignItem, Rater, Rating
from resources.store import Store

SHARED = ("item", "showing", "counts", "rater")
TOLD = ("ms", "at")
OWN = {
    Mode.SCORES: ("pair", *CRITERIA, "reason"),
    Mode.PAIRS: ("first", "second", "winner", "answer", "left", "source", "reason"),
    Mode.TURNS: ("case", "turn", "of", "instruction", "done", "reason"),
}
"""`first` is who made what stood on the left; `answer` is said of the results as the campaign has
them, and `left` says which of them was the left one."""
MOST_DIGITS = 10
"""Of milliseconds."""

NEEDED = {
    Mode.SCORES: {"item", "rater", *CRITERIA},
    Mode.PAIRS: {"item", "rater", "answer"},
    Mode.TURNS: {"item", "rater", "turn", "done"},
}


def as_table(now: Opened) -> str:
    """Every rating, a line each; of dialogues one for each turn."""
    out = io.StringIO()
    table = csv.DictWriter(out, (*SHARED, *OWN[now.mode], *TOLD), lineterminator="\n")
    table.writeheader()
    items = {item.id: item for item in now.items}
    for rater in now.raters:
        for rating in sorted(now.by_rater[rater.id], key=lambda rating: rating.at):
            item = items[rating.item_id]
            shared = _shared(rating, item, rater)
            table.writerows({**shared, **own} for own in _own(now.mode, rating, item))
    return out.getvalue()


def _shared(rating: Rating, item: CampaignItem, rater: Rater) -> dict[str, object]:
    is_label = rating.answers and not rating.showing and not item.expected
    return {
        "item": item.id,
        "showing": rating.showing,
        "counts": "yes" if is_label else "no",
        "rater": rater.name,
        "reason": rating.note,
        "ms": rating.ms,
        "at": rating.at,
    }


def _own(mode: Mode, rating: Rating, item: CampaignItem) -> Iterator[Mapping[str, object]]:
    answers = rating.answers
    if mode is Mode.SCORES:
        pair = item.pair_ids[0] if item.pair_ids else (*item.row_ids, "")[0]
        yield {"pair": pair, **dict(zip(CRITERIA, answers or ("",) * 3, strict=True))}
    elif mode is Mode.PAIRS:
        names = [*item.names, "", ""][:2]
        said = answers[0] if answers else ""
        seen = turned(said) if rating.flipped else said
        first, second = names[::-1] if rating.flipped else names
        yield {
            "first": first,
            "second": second,
            "winner": TIE if seen == NEITHER else seen,
            "answer": said,
            "left": "second" if rating.flipped else FIRST,
            "source": item.cluster,
        }
    else:
        n = len(item.instructions)
        for turn, said in enumerate(answers or ("",) * n, 1):
            words = item.instructions[turn - 1]
            yield {"case": item.case, "turn": turn, "of": n, "instruction": words, "done": said}


def from_table(store: Store, now: Opened, path: Path) -> list[Rating]:
    """The ratings of a table in the layout of `as_table`; nothing is kept yet but their raters.

    Columns other than those that `NEEDED` names may be lacking.

    Raises:
        ImgEditError: It cannot be read; an item is none of the campaign's, an answer is none.
    """
    table = read_table(path, NEEDED[now.mode])
    found = defaultdict[tuple[str, str, int], list[tuple[str, Mapping[str, str]]]](list)
    for row in table:
        said = {name: (value or "").strip() for name, value in row.items() if name}
        key = (said["item"], said["rater"], int(said.get("showing") == "1"))
        found[key].append((f"{path}, line {table.line_num}", said))
    return read_answers(store, now, found)


def read_answers(
    store: Store,
    now: Opened,
    found: Mapping[tuple[str, str, int], Sequence[tuple[str, Mapping[str, str]]]],
) -> list[Rating]:
    """Ratings of rows by item, rater and showing, each row with where it stands.

    Raises:
        RatingError: As `from_table`.
    """
    items = {item.id: item for item in now.items}
    made = []
    for (item_id, name, showing), rows in found.items():
        where, said = rows[0]
        try:
            if item_id not in items:
                msg = f"{item_id!r} is no item of campaign {now.campaign.name}"
                raise RatingError(msg)
            flipped = said.get("left", FIRST) != FIRST
            task = Task(item=items[item_id], showing=showing, flipped=flipped)
            ms, note = said.get("ms", ""), said.get("reason", "")
            rater, answers = newcomer(now.campaign, name), _answers(now.mode, rows)
            took = int(ms) if ms.isdecimal() and len(ms) < MOST_DIGITS else 0
            made.append(answered(now.mode, rater, task, answers, ms=took, note=note))
        except RatingError as error:
            msg = f"{where}: {error}"
            raise RatingError(msg) from None
    for name in dict.fromkeys(name for _, name, _ in found):
        join(store, now.campaign, name, linked=False)
    return made


def _answers(mode: Mode, rows: Sequence[tuple[str, Mapping[str, str]]]) -> tuple[str, ...]:
    if mode is Mode.TURNS:
        by_turn = {said["turn"]: said["done"].lower() for _, said in rows}
        said = [by_turn.get(str(turn), "") for turn in range(1, len(rows) + 1)]
    else:
        columns = CRITERIA if mode is Mode.SCORES else ("answer",)
        said = [rows[-1][1][column].lower() for column in columns]
    return tuple(said) if any(said) else ()
