"""Qwen's tokenizer with a vocabulary small enough for the zoo: byte-level BPE, trained offline."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

VOCABULARY = 768
"""Learnt tokens, the 256 bytes among them; Qwen2.5's and Qwen3's have 151,643."""

PHRASE = ("left", "Ġbasket")
"""Two tokens that are learnt for certain; Ġ is a space in the alphabet of bytes."""

CONTROL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
"""Control tokens in Qwen's order; they follow the learnt ones."""

_TEXTS = (
    ("models.write", "words.toml"),
    ("models.dialogues", "phrases.toml"),
    ("models.dialogues", "prompt.toml"),
    ("models.studio", "catalogue.toml"),
)

CHAT_TEMPLATE = """\
{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\\n' -}}
{%- if message['content'] is string -%}
{{- message['content'] -}}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'text' -%}{{- part['text'] -}}
{%- elif part['type'] in ('image', 'image_url') -%}
{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}
{%- elif part['type'] == 'video' -%}
{{- '<|vision_start|><|video_pad|><|vision_end|>' -}}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
"""ChatML with pictures in their places, as Qwen's vision models are spoken to."""


def qwen_tokenizer(folder: Path) -> dict[str, int]:
    """Write a Qwen2 tokenizer with its chat template.

    Args:
        folder: Where to: the checkpoint's own, or `tokenizer` of a pipeline.

    Returns:
        The id of every token. A model's vocabulary has to be as large as this is long.
    """
    from transformers import Qwen2Tokenizer

    learnt = _learnt()
    control = {token: len(learnt["vocab"]) + place for place, token in enumerate(CONTROL)}
    tokenizer = Qwen2Tokenizer(
        vocab=learnt["vocab"] | control,
        merges=[tuple(merge) for merge in learnt["merges"]],
        eos_token="<|im_end|>",
        additional_special_tokens=list(CONTROL[1:]),
        model_max_length=32768,
        chat_template=CHAT_TEMPLATE,
    )
    tokenizer.save_pretrained(folder)
    return dict(tokenizer.get_vocab())


def _learnt() -> dict[str, Any]:
    """Vocabulary and merges of a BPE over the package's own texts, cut up as Qwen2 cuts."""
    from tokenizers import pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    raw = Qwen2Tokenizer(vocab={}, merges=[]).backend_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(_texts(), trainer)
    model: dict[str, Any] = json.loads(raw.to_str())["model"]
    return model


def _texts() -> Iterator[str]:
    yield from ["".join(PHRASE).replace("Ġ", " ")] * 500
    for package, name in _TEXTS:
        yield from files(package).joinpath(name).read_text("utf-8").splitlines()
