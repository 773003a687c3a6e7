"""What a result deserves whose true failure is known, as the three criteria of a rubric."""

from models.judge.findings import BEST, WORST
from models.judge.judgement import Judgement

GOOD_FAILURE = 0.25
"""A result whose failure is smaller than this counts as good; its score is then above 4."""


def deserved(*, degree: float, undone: float, craft: float, harm: float) -> Judgement:
    """The judgement whose mean is `5 - 4 * degree`, tilted towards what went wrong.

    Quality answers for `craft`, preservation for `harm`, adherence for the rest of `undone`. The
    mean is exact, so scores order results as their failures do; adherence caps the others by
    construction. The tilt is half of what the scale allows: with it a good result still reaches
    the thresholds of all criteria, and one that is no longer good fails that of its fault.

    Args:
        degree: How far the whole failed, 0 to 1 (as are the others).
        undone: The edit itself, not done or done wrong.
        craft: The part of `undone` that is soft or smeared work.
        harm: What should have stayed and did not.
    """
    score = BEST - (BEST - WORST) * degree
    blame = max(undone - craft, 0.0) + craft + harm
    tilt = min((score - WORST) / 2, BEST - score) / 2
    by_craft, by_harm = (tilt * share / blame if blame else 0.0 for share in (craft, harm))
    return Judgement(
        adherence=score + by_craft + by_harm,
        quality=score + by_harm - 2 * by_craft,
        preservation=score + by_craft - 2 * by_harm,
        reason=_reason(degree, undone - craft, craft, harm),
    )


def _reason(degree: float, meant: float, craft: float, harm: float) -> str:
    if degree < 0.05:
        return "as it should be"
    faults = {"not what was asked for": meant, "soft or smeared": craft, "changed around it": harm}
    told = [f"{words} ({value:.2f})" for words, value in faults.items() if value >= 0.05]
    return ", ".join(told) or f"slightly off ({degree:.2f})"
