"""Tokenizers of the zoo's detectors: a short CLIP vocabulary and a short BERT vocabulary."""

import string
from pathlib import Path

_MERGES = 1000
"""CLIP's first merges: enough that common nouns are one or two tokens."""
_UNUSED = 99
"""BERT leaves the numbers 1 to 99 and 104 to 998 free."""


def clip_tokenizer(folder: Path, *, length: int) -> int:
    """Write a CLIP tokenizer cut from the vocabulary that open_clip brings.

    Args:
        folder: Where to.
        length: The most tokens of a text.

    Returns:
        Size of the vocabulary. The last number is the end of the text, as in the full one.
    """
    from open_clip.tokenizer import SimpleTokenizer
    from transformers import CLIPTokenizer

    full = SimpleTokenizer()
    # One entry for each byte, one for each byte that ends a word, then one for each merge.
    pieces = [full.decoder[index] for index in range(512 + _MERGES)]
    merges = sorted(full.bpe_ranks, key=full.bpe_ranks.__getitem__)[:_MERGES]
    vocabulary = [*pieces, "<|startoftext|>", "<|endoftext|>"]
    CLIPTokenizer(
        vocab={piece: index for index, piece in enumerate(vocabulary)},
        merges=merges,
        pad_token="<|endoftext|>",
        model_max_length=length,
    ).save_pretrained(folder)
    return len(vocabulary)


def bert_tokenizer(folder: Path, *, words: tuple[str, ...]) -> int:
    """Write a BERT tokenizer with bert-base-uncased's numbers for special and ASCII characters.

    Grounding DINO's network knows [CLS], [SEP], "." and "?" by their numbers 101, 102, 1012 and
    1029, so they must keep them.

    Args:
        folder: Where to.
        words: Words that are one token; others are spelled out.

    Returns:
        Size of the vocabulary.
    """
    from transformers import BertTokenizer

    unused = [f"[unused{index}]" for index in range(994)]
    signs = [sign for sign in map(chr, range(33, 127)) if not sign.isupper()]
    spelled = [f"##{letter}" for letter in string.ascii_lowercase + string.digits]
    vocabulary = ["[PAD]", *unused[:_UNUSED], "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary += [*unused[_UNUSED:], *signs, *spelled, *words]
    BertTokenizer(
        vocab={piece: index for index, piece in enumerate(vocabulary)}, model_max_length=512
    ).save_pretrained(folder)
    return len(vocabulary)
