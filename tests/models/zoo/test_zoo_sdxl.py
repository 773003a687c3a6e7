from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("open_clip")

from models.zoo.sdxl import BUILDERS
from models.zoo.tokenizers import MAX_TOKENS, clip_tokenizer


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("zoo")
    for name, build in BUILDERS.items():
        (root / name).mkdir()
        build(root / name)
    return root


def files(folder: Path) -> dict[str, bytes]:
    found = sorted(f for f in folder.rglob("*") if f.is_file())
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in found}


def test_same_bytes_each_time(built: Path, tmp_path: Path) -> None:
    for name, build in BUILDERS.items():
        (tmp_path / name).mkdir()
        build(tmp_path / name)
    assert files(tmp_path) == files(built)


def test_family_is_small(built: Path) -> None:
    assert sum(map(len, files(built).values())) < 8e6


def test_layout_is_that_of_the_published_repositories(built: Path) -> None:
    held = set(files(built))
    assert {
        "sdxl-inpaint/model_index.json",
        "sdxl-inpaint/unet/diffusion_pytorch_model.safetensors",
        "sdxl-inpaint/vae/config.json",
        "sdxl-inpaint/scheduler/scheduler_config.json",
        "sdxl-inpaint/tokenizer/vocab.json",
        "sdxl-inpaint/tokenizer/merges.txt",
        "sdxl-inpaint/tokenizer_2/vocab.json",
        "sdxl-inpaint/text_encoder/model.safetensors",
        "sdxl-inpaint/text_encoder_2/model.safetensors",
        "controlnet-canny-sdxl/config.json",
        "controlnet-canny-sdxl/diffusion_pytorch_model.safetensors",
        "ip-adapter-sdxl/sdxl_models/ip-adapter_sdxl_vit-h.safetensors",
        "ip-adapter-sdxl/models/image_encoder/config.json",
    } <= held


def test_tokenizer_splits_words_as_clip_does_as_far_as_its_merges_go(tmp_path: Path) -> None:
    from open_clip.tokenizer import SimpleTokenizer
    from transformers import CLIPTokenizer

    clip_tokenizer(tmp_path)
    small, clip = CLIPTokenizer.from_pretrained(tmp_path), SimpleTokenizer()
    text = "The red car in front of the house, at night!"
    whole = {clip.decoder[number] for number in clip.encode(text)}
    pieces = small.tokenize(text)
    known = whole & set(small.get_vocab())
    assert {"the</w>", "red</w>", "of</w>", "night</w>", ",</w>", "!</w>"} <= known
    assert known <= set(pieces)
    assert "".join(pieces).replace("</w>", "") == text.lower().replace(" ", "")


def test_tokenizer_pads_and_ends_as_told(tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    numbers = clip_tokenizer(tmp_path, pad_token="!")
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    ids = tokenizer("red", padding="max_length", truncation=True).input_ids
    assert len(ids) == MAX_TOKENS
    assert ids[0] == numbers["bos_token_id"]
    assert ids[2] == numbers["eos_token_id"] == numbers["vocab_size"] - 1
    assert set(ids[3:]) == {numbers["pad_token_id"]} == {0}
