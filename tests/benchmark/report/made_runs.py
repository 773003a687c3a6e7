"""Folders of runs whose scores a test chooses; no suite is loaded and no judge asked."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmark.runs.folder import OutputLine, RunFolder, SampleLine, write_json, write_lines
from benchmark.runs.spec import RunSpec, write_spec
from benchmark.statistics.results import results
from tests.benchmark.statistics.made_samples import sample

TASKS = ("add", "remove", "style")


def samples_of(scores: Sequence[float | None]) -> list[SampleLine]:
    """Cases of three tasks in turn; `case-3` has the fourth score."""
    return [
        replace(
            sample(f"case-{at}", score, task=TASKS[at % 3], suite="own"),
            image=f"images/case-{at}/1.png",
        )
        for at, score in enumerate(scores)
    ]


def made_run(
    folder: Path,
    samples: Sequence[SampleLine],
    *,
    editor: str = "painter",
    protocol_hash: str = "aaaaaaaaaaaa",
    level: int = 200,
) -> Path:
    """A scored run, whose outputs are of one level of grey."""
    run = RunFolder(folder)
    ids = [line.id for line in samples]
    spec = RunSpec(
        suite="own",
        revision="1",
        editor={"name": editor, "version": "1", "params": {}},
        seed=0,
        turns="iterative",
        epochs=1,
        ids=ids,
        cases=len(ids),
        of=len(ids),
        judges=[{"name": j, "version": "1", "kind": "metric", "params": {}} for j in ["metric"]],
    )
    write_spec(run, spec)
    write_json(run.stats, {"editor": {"outputs": {"n": 6, "seconds": 12.0, "usd": 0.5}}})
    write_figures(run, samples, protocol_hash)
    for line in samples:
        for path, grey in ((folder / line.image, level), (run.source(line.id), 90)):
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((24, 32, 3), grey, np.uint8))
    outputs = [
        OutputLine(id=line.id, epoch=1, turn=1, seed=0, image=line.image, digest=str(level))
        for line in samples
    ]
    write_lines(run.outputs, outputs)
    return folder


def write_figures(
    run: RunFolder, samples: Sequence[SampleLine], protocol_hash: str, infix: str = ""
) -> None:
    """Results and samples, by a protocol that the infix names."""
    figures: dict[str, Any] = {
        **results(samples),
        "protocol": infix or "imgedit-bench/1",
        "protocol_hash": protocol_hash,
    }
    dot = f".{infix}" if infix else ""
    write_json(run.path / f"results{dot}.json", figures)
    write_lines(run.path / f"samples{dot}.jsonl", samples)
