"""Measures the models on one GPU, the most valuable figure first.

  python tests/perf/gpu.py --list                     what is measured, and the floors
  python tests/perf/gpu.py --json h100.json           all that fits into nine minutes
  python tests/perf/gpu.py --json h100.json --part sdxl
  python tests/perf/gpu.py --debug                    the same code on the processor, tiny networks

Nothing is downloaded and no checkpoint is read: networks have their published configurations and
random weights, made on the device. Ours and plain use of the library take turns (ABAB) in one
process after a warm-up of each. Each figure is printed and saved as soon as it is measured; a later
run with the same FILE replaces its own figures and keeps the others. Texts are random embeddings on
both sides, and operations are those of the main network: of FLUX the autoencoder is 1 %, of SDXL 5.

The exit code is 1 if a floor was missed or a part failed; under --debug floors are not looked at.
"""

import argparse
import gc
import json
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

# The models are those of this checkout, wherever the command is given and whatever is installed.
_ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(_ROOT))

from gpu_parts import PARTS, Comparison, Part, Setting, Side  # noqa: E402

PEAKS_TFLOPS: Mapping[str, Mapping[str, float]] = {
    # Dense, without sparsity, products summed in float32.
    "H200": {"bf16": 989.4, "fp8": 1978.9},  # NVIDIA H200 datasheet, SXM
    "H100 PCIe": {"bf16": 756.4, "fp8": 1512.9},  # NVIDIA H100 datasheet
    "H100 NVL": {"bf16": 835.5, "fp8": 1671.0},  # NVIDIA H100 NVL datasheet
    "H100": {"bf16": 989.4, "fp8": 1978.9},  # NVIDIA H100 datasheet, SXM
    "B200": {"bf16": 2250.0, "fp8": 4500.0},  # NVIDIA DGX B200 datasheet, an eighth of it
    "A100": {"bf16": 312.0},  # NVIDIA A100 datasheet; it knows no fp8
    "L40S": {"bf16": 362.0, "fp8": 733.0},  # NVIDIA L40S datasheet
    "RTX 4090": {"bf16": 165.2, "fp8": 330.3},  # NVIDIA Ada GPU architecture whitepaper, appendix A
}
"""By a part of the device's name; the longer name is looked for first."""
FLOORS: Mapping[str, Any] = tomllib.loads(
    (Path(__file__).parent / "floors.toml").read_text("utf-8")
)["gpu"]
LEAST_ROUNDS, MOST_ROUNDS = 3, 5
_DEBUG_PART_S = 1
_LIBRARIES = ("torch", "torchao", "diffusers", "transformers", "open_clip_torch", "sam2")


class SkippedError(Exception):
    """A part is not measured; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The time that a run may take."""

    ends: float
    """By `time.monotonic()`."""

    @property
    def left_s(self) -> float:
        return self.ends - time.monotonic()

    def admit(self, estimate_s: float) -> None:
        """See whether there is time for a part.

        Raises:
            SkippedError: There is not.
        """
        if estimate_s > self.left_s:
            msg = f"takes about {estimate_s:.0f} s, and {max(0, self.left_s):.0f} s of the budget "
            msg += "are left: measure it alone with --part and the same --json FILE"
            raise SkippedError(msg)


def rounds(pair: Comparison, setting: Setting, budget: Budget, later_s: float) -> list[Any]:
    """Seconds for an item of both sides in turns, after a warm-up of each.

    Args:
        pair: What to time.
        setting: Where it runs.
        budget: Three rounds must fit in.
        later_s: What later parts need of it: more rounds than three leave them that.

    Raises:
        SkippedError: Warming up took what the rounds would need.
    """
    seconds(pair.ours, setting)
    seconds(pair.plain, setting)
    taken: list[tuple[float, float]] = []
    while len(taken) < (LEAST_ROUNDS if setting.debug else MOST_ROUNDS):
        started = time.monotonic()
        taken.append((seconds(pair.ours, setting), seconds(pair.plain, setting)))
        round_s, missing = time.monotonic() - started, LEAST_ROUNDS - len(taken)
        if missing > 0:
            budget.admit(missing * round_s)
        elif round_s > budget.left_s - later_s:
            break
    return taken


def seconds(side: Side, setting: Setting) -> float:
    """Seconds for each item, with all that the device was asked to do."""
    synchronise(setting)
    started = time.perf_counter()
    side.run()
    synchronise(setting)
    return (time.perf_counter() - started) / side.items


def synchronise(setting: Setting) -> None:
    import torch

    if not setting.debug:
        torch.cuda.synchronize()


def peak_gb(side: Side, setting: Setting) -> float | None:
    """GB of one round of ours, without what the other side's networks hold."""
    import torch

    if setting.debug or side.bytes is None:
        return None
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    side.run()
    synchronise(setting)
    return float(torch.cuda.max_memory_allocated() - before + side.bytes) / 1e9


def figure(
    pair: Comparison,
    taken: Sequence[tuple[float, float]],
    *,
    device: str,
    gate: str | None = None,
    memory_gb: float | None = None,
) -> dict[str, Any]:
    """All that is told of a comparison.

    Args:
        pair: What was timed.
        taken: Seconds for an item of ours and of plain use, round by round.
        device: Its name; "" for the processor.
        gate: The floor's key; one that ends in `_per_s` asks for a rate, others for a ratio.
        memory_gb: The most that ours took.
    """
    ours, plain = zip(*taken, strict=True)
    ratio, per_s = _spread([p / o for o, p in taken]), 1 / statistics.median(ours)
    tflops, peak = pair.flops / 1e12 * per_s, peak_tflops(device, pair.precision)
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
        "peak_tflops": peak,
        "mfu": tflops / peak if peak else None,
        "memory_gb": memory_gb,
        "gate": _judged(gate, per_s if gate.endswith("_per_s") else ratio["median"])
        if gate
        else None,
    }


def _judged(gate: str, measured: float) -> dict[str, Any]:
    floor = float(FLOORS[gate]["at_least"])
    return {"name": gate, "at_least": floor, "measured": measured, "kept": measured >= floor}


def _spread(samples: Sequence[float]) -> dict[str, float]:
    """Median with the least and the greatest: five rounds are too few for more."""
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples)}


def peak_tflops(name: str, precision: str) -> float | None:
    """Most dense products a second of a device in 10^12; None if it is not in the table."""
    known = sorted((key for key in PEAKS_TFLOPS if key in name), key=len)
    return PEAKS_TFLOPS[known[-1]].get(precision) if known else None


class Record:
    """The figures of one device, in a file that is whole at any time."""

    def __init__(self, file: Path | None, machine: Mapping[str, Any]) -> None:
        self.figures: dict[str, dict[str, Any]] = {}
        self.not_run: dict[str, str] = {}
        self.machine, self._file = machine, file
        if file and file.exists():
            self._keep(file)

    def _keep(self, file: Path) -> None:
        try:
            held = json.loads(file.read_text("utf-8"))
            theirs, figures = held["machine"]["gpu"], held["figures"]
            self.figures = {one["figure"]: one for one in figures}
            self.not_run = dict(held["not_run"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            sys.exit(f"{file} holds no figures of this script ({error!r}): name another file")
        if theirs != self.machine["gpu"]:
            mine = self.machine["gpu"]
            sys.exit(f"{file} holds figures of {theirs}, and this is {mine}: name another file")

    def add(self, one: Mapping[str, Any]) -> None:
        """Print a figure and save it, with its own date and versions."""
        stamp = {"date": self.machine["date"], "versions": self.machine["versions"]}
        self.figures[one["figure"]] = {**one, **stamp}
        print(line(one), flush=True)
        self.save()

    def note(self, part: str, why: str) -> None:
        """Say that a part gave no figure, and why."""
        self.not_run[part] = why
        print(f"{part}: not measured: {why}", flush=True)
        self.save()

    def save(self) -> None:
        """Write aside, then rename: who is interrupted keeps the file as it was."""
        if self._file is None:
            return
        held = {"machine": self.machine, "figures": [*self.figures.values()]}
        aside = self._file.with_name(self._file.name + ".part")
        aside.write_text(json.dumps(held | {"not_run": self.not_run}, indent=1) + "\n", "utf-8")
        aside.replace(self._file)

    def markdown(self) -> str:
        """The table of a results' file."""
        head = (
            "figure",
            "ours",
            "s an item (range)",
            "plain use (range)",
            "ratio (range), n",
            "an s",
            "TFLOP an item",
            "TFLOP/s",
            "MFU",
            "GB",
            "floor",
        )
        machine = self.machine
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        title = f"# {machine['gpu']}; {machine['date']}\n\n{versions}\n"
        rows = [head, ["---"] * len(head), *(_row(one) for one in self.figures.values())]
        other = [
            f"\n{name}: of {one['date']}, with other versions than the last run's"
            for name, one in self.figures.items()
            if one["versions"] != machine["versions"]
        ]
        left = [f"\nNot measured: {part}: {why}" for part, why in self.not_run.items()]
        return "\n".join([title, *(f"| {' | '.join(row)} |" for row in rows), *other, *left])


def line(one: Mapping[str, Any]) -> str:
    """A figure for a person who watches."""
    _, _, spent, _, ratio, per_s, _, tflops, mfu, memory, gate = _row(one)
    return (
        f"{one['figure']}: {spent} s an item, {per_s}/s, {ratio} against {one['plain']}; "
        f"{tflops} TFLOP/s, MFU {mfu}, {memory} GB; floor: {gate}"
    )


def _row(one: Mapping[str, Any]) -> list[str]:
    gate = one["gate"]
    return [
        one["figure"],
        one["ours"],
        _cell(one["ours_s_per_item"]),
        f"{_cell(one['plain_s_per_item'])} {one['plain']}",
        f"{_cell(one['ratio'])}, n = {one['n']}",
        f"{one['items_per_s']:.4g}",
        f"{one['tflop_per_item']:.4g}",
        f"{one['tflops']:.4g}",
        f"{one['mfu']:.1%} of {one['precision']}" if one["mfu"] else "-",
        f"{one['memory_gb']:.1f}" if one["memory_gb"] else "-",
        f"{'kept' if gate['kept'] else 'MISSED'}: {gate['name']} {gate['measured']:.3g} "
        f"(>= {gate['at_least']:g})"
        if gate
        else "none",
    ]


def _cell(spread: Mapping[str, float]) -> str:
    return f"{spread['median']:.4g} ({spread['min']:.4g} to {spread['max']:.4g})"


def machine_of(setting: Setting) -> dict[str, Any]:
    """Device, driver, versions and date."""
    import torch

    versions: dict[str, Any] = {"Python": platform.python_version()}
    versions |= {name: found for name in _LIBRARIES if (found := _version(name))}
    date = time.strftime("%Y-%m-%d")
    if setting.debug:
        return {"gpu": "no GPU, debug size: not a speed", "date": date, "versions": versions}
    versions |= {"CUDA": torch.version.cuda, "driver": _driver()}
    return {"gpu": torch.cuda.get_device_name(), "date": date, "versions": versions}


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _driver() -> str | None:
    if (tool := shutil.which("nvidia-smi")) is None:
        return None
    asked = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return said.strip().partition("\n")[0] or None


def require(needs: Sequence[str]) -> None:
    """Make sure that distributions are installed.

    Raises:
        SkippedError: One is not; the text has the command that installs it.
    """
    if missing := [name for name in needs if _version(name) is None]:
        pins = "".join(file.read_text("utf-8") for file in _ROOT.glob("requirements*.txt"))
        wanted = [re.sub("[_-]", "[_-]", name) for name in missing]
        found = [re.search(f"^{name}==\\S+", pins, re.MULTILINE) for name in wanted]
        pinned = [pin[0] if pin else name for pin, name in zip(found, missing, strict=True)]
        msg = f"{', '.join(missing)} not installed: pip install --no-deps {' '.join(pinned)}"
        raise SkippedError(msg)


def measure(
    parts: Mapping[str, Part], setting: Setting, budget: Budget, record: Record
) -> Iterator[bool]:
    """Measure parts in order; each yields whether it went well and kept its floors."""
    waiting = {
        name: _DEBUG_PART_S if setting.debug else part.estimate_s for name, part in parts.items()
    }
    for name, part in parts.items():
        estimate_s = waiting.pop(name)
        try:
            require(part.needs)
            budget.admit(estimate_s)
            yield all(list(_figures(part, setting, budget, sum(waiting.values()), record)))
            record.not_run.pop(name, None)
        except SkippedError as why:
            record.note(name, str(why))
        except ImportError as error:
            record.note(name, f"a library cannot be imported: {error}")
        except Exception as error:
            # A part that fails must not take what the others measured in minutes of a lent GPU.
            record.note(name, f"failed: {type(error).__name__}: {error}")
            yield False
        free(setting)
    record.save()


def _figures(
    part: Part, setting: Setting, budget: Budget, later_s: float, record: Record
) -> Iterator[bool]:
    device = record.machine["gpu"]
    for pair in part.run(setting):
        gate = None if setting.debug else part.gates[pair.figure]
        taken = rounds(pair, setting, budget, later_s)
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


def listing() -> str:
    """The parts with their floors."""
    told = []
    for name, part in PARTS.items():
        gates = [f"{f} >= {FLOORS[g]['at_least']:g} ({g})" for f, g in part.gates.items()]
        told.append(f"{name} (about {part.estimate_s} s): {part.what}\n  {'; '.join(gates)}")
    return "\n".join(told)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="save all figures there")
    parser.add_argument("--part", action="append", choices=PARTS, help="this one; repeatable")
    parser.add_argument("--debug", action="store_true", help="tiny networks on the processor")
    parser.add_argument("--budget-s", type=float, default=540, help="seconds to end in (540)")
    parser.add_argument("--list", action="store_true", help="say what is measured, and stop")
    asked = parser.parse_args(argv)
    budget = Budget(ends=time.monotonic() + asked.budget_s)
    if asked.list:
        print(listing())
        return 0
    import torch

    if not asked.debug and not torch.cuda.is_available():
        sys.exit("there is no CUDA device here; --debug runs the same code on the processor")
    if asked.debug:
        # More threads than idle cores wait for each other at every small product.
        torch.set_num_threads(1)
    setting = Setting(debug=asked.debug)
    record = Record(asked.json, machine_of(setting))
    parts = {name: part for name, part in PARTS.items() if name in (asked.part or PARTS)}
    went_well = all(list(measure(parts, setting, budget, record)))
    print(record.markdown())
    return int(not went_well)


if __name__ == "__main__":
    sys.exit(main())
