"""Which pairs are learnt when, with how much of which noise: all of it follows from the seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from models.e1.features import Example, Features
from models.e1.flow import drawn_sigma

if TYPE_CHECKING:
    from models.e1.networks import E1Network, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A pair that is learnt from, by what it was encoded to."""

    key: str
    size: tuple[int, int]
    """Height and width in pixels; only pairs of one size go through the painter together."""
    weight: float
    """Of its loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBatch:
    """Pairs that go through the painter together, in host memory."""

    told: "Told"
    latents: Any
    """The targets', rows x channels x rows x columns."""
    noise: Any
    sigma: Any
    """The share of noise of each row, 0 to 1."""
    region: Any | None
    """Weights of each row's tokens, rows x rows x columns."""
    weights: Any
    """Of the rows."""

    def tokens(self, network: "E1Network") -> tuple[int, int, int, int]:
        """Rows, and of each the tokens of its image (with the source's), its words and its sight.

        With padding.
        """
        images = 1 if self.told.source is None else 2
        rows, _, height, width = self.latents.shape
        seen = 0
        if self.told.seen is not None and "sight" in network.connectors:
            shrinks = getattr(network.connectors["sight"], "shrinks", 1)
            seen = self.told.seen.shape[1] // shrinks
        return rows, images * height * width, self.told.read.shape[1], seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Curriculum:
    """The batches of each step: the same for the same seed, from any step on."""

    features: Features
    learnt: Sequence[Learnt]
    rows_at_once: int
    batches_per_step: int
    dropout: float
    """The share of rows whose instruction is left out."""
    seed: int
    share: tuple[int, int] = (0, 1)
    """Which process this is, of how many: each takes every so-manieth batch of a step."""
    _groups: Mapping[tuple[int, int], list[int]] = field(init=False)

    def __post_init__(self) -> None:
        """Put pairs of one size together."""
        groups: dict[tuple[int, int], list[int]] = {}
        for number, one in enumerate(self.learnt):
            groups.setdefault(one.size, []).append(number)
        object.__setattr__(self, "_groups", groups)

    def steps(self, start: int) -> Iterator[list[FlowBatch]]:
        """This process's batches of each step from one on, without an end."""
        mine, of = self.share
        numbered = islice(enumerate(self._order()), start * self.batches_per_step, None)
        while True:
            step = list(islice(numbered, self.batches_per_step))
            yield [self.batch(rows, number) for number, rows in step[mine::of]]

    def used(self, steps: int) -> set[str]:
        """The keys of what so many steps learn from: no more of them need be encoded."""
        batches = islice(self._order(), steps * self.batches_per_step)
        keys: set[str] = set()
        for rows in batches:
            keys.update(row.key for row in rows)
            if len(keys) == len(self.learnt):
                break
        return keys

    def batch(self, rows: Sequence[Learnt], number: int) -> FlowBatch:
        """Pairs with the noise and the chances of the batch of that number."""
        import torch

        from models.e1.networks import Told

        examples = [self.features.load(row.key) for row in rows]
        (state,) = np.random.SeedSequence((self.seed, number)).generate_state(1, np.uint64)
        chance = torch.Generator().manual_seed(int(state))
        latents = torch.stack([one.latents.float() for one in examples])
        left_out = (torch.rand(len(rows), generator=chance) < self.dropout).tolist()
        sigma = drawn_sigma(len(rows), latents[0, 0].numel(), chance)
        return FlowBatch(
            told=Told.of(
                [_read(one, out) for one, out in zip(examples, left_out, strict=True)],
                _all("seen", examples),
                _all("source", examples),
            ),
            latents=latents,
            noise=torch.randn(latents.shape, generator=chance),
            sigma=sigma,
            region=_regions(examples),
            weights=torch.tensor([row.weight for row in rows]),
        )

    def _order(self) -> Iterator[list[Learnt]]:
        """Batches without an end, in a new order in each epoch."""
        epoch = 0
        while True:
            chance = np.random.default_rng((self.seed, epoch))
            batches = []
            for group in self._groups.values():
                order = chance.permutation(group).tolist()
                size = self.rows_at_once
                batches += [order[at : at + size] for at in range(0, len(order), size)]
            for number in chance.permutation(len(batches)).tolist():
                yield [self.learnt[one] for one in batches[number]]
            epoch += 1


def _read(example: Example, left_out: bool) -> Any:  # noqa: ANN401 - a tensor
    return example.unread if left_out and example.unread is not None else example.read


def _all(name: str, examples: Sequence[Example]) -> list[Any] | None:
    found = [getattr(example, name) for example in examples]
    return None if found[0] is None else found


def _regions(examples: Sequence[Example]) -> Any | None:  # noqa: ANN401 - a tensor
    """The weights of each row's tokens; ones where a row has none."""
    import torch

    if all(one.region is None for one in examples):
        return None
    like = examples[0].latents[0].float()
    ones = torch.ones_like(like)
    return torch.stack([ones if one.region is None else one.region for one in examples])
