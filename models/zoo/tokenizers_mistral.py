"""Mistral 3's processor for the zoo: one token for each byte, and Pixtral's control tokens."""

from typing import Any

_CONTROL = (
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
)

_CHAT_TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
{%- if message['role'] == 'system' -%}{%- set ends = ('[SYSTEM_PROMPT]', '[/SYSTEM_PROMPT]') -%}
{%- elif message['role'] == 'user' -%}{%- set ends = ('[INST]', '[/INST]') -%}
{%- else -%}{%- set ends = ('', eos_token) -%}{%- endif -%}
{{- ends[0] -}}
{%- if message['content'] is string -%}{{- message['content'] -}}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'text' -%}{{- part['text'] -}}{%- else -%}{{- '[IMG]' -}}{%- endif -%}
{%- endfor -%}
{%- endif -%}
{{- ends[1] -}}
{%- endfor -%}
"""


def mistral_processor() -> Any:  # noqa: ANN401 - transformers' processors are untyped
    """A Pixtral processor: tokenizer, image processor and chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PixtralImageProcessor, PixtralProcessor, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate((*_CONTROL, *letters))}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        extra_special_tokens=[t for t in _CONTROL if t.startswith("[")],
        model_max_length=4096,
        padding_side="left",
    )
    return PixtralProcessor(
        image_processor=PixtralImageProcessor(patch_size=14, size={"longest_edge": 56}),
        tokenizer=tokenizer,
        patch_size=14,
        spatial_merge_size=2,
        chat_template=_CHAT_TEMPLATE,
    )
