from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sam2 = pytest.importorskip("sam2")

from models.segment.hiera_flops import encoder_flops  # noqa: E402
from models.segment.sam2 import build, configuration  # noqa: E402
from models.weights import Weights  # noqa: E402
from models.zoo.segmenters import sam2 as write_sam2  # noqa: E402

PACKAGED = Path(sam2.__file__).parent / "configs" / "sam2.1"


def test_the_formula_counts_what_torch_counts(tmp_path: Path) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    write_sam2(tmp_path)
    config = configuration(Weights.at(tmp_path))
    encoder = build(config["model"], "debug").eval().image_encoder
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        encoder(torch.zeros(1, 3, config["side_px"], config["side_px"]))
    assert encoder_flops(config["model"]) == pytest.approx(counted.get_total_flops(), rel=1e-6)


def test_the_large_network_needs_what_its_speed_is_held_against() -> None:
    from omegaconf import OmegaConf

    flops = {
        size: encoder_flops(OmegaConf.load(PACKAGED / f"sam2.1_hiera_{size}.yaml")["model"])
        for size in ("t", "s", "b+", "l")
    }
    assert flops["l"] == pytest.approx(1.82e12, rel=0.005)
    assert flops["t"] < flops["s"] < flops["b+"] < flops["l"]
