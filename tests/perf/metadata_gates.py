"""What reads the metadata of a whole data set: 1.2 million accepted pairs, as many as the paper's.

`metadata_gates.py HOME` measures one store in this process; the gate writes a synthetic one first,
in a process of its own, and measures in another, so that neither counts the other's memory.
"""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from gates import Measured, seconds

from resources.benchmarks import Benchmark, BenchmarkImage, BenchmarkPrompt
from resources.factory import Factory
from resources.home import Home

HERE = Path(__file__).parent
PAIRS = 1_200_000
IMAGES, PROMPTS = 171, 811
"""Of docs/paper.md, "ImgEdit-Bench"."""


def metadata() -> Iterator[Measured]:
    """Seconds and peak memory of every step: from the store to the written report."""
    with TemporaryDirectory() as home:
        _python("synthetic_rows.py", home, str(PAIRS))
        said = _python("metadata_gates.py", home).splitlines()
    *steps, total = said
    taken, peak_gb = map(float, total.split())
    detail = f"{PAIRS:,} accepted pairs; {', '.join(steps)}"
    yield Measured(name="metadata_seconds", ratio=taken, detail=detail)
    yield Measured(name="metadata_memory_gb", ratio=peak_gb, detail="peak of the whole process")


def steps() -> dict[str, Callable[[Factory], object]]:
    """What is measured, one after the other in one process."""
    from imgedit_assets.dataset.release import plan_release
    from imgedit_assets.dataset.report import publish

    def gates(factory: Factory) -> object:
        return plan_release(factory, [benchmark()])

    return {"statistics": publish, "gates": gates}


def benchmark() -> Benchmark:
    """One of the size of ImgEdit-Bench; its cases are none of the synthetic pairs."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, IMAGES, np.uint64)
    words = rng.integers(0, 500, (PROMPTS, 9))
    return Benchmark(
        name="synthetic",
        images=tuple(BenchmarkImage(path=str(h), phash=int(h)) for h in hashes),
        prompts=tuple(
            BenchmarkPrompt(key=str(n), text=" ".join(f"word{w}" for w in row))
            for n, row in enumerate(words)
        ),
    )


def _measure(home: str) -> None:
    """Print a line for each step, then seconds and peak memory in GB of all."""
    factory, total = Factory.open(Home.of(home)), 0.0
    for name, step in steps().items():
        taken = seconds(lambda step=step: step(factory))  # type: ignore[misc]
        print(f"{name} {taken:.1f} s")
        total += taken
    print(f"{total:.1f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f}")


def _python(script: str, *arguments: str) -> str:
    """What a script of this folder prints, run in a new interpreter from the repository."""
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[1],
    )
    return done.stdout


if __name__ == "__main__":
    _measure(sys.argv[1])
