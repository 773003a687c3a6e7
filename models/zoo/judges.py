"""Debug-size judges in the layouts that EditScore and EditReward are published in."""

from pathlib import Path

from models.zoo.build import Builder
from models.zoo.tokenizers_qwen import qwen_tokenizer
from models.zoo.vlms import SEED, WIDTH, qwen3_config, qwen25_config, write_qwen25_vl

_HEAD_WIDTHS = (1024, 16, 2)
"""EditReward's own: the heads are small beside the model."""


def write_editscore_adapter(folder: Path) -> None:
    """Write an adapter of `qwen3-vl` as PEFT does; its answers differ from the bare model's."""
    import tempfile

    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText

    with tempfile.TemporaryDirectory() as scratch, torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        ids = qwen_tokenizer(Path(scratch))
        model = AutoModelForImageTextToText.from_config(qwen3_config(ids), dtype=torch.float32)
        config = LoraConfig(
            r=4,
            lora_alpha=8,
            target_modules=r".*\.language_model\..*\.(q|k|v|o|gate|up|down)_proj",
        )
        adapted = get_peft_model(model, config)
        config.base_model_name_or_path = "zoo:qwen3-vl"
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter, std=0.2)
        adapted.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink()


def write_editreward(folder: Path) -> None:
    """Write one file with a Qwen2.5-VL, a row more for the special token, and two heads."""
    import torch
    from safetensors.torch import save_file
    from torch import nn
    from transformers import AutoModelForImageTextToText

    ids = qwen_tokenizer(folder)
    for file in folder.iterdir():
        file.unlink()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        config = qwen25_config({**ids, "<|Reward|>": len(ids)})
        model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32)
        tensors = dict(model.state_dict())
        for head in ("head_0", "head_1"):
            first, second, last = _HEAD_WIDTHS
            # Between the layers stand a ReLU and a dropout, then a ReLU: 0, 3 and 5 have weights.
            layers = {
                0: nn.Linear(WIDTH, first),
                3: nn.Linear(first, second),
                5: nn.Linear(second, last),
            }
            for place, layer in layers.items():
                for part, tensor in layer.state_dict().items():
                    tensors[f"rm_heads.{head}.{place}.{part}"] = tensor
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )


def write_judge_base(folder: Path) -> None:
    """Write a Qwen2.5-VL that can be taught to judge."""
    write_qwen25_vl(folder, speaks=False)


BUILDERS: dict[str, Builder] = {
    "editscore-adapter": write_editscore_adapter,
    "editreward": write_editreward,
    "judge-base": write_judge_base,
}
