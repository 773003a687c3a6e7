"""The recipe by which an E1 is trained, in two stages: kind "e1" of a profile's editors."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from models.batches import free_cached_memory
from models.e1.batches import Learnt
from models.e1.config import SIZES, E1Config, Sight
from models.e1.features import Features
from models.e1.folder import RECIPE, Bases, E1Parts, bases_of, config_said
from models.e1.pairs import TrainingPairs
from models.e1.samples import SHOWN, write_pair
from models.e1.settings import Settings
from models.e1.stage import Job, run_job
from models.e1.studio_words import STUDIO
from models.faults import ImgEditError
from models.judge.lesson import is_held_out
from models.judge.vlm.judge import best_device
from models.recorded import recorded
from models.runtime import Dtype
from models.weights import CheckpointError, Weights, base_said

_FEATURES = ".features"
_TRIED = 64
"""Held-out pairs at most that the loss is taken of in the end."""
_FREE = ("sight", "guidance", "steps")
"""Of a configuration what stage 2 may have otherwise than stage 1."""


@dataclass(frozen=True, kw_only=True)
class E1Learner(Settings):
    """Trains an E1: the reader's connector first, then all connectors and the painter."""

    kind: ClassVar[str] = "e1"
    version: ClassVar[str] = "1"
    unrecorded = MappingProxyType(
        {
            "features": "where what is computed once is kept",
            "processes": "who shares the sums",
            "sharded": "where weights lie",
            "save_every": "when a state is kept",
            "sample_every": "when it is looked at",
        }
    )

    size: Literal["paper", "debug", "studio"] = "paper"
    base: Weights | None = None
    """An E1's folder: stage 1 begins with its weights, and with its reader unless one is named. The
    size "studio" without base and reader begins as the studio's own editor."""
    reader: Weights | None = None
    """A Qwen2.5-VL or Qwen3-VL, or a CLIP of open_clip's, whose text tower then reads."""
    siglip: Weights | None = None
    """SigLIP 2, which sees the source."""
    painter: Weights | None = None
    """FLUX.1-dev or FLUX.2-klein, a pipeline's folder. A size with a transformer of its own, which
    begins with random weights and which `way = "all"` trains, takes its autoencoder from it, and
    CLIP's words for nothing."""
    redux: Weights | None = None
    """FLUX.1 Redux, whose connector the sight's begins with."""
    side_px: int | None = None
    reader_px: int | None = None
    sight: Sight | None = None
    source_latents: bool | None = None
    transformer: Mapping[str, Any] | None = None
    """What a recipe changes of its size (`E1Config`)."""
    features: Path | None = None
    """Where latents and tokens are kept for other stages and variants; without, beside the
    checkpoint while it is trained."""

    def connect(
        self, pairs: TrainingPairs, folder: Path, *, tell: Callable[[str], None]
    ) -> Mapping[str, float]:
        """Stage 1: the reader's connector alone; the painter is not given the sight's tokens."""
        return self._stage(1, pairs, None, folder, tell)

    def learn(
        self,
        pairs: TrainingPairs,
        connector: Path,
        folder: Path,
        *,
        tell: Callable[[str], None],
    ) -> Mapping[str, float]:
        """Stage 2: all connectors, and of the painter what `way` says.

        Raises:
            CheckpointError: The connector is of another recipe.
        """
        self._check_connector(connector)
        return self._stage(2, pairs, connector, folder, tell)

    def config(self, stage: int = 2) -> E1Config:
        """How it is put together; in stage 1 without the sight, whose connector knows nothing."""
        changed = SIZES[self.size].changed(
            side_px=self.side_px,
            reader_px=self.reader_px,
            sight=self.sight,
            source_latents=self.source_latents,
            transformer=self.transformer,
        )
        return changed.changed(sight="none") if stage == 1 else changed

    def bases(self, stage: int = 2) -> Bases:
        """What it is made from."""
        sees = self.config(stage).sight != "none"
        if sees and self.siglip is None:
            msg = 'this size sees the source through a SigLIP: name siglip, or give sight = "none"'
            raise CheckpointError(msg)
        reader = self.reader
        if reader is None:
            if (begun := self.begun()) is None:
                msg = "name a reader: a Qwen2.5-VL, or a CLIP of open_clip's; or an E1 as the base"
                raise CheckpointError(msg)
            reader = bases_of(begun.path, config_said(begun.path)).reader
        return Bases(reader=reader, sight=self.siglip if sees else None, painter=self.painter)

    def begun(self) -> Weights | None:
        """The E1 whose weights it begins with; None where it begins with random ones."""
        if self.base is None and self.reader is None and self.size == "studio":
            return Weights.at(STUDIO)
        return self.base

    def job(
        self,
        stage: int,
        pairs: TrainingPairs,
        connector: Path | None,
        folder: Path,
        *,
        parts: Callable[[], E1Parts] | None = None,
    ) -> Job:
        """What a stage is to do, without any pair's pixels.

        Args:
            stage: 1 or 2.
            pairs: What there is to learn from.
            connector: The checkpoint of stage 1, for stage 2.
            folder: Where the checkpoint is written.
            parts: Loads what is frozen, should that be needed.
        """
        features = self._features(stage, folder)
        config = self.config(stage)
        shapes, multiple = features.layout(parts or self._parts(stage))
        learnt, held = _divided(
            [
                (
                    card.group,
                    Learnt(
                        key=features.key(card),
                        size=config.size((card.height_px, card.width_px), multiple),
                        weight=self.weight(card.score),
                    ),
                )
                for card in pairs.cards
            ]
        )
        said = {name: base_said(base) for name, base in self.bases(stage).named().items()}
        if stage == 1 and (base := self.begun()) is not None:
            said["base"] = base_said(base)
        if self.redux is not None and stage == 2:
            said["redux"] = base_said(self.redux)
        begun = "" if connector is None else (connector / RECIPE).read_text("utf-8")
        told = json.dumps([recorded(self), stage, begun, [one.key for one in learnt]])
        return Job(
            stage=stage,
            folder=folder,
            config=config,
            bases=said,
            connector=connector,
            shapes=shapes,
            features=features,
            learnt=learnt,
            held=held[:_TRIED],
            shown=[one.key for one in (held or learnt)[:SHOWN]],
            settings=Settings(**{f.name: getattr(self, f.name) for f in fields(Settings)}),
            digest=hashlib.sha256(told.encode()).hexdigest()[:16],
            recipe={**recorded(self), "kind": self.kind, "version": self.version, "stage": stage},
        )

    def _stage(
        self,
        stage: int,
        pairs: TrainingPairs,
        connector: Path | None,
        folder: Path,
        tell: Callable[[str], None],
    ) -> Mapping[str, float]:
        parts = self._parts(stage)
        job = self.job(stage, pairs, connector, folder, parts=parts)
        numbers = {job.features.key(card): number for number, card in enumerate(pairs.cards)}
        used = job.curriculum().used(self.stage_steps(stage))
        wanted = {numbers[key] for key in (*used, *(one.key for one in job.held), *job.shown)}
        job.features.make(pairs, sorted(wanted), parts, job.config, tell)
        for number, key in enumerate(job.shown if self.sample_every else ()):
            write_pair(folder, number, pairs[numbers[key]])
        # The device is the painter's from here on.
        del parts
        free_cached_memory()
        figures = run_job(job, tell)
        if self.features is None:
            shutil.rmtree(folder / _FEATURES)
        return figures

    def _features(self, stage: int, folder: Path) -> Features:
        return Features.at(
            self.features or folder / _FEATURES,
            self.config(stage),
            self.bases(stage),
            unread=self.dropout > 0,
            regions=self.regions,
        )

    def _parts(self, stage: int) -> Callable[[], E1Parts]:
        """Loads what is frozen, once."""
        device = best_device()
        dtype: Dtype = "float32" if device == "cpu" else "bfloat16"
        return cache(partial(E1Parts.load, self.config(stage), self.bases(stage), device, dtype))

    def _check_connector(self, connector: Path) -> None:
        said = config_said(connector)
        if not (connector / RECIPE).is_file():
            msg = f"{connector} has no {RECIPE}: its training was not finished; make it again"
            raise CheckpointError(msg)
        for name, base in self.bases(1).named().items():
            was = said["bases"].get(name, {})
            if was.get("fingerprint") != base_said(base)["fingerprint"]:
                source = was.get("source", "none")
                msg = f"{connector} was trained with the {name} {source}, not {base.source}: "
                raise CheckpointError(msg + "make the connector's checkpoint of this variant")
        ours = json.loads(json.dumps(recorded(self.config(1))))
        theirs = said["config"]
        if other := [key for key in ours if key not in _FREE and theirs.get(key) != ours[key]]:
            msg = (
                f"{connector} is of another recipe: its {other[0]} is {theirs.get(other[0])!r}, "
                f"not {ours[other[0]]!r}: make the connector's checkpoint of this variant"
            )
            raise CheckpointError(msg)


def _divided(rows: Sequence[tuple[str, Learnt]]) -> tuple[list[Learnt], list[Learnt]]:
    """Pairs that are learnt from, and those of other sources, which are not."""
    held = [one for group, one in rows if is_held_out(group)]
    learnt = [one for group, one in rows if not is_held_out(group)]
    if not learnt:
        msg = f"none of {len(rows)} pairs may be learnt from: give pairs of more sources"
        raise ImgEditError(msg)
    return learnt, held
