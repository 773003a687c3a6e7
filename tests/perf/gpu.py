"""Measures the models on one GPU, the most valuable figure first.

  python tests/perf/gpu.py --json h200.json           all that fits into nine minutes
  python tests/perf/gpu.py --json judge.json --part judge
  python tests/perf/gpu.py --debug                    the same code on the processor, tiny networks

Nothing is downloaded and no checkpoint is read: networks have their published configurations and
random weights, made on the device. Ours and plain use of the library take turns (ABAB) in one
process after a warm-up of each. Each figure is printed and saved as soon as it is measured. Texts
are random embeddings on both sides, and operations are those of the main network: of FLUX the
autoencoder is 1 %. A part whose library is missing, or for which the time is too short, is left out
and named.

The exit code is 1 if a floor was missed or a part failed; under --debug floors are not looked at.
"""

import argparse
import gc
import json
import platform
import statistics
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

# The models are those of this checkout, wherever the command is given and whatever is installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from gpu_parts import PARTS, Comparison, Part, Setting, Side

from models.device_peaks import peak_tflops

FLOORS: Mapping[str, Any] = tomllib.loads(
    (Path(__file__).parent / "floors.toml").read_text("utf-8")
)["gpu"]
ROUNDS = 3
_DEBUG_PART_S = 1
_LIBRARIES = ("torch", "torchao", "diffusers", "transformers")


class SkippedError(Exception):
    """A part is not measured; the text says why."""


def admit(estimate_s: float, ends: float) -> None:
    """See whether there is time for so many seconds until `ends` (`time.monotonic()`).

    Raises:
        SkippedError: There is not.
    """
    left_s = max(0, ends - time.monotonic())
    if estimate_s > left_s:
        msg = f"takes about {estimate_s:.0f} s, and {left_s:.0f} s of the budget are left: "
        raise SkippedError(msg + "measure it alone with --part")


def rounds(pair: Comparison, setting: Setting, ends: float) -> list[tuple[float, float]]:
    """Seconds for an item of both sides in turns, after a warm-up of each.

    Raises:
        SkippedError: Warming up took what the rounds would need.
    """
    seconds(pair.ours, setting)
    seconds(pair.plain, setting)
    taken: list[tuple[float, float]] = []
    for missing in reversed(range(ROUNDS)):
        started = time.monotonic()
        taken.append((seconds(pair.ours, setting), seconds(pair.plain, setting)))
        admit(missing * (time.monotonic() - started), ends)
    return taken


def seconds(side: Side, setting: Setting) -> float:
    """Seconds for each item, with all that the device was asked to do."""
    setting.synchronise()
    started = time.perf_counter()
    side.run()
    setting.synchronise()
    return (time.perf_counter() - started) / side.items


def peak_gb(side: Side, setting: Setting) -> float | None:
    """GB of one round of ours, without what the other side's networks hold."""
    import torch

    if setting.debug or side.bytes is None:
        return None
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    side.run()
    setting.synchronise()
    return float(torch.cuda.max_memory_allocated() - before + side.bytes) / 1e9


def figure(
    pair: Comparison,
    taken: Sequence[tuple[float, float]],
    *,
    device: str,
    gate: str | None = None,
    memory_gb: float | None = None,
) -> dict[str, Any]:
    """All that is told of a comparison that took so many seconds an item, round by round.

    A gate whose name ends in `_per_s` asks for a rate, any other for a ratio.
    """
    ours, plain = zip(*taken, strict=True)
    ratio, per_s = _spread([p / o for o, p in taken]), 1 / statistics.median(ours)
    tflops, peak = pair.flops / 1e12 * per_s, peak_tflops(device, pair.precision)
    measured = per_s if gate and gate.endswith("_per_s") else ratio["median"]
    return {
        "figure": pair.figure,
        "ours": pair.ours.words,
        "plain": pair.plain.words,
        "n": len(taken),
        "ours_s_per_item": _spread(ours),
        "plain_s_per_item": _spread(plain),
        "ratio": ratio,
        "items_per_s": per_s,
        "tflop_per_item": pair.flops / 1e12,
        "tflops": tflops,
        "precision": pair.precision,
        "mfu": tflops / peak if peak else None,
        "memory_gb": memory_gb,
        "gate": _judged(gate, measured) if gate else None,
    }


def _judged(gate: str, measured: float) -> dict[str, Any]:
    floor = float(FLOORS[gate]["at_least"])
    return {"name": gate, "at_least": floor, "measured": measured, "kept": measured >= floor}


def _spread(samples: Sequence[float]) -> dict[str, float]:
    """Median with the least and the greatest: three rounds are too few for more."""
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples)}


@dataclass(slots=True, kw_only=True)
class Record:
    """The figures of one run, in a file that is whole at any time."""

    file: Path | None
    machine: Mapping[str, Any]
    figures: list[Mapping[str, Any]] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)

    def add(self, one: Mapping[str, Any]) -> None:
        """Print a figure and save it."""
        self.figures.append(one)
        print(line(one), flush=True)
        self._save()

    def note(self, part: str, why: str) -> None:
        """Say that a part gave no figure, and why."""
        self.not_run[part] = why
        print(f"{part}: not measured: {why}", flush=True)
        self._save()

    def _save(self) -> None:
        """Write aside, then rename: who is interrupted keeps the file as it was."""
        if self.file is None:
            return
        held = {"machine": self.machine, "figures": self.figures, "not_run": self.not_run}
        aside = self.file.with_name(self.file.name + ".part")
        aside.write_text(json.dumps(held, indent=1) + "\n", "utf-8")
        aside.replace(self.file)


def line(one: Mapping[str, Any]) -> str:
    """A figure in words."""
    told = f"{one['figure']}: {one['ours']}: {_said(one['ours_s_per_item'])} s an item, "
    told += f"{one['items_per_s']:.4g}/s; {one['plain']}: {_said(one['plain_s_per_item'])} s; "
    told += f"ratio {_said(one['ratio'])}, n = {one['n']}; {one['tflops']:.4g} TFLOP/s"
    if one["mfu"]:
        told += f", {one['mfu']:.1%} of the {one['precision']} peak"
    if one["memory_gb"]:
        told += f"; {one['memory_gb']:.1f} GB"
    if gate := one["gate"]:
        told += f"; {'kept' if gate['kept'] else 'MISSED'}: {gate['name']} "
        told += f"{gate['measured']:.3g} (>= {gate['at_least']:g})"
    return told


def _said(spread: Mapping[str, float]) -> str:
    return f"{spread['median']:.4g} ({spread['min']:.4g} to {spread['max']:.4g})"


def machine_of(setting: Setting) -> dict[str, Any]:
    """Device, versions and date."""
    import torch

    versions: dict[str, Any] = {"Python": platform.python_version(), "CUDA": torch.version.cuda}
    versions |= {d.name: d.version for d in metadata.distributions() if d.name in _LIBRARIES}
    gpu = "no GPU, debug size: not a speed" if setting.debug else torch.cuda.get_device_name()
    return {"gpu": gpu, "date": time.strftime("%Y-%m-%d"), "versions": versions}


def measure(
    parts: Mapping[str, Part], setting: Setting, ends: float, record: Record
) -> Iterator[bool]:
    """Measure parts in order; each yields whether it went well and kept its floors."""
    for name, part in parts.items():
        try:
            admit(_DEBUG_PART_S if setting.debug else part.estimate_s, ends)
            yield all(list(_figures(part, setting, ends, record)))
        except SkippedError as why:
            record.note(name, str(why))
        except ImportError as error:
            record.note(name, f"a library is missing: {error}")
        except Exception as error:
            # A part that fails must not take what the others measured in minutes of a lent GPU.
            record.note(name, f"failed: {type(error).__name__}: {error}")
            yield False
        free(setting)


def _figures(part: Part, setting: Setting, ends: float, record: Record) -> Iterator[bool]:
    device = record.machine["gpu"]
    for pair in part.run(setting):
        gate = None if setting.debug else part.gates[pair.figure]
        taken = rounds(pair, setting, ends)
        one = figure(pair, taken, device=device, gate=gate, memory_gb=peak_gb(pair.ours, setting))
        record.add(one)
        yield one["gate"] is None or one["gate"]["kept"]


def free(setting: Setting) -> None:
    """Give back what nobody holds any more, and forget what was compiled."""
    import torch

    gc.collect()
    if not setting.debug:
        torch.compiler.reset()
        torch.cuda.empty_cache()


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="save all figures there")
    parser.add_argument("--part", action="append", choices=PARTS, help="this one; repeatable")
    parser.add_argument("--debug", action="store_true", help="tiny networks on the processor")
    parser.add_argument("--budget-s", type=float, default=540, help="seconds to end in (540)")
    asked = parser.parse_args(argv)
    ends = time.monotonic() + asked.budget_s
    import torch

    if not asked.debug and not torch.cuda.is_available():
        sys.exit("there is no CUDA device here; --debug runs the same code on the processor")
    if asked.debug:
        # More threads than idle cores wait for each other at every small product.
        torch.set_num_threads(1)
    setting = Setting(debug=asked.debug)
    record = Record(file=asked.json, machine=machine_of(setting))
    parts = {name: part for name, part in PARTS.items() if name in (asked.part or PARTS)}
    return int(not all(list(measure(parts, setting, ends, record))))


if __name__ == "__main__":
    sys.exit(main())
