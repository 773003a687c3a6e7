"""One stage of an E1's training, from pairs that are encoded to a folder.

It needs no pair's pixels, and is told as text what it is to do: so it runs in this process, or in
several that accelerate starts.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.e1.autoencoders import autoencoder_of
from models.e1.batches import Curriculum, FlowBatch, Learnt
from models.e1.config import E1Config
from models.e1.features import Features
from models.e1.folder import (
    CARD,
    RECIPE,
    Bases,
    Shapes,
    check_fits,
    config_said,
    load_network,
    write_config,
    write_network,
)
from models.e1.making import add_sight, choose_trained, made_network
from models.e1.samples import Samples, averaged
from models.e1.settings import Settings
from models.e1.step_flops import step_flops
from models.e1.training import FlowTrainer, optimiser_of, trained
from models.judge.vlm.judge import best_device
from models.training.loop import Pace, Watch, train
from models.training.progress import Progress
from models.training.saved import Saved, newest, saving
from models.weights import Weights, base_at

if TYPE_CHECKING:
    from models.e1.networks import E1Network

STATES, _LOG = ".states", "tensorboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be trained, on what, to where."""

    stage: int
    folder: Path
    config: E1Config
    bases: Mapping[str, dict[str, Any]]
    """As `base_said` has them; with Redux's, where the sight's connector begins with that."""
    connector: Path | None
    """The checkpoint of stage 1, for stage 2."""
    shapes: Shapes
    features: Features
    learnt: Sequence[Learnt]
    held: Sequence[Learnt]
    shown: Sequence[str]
    """Keys of pairs that images are made for."""
    settings: Settings
    digest: str
    """Of all that the weights depend on; only a run of the same goes on from a state."""
    recipe: Mapping[str, Any]
    """What the checkpoint says of how it was made."""

    @property
    def states(self) -> Path:
        """Where a killed run is continued from."""
        return self.folder / STATES

    def curriculum(self, share: tuple[int, int] = (0, 1)) -> Curriculum:
        """What is learnt when."""
        settings = self.settings
        return Curriculum(
            features=self.features,
            learnt=self.learnt,
            rows_at_once=settings.rows_at_once,
            batches_per_step=max(1, settings.rows // settings.rows_at_once),
            dropout=settings.dropout,
            seed=settings.seed,
            share=share,
        )

    def base(self, name: str) -> Weights | None:
        """A checkpoint that it is made from."""
        return base_at(self.bases[name], self.folder) if name in self.bases else None

    def known_bases(self) -> Bases:
        """Those that an E1 keeps needing."""
        found = {name: self.base(name) for name in ("reader", "sight", "painter")}
        return Bases(**{name: base for name, base in found.items() if base is not None})


def run_stage(job: Job, tell: Callable[[str], None]) -> dict[str, float]:
    """Train, and write the checkpoint.

    Args:
        job: What is to be done; what a killed run of it left in its folder is continued.
        tell: Is told how it goes.

    Returns:
        Figures by name.

    Raises:
        ImgEditError: Parts do not fit, training diverged, or the disk is full.
    """
    last = newest(job.states, job.digest)
    steps, done = job.settings.stage_steps(job.stage), last.step if last else 0
    trainer = _trainer(job, last)
    tell(
        f"{f'going on after step {done}' if done else 'training'}: stage {job.stage}, "
        f"{len(job.learnt)} pairs, {steps} steps of {job.settings.rows}, on {trainer.device}; "
        f"{sum(p.numel() for p in trained(trainer.model)) / 1e6:.1f} M weights are learnt"
    )
    progress: Progress[FlowBatch] = Progress(
        job.folder / _LOG,
        start=done,
        steps=steps,
        flops=partial(step_flops, trainer.model),
        device=trainer.device,
        tell=tell,
    )
    samples = _samples(job, trainer, progress.board, tell)

    def write(step: int, batches: Sequence[FlowBatch], figures: dict[str, float]) -> None:
        progress.write(step, batches, figures)
        every = job.settings.sample_every
        if samples and (step % every == 0 or step == steps):
            samples.write(step, trainer)

    watch = Watch(
        states=job.states, save_every=job.settings.save_every, recipe=job.digest, write=write
    )
    train(trainer, job.curriculum().steps(done), watch, last)
    figures = progress.end()
    with averaged(trainer):
        if job.held:
            figures["held_out_loss"] = trainer.mean_loss(_held_out(job))
        _write(job, trainer.model, figures)
    return figures


def _network(job: Job, dtype: Any) -> "E1Network":  # noqa: ANN401 - a Dtype
    seed = job.settings.seed
    base = job.base("base")
    begun = job.connector or (base.path if base else None)
    if begun is None:
        return made_network(job.config, job.known_bases(), job.shapes, seed=seed, dtype=dtype)
    network = load_network(begun, config_said(begun), dtype)
    check_fits(begun.name, network, job.shapes)
    add_sight(network, job.config, job.shapes, job.base("redux"), seed=seed)
    return network


def _trainer(job: Job, last: Saved | None) -> FlowTrainer:
    import torch

    settings, device = job.settings, best_device()
    torch.manual_seed(settings.seed)
    lower = device != "cpu" and torch.cuda.is_bf16_supported()
    network = _network(job, "bfloat16" if lower else "float32")
    way = None if job.stage == 1 else settings.way
    choose_trained(network, way, rank=settings.rank, seed=settings.seed)
    if last:
        network.restore(last.weights)
    if settings.recompute:
        network.transformer.enable_gradient_checkpointing()
    network.train().to(device)
    trainer = FlowTrainer(
        model=network,
        optimiser=optimiser_of(settings.optimiser, trained(network)),
        pace=Pace(
            steps=settings.stage_steps(job.stage),
            learning_rate=settings.rate(job.stage),
            warmup_frac=settings.warmup_frac,
            clip=settings.clip,
        ),
        device=device,
        lower=lower,
        ema=_average(network, settings.ema),
    )
    if last:
        last.restore(trainer.stateful())
        if trainer.ema is not None:
            trainer.ema.to(device)
    return trainer


def _average(network: "E1Network", decay: float) -> Any | None:  # noqa: ANN401 - of diffusers
    from diffusers.training_utils import EMAModel

    return EMAModel(trained(network), decay=decay, foreach=True) if decay else None


def _samples(
    job: Job,
    trainer: FlowTrainer,
    board: Any,  # noqa: ANN401 - of TensorBoard
    tell: Callable[[str], None],
) -> Samples | None:
    if not job.settings.sample_every or not job.shown:
        return None
    painter = job.base("painter")
    folder = painter.path if painter else None
    return Samples(
        folder=job.folder,
        keys=job.shown,
        features=job.features,
        config=job.config,
        autoencoder=autoencoder_of(job.config, folder, trainer.device),
        board=board,
        tell=tell,
    )


def _held_out(job: Job) -> list[FlowBatch]:
    """Pairs that are not learnt, one by one, each with the same noise whatever was trained."""
    curriculum = job.curriculum()
    return [curriculum.batch([one], number) for number, one in enumerate(job.held)]


def _write(job: Job, network: "E1Network", figures: Mapping[str, float]) -> None:
    """The checkpoint; its recipe last, so that a folder with one is whole."""
    settings = job.settings
    # What began with random weights is nowhere else.
    whole = bool(job.config.transformer) or (job.stage == 2 and settings.way != "lora")
    recipe = {**job.recipe, "figures": dict(figures)}
    with saving(job.folder):
        write_network(job.folder, network, transformer=whole)
        write_config(
            job.folder,
            job.config,
            job.known_bases(),
            network,
            stage=job.stage,
            alone=settings.standalone,
        )
        (job.folder / CARD).write_text(_card(job, figures), "utf-8")
        aside = job.folder / f".{RECIPE}"
        aside.write_text(json.dumps(recipe, indent=1, sort_keys=True) + "\n", "utf-8")
        aside.rename(job.folder / RECIPE)
    shutil.rmtree(job.states, ignore_errors=True)


def _card(job: Job, figures: Mapping[str, float]) -> str:
    lines = "".join(f"- {name}: {value:.4g}\n" for name, value in sorted(figures.items()))
    bases = "".join(f"- {name}: {said['source']}\n" for name, said in sorted(job.bases.items()))
    stage = "its connector alone (stage 1)" if job.stage == 1 else f"{job.settings.way} (stage 2)"
    return (
        f"# ImgEdit-E1\n\nAn image editor, trained by ImgEdit Factory on {len(job.learnt)} pairs: "
        f"{stage}. `models.e1.editor.load_editor` loads this folder; `{RECIPE}` says how it was "
        f"made.\n\n## Made from\n\n{bases}\n## Figures of training\n\n{lines}\n"
        "The loss is of noise, not of edits: how well it edits, the benchmark says.\n"
    )
