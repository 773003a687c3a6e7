"""The table of a ranking by pairs."""

from pathlib import Path

from benchmark.pairs import PairedRanking
from benchmark.report.figures import NONE, Table
from benchmark.report.runs import read_file


def ranking_table(folder: Path) -> Table:
    """The editors of a folder of pairs, the best first.

    Raises:
        ImgEditError: There is none that `pairs` has written.
    """
    found = read_file(folder / "ranking.json", PairedRanking, "pairs")
    ranking, judge, steady = found.ranking, found.judge, found.same_in_both_orders
    rows = [
        (name, f"{one.value:+.2f}", f"{one.low:+.2f} to {one.high:+.2f}", str(one.votes))
        for name, one in ranking.strengths.items()
    ]
    note = (
        "Bradley-Terry with ties, log-odds against the mean of all (Davidson and Beaver 1977); "
        f"95 % intervals by a bootstrap over {ranking.clusters} source pictures. Each pair was "
        f"shown in both orders: being shown first is worth {ranking.first:+.2f}, the same was said "
        f"in both {NONE if steady is None else f'{steady:.0%}'}. "
        f"{found.without_answer} of {found.questions} questions have no answer."
    )
    head = ("run", "strength", "95 % interval", "votes")
    title = f"Ranking by pairs · judge {judge['name']} {judge['version']} ({judge['kind']})"
    return Table(title=title, head=head, rows=rows, note=note)
