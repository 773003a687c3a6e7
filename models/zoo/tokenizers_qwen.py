"""Qwen's tokenizer with a vocabulary small enough for the zoo: 768 tokens of 151,643.

Their merges are a file of their own. Learnt anew from the package's texts, each new word in a table
would be another debug-size model.
"""

from importlib.resources import files
from pathlib import Path

PHRASE = ("left", "Ġbasket")
"""Two of the tokens; Ġ is a space in the alphabet of bytes."""

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
    from tokenizers import pre_tokenizers
    from transformers import Qwen2Tokenizer

    merges = _merges()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(left + right for left, right in merges), *CONTROL]
    tokenizer = Qwen2Tokenizer(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=merges,
        eos_token="<|im_end|>",
        additional_special_tokens=list(CONTROL[1:]),
        model_max_length=32768,
        chat_template=CHAT_TEMPLATE,
    )
    tokenizer.save_pretrained(folder)
    return dict(tokenizer.get_vocab())


def _merges() -> list[tuple[str, str]]:
    """Pairs of tokens, the most frequent first: the form of `merges.txt` on the hub."""
    lines = files("models.zoo").joinpath("qwen_merges.txt").read_text("utf-8").splitlines()
    return [(left, right) for left, _, right in (line.partition(" ") for line in lines)]
