"""CLIP's tokenizer with its most frequent merges alone, so that embeddings stay small."""

import gzip
from importlib.resources import files
from pathlib import Path

MERGES = 480
"""Of CLIP's 48,894, which open_clip ships in order of frequency."""
MAX_TOKENS = 77
START, END = "<|startoftext|>", "<|endoftext|>"


def vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Tokens with their numbers, in CLIP's order: bytes, bytes ending a word, merges, controls."""
    from open_clip.tokenizer import bytes_to_unicode

    packed = files("open_clip").joinpath("bpe_simple_vocab_16e6.txt.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").split("\n")[1 : MERGES + 1]
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
    numbers, merges = vocabulary()
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
