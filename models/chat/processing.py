"""What turns a chat into a vision-language model's inputs, and its tokens into text."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from models.chat.chat_model import Message
from models.chat.grammar import TokenVocabulary
from models.geometry import Rgb
from models.loading.networks import loading_errors
from models.weights import CheckpointError, Weights

if TYPE_CHECKING:
    import torch


class VlmProcessor:
    """The processor of one checkpoint; it needs no device, and several threads may use it."""

    def __init__(self, weights: Weights) -> None:
        """Read the processor.

        Raises:
            CheckpointError: A file of it is missing or damaged.
        """
        from transformers import AutoConfig, AutoProcessor, GenerationConfig

        folder = weights.path
        with loading_errors(f"the processor of {weights.source}"):
            self._processor = AutoProcessor.from_pretrained(
                folder, local_files_only=True, padding_side="left"
            )
            config = AutoConfig.from_pretrained(folder, local_files_only=True)
            said = GenerationConfig.from_pretrained(folder, local_files_only=True)
            images = self._processor.image_processor
            self.multiple_px: int = images.patch_size * images.merge_size
            self.merged: int = images.merge_size**2
            size: int = config.get_text_config().vocab_size
        if self._processor.chat_template is None:
            msg = f"{weights.source} has no chat template: name an instruct model"
            raise CheckpointError(msg)
        ends = said.eos_token_id or self._processor.tokenizer.eos_token_id
        self.ends: tuple[int, ...] = (ends,) if isinstance(ends, int) else tuple(ends)
        if (known := len(self._processor.tokenizer)) <= max(self.ends):
            # Without its files transformers makes an empty tokenizer, and says nothing.
            msg = f"the tokenizer of {weights.source} has only {known} tokens: download it again"
            raise CheckpointError(msg)
        self.vocabulary = TokenVocabulary(self._processor.tokenizer, size=size, ends=self.ends)

    def inputs(self, chats: Sequence[Sequence[Message]]) -> Mapping[str, "torch.Tensor"]:
        """A batch for the model, padded on the left.

        Args:
            chats: Their images have sides that are multiples of `multiple_px`.
        """
        images = [_images(chat) for chat in chats]
        made: Mapping[str, torch.Tensor] = self._processor(
            text=[self._written(chat) for chat in chats],
            images=images if any(images) else None,
            images_kwargs={"do_resize": False, "input_data_format": "channels_last"},
            padding=True,
            return_tensors="pt",
        )
        return made

    def text(self, tokens: Sequence[int]) -> str:
        """What an answer says."""
        said: str = self._processor.tokenizer.decode(list(tokens), skip_special_tokens=True)
        return said

    def answer_tokens(self, text: str) -> list[int]:
        """What a model has to say to answer with that text, the token that ends it included."""
        plain = _part(text)["text"]
        tokens: list[int] = self._processor.tokenizer(plain, add_special_tokens=False)["input_ids"]
        return [*tokens, self.ends[0]]

    def token(self, word: str) -> int:
        """The one token that a word is.

        Raises:
            CheckpointError: It is none, or several.
        """
        tokens: list[int] = self._processor.tokenizer(word, add_special_tokens=False)["input_ids"]
        if len(tokens) != 1:
            msg = f"its tokenizer writes {word!r} as {len(tokens)} tokens: use the scores' text"
            raise CheckpointError(msg)
        return tokens[0]

    def _written(self, chat: Sequence[Message]) -> str:
        told = [
            {"role": message.role, "content": [_part(part) for part in message.parts]}
            for message in chat
        ]
        written: str = self._processor.apply_chat_template(
            told, tokenize=False, add_generation_prompt=True
        )
        return written


def _part(part: "str | Rgb") -> dict[str, str]:
    if not isinstance(part, str):
        return {"type": "image"}
    # A caption that spells a control token must neither end a message nor stand for an image.
    return {"type": "text", "text": part.replace("<|", "< |")}


def _images(chat: Sequence[Message]) -> list[Rgb]:
    return [part for message in chat for part in message.parts if not isinstance(part, str)]


@lru_cache(maxsize=4)
def processor_of(weights: Weights) -> VlmProcessor:
    """The processor of a checkpoint, read once.

    Raises:
        CheckpointError: A file of it is missing or damaged.
    """
    return VlmProcessor(weights)
