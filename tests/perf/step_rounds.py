"""Two ways to do the same step in turns (ABAB), by the processor's time of one thread."""

import statistics
import time
from collections.abc import Callable

_WARM_UP = 3


def bare_over_ours(ours: Callable[[int], None], bare: Callable[[int], None], rounds: int) -> float:
    """The median of bare seconds over ours: 1 where ours costs nothing; printed with quartiles.

    Args:
        ours: Is given the number of the step; the first few are a warm-up.
        bare: What any loop does, with the same batches.
        rounds: Pairs of steps that count.
    """
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    for number in range(rounds + _WARM_UP):
        for name in ("ours", "bare") if number % 2 else ("bare", "ours"):
            began = time.process_time()
            (ours if name == "ours" else bare)(number)
            if number >= _WARM_UP:
                taken[name].append(time.process_time() - began)
    ratios = [b / o for b, o in zip(taken["bare"], taken["ours"], strict=True)]
    quarters = statistics.quantiles(ratios, n=4)
    ms = {name: 1000 * statistics.median(each) for name, each in taken.items()}
    print(
        f"step: ours {ms['ours']:.0f} ms, bare {ms['bare']:.0f} ms; bare / ours, median of "
        f"{rounds} pairs {quarters[1]:.3f} (quartiles {quarters[0]:.3f} to {quarters[2]:.3f})"
    )
    return quarters[1]
