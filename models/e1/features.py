"""What frozen parts make of a pair, computed once: tokens, latents, and where the edit lies.

A file for each kind and pair, under a name of its content and of what made it, so that stages,
seeds and variants share it, and a killed run goes on. Each pair is computed alone: what it comes to
must not depend on its neighbours, or a resumed run would be another one.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.ahead import made_ahead
from models.e1.config import E1Config
from models.e1.editor import asked_of, pixels_of
from models.e1.folder import Bases, E1Parts, Shapes
from models.e1.pairs import PairCard, TrainingPair, TrainingPairs
from models.e1.regions import Regions, region_weights
from models.training.saved import saving
from models.weights import fingerprint

VERSION = "1"
"""Raised by hand when the same parts make something else of a pair."""
_LAYOUT, _LINES = "layout.json", 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A pair as it is learnt; tensors of torch."""

    read: Any
    """The reader's tokens."""
    unread: Any | None
    """The same of no instruction, where instructions are left out now and then."""
    seen: Any | None
    latents: Any
    source: Any | None
    region: Any | None
    """Weights of the loss, rows x columns of tokens; None where they are all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Where they are kept, each kind by what it is made by alone."""

    folders: Mapping[str, Path]
    """By the name of a field of `Example`; those that a recipe has."""
    regions: Regions

    @classmethod
    def at(
        cls, folder: Path, config: E1Config, bases: Bases, *, unread: bool, regions: Regions
    ) -> "Features":
        """Those of a recipe, below a folder that others may share."""
        marks = {name: fingerprint(base.path) for name, base in bases.named().items()}
        size = (config.side_px, config.square)
        image = (size, config.autoencoder, config.block_px, marks.get("painter"))
        made: dict[str, object] = {
            "read": (marks["reader"], config.reader_px),
            "latents": image,
            "region": (size, config.autoencoder, config.block_px, regions),
        }
        made |= {"unread": made["read"]} if unread else {}
        made |= {"seen": marks["sight"]} if config.sight != "none" else {}
        made |= {"source": image} if config.source_latents else {}
        folders = {
            name: folder / f"{name}-{_digest([VERSION, name, said])}" for name, said in made.items()
        }
        return cls(folders=folders, regions=regions)

    def key(self, card: PairCard) -> str:
        """The name of a pair's file: a row's id is made of its content."""
        return hashlib.sha256(f"{card.id}\0{card.instruction}".encode()).hexdigest()[:32]

    def lacking(self, key: str) -> list[str]:
        """What of a pair was not made yet."""
        return [name for name, folder in self.folders.items() if not _file(folder, key).is_file()]

    def layout(self, parts: Callable[[], E1Parts]) -> tuple[Shapes, int]:
        """Shapes of the encoders' tokens, and the pixels of a token's side; read once, and kept."""
        named = _digest(sorted(folder.name for folder in self.folders.values()))
        file = self.folders["latents"] / f"layout-{named}.json"
        if not file.is_file():
            frozen = parts()
            said = {"shapes": asdict(frozen.shapes), "px": frozen.autoencoder.multiple_px}
            _put(file, lambda aside: aside.write_text(json.dumps(said), "utf-8"))
        held: Any = json.loads(file.read_text("utf-8"))
        return Shapes(**held["shapes"]), int(held["px"])

    def load(self, key: str) -> Example:
        """A pair's.

        Raises:
            FileNotFoundError: It was not made.
        """
        from safetensors.torch import load_file

        held: dict[str, Any] = dict.fromkeys(Example.__slots__)
        for folder in self.folders.values():
            held |= load_file(_file(folder, key))
        return Example(**held)

    def make(
        self,
        pairs: TrainingPairs,
        chosen: Sequence[int],
        parts: Callable[[], E1Parts],
        config: E1Config,
        tell: Callable[[str], None],
    ) -> None:
        """Compute those that are not there yet.

        Args:
            pairs: What there is.
            chosen: Which of them.
            parts: Loads what is frozen; not called where all is there.
            config: How it is put together.
            tell: Is told how it goes.

        Raises:
            ImgEditError: A picture is missing, or the disk is full.
        """
        cards = pairs.cards
        missing = [n for n in chosen if self.lacking(self.key(cards[n]))]
        if not missing:
            return
        tell(f"{len(chosen) - len(missing)} of {len(chosen)} pairs are encoded already")
        frozen, every = parts(), max(1, len(missing) // _LINES)
        for done, pair in enumerate(made_ahead(pairs[n] for n in missing), 1):
            key = self.key(pair.card)
            for name in self.lacking(key):
                self.keep(key, name, self._made(name, pair, frozen, config))
            if done % every == 0:
                tell(f"encoded {done} of {len(missing)} pairs")

    def keep(self, key: str, name: str, made: Any | None) -> None:  # noqa: ANN401 - a tensor
        """Write one kind of a pair's features; None where it has none."""
        from safetensors.torch import save_file

        held = {} if made is None else {name: made.contiguous().cpu()}
        _put(_file(self.folders[name], key), lambda aside: save_file(held, aside))

    def _made(self, name: str, pair: TrainingPair, parts: E1Parts, config: E1Config) -> Any | None:  # noqa: ANN401 - a tensor
        multiple = parts.autoencoder.multiple_px
        size = config.size((pair.card.height_px, pair.card.width_px), multiple)
        if name == "region":
            return region_weights(pair, self.regions, (size[0] // multiple, size[1] // multiple))
        if name in ("latents", "source"):
            image = pair.source if name == "source" else pair.target
            return parts.autoencoder.encode(pixels_of([image], size).to(parts.device))[0]
        words = pair.card.instruction if name == "read" else ""
        encoder = (name == "seen" and parts.sight) or parts.reader
        return encoder.tokens([asked_of(words, pair.source, pair.reference)])[0]


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _file(folder: Path, key: str) -> Path:
    return folder / key[:2] / f"{key}.safetensors"


def _put(place: Path, write: Callable[[Path], object]) -> None:
    """Write a file aside, and rename it.

    Raises:
        SavingError: It cannot be written.
    """
    aside = place.with_suffix(".writing")
    with saving(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        write(aside)
        aside.rename(place)
