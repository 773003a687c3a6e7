"""The zoo's vision-language models: as on the hub, the same each time, and small."""

import hashlib
import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from models.zoo.tokenizers_qwen import CONTROL, qwen_tokenizer
from models.zoo.vlms import BUILDERS


def written(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    BUILDERS[name](place)
    return place


def digests(folder: Path) -> dict[str, str]:
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_a_checkpoint_is_small_and_the_same_each_time(tmp_path: Path, name: str) -> None:
    first, second = written(tmp_path / "a", name), written(tmp_path / "b", name)
    assert digests(first) == digests(second)
    assert sum(f.stat().st_size for f in first.iterdir()) < 3_000_000


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("qwen2.5-vl", "Qwen2_5_VLForConditionalGeneration"),
        ("qwen3-vl", "Qwen3VLForConditionalGeneration"),
    ],
)
def test_transformers_reads_every_tensor(tmp_path: Path, name: str, architecture: str) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    folder = written(tmp_path, name)
    model, report = AutoModelForImageTextToText.from_pretrained(folder, output_loading_info=True)
    assert type(model).__name__ == architecture
    assert not any(report.values())
    processor = AutoProcessor.from_pretrained(folder)
    assert processor.tokenizer.convert_tokens_to_ids("<|image_pad|>") == model.config.image_token_id


def test_qwen25_has_the_layout_it_was_published_in(tmp_path: Path) -> None:
    from safetensors import safe_open

    folder = written(tmp_path, "qwen2.5-vl")
    config = json.loads((folder / "config.json").read_text())
    assert "text_config" not in config
    assert config["rope_scaling"]["type"] == "mrope"
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = list(file.keys())
    assert {name.partition(".")[0] for name in names} == {"lm_head", "model", "visual"}


def test_the_tokenizer_gives_back_any_text(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    ids = qwen_tokenizer(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    text = 'Replace the naïve café {"a": 12}\n\U0001f600<|im_end|>'
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    # A phrase of the package's own texts is shorter than its letters.
    assert len(tokenizer("in the upper left corner")["input_ids"]) < 12
    control = [ids[token] for token in CONTROL]
    assert control == list(range(len(ids) - len(CONTROL), len(ids)))
    assert tokenizer.eos_token == "<|im_end|>"


def test_the_template_puts_images_where_they_are(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    qwen_tokenizer(tmp_path)
    parts = [
        {"type": "text", "text": "before"},
        {"type": "image"},
        {"type": "text", "text": "after"},
    ]
    written = AutoTokenizer.from_pretrained(tmp_path).apply_chat_template(
        [{"role": "system", "content": "rubric"}, {"role": "user", "content": parts}],
        tokenize=False,
        add_generation_prompt=True,
    )
    assert written == (
        "<|im_start|>system\nrubric<|im_end|>\n"
        "<|im_start|>user\nbefore<|vision_start|><|image_pad|><|vision_end|>after<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
