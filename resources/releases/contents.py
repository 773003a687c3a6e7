"""What a release turned out to hold, counted while it is written."""

from collections import Counter
from dataclasses import dataclass, field

from resources.releases.sample import ReleaseSample


@dataclass(slots=True)
class Contents:
    """Counts over the samples of a release."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By class and split."""
    licences: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Pairs by licence and attribution."""
    images: set[str] = field(default_factory=set)
    """Ids of the source images."""
    dialogues: int = 0
    masked: int = 0
    """Pairs with a mask."""

    def add(self, sample: ReleaseSample) -> None:
        """Count a sample."""
        self.pairs[sample.edit_type, sample.split] += 1
        self.licences[sample.licence, sample.attribution] += 1
        self.images.add(sample.image_id)
        self.dialogues += sample.turns > 1 and sample.turn == 1
        self.masked += sample.mask is not None

    @property
    def total(self) -> int:
        """All pairs."""
        return self.pairs.total()

    @property
    def splits(self) -> dict[str, int]:
        """Pairs by split."""
        splits: Counter[str] = Counter()
        for (_, split), count in self.pairs.items():
            splits[split] += count
        return dict(splits)
