"""The keys of [runtime], on real networks."""

import shutil
from pathlib import Path

import pytest

from models.faults import ImgEditError
from models.runtime import Runtime, ready_module
from models.weights import CheckpointError

torch = pytest.importorskip("torch")


def network() -> "torch.nn.Module":
    torch.manual_seed(0)
    layers = [torch.nn.Sequential(torch.nn.Linear(16, 16), torch.nn.GELU()) for _ in range(3)]
    return torch.nn.Sequential(*layers)


def answer(module: "torch.nn.Module") -> "torch.Tensor":
    with torch.no_grad():
        return module(torch.linspace(-1, 1, 32).reshape(2, 16))


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    from peft import LoraConfig, get_peft_model

    adapted = get_peft_model(network(), LoraConfig(r=2, lora_alpha=2, target_modules=["0.0"]))
    with torch.no_grad():
        for name, weights in adapted.named_parameters():
            if "lora_B" in name:
                weights.fill_(0.5)
    adapted.save_pretrained(str(tmp_path / "adapter"))
    return tmp_path / "adapter"


def test_an_adapter_moves_answers_by_its_strength(adapter: Path) -> None:
    plain = answer(network())
    moved = [
        (answer(ready_module(network(), Runtime(loras=(f"{adapter}@{s}",)), "cpu")) - plain).abs()
        for s in (0, 0.01, 1)
    ]
    assert moved[0].max() < 1e-6
    assert 0 < moved[1].sum() < moved[2].sum()


def test_an_adapter_that_is_absent_or_of_another_network_is_refused(
    adapter: Path, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="no adapter at"):
        ready_module(network(), Runtime(loras=(str(tmp_path / "none"),)), "cpu")
    other = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 1))
    with pytest.raises(CheckpointError, match="does not fit Sequential"):
        ready_module(other, Runtime(loras=(str(adapter),)), "cpu")


def test_int8_changes_answers_a_little_and_halves_the_weights() -> None:
    runtime = Runtime(dtype="float32", quantise="int8", quantise_from=16)
    module = ready_module(network(), runtime, "cpu")
    assert "int8" in str(module[0][0].weight.dtype) or "Int8" in type(module[0][0].weight).__name__
    error = (answer(module) - answer(network())).abs().max()
    assert 0 < error < 0.05


def test_small_layers_are_left_alone() -> None:
    module = ready_module(network(), Runtime(quantise="int8"), "cpu")
    assert torch.equal(answer(module), answer(network()))


def test_fp8_without_a_gpu_names_the_remedy() -> None:
    runtime = Runtime(quantise="fp8", quantise_from=16)
    with pytest.raises(ImgEditError, match=r'use "int8"'):
        ready_module(network(), runtime, "cpu")


def test_only_repeated_blocks_are_compiled() -> None:
    module = ready_module(network(), Runtime(compile=True), "cpu")
    assert all(block._compiled_call_impl is not None for block in module)
    assert module._compiled_call_impl is None


def test_what_does_not_change_answers_is_not_in_the_recipe() -> None:
    assert Runtime(compile=True, offload="model", attention="sdpa").params() == Runtime().params()
    assert Runtime(dtype="float16").params() != Runtime().params()


def test_which_layers_are_quantised_is_in_the_recipe() -> None:
    assert Runtime(quantise_from=16).params() == Runtime().params()
    few, many = (Runtime(quantise="int8", quantise_from=least).params() for least in (512, 16))
    assert few != many


def test_the_recipe_knows_an_adapter_by_its_contents(adapter: Path, tmp_path: Path) -> None:
    before = Runtime(loras=(str(adapter),)).params()
    moved = shutil.copytree(adapter, tmp_path / "elsewhere" / adapter.name)
    assert Runtime(loras=(f"{moved}@1.0",)).params() == before
    assert Runtime(loras=(f"{moved}@0.5",)).params() != before
    file = moved / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    assert Runtime(loras=(str(moved),)).params() != before
