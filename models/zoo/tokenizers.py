"""Short tokenizers in the files of the published ones: of CLIP, T5 and Mistral 3."""

import gzip
import string
from importlib.resources import files
from pathlib import Path
from typing import Any

from models.vocabulary import APPEARANCES, BACKDROPS, STYLES

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


_SPECIAL = ("<pad>", "</s>", "<unk>")
"""T5 numbers them 0, 1 and 2."""
_SPACE = "▁"
_WORD_SCORE = -4.0
_LETTER_SCORE = -8.0
"""Log probabilities: a word that is known as a whole is never spelled out."""


def t5_tokenizer(folder: Path) -> None:
    """Write a T5 tokenizer of the vocabularies' words and of every printable ASCII character.

    Args:
        folder: Where to, as `tokenizer_2` of FLUX.1.
    """
    from transformers import T5Tokenizer

    looks = [look.phrase for look in (*STYLES.values(), *BACKDROPS.values())]
    phrases = [*looks, *(appearance.adjective for appearance in APPEARANCES.values())]
    words = sorted({word for phrase in phrases for word in phrase.split()})
    letters = sorted(set(string.printable) - set(string.whitespace))
    scores = [(token, 0.0) for token in _SPECIAL]
    scores += [(token, _LETTER_SCORE) for token in (_SPACE, *letters)]
    scores += [(_SPACE + word, _WORD_SCORE) for word in words]
    T5Tokenizer(vocab=scores, extra_ids=0, model_max_length=512).save_pretrained(folder)


MERGES = 480
"""Of CLIP's 48,894, which open_clip ships in order of frequency."""
MAX_TOKENS = 77
START, END = "<|startoftext|>", "<|endoftext|>"


def clip_vocabulary(count: int = MERGES) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Tokens with their numbers, in CLIP's order: bytes, bytes ending a word, merges, controls."""
    from open_clip.tokenizer import bytes_to_unicode

    packed = files("open_clip").joinpath("bpe_simple_vocab_16e6.txt.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").split("\n")[1 : count + 1]
    merges = [(left, right) for left, _, right in (line.partition(" ") for line in lines)]
    letters = list(bytes_to_unicode().values())
    tokens = [*letters, *(letter + "</w>" for letter in letters)]
    tokens += [left + right for left, right in merges]
    return {token: i for i, token in enumerate([*tokens, START, END])}, merges


def clip_tokenizer(folder: Path | None = None, *, pad_token: str = END) -> dict[str, int]:
    """Write a CLIP tokenizer.

    Args:
        folder: Where to; None for the numbers alone.
        pad_token: The end of the text, or "!" as SDXL's second tokenizer has it.

    Returns:
        `vocab_size`, `bos_token_id`, `eos_token_id` and `pad_token_id`, as a text model's
        configuration wants them.
    """
    numbers, merges = clip_vocabulary()
    if folder is not None:
        from transformers import CLIPTokenizer

        tokenizer = CLIPTokenizer(
            vocab=numbers, merges=merges, pad_token=pad_token, model_max_length=MAX_TOKENS
        )
        tokenizer.save_pretrained(folder)
        # The hub's checkpoints have the vocabulary and the merges; later libraries wrote one file.
        tokenizer.backend_tokenizer.model.save(str(folder))
        (folder / "tokenizer.json").unlink()
    return {
        "vocab_size": len(numbers),
        "bos_token_id": numbers[START],
        "eos_token_id": numbers[END],
        "pad_token_id": numbers[pad_token],
    }
