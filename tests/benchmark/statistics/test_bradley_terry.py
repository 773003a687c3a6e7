"""Rankings of votes that were drawn from known strengths."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.statistics.bradley_terry import OUTCOMES, Vote, rank
from models.faults import ImgEditError

STRENGTHS = {"good": 1.2, "fair": 0.0, "poor": -1.2}
FIRST, TIE = 0.5, 0.3


def drawn(rng: np.random.Generator, cases: int) -> list[Vote]:
    """Votes on every pair in both orders."""
    votes = []
    for case in range(cases):
        for one, two in permutations(STRENGTHS, 2):
            a, b = STRENGTHS[one], STRENGTHS[two]
            odds = np.exp([a + FIRST, b, TIE + (a + b) / 2])
            winner = OUTCOMES[rng.choice(3, p=odds / odds.sum())]
            votes.append(Vote(first=one, second=two, winner=winner, cluster=f"{case}"))
    return votes


def test_strengths_order_effect_and_ranks_are_found_again() -> None:
    found = rank(drawn(np.random.default_rng(0), 400), iterations=200)
    assert list(found.strengths) == ["good", "fair", "poor"]
    for name, truth in STRENGTHS.items():
        strength = found.strengths[name]
        assert strength.value == pytest.approx(truth, abs=0.2)
        assert strength.low < truth < strength.high
        assert strength.votes == 1600
    assert found.first == pytest.approx(FIRST, abs=0.15)
    assert found.both_orders == 1


def test_a_side_bias_alone_ranks_nobody() -> None:
    votes = [
        Vote(first=one, second=two, winner="first", cluster=f"{case}")
        for case in range(20)
        for one, two in (("a", "b"), ("b", "a"))
    ]
    found = rank(votes, iterations=50)
    assert found.strengths["a"].value == pytest.approx(0, abs=1e-6)
    assert found.first > 2


def test_an_editor_that_always_wins_has_a_finite_strength() -> None:
    votes = [
        Vote(first="a", second="b", winner="first", cluster="x"),
        Vote(first="b", second="a", winner="second", cluster="y"),
    ]
    found = rank(votes, iterations=20)
    assert 0 < found.strengths["a"].value < 20


def test_no_votes_are_refused() -> None:
    with pytest.raises(ImgEditError, match="needs votes"):
        rank([])
    with pytest.raises(ImgEditError, match="two different editors"):
        rank([Vote(first="a", second="a", winner="tie", cluster="x")])


def test_a_table_of_votes_is_ranked(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    rows = [f"{a};{b};{'first' if a == 'good' else 'second'};p{n}" for n in range(6) for a, b in
            (("good", "poor"), ("poor", "good"))]  # fmt: skip
    path.write_text("first;second;winner;source\n" + "\n".join(rows) + "\n")
    said = CliRunner().invoke(app, ["rank", str(path)], catch_exceptions=False).output
    assert said.index("good") < said.index("poor")
    assert "votes 12" in said
    assert "100% of the pairs in both orders; pictures 6" in said
    path.write_text("first,second,winner,source\na,b,left,p\n")
    with pytest.raises(ImgEditError, match="line 2: winner is 'left'"):
        CliRunner().invoke(app, ["rank", str(path)], catch_exceptions=False)
    path.write_text("first,second,winner\na,b,tie\n")
    with pytest.raises(ImgEditError, match="lacks source"):
        CliRunner().invoke(app, ["rank", str(path)], catch_exceptions=False)
