"""What crops and scenes are called, and the tokenizer that is trained on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer

from models.studio.catalogue import names
from models.studio.settings import SETTINGS

CONTEXT_TOKENS = 20
VOCABULARY = 1024
PAD, START, END = "<pad>", "<s>", "</s>"

_TEMPLATES = ("{}", "{a}", "a drawing of {a}", "an illustration of {a}", "a picture of {a}")
_NEGATED = ("not {}", "not {a}")
_BARE_SHARE = 0.5
"""The gate asks for the bare name, so half of the captions are that."""


def with_article(name: str) -> str:
    """The noun phrase: "a red car", "an owl"."""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def name_captions(rng: np.random.Generator) -> list[str]:
    """One caption for each name of the catalogue, in its order."""
    return [_filled(_TEMPLATES, name, rng) for name in names()]


def negated_captions(rng: np.random.Generator) -> list[str]:
    """One caption that denies each name of the catalogue, in its order."""
    return [_filled(_NEGATED, name, rng) for name in names()]


def _filled(templates: Sequence[str], name: str, rng: np.random.Generator) -> str:
    bare = rng.uniform() < _BARE_SHARE
    template = templates[0 if bare else int(rng.integers(len(templates)))]
    return template.format(name, a=with_article(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneCaption:
    """A caption of a whole scene, with what it claims, so that it can be held against others."""

    text: str
    objects: tuple[int, ...]
    setting: int | None

    def is_true_of(
        self, objects: NDArray[np.bool_], settings: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Whether it is true of each scene.

        Args:
            objects: Scenes x names, which objects each holds.
            settings: The setting of each.
        """
        true = np.asarray(objects[:, list(self.objects)].all(axis=1), np.bool_)
        return true if self.setting is None else true & (settings == self.setting)


def scene_caption(
    objects: NDArray[np.bool_], setting: int, rng: np.random.Generator
) -> SceneCaption:
    """A caption with up to two of a scene's objects, its setting, or both."""
    held = rng.permutation(np.flatnonzero(objects))[: int(rng.integers(0, 3))]
    told = held.size == 0 or rng.uniform() < 0.6
    nouns = " and ".join(with_article(names()[i]) for i in held)
    phrase = tuple(SETTINGS.values())[setting].phrase if told else ""
    return SceneCaption(
        text=f"{nouns} {phrase}".strip(),
        objects=tuple(int(i) for i in held),
        setting=setting if told else None,
    )


def train_tokenizer() -> Tokenizer:
    """A byte-level BPE over the captions' words; any text can be spelt with it."""
    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=True)
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END],
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in (START, END)]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{START} $A {END}", pair=None, special_tokens=ends
    )
    tokenizer.enable_truncation(CONTEXT_TOKENS)
    tokenizer.enable_padding(length=CONTEXT_TOKENS, pad_id=0, pad_token=PAD)
    return tokenizer


def _corpus() -> Iterator[str]:
    for template in (*_TEMPLATES, *_NEGATED):
        yield from (template.format(name, a=with_article(name)) for name in names())
    for setting in SETTINGS.values():
        # As often as there are templates, so that these words too become few tokens.
        yield from [f"{setting.phrase} and"] * len(_TEMPLATES)
