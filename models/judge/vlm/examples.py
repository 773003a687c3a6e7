"""Lessons as a Qwen-VL learns them: a question with its images, and the answer that it deserves."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from models.chat.chat_model import Message
from models.chat.pictures import fitted
from models.chat.processing import VlmProcessor
from models.judge.judgement import Judgement
from models.judge.lesson import Lesson, Lessons
from models.judge.vlm.lines import OWN, answer_text, question

if TYPE_CHECKING:
    import torch

IGNORED = -100
"""The label of a place that no loss is taken of, as torch has it."""
_POOL = 8
"""Batches that are sorted by length together: 8 of 16 pairs are 1 GB at ImgEdit-Judge's size."""
_CHARS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One lesson, its images at the model's size."""

    message: Message
    answer: str
    length: int
    """Tokens, about: of the images, and of the texts by their characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Examples that go through the model together."""

    inputs: dict[str, "torch.Tensor"]
    """What the processor makes of the questions, padded on the left, with the answers behind."""
    answers: "torch.Tensor"
    """Examples x the longest answer: its tokens with the one that ends it, `IGNORED` after that."""
    image_tokens: tuple[int, ...]
    """Of each image, once its patches are merged."""

    @property
    def lengths(self) -> list[tuple[int, int]]:
        """Of each example the tokens of the question and of the answer, without padding."""
        answers = (self.answers != IGNORED).sum(1)
        seen = self.inputs["attention_mask"].sum(1) - answers
        return list(zip(seen.tolist(), answers.tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curriculum:
    """Which lessons are learnt when: the same for the same seed, from any step on."""

    lessons: Lessons
    chosen: Sequence[int]
    """The lessons that may be learnt from, by their number."""
    rows: int
    """Lessons of a step."""
    seed: int
    min_pixels: int
    max_pixels: int
    multiple: int

    def steps(self, start: int) -> Iterator[list[Example]]:
        """The examples of each step from one on, without an end.

        Lessons come in a new order in each epoch. Those of a few steps are sorted by length, so
        that a batch has little padding, and these steps are taken in an order of their own.
        """
        step, epoch = 0, 0
        while True:
            order = np.random.default_rng((self.seed, epoch)).permutation(self.chosen).tolist()
            for at in range(0, len(order), _POOL * self.rows):
                pool = order[at : at + _POOL * self.rows]
                count = ceil(len(pool) / self.rows)
                if step + count > start:
                    yield from self._pool(pool, epoch, at)[max(0, start - step) :]
                step += count
            epoch += 1

    def example(self, lesson: Lesson, epoch: int) -> Example:
        """A lesson as it is learnt in an epoch."""
        asked = question(lesson.request, "own", {})
        parts = tuple(
            part
            if isinstance(part, str)
            else fitted(
                part,
                min_pixels=self.min_pixels,
                max_pixels=self.max_pixels,
                multiple=self.multiple,
            )
            for part in asked.parts
        )
        answer = answer_text(lesson.label, self._grades(lesson, epoch))
        chars = len(answer) + sum(len(part) for part in parts if isinstance(part, str))
        area = sum(part.shape[0] * part.shape[1] for part in parts if not isinstance(part, str))
        length = chars // _CHARS_PER_TOKEN + area // self.multiple**2
        return Example(message=replace(asked, parts=parts), answer=answer, length=length)

    def _pool(self, pool: Sequence[int], epoch: int, at: int) -> list[list[Example]]:
        made = [self.example(self.lessons[number], epoch) for number in pool]
        made.sort(key=lambda example: example.length)
        steps = [made[first : first + self.rows] for first in range(0, len(made), self.rows)]
        order = np.random.default_rng((self.seed, epoch, at)).permutation(len(steps))
        return [steps[int(number)] for number in order]

    def _grades(self, lesson: Lesson, epoch: int) -> dict[str, int]:
        """Whole grades, up or down by chance: in the mean over the epochs they are the label's."""
        return {name: whole(lesson.label, name, f"{self.seed} {epoch} {lesson.id}") for name in OWN}


def whole(label: Judgement, criterion: str, chance: str) -> int:
    """A label's grade of a criterion as a whole number, up or down by what a text is hashed to."""
    value: float = getattr(label, criterion)
    drawn = hashlib.sha256(f"{chance} {criterion}".encode()).digest()[:4]
    return min(5, int(value + int.from_bytes(drawn, "big") / 2**32))


def batch_of(examples: Sequence[Example], processor: VlmProcessor) -> Batch:
    """Examples as tensors."""
    import torch

    inputs = dict(processor.inputs([(example.message,) for example in examples]))
    tokens = [processor.answer_tokens(example.answer) for example in examples]
    longest = max(map(len, tokens))
    answers = torch.full((len(tokens), longest), IGNORED)
    for row, said in zip(answers, tokens, strict=True):
        row[: len(said)] = torch.tensor(said)
    is_said = answers != IGNORED
    behind = {
        "input_ids": answers.where(is_said, processor.ends[0]),
        "attention_mask": is_said.long(),
        "mm_token_type_ids": torch.zeros_like(answers),
    }
    joined = {name: torch.cat([inputs[name], more], 1) for name, more in behind.items()}
    sizes = inputs["image_grid_thw"].prod(1) // processor.merged
    return Batch(inputs=inputs | joined, answers=answers, image_tokens=tuple(sizes.tolist()))
