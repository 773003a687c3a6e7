"""Samples with scores that a test chooses."""

from collections.abc import Sequence

from benchmark.runs.folder import SampleLine


def sample(
    case: str,
    score: float | None,
    *,
    epoch: int = 1,
    turn: int = 1,
    task: str = "add",
    cluster: str | None = None,
    judge: str = "metric",
    status: str | None = None,
    suite: str = "",
    groups: Sequence[str] = (),
) -> SampleLine:
    """A line; every case has a picture of its own unless told otherwise."""
    return SampleLine(
        id=case,
        suite=suite,
        epoch=epoch,
        turn=turn,
        task=task,
        cluster=case if cluster is None else cluster,
        groups=tuple(groups),
        instruction=f"edit {case}",
        judge=judge,
        status=status or ("failed" if score is None else "scored"),
        score=score,
    )
