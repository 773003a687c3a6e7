"""What the figures do not say, from what made the rows."""

from collections.abc import Mapping

from imgedit_assets.dataset.report_markdown import rate
from imgedit_assets.dataset.statistics import DatasetStatistics
from resources.markdown import code

NATURE = {
    "metric": "a judge made of image metrics, no vision-language model",
    "classical": "classical image processing, no generative model",
}
"""What the embedded backends are, by the name that stands first in a row's column."""


def limits(s: DatasetStatistics) -> str:
    """One paragraph."""
    return " ".join(
        [
            f"The pairs were painted by {_listed(s.painters)} and scored by {_listed(s.judges)}.",
            "An accept rate says how often this judge was content at this profile's thresholds, "
            "not how good the pairs are: another judge gives other scores, so neither scores nor "
            "accept rates compare with the paper's, whose judge was GPT-4o.",
            _oracle(s),
            "Seconds depend on the machine; USD is what backends billed, without the machine "
            "itself. Near duplicates are those that a perceptual hash shows: another crop or view "
            "of one scene is not found; repeated instructions are those of equal words. "
            "Licences are as the sources state them; nobody has checked them.",
            _small(s),
        ]
    ).strip()


def _listed(counts: Mapping[str, int]) -> str:
    """Backends in words: "`metric 3` (a judge made of ..., n = 271)"."""
    named = []
    for name, n in counts.items():
        nature = NATURE.get(name.split(" ")[0])
        named.append(f"{code(name)} ({f'{nature}, ' if nature else ''}n = {n:,})")
    return " and ".join(named) or "nothing yet"


def _oracle(s: DatasetStatistics) -> str:
    if not s.agreement:
        return "No studio scene is among the pairs, so nothing here measures the judge."
    return (
        "Its agreement with the oracle is measured on illustrated studio scenes, where the truth "
        "is known, and says little about photographs; where nearly all painted pairs are good, or "
        f"nearly all bad, a rank correlation says little as well. {s.left_out}"
    )


def _small(s: DatasetStatistics) -> str:
    """A warning where some class is too small to be compared."""
    made = [row for row in s.classes if row.accepted.n]
    wide = [row for row in made if row.accepted.high - row.accepted.low > 0.1]
    if not wide:
        return ""
    worst = max(wide, key=lambda row: row.accepted.high - row.accepted.low)
    return (
        f"The intervals of {len(wide)} of {len(made)} classes are wider than ten points (the "
        f"widest: {worst.edit_type.replace('_', ' ')}, {rate(worst.accepted)}), so small "
        "differences between classes may be chance."
    )
