"""Figures of a GPU as data, as a line and as a table, with the device's own limits beside them."""

import platform
import shutil
import statistics
import subprocess
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

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

_LIBRARIES = (
    "torch",
    "torchao",
    "diffusers",
    "transformers",
    "open_clip_torch",
    "sam2",
    "ultralytics",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What is asked of a measurement."""

    name: str
    """A key of `[gpu]` in floors.toml."""
    of: str = "ratio"
    """What is looked at: "ratio" against plain use, or "per_s", items in a second."""

    def __post_init__(self) -> None:
        """See that it is a gate before minutes are spent."""
        if self.name not in FLOORS:
            msg = f"floors.toml has no [gpu.{self.name}]"
            raise ValueError(msg)

    @property
    def at_least(self) -> float:
        """The floor."""
        return float(FLOORS[self.name]["at_least"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One figure: seconds for each item in every round, of both sides."""

    part: str
    ours: str
    plain: str
    ours_s: tuple[float, ...]
    plain_s: tuple[float, ...]
    tflop: float
    """Operations of one item in 10^12."""
    peak_tflops: float | None
    """The device's limit; None where it is not known."""
    precision: str
    memory_gb: float | None
    gates: tuple[Gate, ...]

    @property
    def seconds(self) -> float:
        """Median seconds of ours for an item."""
        return statistics.median(self.ours_s)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Plain over ours, of rounds that are neighbours in time."""
        return tuple(p / o for p, o in zip(self.plain_s, self.ours_s, strict=True))

    @property
    def tflops(self) -> float:
        """Operations a second in 10^12."""
        return self.tflop / self.seconds

    @property
    def mfu(self) -> float | None:
        """Share of the device's limit, 0 to 1."""
        return self.tflops / self.peak_tflops if self.peak_tflops else None

    def value(self, gate: Gate) -> float:
        """What a gate looks at."""
        return 1 / self.seconds if gate.of == "per_s" else statistics.median(self.ratios)

    @property
    def passed(self) -> bool:
        """Whether every gate is kept."""
        return all(self.value(gate) >= gate.at_least for gate in self.gates)

    def line(self) -> str:
        """One line for a person."""
        share = f", MFU {self.mfu:.1%} of {self.precision}" if self.mfu else ""
        memory = f", {self.memory_gb:.1f} GB" if self.memory_gb else ""
        asked = "; ".join(
            f"{'ok' if self.value(g) >= g.at_least else 'MISS'} {g.name} "
            f"{self.value(g):.3g} (>= {g.at_least:g})"
            for g in self.gates
        )
        return (
            f"{self.part}: {self.seconds:.4g} s an item ({1 / self.seconds:.4g}/s), "
            f"{self.tflops:.4g} TFLOP/s{share}{memory}; {statistics.median(self.ratios):.2f}x "
            f"{self.plain}{'; ' + asked if asked else ''}"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "part": self.part,
            "ours": self.ours,
            "plain": self.plain,
            "n": len(self.ours_s),
            "ours_s_per_item": _spread(self.ours_s),
            "plain_s_per_item": _spread(self.plain_s),
            "ratio": _spread(self.ratios),
            "items_per_s": 1 / self.seconds,
            "tflop_per_item": self.tflop,
            "tflops": self.tflops,
            "peak_tflops": self.peak_tflops,
            "precision": self.precision,
            "mfu": self.mfu,
            "memory_gb": self.memory_gb,
            "gates": [
                {
                    "name": gate.name,
                    "of": gate.of,
                    "measured": self.value(gate),
                    "at_least": gate.at_least,
                    "passed": self.value(gate) >= gate.at_least,
                }
                for gate in self.gates
            ],
        }


def _spread(samples: Sequence[float]) -> dict[str, Any]:
    """Median, with the least and the greatest of the rounds: five are too few for more."""
    return {"median": statistics.median(samples), "interval": [min(samples), max(samples)]}


def report(
    measured: Sequence[Measurement],
    skipped: Mapping[str, str],
    machine: Mapping[str, Any],
    *,
    debug: bool,
) -> dict[str, Any]:
    """All figures of a run."""
    return {
        "hardware": dict(machine),
        "date": time.strftime("%Y-%m-%d"),
        "debug": debug,
        "measurements": [one.as_dict() for one in measured],
        "skipped": dict(skipped),
    }


def markdown(made: Mapping[str, Any]) -> str:
    """A report as the results' files have it."""
    machine = made["hardware"]
    head = [
        f"# {machine['gpu']}; {made['date']}",
        "",
        ", ".join(f"{name} {version}" for name, version in machine["versions"].items()),
        "",
    ]
    if made["debug"]:
        head += ["Debug-size networks on the processor: these figures say nothing of speed.", ""]
    head += [
        "| figure | ours | s an item (range) | an s | TFLOP/s | MFU | GB | "
        "against plain (range) | gate |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows = [_row(one) for one in made["measurements"]]
    left = [f"\nNot run: {part}: {why}" for part, why in made["skipped"].items()]
    return "\n".join([*head, *rows, *left])


def _row(one: Mapping[str, Any]) -> str:
    gates = "; ".join(
        f"{g['name']} >= {g['at_least']:g}: {'kept' if g['passed'] else 'missed'}"
        for g in one["gates"]
    )
    cells = [
        one["part"],
        one["ours"],
        _cell(one["ours_s_per_item"], ".4g"),
        f"{one['items_per_s']:.4g}",
        f"{one['tflops']:.4g}",
        f"{one['mfu']:.1%} {one['precision']}" if one["mfu"] else "-",
        f"{one['memory_gb']:.1f}" if one["memory_gb"] else "-",
        f"{_cell(one['ratio'], '.2f')} {one['plain']}, n = {one['n']}",
        gates or "none",
    ]
    return f"| {' | '.join(cells)} |"


def _cell(spread: Mapping[str, Any], form: str) -> str:
    low, high = spread["interval"]
    return f"{spread['median']:{form}} ({low:{form}} to {high:{form}})"


def peak_tflops(name: str, precision: str) -> float | None:
    """Most dense products a second of a device in 10^12; None if it is not in the table.

    Args:
        name: The device's, as its driver has it.
        precision: "bf16" or "fp8".
    """
    known = sorted((key for key in PEAKS_TFLOPS if key in name), key=len)
    return PEAKS_TFLOPS[known[-1]].get(precision) if known else None


def hardware(device: str) -> dict[str, Any]:
    """Device, driver and versions."""
    import torch

    versions = {name: found for name in _LIBRARIES if (found := _version(name))}
    versions |= {"Python": platform.python_version()}
    if device == "cpu":
        return {"gpu": "no GPU", "driver": None, "cuda": None, "versions": versions}
    driver = _driver()
    return {
        "gpu": torch.cuda.get_device_name(device),
        "memory_gb": torch.cuda.get_device_properties(device).total_memory / 1e9,
        "driver": driver,
        "cuda": torch.version.cuda,
        "versions": versions | {"CUDA": torch.version.cuda, "driver": driver},
    }


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
