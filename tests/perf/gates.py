"""Measures the gates: `python tests/perf/gates.py [NAME …]`, all the short ones by default.

Each measurement prints its ratio beside the floor; the exit code is 1 if any is missed. A gate is
named after its first figure: `engine_driver` also prints `engine_busy`, `rerun` `rerun_units`,
`growth_time` `growth_memory`, and `metadata_seconds` `metadata_memory_gb`.
"""

import statistics
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5
FLOORS = tomllib.loads((Path(__file__).parent / "floors.toml").read_text())


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A ratio with what it was measured from."""

    name: str
    ratio: float
    detail: str

    @property
    def passed(self) -> bool:
        """Whether the ratio keeps its floor or its ceiling."""
        floor = FLOORS[self.name]
        slack = floor.get("tolerance", 0.0)
        if "at_least" in floor:
            return self.ratio >= floor["at_least"] * (1 - slack)
        return self.ratio <= floor["at_most"] * (1 + slack)

    def __str__(self) -> str:
        """One line for a person."""
        floor = FLOORS[self.name]
        bound = f">= {floor['at_least']}" if "at_least" in floor else f"<= {floor['at_most']}"
        verdict = "ok  " if self.passed else "MISS"
        return f"{verdict} {self.name}: {self.ratio:.3g} ({bound})  {self.detail}"


Gate = Callable[[], Iterator[Measured]]


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def alternating(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS
) -> tuple[float, float]:
    """Medians of what both sides say they took, one after the other, after a warm-up of each."""
    ours()
    theirs()
    taken = [(ours(), theirs()) for _ in range(rounds)]
    return statistics.median(t[0] for t in taken), statistics.median(t[1] for t in taken)


def medians(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int = ROUNDS
) -> tuple[float, float]:
    """Median seconds of both sides."""
    return alternating(lambda: seconds(ours), lambda: seconds(theirs), rounds)


def all_gates() -> dict[str, Gate]:
    """Each gate's measurement by the name of its first figure."""
    from chat_gates import chat_client
    from cluster_gates import ray_engine
    from codec_gates import decode_resize, region_gate, resolution_filter, rle, storage
    from engine_gates import engine_driver
    from graph_gates import definitions_load, graph_overhead, growth, many_shards, rerun
    from lineage_gates import lineage_ms
    from metadata_gates import metadata
    from pages_gates import gallery_ms
    from release_gates import export

    return {
        "definitions_load": definitions_load,
        "resolution_filter": resolution_filter,
        "decode_resize": decode_resize,
        "rle": rle,
        "region_gate": region_gate,
        "storage": storage,
        "engine_driver": engine_driver,
        "rerun": rerun,
        "graph_overhead": graph_overhead,
        "many_shards": many_shards,
        "growth_time": growth,
        "metadata_seconds": metadata,
        "export": export,
        "lineage_ms": lineage_ms,
        "gallery_ms": gallery_ms,
        "chat_client": chat_client,
        "ray_engine": ray_engine,
    }


def main(names: list[str]) -> int:
    """Measure the named gates."""
    gates = all_gates()
    if unknown := set(names) - set(gates):
        sys.exit(f"no gate {', '.join(sorted(unknown))}; there are {', '.join(gates)}")
    missed = 0
    for name in names or [n for n in gates if FLOORS[n]["short"]]:
        for measured in gates[name]():
            print(measured, flush=True)
            missed += not measured.passed
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
