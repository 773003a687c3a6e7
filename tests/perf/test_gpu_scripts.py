"""The scripts for a GPU: real configurations by shape alone, and every part at debug size."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import gpu_bench
import gpu_judging
import gpu_painting
import gpu_run
import gpu_vision
import pytest
from gpu_engine import Computing, photographs, through_engine
from gpu_networks import (
    CLIP_DEBUG,
    FLUX_FILL,
    clip_config,
    clip_network,
    flux_transformer,
    parameters,
    qwen_config,
    qwen_network,
    sam2_config,
    sam2_network,
    sdxl_unet,
)
from gpu_report import Gate, Measurement, peak_tflops

from models.embed.clip_flops import flops_per_image
from models.faults import Fault, Reason
from models.paint.diffusion.flux import flops_per_step
from models.segment.hiera_flops import encoder_flops
from models.zoo.tokenizers_qwen import CONTROL

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")
pytest.importorskip("sam2")
pytest.importorskip("open_clip")
pytest.importorskip("ultralytics")
pytest.importorskip("llguidance")


@pytest.fixture(autouse=True)
def _one_core() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("name", "millions"),
    [("flux", 11_902), ("sdxl", 2_567), ("sam2", 224.4), ("clip", 427.6), ("qwen", 8_292)],
)
def test_the_real_configurations_have_the_published_numbers_of_parameters(
    name: str, millions: float, tmp_path: Path
) -> None:
    ids = {token: index for index, token in enumerate(CONTROL)}
    # SAM 2 reads numbers back while it is built, which tensors without memory do not have.
    with torch.device("cpu" if name == "sam2" else "meta"):
        network: Any = {
            "flux": flux_transformer,
            "sdxl": sdxl_unet,
            "sam2": lambda: sam2_network(sam2_config(tmp_path)),
            "clip": lambda: clip_network(clip_config("ViT-L-14-quickgelu")),
            "qwen": lambda: qwen_network(qwen_config(ids), torch.bfloat16),
        }[name]()
    assert parameters(network) / 1e6 == pytest.approx(millions, rel=0.001)


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

    config = dict(FLUX_FILL) | {"num_layers": 1, "num_single_layers": 2}
    with torch.device("meta"):
        network = FluxTransformer2DModel(**config)
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
    assert flops_per_step(config, 4096, 512) == pytest.approx(seen, rel=0.03)


def test_clip_and_sam2_of_debug_size_cost_what_torch_counts(tmp_path: Path) -> None:
    clip = clip_network(CLIP_DEBUG)
    side = CLIP_DEBUG["vision_cfg"]["image_size"]
    seen = counted(lambda: clip.encode_image(torch.zeros(1, 3, side, side)))
    assert flops_per_image(CLIP_DEBUG) == pytest.approx(seen, rel=0.03)
    model = sam2_config(tmp_path, debug=True)
    sam2, side = sam2_network(model), model["image_size"]
    # The trunk and the neck; `forward_image` also projects two maps for the mask decoder.
    seen = counted(lambda: sam2.image_encoder(torch.zeros(1, 3, side, side)))
    assert encoder_flops(model) == pytest.approx(seen, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("script", [gpu_painting, gpu_vision, gpu_judging])
def test_every_part_runs_at_debug_size(script: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    code = gpu_run.run(
        script.__doc__, script.PARTS, script.DEFAULTS, ["--debug", "--json", str(file)]
    )
    made = json.loads(file.read_text("utf-8"))
    assert code == 0
    assert made["skipped"] == {}
    assert set(script.PARTS) <= {one["part"] for one in made["measurements"]}
    for one in made["measurements"]:
        _check_figures(one)


def _check_figures(one: Mapping[str, Any]) -> None:
    for key in ("ours_s_per_item", "plain_s_per_item", "ratio"):
        low, high = one[key]["interval"]
        assert 0 < low <= one[key]["median"] <= high < math.inf
    assert one["n"] == 2
    assert one["tflops"] == pytest.approx(one["tflop_per_item"] / one["ours_s_per_item"]["median"])
    assert one["tflop_per_item"] > 0
    assert one["mfu"] is None


def test_a_missing_library_is_said_and_a_broken_part_fails_the_run(tmp_path: Path) -> None:
    def missing(setting: gpu_bench.Setting) -> Iterator[Measurement]:
        gpu_bench.require("no_such_library")
        yield from ()

    def broken(setting: gpu_bench.Setting) -> Iterator[Measurement]:
        stage: Computing[bytes, bytes] = Computing(
            batch_size=1,
            decode=lambda _, data: data,
            compute=lambda batch: [Fault(reason=Reason.OUT_OF_MEMORY, detail="no room")],
            encode=lambda result: result,
        )
        through_engine(stage, photographs(1, 8, 8))
        yield from ()

    file = tmp_path / "figures.json"
    parts = {"missing": missing, "broken": broken}
    options = ["--debug", "--json", str(file)]
    assert gpu_run.run("", parts, gpu_vision.DEFAULTS, [*options, "--part", "missing"]) == 0
    assert gpu_run.run("", parts, gpu_vision.DEFAULTS, [*options, "--part", "broken"]) == 1
    said = json.loads(file.read_text("utf-8"))["skipped"]
    assert "no_such_library not installed" in said["missing"]
    assert "no room" in said["broken"]


def test_a_missed_gate_shows_and_the_longest_name_gives_the_peak() -> None:
    one = Measurement(
        part="flux",
        ours="ours",
        plain="plain",
        ours_s=(5.0, 4.0, 4.0),
        plain_s=(6.0, 6.0, 4.0),
        tflop=2000.0,
        peak_tflops=peak_tflops("NVIDIA H100 PCIe", "bf16"),
        precision="bf16",
        memory_gb=33.0,
        gates=(Gate(name="flux_bf16"), Gate(name="judge_pairs_per_s", of="per_s")),
    )
    assert not one.passed
    assert "MISS flux_bf16 1.2 (>= 1.5)" in one.line()
    assert "MISS judge_pairs_per_s 0.25 (>= 8)" in one.line()
    assert one.mfu == pytest.approx(500 / 756.4)
    assert peak_tflops("NVIDIA H100 80GB HBM3", "fp8") == 1978.9
    assert peak_tflops("NVIDIA A100-SXM4-80GB", "fp8") is None
    assert peak_tflops("another", "bf16") is None


_ALONE = """
ABSENT = {"dagster", "lancedb", "polars", "pyarrow", "scipy", "imagehash", "pycocotools"}
import sys, importlib.abc
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
sys.path[:0] = [PERF, ROOT]
import gpu_painting, gpu_vision, gpu_judging
"""


def test_the_scripts_need_neither_the_graph_nor_the_store() -> None:
    here = Path(__file__).parent
    code = _ALONE.replace("PERF", repr(str(here))).replace("ROOT", repr(str(here.parents[1])))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
