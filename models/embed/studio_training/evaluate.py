"""What the network gets right on scenes that it was not trained on, and its model card."""

import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from models.embed.studio import WEIGHTS, StudioEmbedder
from models.embed.studio_training.crops import Renders
from models.embed.studio_training.material import Material
from models.embed.studio_training.train import Settings
from models.embed.vector import CropRequest
from models.studio.catalogue import names
from models.studio.settings import SETTINGS
from models.weights import parameter_count

_GATE = 0.8
"""The score from which the region gate of the paper keeps an object."""
_SEARCHED = 5
_LEAST_HELD = 5
"""Objects in fewer scenes than this say little about search, where others are in more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Hits among trials."""

    hits: int
    n: int

    @classmethod
    def of(cls, hits: NDArray[np.bool_]) -> "Share":
        """The share of a vector of outcomes."""
        return cls(hits=int(np.count_nonzero(hits)), n=hits.size)

    def __str__(self) -> str:
        interval = binomtest(self.hits, self.n).proportion_ci(method="wilson")
        share = self.hits / self.n
        return f"{share:.1%} ({interval.low:.1%} to {interval.high:.1%}, n = {self.n})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was measured; "top-1" is the nearest of all names of the catalogue."""

    top1: Share
    """All crops."""
    top1_truth: Share
    """Crops of scenes, cut by the true mask."""
    top1_grabcut: Share
    """Crops of scenes, cut by the embedded segmenter."""
    top1_clip: Share
    """People of clips, in every action, as "woman" or "man"."""
    own_passes: Share
    """Right names that score 0.8 or more."""
    random_passes: Share
    """Names at random that are not the crop's and score 0.8 or more."""
    alike_passes: Share
    """The same, of the one wrong name that lies nearest to the crop."""
    setting_top1: Share
    """Whole scenes whose setting's phrase is the nearest."""
    object_precision: float
    """Of the five scenes nearest to an object's name, the share that holds it."""
    object_chance: float
    """The same for five scenes at random."""
    confusions: tuple[tuple[str, str, int, int], ...]
    """The commonest mistakes: the name, what it was taken for, how often, of how many."""

    @property
    def worst(self) -> str:
        """The commonest mistakes as rows of a Markdown table."""
        return "\n".join(
            f"| {own} | {taken} | {k} of {n} |" for own, taken, k, n in self.confusions
        )


def evaluate(embedder: StudioEmbedder, renders: Renders, seed: int) -> Evaluation:
    """Measure an embedder that is set up.

    Args:
        embedder: Whose answers are measured.
        renders: Scenes and clips that it was not trained on.
        seed: Of the wrong names that are drawn at random.
    """
    labels = renders.crop_names
    cosines = _matrix(embedder.embed_images(list(renders.crops))) @ _texts(embedder, names()).T
    right = cosines.argmax(axis=1) == labels
    rows = np.arange(len(labels))
    others = cosines.copy()
    others[rows, labels] = -np.inf
    shift = np.random.default_rng(seed).integers(1, len(names()), len(labels))
    clip, grabcut = renders.crop_clip, renders.crop_grabcut
    precision, chance = _search(embedder, renders)
    return Evaluation(
        top1=Share.of(right),
        top1_truth=Share.of(right[~clip & ~grabcut]),
        top1_grabcut=Share.of(right[grabcut]),
        top1_clip=Share.of(right[clip]),
        own_passes=_passing(embedder, renders, labels),
        random_passes=_passing(embedder, renders, (labels + shift) % len(names())),
        alike_passes=_passing(embedder, renders, others.argmax(axis=1)),
        setting_top1=_setting_top1(embedder, renders),
        object_precision=precision,
        object_chance=chance,
        confusions=_confusions(labels, cosines.argmax(axis=1)),
    )


def _matrix(vectors: Sequence[object]) -> NDArray[np.float32]:
    return np.stack([np.asarray(vector, np.float32) for vector in vectors])


def _texts(embedder: StudioEmbedder, texts: Sequence[str]) -> NDArray[np.float32]:
    return _matrix(embedder.embed_texts(texts))


def _passing(embedder: StudioEmbedder, renders: Renders, asked: NDArray[np.int64]) -> Share:
    """How many crops score enough for the gate under the names that are asked."""
    scores = embedder.crop_score(
        [
            CropRequest(crop=crop, name=names()[i], drawn=True)
            for crop, i in zip(renders.crops, asked.tolist(), strict=True)
        ]
    )
    return Share.of(np.array(scores, np.float64) >= _GATE)


def _setting_top1(embedder: StudioEmbedder, renders: Renders) -> Share:
    phrases = _texts(embedder, [setting.phrase for setting in SETTINGS.values()])
    nearest = (_matrix(embedder.embed_images(list(renders.scenes))) @ phrases.T).argmax(axis=1)
    return Share.of(nearest == renders.scene_settings)


def _search(embedder: StudioEmbedder, renders: Renders) -> tuple[float, float]:
    """Precision of a search for each object that enough scenes hold, and chance's."""
    holding = renders.scene_objects.sum(axis=0)
    often = holding >= min(_LEAST_HELD, holding.max())
    wanted = _texts(embedder, [name for name, enough in zip(names(), often, strict=True) if enough])
    scenes = _matrix(embedder.embed_images(list(renders.scenes)))
    cosines = np.einsum("td,sd->ts", wanted, scenes)
    found = np.argsort(-cosines, axis=1)[:, :_SEARCHED]
    held = renders.scene_objects[:, often].T
    return float(np.take_along_axis(held, found, axis=1).mean()), float(held.mean())


def _confusions(
    labels: NDArray[np.int64], nearest: NDArray[np.int64]
) -> tuple[tuple[str, str, int, int], ...]:
    mistakes = Counter(
        (own, taken)
        for own, taken in zip(labels.tolist(), nearest.tolist(), strict=True)
        if own != taken
    )
    of = Counter(labels.tolist())
    return tuple(
        (names()[own], names()[taken], count, of[own])
        for (own, taken), count in mistakes.most_common(12)
    )


_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the training went."""

    train_s: float
    workers: int
    settings: Settings


def write_card(file: Path, made: Material, findings: Evaluation, course: Course) -> None:
    """Fill card.md and write it beside the weights."""
    text = files(__package__).joinpath("card.md").read_text(encoding="utf-8")
    filled = Template(text).substitute(
        **_of_weights(file.with_name(WEIGHTS)),
        **_of_material(made),
        **_of_findings(findings),
        **_of_course(course),
        render_minutes=f"{made.render_s / 60:.0f}",
    )
    file.write_text(filled, encoding="utf-8")


def _of_weights(weights: Path) -> dict[str, object]:
    megabytes = weights.stat().st_size / 1e6
    return {"parameters": f"{parameter_count(weights):,}", "megabytes": f"{megabytes:.1f}"}


def _of_material(made: Material) -> dict[str, object]:
    sets = {"train": made.train, "validation": made.validation, "held_out": made.held_out}
    counts = {f"{name}_crops": len(renders.crops) for name, renders in sets.items()}
    scenes = {f"{name}_scenes": len(renders.scenes) for name, renders in sets.items()}
    return {**counts, **scenes, "studies": len(made.studies)}


def _of_findings(found: Evaluation) -> dict[str, object]:
    shares = (
        *("top1", "top1_truth", "top1_grabcut", "top1_clip", "own_passes"),
        *("random_passes", "alike_passes", "setting_top1", "worst"),
    )
    return {
        **{share: getattr(found, share) for share in shares},
        "object_precision": f"{found.object_precision:.0%}",
        "object_chance": f"{found.object_chance:.0%}",
        "names": len(names()),
        "settings": len(SETTINGS),
    }


def _of_course(course: Course) -> dict[str, object]:
    load = os.getloadavg()[2]
    return {
        "steps": course.settings.steps,
        "crops": course.settings.crops,
        "scenes": course.settings.scenes,
        "threads": course.settings.threads,
        "workers": course.workers,
        "train_minutes": f"{course.train_s / 60:.0f}",
        "machine": f"a machine with {os.cpu_count()} cores ({_processor()})",
        "load": f"Its load was {load:.1f} at the time.",
        "torch": version("torch"),
        "open_clip": version("open_clip_torch"),
    }


def _processor() -> str:
    """The processor's model where the system tells, else its architecture."""
    lines = _CPUINFO.read_text(encoding="utf-8").splitlines() if _CPUINFO.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
