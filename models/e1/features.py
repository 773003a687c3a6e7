"""What frozen parts make of a pair, computed once: tokens, latents, and where the edit lies.

A file for each pair, under a name of its content and of all that made it, so that stages, seeds and
variants share it, and a killed run goes on. Each pair is computed alone: what it comes to must not
depend on its neighbours, or a resumed run would be another one.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.e1.config import E1Config
from models.e1.editor import asked_of, pixels_of
from models.e1.folder import Bases, E1Parts, Shapes
from models.e1.pairs import PairCard, TrainingPair, TrainingPairs
from models.e1.regions import Regions, region_weights
from models.recorded import recorded
from models.training.loop import made_ahead
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
    """Where they are kept, and what they are made by."""

    folder: Path
    """Of those that are made alike."""
    unread: bool
    regions: Regions

    @classmethod
    def at(
        cls, folder: Path, config: E1Config, bases: Bases, *, unread: bool, regions: Regions
    ) -> "Features":
        """Those of a recipe, below a folder that others may share."""
        shaped = {
            key: value
            for key, value in recorded(config).items()
            if key not in {"guidance", "steps", "transformer"}
        }
        marks = {name: fingerprint(base.path) for name, base in bases.named().items()}
        said = json.dumps([VERSION, shaped, marks, unread, regions], sort_keys=True)
        digest = hashlib.sha256(said.encode()).hexdigest()[:16]
        return cls(folder=folder / digest, unread=unread, regions=regions)

    def key(self, card: PairCard) -> str:
        """The name of a pair's file: a row's id is made of its content."""
        return hashlib.sha256(f"{card.id}\0{card.instruction}".encode()).hexdigest()[:32]

    def path(self, key: str) -> Path:
        """The file of a pair."""
        return self.folder / key[:2] / f"{key}.safetensors"

    def layout(self, parts: Callable[[], E1Parts]) -> tuple[Shapes, int]:
        """Shapes of the encoders' tokens, and the pixels of a token's side; read once, and kept."""
        file = self.folder / _LAYOUT
        if not file.is_file():
            frozen = parts()
            said = {"shapes": asdict(frozen.shapes), "px": frozen.autoencoder.multiple_px}
            with saving(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                aside = file.with_suffix(".writing")
                aside.write_text(json.dumps(said), "utf-8")
                aside.rename(file)
        held: Any = json.loads(file.read_text("utf-8"))
        return Shapes(**held["shapes"]), int(held["px"])

    def load(self, key: str) -> Example:
        """A pair's.

        Raises:
            FileNotFoundError: It was not made.
        """
        from safetensors.torch import load_file

        held = load_file(self.path(key))
        return Example(**{name: held.get(name) for name in Example.__slots__})

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
        missing = [n for n in chosen if not self.path(self.key(cards[n])).is_file()]
        if not missing:
            return
        tell(f"{len(chosen) - len(missing)} of {len(chosen)} pairs are encoded already")
        frozen, every = parts(), max(1, len(missing) // _LINES)
        for done, pair in enumerate(made_ahead(pairs[n] for n in missing), 1):
            self._write(self.key(pair.card), self._made(pair, frozen, config))
            if done % every == 0:
                tell(f"encoded {done} of {len(missing)} pairs")

    def _made(self, pair: TrainingPair, parts: E1Parts, config: E1Config) -> dict[str, Any]:
        words = {"read": pair.card.instruction} | ({"unread": ""} if self.unread else {})
        multiple = parts.autoencoder.multiple_px
        size = config.size((pair.card.height_px, pair.card.width_px), multiple)
        made = {
            name: parts.reader.tokens([asked_of(text, pair.source, pair.reference)])[0]
            for name, text in words.items()
        }
        if parts.sight:
            (made["seen"],) = parts.sight.tokens([asked_of("", pair.source, pair.reference)])
        shown = {"latents": pair.target} | (
            {"source": pair.source} if config.source_latents else {}
        )
        for name, image in shown.items():
            made[name] = parts.autoencoder.encode(pixels_of([image], size).to(parts.device))[0]
        grid = (size[0] // multiple, size[1] // multiple)
        if (weights := region_weights(pair, self.regions, grid)) is not None:
            made["region"] = weights
        return made

    def _write(self, key: str, made: Mapping[str, Any]) -> None:
        from safetensors.torch import save_file

        place = self.path(key)
        aside = place.with_suffix(".writing")
        with saving(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            save_file({name: one.contiguous().cpu() for name, one in made.items()}, aside)
            aside.rename(place)
