"""How a judge that learnt the studio's lessons does: beside the metric judge and trivial ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.judge.calibration import acceptance, expected_calibration_error, reliability
from models.judge.lesson import is_held_out
from models.judge.small.held_out import against, rank_correlation
from models.judge.small.scale import GOOD_ABOVE, mean_of
from models.judge.small.table import Table, pooled
from models.judge.small.weights import SmallWeights
from models.judge.studio_lessons.lessons import UNSEEN

Floats = NDArray[np.float32]

BOUND, DRAWS = 0.05, 20
_HEAD = """# The studio's lessons for judges

{n} pairs about {groups} training scenes and clips, as numbers (`lessons.safetensors`): perfect,
spoiled and painted results with what the oracle says they deserve
(`python -m models.judge.studio_lessons`). The scenes are numbered from 1,000,000 on: no graph and
no benchmark draws them. One scene in five is held out, and only of those there are results with the
faults that are never learnt from: {unseen}.

All figures are of {held} held-out pairs. *Classical* is the embedded painter, nearly all of whose
results are right, so that the order among ties bounds the rank correlation.
"""


def report(table: Table, folder: Path) -> str:
    """Train on the table's lessons in an empty folder, and tell how it goes, as Markdown."""
    from models.judge.small.learner import SmallLearner

    learner = SmallLearner()
    learner.learn_table(table, folder, tell=lambda _: None)
    weights = SmallWeights.load(folder)
    held = np.array([is_held_out(group) for group in table.groups])
    tried, learnt = table.where(held), table.where(~held)
    crossed = learner.crossed(learnt, np.ones(len(learnt), np.float32))
    proving = np.clip(weights.scale.good_probability(crossed), 0, 1)
    said = pooled(weights.trees.predict(tried.x), tried.pair, tried.at)
    scores = mean_of(weights.scale.spread(said)).mean(axis=1)
    good = np.clip(weights.scale.good_probability(said), 0, 1)
    parts = [
        _HEAD.format(
            n=len(table),
            groups=len(set(table.groups)),
            unseen=", ".join([*UNSEEN.damages, *(f"the {p} painter" for p in UNSEEN.paints)]),
            held=len(tried),
        ),
        "\n".join(_judges(tried, scores)),
        "\n".join(_classes(tried, scores)),
        _calibration(tried, good),
        _proven(learnt, proving, tried, good),
        (folder / "README.md").read_text(encoding="utf-8").partition("Held-out")[2],
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _judges(tried: Table, scores: Floats) -> Iterator[str]:
    """A table of judges on each set of pairs: Spearman, share within one point, mean error."""
    changed = _pair_column(tried, "changed_core")
    judges: Mapping[str, Floats] = {
        "small": scores,
        "metric": tried.metric,
        "always 3": np.full(len(tried), 3, np.float32),
        "the mean": np.full(len(tried), tried.scores.mean(), np.float32),
        "changed area only": np.asarray(1 + 4 * changed, np.float32),
        "copy or not": np.where(changed < 0.02, 1, 5).astype(np.float32),
    }
    sets = _sets(tried)
    yield "| judge | " + " | ".join(f"{n} (n = {w.sum()})" for n, w in sets.items()) + " |"
    yield "|---" * (len(sets) + 1) + "|"
    for name, given in judges.items():
        cells = [_cell(given[w], tried.scores[w]) for w in sets.values()]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _sets(tried: Table) -> Mapping[str, NDArray[np.bool_]]:
    kinds = np.array([kind.removeprefix("painted:") for kind in tried.kinds])
    painted = np.array([kind.startswith("painted:") for kind in tried.kinds])
    unseen = np.isin(kinds, [*UNSEEN.damages, *UNSEEN.paints])
    return {
        "spoiled": ~painted & ~unseen,
        "spoiled, unseen faults": ~painted & unseen,
        "painted": painted & ~unseen,
        "painted, unseen painters": painted & unseen,
        "classical": kinds == "classical",
    }


def _cell(given: Floats, true: Floats) -> str:
    found = against(given, true)
    return f"{found.spearman:.2f}, {found.within_one:.0%}, {found.error:.2f}" if found.n else ""


def _classes(tried: Table, scores: Floats) -> Iterator[str]:
    """Spearman on spoiled and painted pairs of each class."""
    painted = np.array([kind.startswith("painted:") for kind in tried.kinds])
    yield "| class | spoiled | painted |"
    yield "|---|---|---|"
    for name in sorted(set(tried.classes)):
        own = np.array([each == name for each in tried.classes])
        cells = [
            f"{rank_correlation(scores[w], tried.scores[w]):.2f} (n = {w.sum()})"
            for w in (own & ~painted, own & painted)
        ]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _calibration(tried: Table, good: Floats) -> str:
    """ECE, and the reliability diagram as a table."""
    true = tried.scores > GOOD_ABOVE
    rows = [
        f"| {b.low:.1f} to {b.high:.1f} | {b.said:.2f} | {b.good:.2f} | {b.n} |"
        for b in reliability(good, true)
    ]
    return (
        f"Expected calibration error of the probability to be good: "
        f"{expected_calibration_error(good, true):.3f}.\n\n"
        "| said | mean | good | n |\n|---|---|---|---|\n" + "\n".join(rows)
    )


def _proven(learnt: Table, proving: Floats, tried: Table, good: Floats) -> str:
    """Whether acceptance keeps its bound, on pairs with learnt faults and on all."""
    sets = _sets(tried)
    alike = sets["spoiled"] | sets["painted"]
    told = [
        f"with {words} in {held} of {DRAWS} draws, and accepts {share:.0%} of the good pairs"
        for words, (held, share) in {
            "the learnt faults": _draws(learnt, proving, tried.where(alike), good[alike]),
            "the unseen ones among them": _draws(learnt, proving, tried, good),
        }.items()
    ]
    return (
        f"Acceptance at {BOUND:.0%} bad, 90 % confidence, proven on half of the sources that were "
        "learnt from (each judged by trees that had not seen it) and tried on half of the "
        f"held-out ones, holds {'; '.join(told)}."
    )


def _draws(learnt: Table, proving: Floats, tried: Table, good: Floats) -> tuple[int, float]:
    """In how many draws of sources the bound holds, and the share of good pairs accepted."""
    held, accepted = 0, []
    true = tried.scores > GOOD_ABOVE
    for seed in range(DRAWS):
        half, other = _half(learnt, seed), _half(tried, seed)
        found = acceptance(proving[half], learnt.scores[half] > GOOD_ABOVE, bound=BOUND)
        least = 2.0 if found.accept_from is None else found.accept_from
        taken = other & (good >= least)
        held += float((~true[taken]).mean()) <= BOUND if taken.any() else True
        accepted.append(float((taken & true).sum()) / max(1, int((other & true).sum())))
    return held, float(np.mean(accepted))


def _half(table: Table, seed: int) -> NDArray[np.bool_]:
    """The pairs of half of the sources."""
    sources = sorted(set(table.groups))
    chosen = np.random.default_rng(seed).permutation(len(sources))[: len(sources) // 2]
    return np.isin(table.groups, [sources[i] for i in chosen])


def _pair_column(tried: Table, name: str) -> Floats:
    column = tried.x[:, [tried.names.index(name)]]
    return np.asarray(pooled(column, tried.pair, tried.at)[:, 0], np.float32)
