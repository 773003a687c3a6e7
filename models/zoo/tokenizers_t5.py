"""A T5 tokenizer small enough for the zoo: Unigram, as the real one, made without training."""

import string
from pathlib import Path

from models.vocabulary import APPEARANCES, BACKDROPS, STYLES

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
