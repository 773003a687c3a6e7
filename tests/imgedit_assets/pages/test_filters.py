"""Pages by key, and what other thresholds would give."""

import polars as pl
import pytest

from imgedit_assets.pages.filters import neighbours, page_of, ranked
from imgedit_assets.pages.whatif import Wish, what_if


@pytest.mark.parametrize("sort", ["worst", "best", "disputed"])
def test_pages_hold_each_pair_once_though_values_tie_or_lack(
    sort: str,
) -> None:
    rows = 50
    frame = pl.DataFrame(
        {
            "id": [f"{n * 7919 % 1000:03}" for n in range(rows)],
            "score": [round(n % 5 / 3, 3) for n in range(rows)],
            "changed_frac": [0.5] * rows,
            "disagreement": [None if n % 3 else float(n % 4) for n in range(rows)],
        }
    )
    frame = ranked(frame)
    mask = frame["score"] >= 0
    met, query, before = list[str](), dict[str, str](), list[list[str]]()
    while True:
        page = page_of(frame, mask, sort, query, size=7)
        met += page.ids
        if before:
            back = page_of(frame, mask, sort, {"before": page.before}, size=7)
            assert back.ids == before[-1]
        before.append(page.ids)
        if not page.after:
            break
        query = {"after": page.after}
    assert sorted(met) == sorted(frame["id"])
    assert len(before) == 8
    assert neighbours(frame, mask, sort, met[10]) == (met[9], met[11])
    assert neighbours(frame, mask, sort, met[0])[0] == ""


def test_other_thresholds_give_what_the_gate_would() -> None:
    def pair(
        name: str, turn: int, number: int, score: float, **others: object
    ) -> dict[str, object]:
        shared = {"id": f"{name}{turn}{number}", "instruction_id": name, "turn": turn}
        scores = dict.fromkeys(("score", "adherence", "quality", "preservation"), score)
        told = {"edit_type": "remove", "state": "accepted", "seconds": 2.0, "cost_usd": 0.5}
        return {**shared, "number": number, **scores, "oracle_failure": None, **told, **others}

    frame = pl.DataFrame(
        [
            pair("single", 1, 0, 4.0, oracle_failure=0.0),
            pair("weak", 1, 0, 3.0, oracle_failure=0.9, edit_type="add"),
            # A dialogue counts when all of its turns pass.
            pair("talk", 1, 0, 5.0),
            pair("talk", 2, 0, 3.2),
            # Of two results that pass the first counts.
            pair("again", 1, 0, 3.1),
            pair("again", 1, 1, 4.5, oracle_failure=0.0),
            pair("gone", 1, 0, 5.0, state="quarantined"),
        ]
    )
    now, wish = Wish(score=3.5, adherence=1, quality=1, preservation=1), 3.0
    lower = Wish(score=wish, adherence=1, quality=1, preservation=1)
    lines = {line.name: line for line in what_if(frame, now, lower)}
    assert (lines["all"].of, lines["all"].now, lines["all"].then) == (6, 2, 5)
    assert (lines["add"].now, lines["add"].then) == (0, 1)
    assert lines["all"].seconds == pytest.approx(14 / 5)
    assert lines["all"].usd == pytest.approx(3.5 / 5)
    # The oracle knows three; of those that pass then, one of two is good.
    assert (lines["all"].precision.hits, lines["all"].precision.n) == (1, 2)
