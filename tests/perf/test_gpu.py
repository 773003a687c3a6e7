"""`gpu.py`: real configurations by shape alone, and every part at debug size."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import gpu
import pytest
from gpu_networks import (
    FLUX_FILL,
    flux_transformer,
    qwen_config,
    qwen_network,
    sam2_config,
    sam2_layout,
    sam2_network,
)
from gpu_parts import PARTS, Comparison, Part, Setting, Side, sound

from models.faults import Fault, Reason
from models.paint.diffusion.flux import flops_per_step
from models.painting import Painting
from models.segment.hiera_flops import encoder_flops
from models.zoo.tokenizers_qwen import CONTROL

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")
pytest.importorskip("llguidance")


@pytest.mark.parametrize(
    ("name", "millions"),
    [("flux", 11_902), ("sam2", 212.7), ("qwen", 8_292)],
)
def test_the_real_configurations_have_the_published_numbers_of_parameters(
    name: str, millions: float
) -> None:
    ids = {token: index for index, token in enumerate(CONTROL)}
    with torch.device("meta"):
        network: Any = {
            "flux": flux_transformer,
            # Of its image encoder: the published 224.4 hold the decoder and a video's memory.
            "sam2": lambda: sam2_network(sam2_config()).vision_encoder,
            "qwen": lambda: qwen_network(qwen_config(ids), torch.bfloat16),
        }[name]()
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, rel=0.001)


def counted(call: Any) -> int:
    """Operations of a call, as torch counts them; it does not see into attention's fast path."""
    from torch.utils.flop_counter import FlopCounterMode

    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            call()
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
    return int(counter.get_total_flops())


def test_flux_costs_what_torch_counts_in_blocks_of_real_width() -> None:
    from diffusers import FluxTransformer2DModel

    with torch.device("meta"):
        network = FluxTransformer2DModel(**FLUX_FILL, num_layers=1, num_single_layers=2)
        seen = counted(
            lambda: network(
                hidden_states=torch.empty(1, 4096, 384),
                encoder_hidden_states=torch.empty(1, 512, 4096),
                pooled_projections=torch.empty(1, 768),
                timestep=torch.empty(1),
                guidance=torch.empty(1),
                img_ids=torch.empty(4096, 3),
                txt_ids=torch.empty(512, 3),
            )
        )
    assert flops_per_step(network.config, 4096, 512) == pytest.approx(seen, rel=0.03)


def test_sam2_of_debug_size_costs_what_torch_counts() -> None:
    config = sam2_config(debug=True)
    layout, sam2 = sam2_layout(config), sam2_network(config)
    side = layout["image_size"]
    seen = counted(lambda: sam2.vision_encoder(torch.zeros(1, 3, side, side)))
    assert encoder_flops(layout) == pytest.approx(seen, rel=0.03)


def test_sam2_of_real_size_costs_what_its_own_package_does() -> None:
    assert encoder_flops(sam2_layout(sam2_config())) == pytest.approx(1.82e12, rel=0.001)


_ALONE = """
import runpy, sys, importlib.abc
from pathlib import Path
script, file, *absent = sys.argv[1:]
BARRED = {"dagster", "lancedb", "polars", *absent}
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BARRED:
            raise ModuleNotFoundError(f"No module named {name}")
sys.meta_path.insert(0, Absent())
sys.path.insert(0, str(Path(script).parent))
sys.argv = [script, "--debug", "--json", file] + ["--part", "flux-bf16"] * bool(absent)
runpy.run_path(script, run_name="__main__")
"""


def alone(file: Path, *absent: str) -> dict[str, Any]:
    """What the script writes where neither the graph's nor the named libraries are."""
    command = [sys.executable, "-c", _ALONE, gpu.__file__, str(file), *absent]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(file.read_text("utf-8")))


@pytest.mark.slow
def test_every_part_runs_at_debug_size_without_graph_and_store(tmp_path: Path) -> None:
    made = alone(tmp_path / "figures.json")
    assert made["not_run"] == {}
    gates = {figure: gate for part in PARTS.values() for figure, gate in part.gates.items()}
    assert [one["figure"] for one in made["figures"]] == list(gates)
    assert set(gates.values()) == set(gpu.FLOORS) - {"short"}
    for one in made["figures"]:
        for key in ("ours_s_per_item", "plain_s_per_item", "ratio"):
            assert 0 < one[key]["min"] <= one[key]["median"] <= one[key]["max"] < math.inf
        per_s = 1 / one["ours_s_per_item"]["median"]
        assert one["tflops"] == pytest.approx(one["tflop_per_item"] * per_s) != 0
        assert (one["n"], one["mfu"], one["gate"]) == (3, None, None)


def test_without_diffusers_its_parts_alone_are_left_out(tmp_path: Path) -> None:
    made = alone(tmp_path / "figures.json", "diffusers")
    assert "diffusers" in made["not_run"]["flux-bf16"]


def pair(figure: str, run: Any, seconds: float = 0.0) -> Comparison:
    side = Side(words="", run=run, items=1)
    rest = Side(words="", run=lambda: time.sleep(seconds), items=1)
    return Comparison(figure=figure, ours=side, plain=rest, flops=1e12)


def test_a_failing_part_and_a_spent_budget_leave_the_earlier_figures(tmp_path: Path) -> None:
    def broken() -> None:
        sound([Fault(reason=Reason.OUT_OF_MEMORY, detail="no room")], Painting)

    def part(name: str, run: Any, seconds: float = 0.0) -> Part:
        def made(setting: Setting) -> Iterator[Comparison]:
            yield pair(name, run, seconds)

        return Part(run=made, estimate_s=0, gates={})

    file, setting = tmp_path / "figures.json", Setting(debug=True)
    parts = {
        "sound": part("sound", lambda: time.sleep(0.001)),
        "broken": part("broken", broken),
        "missing": part("missing", partial(import_module, "no_such_library")),
        # Admitted, for debug-size parts take a second; then two more rounds would take eight.
        "slow": part("slow", lambda: None, 4.0),
        "late": part("late", broken),
    }
    record = gpu.Record(file=file, machine=gpu.machine_of(setting))
    assert list(gpu.measure(parts, setting, time.monotonic() + 9, record)) == [True, False]
    kept = json.loads(file.read_text("utf-8"))
    assert [one["figure"] for one in kept["figures"]] == ["sound"]
    why = kept["not_run"]
    assert why["broken"] == "failed: RuntimeError: 1 of 1 items failed, first: no room"
    assert "a library is missing: No module named 'no_such_library'" in why["missing"]
    assert "of the budget are left" in why["slow"]
    assert "of the budget are left" in why["late"]
    assert not [*tmp_path.glob("*.part")]


def test_a_missed_floor_shows_and_the_name_gives_the_peak() -> None:
    taken = [(5.0, 6.0), (4.0, 6.0), (4.0, 4.0)]
    whole = {"device": "NVIDIA H200", "memory_gb": 33.0}
    one = gpu.figure(pair("flux-bf16", len), taken, gate="flux_bf16", **whole)
    assert "33.0 GB; MISSED: flux_bf16 1.2 (>= 1.5)" in gpu.line(one)
    assert one["mfu"] == pytest.approx(0.25 / 989.4)
    rate = gpu.figure(pair("judge", len), taken, gate="judge_pairs_per_s", **whole)
    assert "MISSED: judge_pairs_per_s 0.25 (>= 8)" in gpu.line(rate)
    assert gpu.peak_tflops("NVIDIA H100 80GB HBM3", "fp8") == 1978.9
    assert gpu.peak_tflops("NVIDIA A100-SXM4-80GB", "fp8") is None
    assert gpu.peak_tflops("another", "bf16") is None
