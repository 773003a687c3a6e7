"""How an E1 is trained: the numbers of a recipe that are the same in both stages."""

from dataclasses import dataclass

from models.e1.making import Way
from models.e1.regions import Regions
from models.e1.training import Optimiser
from models.recorded import Recorded

_RATES = {"image_branch": 5e-6, "lora": 1e-4, "all": 5e-4}


@dataclass(frozen=True, kw_only=True)
class Settings(Recorded):
    """What a profile gives a variant (docs/editor.md); the defaults are the paper's."""

    way: Way = "image_branch"
    """What of the painter is trained in stage 2 beside both connectors: attention and modulation of
    its image branch, adapters beside these, or all of it."""
    rank: int = 64
    """Of adapters."""
    connector_steps: int = 50_000
    """Of stage 1; 0 leaves the connector as it begins."""
    steps: int = 10_000
    """Of stage 2."""
    rows: int = 128
    """Pairs of a step."""
    rows_at_once: int = 1
    """Of these, how many go through the painter together, if they are of one size."""
    optimiser: Optimiser = "adamw"
    connector_rate: float = 1e-3
    """Learning rate of stage 1; Prodigy is given 1 in its place."""
    learning_rate: float | None = None
    """Of stage 2; without, 5e-6 for the image branch, 1e-4 for adapters, 5e-4 for all of it."""
    warmup_frac: float = 0.25
    clip: float = 1.0
    ema: float = 0.999
    """The share of the average that a step keeps; 0 for none."""
    dropout: float = 0.0
    """The share of rows whose instruction is left out."""
    regions: Regions = "renormalised"
    by_score: float = 0.0
    """Pairs are weighted by their judge's score, as a share of 5, to this power."""
    recompute: bool = True
    """Gradient checkpointing: activations are computed once more, not kept."""
    save_every: int = 500
    sample_every: int = 1000
    """Steps after which images are made, to be looked at; 0 for never."""
    seed: int = 0
    standalone: bool = False
    """Copy into the checkpoint what it was made from."""

    processes: int = 1
    """Devices that share the batches of a step, a process each, through accelerate."""
    sharded: bool = False
    """Spread the weights over these devices (FSDP), where one cannot hold them."""

    def __post_init__(self) -> None:
        """Refuse what cannot be shared out.

        Raises:
            ValueError: A step has not as many batches for each process, or Prodigy would have to
                find its rate from parts of weights.
        """
        if self.sharded and (self.processes < 2 or self.optimiser == "prodigy"):
            msg = 'sharded = true takes two processes or more, and optimiser = "adamw"'
            raise ValueError(msg)
        if self.processes < 1 or self.batches_per_step % self.processes:
            msg = (
                f"processes = {self.processes}: a step of {self.rows} pairs, {self.rows_at_once} "
                f"at once, has {self.batches_per_step} batches, which they cannot share alike"
            )
            raise ValueError(msg)

    @property
    def batches_per_step(self) -> int:
        """What goes through the painter together, so many times a step."""
        return max(1, self.rows // self.rows_at_once)

    def stage_steps(self, stage: int) -> int:
        """Steps of stage 1 or 2."""
        return self.connector_steps if stage == 1 else self.steps

    def rate(self, stage: int) -> float:
        """The highest learning rate of stage 1 or 2."""
        if self.optimiser == "prodigy":
            return 1.0 if stage == 1 or self.learning_rate is None else self.learning_rate
        if stage == 1:
            return self.connector_rate
        return self.learning_rate or _RATES[self.way]

    def weight(self, score: float | None) -> float:
        """Of a pair's loss, by its judge's score, 1 to 5; one that was not judged counts fully."""
        return 1.0 if score is None else (score / 5) ** self.by_score
