"""The model card of a small judge."""

from collections.abc import Mapping, Sequence

from models.judge.small.held_out import Standing

_HEAD = """# A small judge

A forest of regression trees over about 130 measures of a pair: what changed inside the mask, at its
seam and around it; colours, lines and sharpness against what was there and what was asked for; and
what the studio's CLIP says of the subject. Its answers are calibrated on pairs whose source images
were left out in turn. It knows drawn scenes: of photographs, and of the classes that are not listed
as its own, the metric judge gives the verdict.

Held-out source images, against the labels of the lessons:

| edit type | n | Spearman | metric judge | mean error | metric judge | within 1 | its own |
|---|---|---|---|---|---|---|---|
"""


def card(ranked: Sequence[Standing], found: Mapping[str, float]) -> str:
    """Markdown: what it is, how it does by edit type, and its figures."""
    rows = [
        f"| {s.edit_type} | {s.own.n} | {s.own.spearman:.2f} | {s.metric.spearman:.2f} | "
        f"{s.own.error:.2f} | {s.metric.error:.2f} | {s.own.within_one:.0%} | "
        f"{'yes' if s.is_better else 'no'} |"
        for s in ranked
        if s.own.n
    ]
    told = [f"- {name.replace('_', ' ')}: {value:.3g}" for name, value in found.items()]
    return _HEAD + "\n".join(rows) + "\n\n" + "\n".join(told) + "\n"
