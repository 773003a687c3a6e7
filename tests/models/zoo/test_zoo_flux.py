from collections.abc import Mapping
from pathlib import Path

import pytest

from models.weights import fingerprint
from models.zoo import flux, flux2, qwen_image
from models.zoo.build import Builder
from models.zoo.tokenizers import t5_tokenizer

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("open_clip")

BUILDERS: Mapping[str, Builder] = flux.BUILDERS | flux2.BUILDERS | qwen_image.BUILDERS
PIPELINES = {
    "flux1-fill": "FluxFillPipeline",
    "flux1-dev": "FluxPipeline",
    "flux1-kontext": "FluxKontextPipeline",
    "flux1-redux": "FluxPriorReduxPipeline",
    "flux2-klein": "Flux2KleinPipeline",
    "flux2": "Flux2Pipeline",
    "qwen-image-edit": "QwenImageEditPlusPipeline",
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("zoo")
    build_all(root)
    return root


def build_all(root: Path) -> None:
    for name, build in BUILDERS.items():
        (root / name).mkdir()
        build(root / name)


def test_same_bytes_each_time(zoo: Path, tmp_path: Path) -> None:
    build_all(tmp_path)
    for name in BUILDERS:
        assert fingerprint(tmp_path / name) == fingerprint(zoo / name), name


def test_families_are_small(zoo: Path) -> None:
    assert sum(file.stat().st_size for file in zoo.rglob("*") if file.is_file()) < 8e6


@pytest.mark.parametrize("name", PIPELINES)
def test_diffusers_takes_the_folder_for_what_it_is(name: str, zoo: Path) -> None:
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(zoo / name, local_files_only=True)
    assert type(pipeline).__name__ == PIPELINES[name]


def test_weights_are_real_numbers_and_none_of_them_zero_throughout(zoo: Path) -> None:
    from safetensors.torch import load_file

    for file in zoo.rglob("*.safetensors"):
        for key, tensor in load_file(file).items():
            running = key.endswith(("running_mean", "num_batches_tracked"))
            assert tensor.isfinite().all(), key
            assert running or tensor.any(), key


def test_t5_knows_the_vocabularies_and_spells_the_rest(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    t5_tokenizer(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.convert_ids_to_tokens(tokenizer("a watercolour painting").input_ids) == [
        "▁a",
        "▁watercolour",
        "▁painting",
        "</s>",
    ]
    assert len(tokenizer("xylophone").input_ids) > 5
    assert tokenizer.unk_token_id not in tokenizer("Zebra, 42 & more!").input_ids


def test_adapter_fits_the_transformer(zoo: Path) -> None:
    from diffusers import FluxFillPipeline

    pipeline = FluxFillPipeline.from_pretrained(zoo / "flux1-fill", local_files_only=True)
    pipeline.load_lora_weights(zoo / "lora-flux1")
    adapted = [name for name, _ in pipeline.transformer.named_modules() if "lora_A" in name]
    assert {name.split(".lora_A")[0] for name in adapted} >= {
        "transformer_blocks.0.attn.to_q",
        "single_transformer_blocks.0.attn.to_v",
    }
